"""What programs and the person concerned may know of a decision. It shows what holds, and decides nothing.

Contract: nothing internal gets in: no chain, critique, precedent, cost, model, threshold or name of whoever decided.
What holds is the last word of a person where there is one; the public rationale is then written anew from it.
"""

from datetime import datetime

from pydantic import Field

from agents.rationale import public_rationale
from agents.seen import Spot, seen
from agents.standing import Standing, standing
from cases.case import Case
from cases.decision import Automation, Cause, Decision, Outcome, PackRef, Stage
from cases.finding import AttributeValue, Citation
from cases.finding import Verdict as Found
from cases.model import Fact
from graphs.record import Record


class Quote(Fact):
    """Words of the case: `text[start:end]` of its part, offsets in Unicode code points."""

    part: str
    start: int
    end: int
    quote: str


class Result(Fact):
    """The verdict on one rule; `probability` in [0, 1] is calibrated, but for rules that are read by sight.

    `attributes` and `sightings` are left out of events, which are told without the content of the case.
    """

    rule_id: str
    verdict: Found
    probability: float
    citations: tuple[Citation, ...]
    evidence: tuple[Quote, ...]
    attributes: tuple[AttributeValue, ...] | None = Field(
        default=None, exclude_if=lambda told: told is None,
        description="What was read for the attributes of a rule that is defined by some, each with its share.",
    )  # fmt: skip
    sightings: tuple[Spot, ...] | None = Field(
        default=None, exclude_if=lambda told: told is None,
        description="The regions, frames and lines of the case's files that the verdict rests on.",
    )  # fmt: skip


class Verdict(Fact):
    """A decision as programs read it. `score` in [0, 1]: calibrated probability that an active rule is broken.

    `severity` (0-100), `tier` and `action` are null where a person acts and nobody stated how severe it is.
    """

    id: str = Field(description="The id of the case, as it was sent.")
    decision_id: str
    outcome: Outcome = Field(description="What holds now: allow, act, or review (a person has to decide).")
    rule_id: str | None
    severity: int | None
    tier: str | None
    action: str | None = Field(description="What the policy recommends to do.")
    score: float
    stage: Stage
    automation: Automation
    causes: tuple[Cause, ...] = Field(description="Why it needs a person; empty where it does not.")
    rationale: str = Field(description="The public reason, in plain words.")
    findings: tuple[Result, ...]
    profile: str | None
    pack: PackRef
    at: datetime
    edited: datetime | None = Field(description="When a person last decided about it; null where nobody did.")


def verdict(record: Record) -> Verdict:
    """Return what may be known of a decision on record."""
    held = standing(record.decision, record.case, record.pack, record.edits)
    return _verdict(record, held)


def fresh(decision: Decision, case: Case | None = None) -> Verdict:
    """Return what may be known of a decision that was just made, and that nobody can have edited.

    With the `case`, as it was seen, also what its findings rest on in its files.
    """
    return Verdict(
        id=decision.case_id, decision_id=decision.id, outcome=decision.outcome, rule_id=decision.rule_id,
        severity=decision.severity, tier=decision.tier, action=decision.action, score=decision.score,
        stage=decision.stage, automation=decision.automation, causes=decision.causes, rationale=decision.rationale,
        findings=results(decision, case), profile=decision.profile, pack=decision.pack, at=decision.at, edited=None,
    )  # fmt: skip


def results(decision: Decision, case: Case | None) -> tuple[Result, ...]:
    """Return the findings of a decision without what was measured inside."""
    return tuple(
        Result(
            rule_id=f.rule_id, verdict=f.verdict, probability=f.probability, citations=f.citations,
            evidence=tuple(Quote(part=e.part, start=e.start, end=e.end, quote=e.quote) for e in f.evidence),
            attributes=f.attributes if case else None, sightings=seen(f, case) if case else None,
        )
        for f in decision.findings
    )  # fmt: skip


def _verdict(record: Record, held: Standing) -> Verdict:
    decision, edits = record.decision, record.edits
    rationale = decision.rationale if not edits else _reason(record, held)
    return fresh(decision, record.case).model_copy(
        update={
            "outcome": held.outcome, "rule_id": held.rule_id, "severity": held.severity, "tier": held.tier,
            "action": held.action, "automation": held.automation, "rationale": rationale,
            "causes": decision.causes if held.outcome == "review" else (),
            "edited": held.edit.at if held.edit else None,
        }
    )  # fmt: skip


def _reason(record: Record, held: Standing) -> str:
    decision, rule = record.decision, record.pack.by_id.get(held.rule_id or "")
    if held.outcome == "act" and rule is None:
        return "It was found to break the rules."
    causes = decision.causes if held.outcome == "review" else ()
    return public_rationale(held.outcome, rule, decision.findings, causes, record.case)


__all__ = ["Quote", "Result", "Verdict", "fresh", "results", "verdict"]
