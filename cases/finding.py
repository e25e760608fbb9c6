"""What was found about one rule in one case, and the quotes that prove it."""

from typing import Literal

from pydantic import Field

from cases.model import Fact
from cases.observation import Locator

Verdict = Literal["hit", "not_hit", "not_applicable"]
Stance = Literal["direct", "request", "endorse", "report", "quote", "counter", "joke", "self", "fiction", "neutral"]
STANCES: tuple[Stance, ...] = (
    "direct", "request", "endorse", "report", "quote", "counter", "joke", "self", "fiction", "neutral",
)  # fmt: skip


class Citation(Fact):
    """A clause of the policy, quoted verbatim."""

    clause_id: str
    quote: str


class Evidence(Fact):
    """Words of the case, verbatim: `part.text[start:end] == quote`.

    `drop` is the fall of the rule's log-odds when these words are masked; None when it was not measured.
    """

    part: str
    start: int
    end: int
    quote: str
    drop: float | None = None


class Sighting(Fact):
    """A region of a file that a verdict rests on, by the id of an observation or of a frame that was shown.

    `shows` is what a tool found there, or what a model that saw it says of it, which nothing in code can check.
    """

    region: str
    media: str
    locator: Locator
    shows: str


class Weighed(Fact):
    """An exception that was considered, with the calibrated probability in [0, 1] that it holds."""

    exception_id: str
    quote: str
    probability: float
    applies: bool


class AttributeValue(Fact):
    """The value read for one attribute of a decomposed rule, with its probability in [0, 1]."""

    attribute_id: str
    value_id: str
    probability: float


class Finding(Fact):
    """The verdict on one rule; `probability` in [0, 1] is calibrated. `sightings` are regions of pictures."""

    rule_id: str
    verdict: Verdict
    probability: float
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    exceptions: tuple[Weighed, ...] = ()
    attributes: tuple[AttributeValue, ...] = ()
    stance: Stance | None = None
    # Left out of records where there are none, so that those of cases without pictures stay as they are.
    sightings: tuple[Sighting, ...] = Field(default=(), exclude_if=lambda value: not value)
