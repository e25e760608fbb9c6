"""What a model says that it saw, held against what tools found: a cited region exists, a cited word was read there.

What a region shows beside its words nobody can check but another pair of eyes; it is kept as the model's word.
"""

from collections.abc import Sequence

from agents.exhibit import Exhibits, within
from agents.perceiver import placed, seen_at
from agents.quoting import found, place
from cases.case import Case, Part
from cases.finding import Evidence, Sighting
from cases.model import Fact
from cases.observation import Box, Locator, Observation

CITABLE = 60  # regions of a case, beside its pictures


class Glimpse(Fact):
    """One answer: a region by its id, what it shows, and words that were read there ("" for none)."""

    region: str
    shows: str
    words: str = ""


def citable(case: Case, exhibits: Exhibits) -> tuple[str, ...]:
    """Return the ids that an answer may cite: the pictures shown, then what tools found in them."""
    media = {e.media for e in exhibits.items}
    regions = [o.id for o in case.observations if o.media in media and o.kind != "tag"]
    return tuple(dict.fromkeys([*(e.id for e in exhibits.items), *regions[:CITABLE]]))


def faults(glimpses: Sequence[Glimpse], case: Case, exhibits: Exhibits) -> list[str]:
    """Return what of an answer does not hold, in words that tell its author what to mend."""
    known = citable(case, exhibits)
    out = []
    for one in glimpses:
        if one.region not in known:
            out.append(f"seen names the region {one.region[:80]!r}, which does not exist; cite {_some(known)}")
        elif one.words.strip() and not _read(one, case, exhibits):
            out.append(
                f"seen says that {one.words[:80]!r} was read in {one.region}, and it was not; give words that stand "
                'there exactly as they were read, or ""'
            )
    said = {g.region for g in glimpses if g.shows.strip()}
    left = [e.id for e in exhibits.frames if e.id not in said]
    return out + ([f"seen does not say what {', '.join(left)} shows"] if left else [])


def words(glimpses: Sequence[Glimpse], case: Case) -> tuple[Evidence, ...]:
    """Return the words that were cited of regions, at their places in the parts that hold what was read."""
    out = []
    for one in glimpses:
        if one.words.strip() and (evidence := _placed(one, case)):
            out.append(evidence)
    return tuple(dict.fromkeys(out))


def sightings(glimpses: Sequence[Glimpse], case: Case, exhibits: Exhibits) -> tuple[Sighting, ...]:
    """Return the cited regions with where they are, each once."""
    out: dict[str, Sighting] = {}
    for one in glimpses:
        if one.region in out or (where := _where(one.region, case, exhibits)) is None:
            continue
        media, locator = where
        out[one.region] = Sighting(region=one.region, media=media, locator=locator, shows=one.shows.strip())
    return tuple(out.values())


def _where(region: str, case: Case, exhibits: Exhibits) -> tuple[str, Locator] | None:
    for exhibit in exhibits.items:
        if exhibit.id == region:
            return exhibit.media, exhibit.locator
    seen = next((o for o in case.observations if o.id == region), None)
    return None if seen is None else (seen.media, seen.locator)


def _read(glimpse: Glimpse, case: Case, exhibits: Exhibits) -> bool:
    where = _where(glimpse.region, case, exhibits)
    if where is None:
        return False
    media, locator = where
    inside = [o for o in case.observations if o.media == media and o.text.strip() and _in(o, glimpse.region, locator)]
    text = "\n".join(_line(o) for o in inside)
    return place(Part(id=media, kind="screen", text=text), glimpse.words) is not None


def _in(observation: Observation, region: str, locator: Locator) -> bool:
    if observation.id == region:
        return True
    if locator.frame is None or not within(observation, locator):
        return False
    box = observation.locator.box
    return locator.box is None or (box is not None and _touch(box, locator.box))


def _touch(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def _placed(glimpse: Glimpse, case: Case) -> Evidence | None:
    """Return where the words of a region stand in a part: the same words may stand in several."""
    own = next((o for o in case.observations if o.id == glimpse.region and o.text.strip()), None)
    home = placed(case, own) if own is not None else None
    part = next((p for p in case.parts if home is not None and p.id == home[0]), None)
    if own is not None and part is not None and (span := place(_alone(own), glimpse.words)):
        line, at = _line(own), part.text.find(_line(own))
        while at >= 0:
            whole = Evidence(part=part.id, start=at, end=at + len(line), quote=line)
            if [o.id for o in seen_at(case, whole)] == [own.id]:
                start, end = at + span[0], at + span[1]
                return Evidence(part=part.id, start=start, end=end, quote=part.text[start:end])
            at = part.text.find(line, at + 1)
    return found(case, home[0] if home else None, glimpse.words)


def _alone(observation: Observation) -> Part:
    return Part(id=observation.media, kind="screen", text=_line(observation))


def _line(observation: Observation) -> str:
    return " ".join(observation.text.split())


def _some(known: Sequence[str]) -> str:
    return ", ".join(known[:12]) + (" or another that is listed" if len(known) > 12 else "")
