"""A decision: outcome, dominant rule, severity, and everything needed to explain and replay it.

`review` is abstention, a value: the case waits for a person. It is never an error and never an allow.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from cases.exchange import Failure, Usage
from cases.finding import Finding, Stance
from cases.model import Fact

Outcome = Literal["allow", "act", "review"]
Stage = Literal["router", "ranker", "reasoner", "person"]
Depth = Literal["none", "short", "full"]
Automation = Literal["full", "partial", "none"]
Cause = Literal[
    "ambiguous", "competing_rules", "thin_policy", "critic_veto", "context_changes_reading",
    "cross_modal_contradiction", "language_not_covered", "too_long", "media_not_read", "out_of_distribution",
    "picture_not_judged", "backend_unavailable", "malformed_answer", "out_of_time", "out_of_budget",
]  # fmt: skip
StepName = Literal["location", "screening", "cause", "decision"]
Ruling = Literal["accept", "revise", "veto"]
Fix = Literal["go_full", "widen_evidence", "try_rival"]


class Grade(Fact):
    """One rubric dimension: `value` 0-4 as measured, `level` the nearest anchor, and the measured reason."""

    dimension: str
    level: int = Field(ge=0, le=4)
    value: float = Field(ge=0, le=4)
    anchor: str
    reason: str


class Step(Fact):
    """One step of the internal chain. Never shown to the public."""

    name: StepName
    text: str


class Check(Fact):
    """One check that code made on a draft."""

    name: str
    passed: bool
    detail: str


class Criterion(Fact):
    """One line of the rubric written for this case; the weights of a critique sum to 1, `score` in [0, 1]."""

    name: str
    weight: float
    score: float
    reason: str


class Critique(Fact):
    """The critic's ruling on one draft. `author` names the model that wrote the rubric, None where code did.

    `failure` says why a model's critique never came; such a draft is vetoed.
    """

    round: int
    ruling: Ruling
    score: float
    checks: tuple[Check, ...]
    criteria: tuple[Criterion, ...]
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    author: str | None = None
    failure: Failure | None = None


class Precedent(Fact):
    """A known example near the case: `similarity` is the cosine in [-1, 1]."""

    id: str
    rule_id: str
    violating: bool
    similarity: float
    text: str


class Spent(Fact):
    """What one stage cost: wall seconds, texts encoded, and what language models were asked for it."""

    stage: str
    seconds: float
    encoded: int = 0
    models: Usage | None = None


class Played(Fact):
    """A role of the graph and the backends bound to it, in the order in which they are tried."""

    role: str
    backends: tuple[str, ...]


class PackRef(Fact):
    """The policy that a decision was made under."""

    id: str
    version: str
    digest: str


class Decision(Fact):
    """The outcome for one case. `score` in [0, 1]: calibrated probability that an active rule is violated.

    `thresholds` is the digest of the saved thresholds in force, None for those shipped with the model. `roles` are
    those that are not embedded; `model_digest` names them, their prompts and the embedded models together.
    """

    id: str
    case_id: str
    case_digest: str
    outcome: Outcome
    score: float
    severity: int = Field(ge=0, le=100)
    tier: str
    action: str
    rule_id: str | None
    findings: tuple[Finding, ...]
    stage: Stage
    depth: Depth = "none"
    audit: bool = False
    grades: tuple[Grade, ...] = ()
    chain: tuple[Step, ...] = ()
    critiques: tuple[Critique, ...] = ()
    precedents: tuple[Precedent, ...] = ()
    causes: tuple[Cause, ...] = ()
    rationale: str
    automation: Automation = "full"
    profile: str | None = None
    pack: PackRef
    model_digest: str
    roles: tuple[Played, ...] = ()
    thresholds: str | None = None
    spent: tuple[Spent, ...] = ()
    at: datetime


class Edit(Fact):
    """What a person did to a decision: recorded beside it, never over it."""

    id: str
    decision_id: str
    by: str
    outcome: Outcome
    rule_id: str | None
    severity: int | None = Field(default=None, ge=0, le=100)
    reason: str
    at: datetime


def dominant(decision: Decision) -> Finding | None:
    """Return the finding of the decision's leading rule, or None when no rule leads."""
    return next((f for f in decision.findings if f.rule_id == decision.rule_id), None)


__all__ = [
    "Automation", "Cause", "Check", "Criterion", "Critique", "Decision", "Depth", "Edit", "Fix", "Grade", "Outcome",
    "PackRef", "Played", "Precedent", "Ruling", "Spent", "Stage", "Stance", "Step", "StepName", "dominant",
]  # fmt: skip
