"""What can be read of a case before it is judged, and what cannot. It names gaps; it never fills them."""

import unicodedata

from cases.case import Case
from cases.decision import Cause
from cases.model import Fact
from cases.view import View, views

COVERED_SHARE = 0.6
MIN_LETTERS = 12


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
    """Return whether the letters are mostly Latin: the shipped encoder learnt English alone.

    >>> covered("See you on Friday, bring cake"), covered("До встречи в пятницу")
    (True, False)
    """
    letters = [ch for ch in text if ch.isalpha()]
    if len(letters) < MIN_LETTERS:
        return True
    latin = sum(
        unicodedata.name(ch, "").startswith(("LATIN", "FULLWIDTH LATIN", "MATHEMATICAL")) for ch in letters[:2000]
    )
    return latin / len(letters[:2000]) >= COVERED_SHARE
