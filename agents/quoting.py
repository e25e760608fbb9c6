"""Find in a case what a model says that it quotes. What is not there is not evidence.

A model may change case, blanks, quotation marks and accents; the words themselves must stand in the part. What comes
back is always the case's own text, by offsets.
"""

import re

from cases.case import Case, Part
from cases.finding import Evidence
from policy_store.folding import folded

_TOKENS = re.compile(r"\w+|[^\w\s]")
_ELLIPSIS = re.compile(r"^(?:\.{3}|…)\s*|\s*(?:\.{3}|…)$")
MARKS = str.maketrans(
    {"‹": "<", "›": ">", "［": "[", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-"}
)


def found(case: Case, part_id: str | None, quote: str) -> Evidence | None:
    """Return a quote as evidence of the part that holds it, `part_id` first; None where no part does."""
    for part in sorted(case.parts, key=lambda p: p.id != part_id):
        if span := place(part, quote):
            start, end = span
            return Evidence(part=part.id, start=start, end=end, quote=part.text[start:end])
    return None


def place(part: Part, quote: str) -> tuple[int, int] | None:
    """Return (start, end) of the first place of a part that reads like a quote, None where there is none."""
    if quote.strip() and (at := part.text.find(quote.strip())) >= 0:
        return at, at + len(quote.strip())
    wanted = _ELLIPSIS.sub("", quote.strip()).strip("\"'“”‘’ ")
    if not any(ch.isalnum() for ch in wanted):
        return (at, at + len(wanted)) if wanted and (at := part.text.find(wanted)) >= 0 else None
    if (at := part.text.find(wanted)) >= 0:
        return at, at + len(wanted)
    body, starts, ends = folded(part.text)
    tokens = [re.escape(t) for t in _TOKENS.findall(folded(wanted).text.translate(MARKS))]
    hit = re.search(r"\s*".join(tokens), body.translate(MARKS)) if tokens else None
    return (starts[hit.start()], ends[hit.end() - 1]) if hit else None
