"""Content shown to people: quotes in their context, made safe for Markdown. The record itself stays verbatim.

What is written by others may hold markup, line breaks and characters that turn the reading direction; none of them
gets through. Lengths count Unicode code points.
"""

import re

from cases.case import Case
from cases.finding import Evidence

AROUND = 60
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_\[\]<>&|~])")


def flat(text: str) -> str:
    """Return the text on one line, without control characters and marks of reading direction.

    >>> flat("two\\n lines")
    'two lines'
    """
    return " ".join(_UNSEEN.sub(" ", text).split())


def shortened(text: str, limit: int) -> str:
    """Return the text on one line, cut to at most `limit` characters with an ellipsis.

    >>> shortened("a long sentence", 9)
    'a long s…'
    """
    line = flat(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escaped(text: str) -> str:
    """Return the text on one line, with what Markdown or HTML would take for markup escaped.

    >>> escaped("**bold** <b>")
    '\\\\*\\\\*bold\\\\*\\\\* \\\\<b\\\\>'
    """
    return _MARKUP.sub(r"\\\1", flat(text))


def in_context(case: Case, evidence: Evidence, around: int = AROUND) -> str:
    """Return the quote in bold with at most `around` characters on each side, as Markdown.

    A quote that does not stand where its offsets say is shown without context.
    """
    text = next((p.text for p in case.parts if p.id == evidence.part), "")
    if text[evidence.start : evidence.end] != evidence.quote:
        return f"**{escaped(evidence.quote)}**"
    before = text[max(0, evidence.start - around) : evidence.start]
    after = text[evidence.end : evidence.end + around]
    left = escaped(before) + (" " if before[-1:].isspace() else "")
    right = (" " if after[:1].isspace() else "") + escaped(after)
    opening = "…" if evidence.start > around else ""
    closing = "…" if evidence.end + around < len(text) else ""
    return f"{opening}{left}**{escaped(evidence.quote)}**{right.rstrip()}{closing}"


def bar(value: float, top: float = 4.0, cells: int = 5) -> str:
    """Return a value in [0, top] as a bar, to half a cell.

    >>> bar(0), bar(2), bar(4)
    ('·····', '██▌··', '█████')
    """
    halves = round(min(max(value, 0.0), top) / top * cells * 2)
    drawn = "█" * (halves // 2) + "▌" * (halves % 2)
    return drawn + "·" * (cells - len(drawn))
