"""What can be read of a case before it is judged, and what cannot. It names gaps; it never fills them."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from cases.case import Case, Part, PartKind, media_ids
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
    if not seen_through(case):
        gaps.append("media_not_read")
    elif any(m.type != "page" for m in case.media):
        gaps.append("picture_not_judged")
    if not covered(case.text):
        gaps.append("language_not_covered")
    return Perception(views=found.items, gaps=tuple(gaps), addressed=sum(v.spoken for v in found.items))


def with_seen(case: Case, observations: Sequence[Observation], unseen: Sequence[Unseen]) -> Case:
    """Return a case with what was seen in its files; their words become parts of their own (`placed`).

    Each line of such a part is one observation, in their order, so that a place in it leads back to a region. A part
    that was itself the page of an ad gives way to what a visitor reads of it.
    """
    words: dict[tuple[str, PartKind], list[str]] = {}
    for one in observations:
        if (place := placed(case, one)) is not None:
            words.setdefault(place, []).append(_line(one))
    made = {id: Part(id=id, kind=kind, text="\n".join(lines)) for (id, kind), lines in words.items()}
    kept = tuple(made.pop(part.id, part) for part in case.parts)
    # Built anew: a copy would carry the digest of the case without them, and so does what a case was once asked for.
    fields = {name: getattr(case, name) for name in Case.model_fields} | {
        "parts": (*kept, *made.values()),
        "observations": (*case.observations, *observations),
        "unseen": (*case.unseen, *unseen),
    }
    return Case(**fields)


def as_given(case: Case) -> Case:
    """Return a case as it was before its files were looked at; a page that stood in a part is then missing."""
    if not (case.observations or case.unseen):
        return case
    made = {place[0] for one in case.observations if (place := placed(case, one)) is not None}
    parts = tuple(part for part in case.parts if part.id not in made)
    fields = {name: getattr(case, name) for name in Case.model_fields}
    return Case(**(fields | {"parts": parts, "observations": (), "unseen": ()}))


def placed(case: Case, one: Observation) -> tuple[str, PartKind] | None:
    """Return the part that an observation's words stand in, and of what kind it is; None for what is no words.

    Words of a picture, a video or a page stand under the file's own id, its subtitles under "ID.subtitles", what is
    said in it under "ID.speech", and what a page hides from its visitors under "ID.hidden".
    """
    if not one.text.strip() or one.kind not in ("words", "subtitle", "speech"):
        return None
    if one.kind == "subtitle":
        return f"{one.media}.subtitles", "screen"
    if one.kind == "speech":
        return f"{one.media}.speech", "transcript"
    types = dict(zip(media_ids(case.media), (m.type for m in case.media), strict=True))
    if types.get(one.media, "page") == "page":
        return (f"{one.media}.hidden" if one.label.startswith("hidden") else one.media), "landing"
    return one.media, "screen"


class Line(NamedTuple):
    """A line of a part that was read or heard, and where it stands in the part's text."""

    seen: Observation
    start: int
    end: int


def lines_of(case: Case, part_id: str) -> tuple[Line, ...]:
    """Return the lines of a part, each one observation; none for a part that was written."""
    at, out = 0, []
    for one in case.observations:
        place = placed(case, one)
        if place is None or place[0] != part_id:
            continue
        end = at + len(_line(one))
        out.append(Line(one, at, end))
        at = end + 1
    return tuple(out)


def seen_at(case: Case, evidence: Evidence) -> tuple[Observation, ...]:
    """Return the observations whose words a quote covers; none for a quote of written parts."""
    lines = lines_of(case, evidence.part)
    return tuple(line.seen for line in lines if line.start < evidence.end and line.end > evidence.start)


def seen_through(case: Case) -> bool:
    """Return whether every file of a case was looked through without a gap.

    Nothing embedded judges what a picture shows or what a sound is, so a case with one is not let go either; but it is
    said differently.
    """
    looked = {o.media for o in case.observations}
    return not case.unseen and looked >= set(media_ids(case.media))


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
