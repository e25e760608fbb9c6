"""Views of a case: the texts that an encoder reads, each with the part and the offsets that it covers.

The first view is the whole case where it fits; a long part is cut into overlapping windows; a case of several
parts is also read part by part, so that a violation in one part is not diluted by the others.
"""

from collections.abc import Iterable

from cases.case import Case
from cases.model import Fact
from cases.text import fold, windows

WINDOW_WORDS = 120
OVERLAP_WORDS = 24
MAX_VIEWS = 256


class View(Fact):
    """A text to encode. `part` is None for the joined view; offsets point into the part's original text."""

    text: str
    part: str | None
    start: int = 0
    end: int = 0


class Views(Fact):
    """The views of one case; `truncated` says that the case was longer than the limit and is not fully read."""

    items: tuple[View, ...]
    truncated: bool


def joined(parts: Iterable[tuple[str, str]]) -> str:
    """Return named parts as one text, `name: text` a line."""
    return "\n".join(f"{name}: {fold(text)}" for name, text in parts if text.strip())


def views(case: Case, limit: int = MAX_VIEWS) -> Views:
    """Return the views of a case, at most `limit`, the joined or whole view first."""
    found: list[View] = []
    parts = [part for part in case.parts if part.text.strip()]
    if len(parts) > 1:
        whole = joined((part.id, part.text) for part in parts)
        if len(whole.split()) <= WINDOW_WORDS * 2:
            found.append(View(text=whole, part=None))
    for part in parts:
        for start, end in windows(part.text, WINDOW_WORDS, OVERLAP_WORDS):
            found.append(View(text=fold(part.text[start:end]), part=part.id, start=start, end=end))
    return Views(items=tuple(found[:limit]), truncated=len(found) > limit)
