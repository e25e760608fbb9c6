"""What can be read of a case before it is judged, and what cannot. It names gaps; it never fills them."""

import re
import unicodedata

from cases.case import Case
from cases.decision import Cause
from cases.model import Fact
from cases.text import sentences
from cases.view import View, views

COVERED_SHARE = 0.6
MIN_LETTERS = 3
_MIXED = re.compile(r"[a-z][\u0400-\u04ff]|[\u0400-\u04ff][a-z]", re.IGNORECASE)


class Perception(Fact):
    """The views to encode, and the causes why reading them may not be enough.

    `gaps` forbid an automatic allow: part of the case was not read.
    """

    views: tuple[View, ...]
    gaps: tuple[Cause, ...] = ()
    addressed: int = 0


def perceive(case: Case) -> Perception:
    """Return the views of a case and what could not be read."""
    found = views(case)
    gaps: list[Cause] = []
    if found.truncated:
        gaps.append("too_long")
    if case.media:
        gaps.append("media_not_read")
    if not covered(case.text):
        gaps.append("language_not_covered")
    return Perception(views=found.items, gaps=tuple(gaps), addressed=sum(v.spoken for v in found.items))


def covered(text: str) -> bool:
    """Return whether every sentence is mostly in Latin letters: the shipped encoder learnt English alone.

    A word that mixes Latin and Cyrillic letters is a disguise, and no more covered than another script.

    >>> covered("See you on Friday, bring cake"), covered("До встречи в пятницу"), covered("I will kіll you")
    (True, False, False)
    """
    if text.isascii():
        return True
    return not _MIXED.search(text) and all(_latin(text[a:b]) for a, b in sentences(text))


def _latin(sentence: str) -> bool:
    letters = [ch for ch in sentence if ch.isalpha()]
    if len(letters) < MIN_LETTERS:
        return True
    latin = sum(unicodedata.name(ch, "").startswith(("LATIN", "FULLWIDTH LATIN", "MATHEMATICAL")) for ch in letters)
    return latin / len(letters) >= COVERED_SHARE
