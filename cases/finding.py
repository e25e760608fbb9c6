"""What was found about one rule in one case, and the quotes that prove it."""

from typing import Literal

from cases.model import Fact

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
    """The verdict on one rule; `probability` in [0, 1] is calibrated."""

    rule_id: str
    verdict: Verdict
    probability: float
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    exceptions: tuple[Weighed, ...] = ()
    attributes: tuple[AttributeValue, ...] = ()
    stance: Stance | None = None
