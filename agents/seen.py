"""What a finding rests on in the files of a case: each region, frame or line with its place, its words and its tool.

For programs; people are told by the explainer. It holds what tools recorded, and of a frame that a model was shown only
that it was cited: what the model said of it is its word, and stays in the chain.
"""

from typing import Literal

from pydantic import Field

from agents.perceiver import seen_at
from cases.case import Case
from cases.finding import Finding, Sighting
from cases.model import Fact
from cases.observation import Box, Observation

MOST = 24  # of one finding

What = Literal["words", "subtitle", "speech", "region", "match", "box", "frame"]


class Spot(Fact):
    """One thing that was seen or heard. `start` and `end` are seconds, `box` is in shares of width and height.

    `words` were read or said, `label` is the tool's own name of a region. `confidence` in [0, 1] is the tool's own and
    not calibrated. A whole frame that a verdict rests on has no tool: who looked at it is in the chain.
    """

    region: str = Field(description="Its id in the case, such as image-1.w3.")
    media: str
    kind: What
    label: str = ""
    words: str = ""
    frame: int | None = None
    start: float | None = None
    end: float | None = None
    box: Box | None = None
    tool: str | None = None
    confidence: float | None = None


def seen(finding: Finding, case: Case) -> tuple[Spot, ...]:
    """Return the regions that a finding cites, then those in which its quoted words were read or said, each once."""
    by_id = {o.id: o for o in case.observations}
    found = [_sighted(s, by_id.get(s.region)) for s in finding.sightings]
    found += [_observed(o) for e in finding.evidence for o in seen_at(case, e)]
    return tuple({one.region: one for one in found}.values())[:MOST]


def _sighted(sighting: Sighting, one: Observation | None) -> Spot:
    if one is not None and not (one.kind == "tag" and one.locator.box is None):
        return _observed(one)
    at = sighting.locator
    return Spot(region=sighting.region, media=sighting.media, kind="frame", frame=at.frame, start=at.start, end=at.end)


def _observed(one: Observation) -> Spot:
    at = one.locator
    return Spot(
        region=one.id, media=one.media, kind="box" if one.kind == "tag" else one.kind, label=one.label, words=one.text,
        frame=at.frame, start=at.start, end=at.end, box=at.box, tool=one.tool, confidence=one.confidence,
    )  # fmt: skip


__all__ = ["Spot", "seen"]
