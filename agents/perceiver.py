"""What can be read of a case before it is judged, and what cannot. It names gaps; it never fills them."""

import re
import unicodedata
from collections.abc import Sequence

from cases.case import Case, Part, media_ids
from cases.decision import Cause
from cases.finding import Evidence
from cases.model import Fact
from cases.observation import Observation, Unseen
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
        gaps.append("picture_not_judged" if seen_through(case) else "media_not_read")
    if not covered(case.text):
        gaps.append("language_not_covered")
    return Perception(views=found.items, gaps=tuple(gaps), addressed=sum(v.spoken for v in found.items))


def with_seen(case: Case, observations: Sequence[Observation], unseen: Sequence[Unseen]) -> Case:
    """Return a case with what was seen in its files; the words of a file become a part under the file's id.

    Each line of such a part is one observation, in their order, so that a place in it leads back to a region.
    """
    words: dict[str, list[str]] = {}
    for one in observations:
        if one.text.strip():
            words.setdefault(one.media, []).append(_line(one))
    parts = tuple(Part(id=media, kind="screen", text="\n".join(lines)) for media, lines in words.items())
    # Built anew: a copy would carry the digest of the case without them.
    fields = dict(case) | {"parts": (*case.parts, *parts), "observations": tuple(observations), "unseen": tuple(unseen)}
    return Case(**fields)


def seen_at(case: Case, evidence: Evidence) -> tuple[Observation, ...]:
    """Return the observations whose words a quote covers; none for a quote of written parts."""
    at, out = 0, []
    for one in case.observations:
        if one.media != evidence.part or not one.text.strip():
            continue
        end = at + len(_line(one))
        if at < evidence.end and end > evidence.start:
            out.append(one)
        at = end + 1
    return tuple(out)


def seen_through(case: Case) -> bool:
    """Return whether every file of a case is a picture whose words and regions were looked for without a gap.

    Nothing embedded judges what a picture shows, so such a case is not let go either; but it is said differently.
    """
    looked = {o.media for o in case.observations}
    return not case.unseen and all(m.type == "image" for m in case.media) and looked >= set(media_ids(case.media))


def _line(one: Observation) -> str:
    return " ".join(one.text.split())


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
