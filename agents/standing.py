"""What holds for a decision once people's edits are read with it, and how far automation took part.

Not a record: the decision never changes, an edit stands beside it, and the last one holds. Contract: case and pack are
the ones that the decision was made on and under, and `edits` are its own, oldest first.
"""

from collections.abc import Sequence
from datetime import datetime

from cases.case import Case
from cases.decision import Automation, Cause, Decision, Edit, Outcome
from cases.model import Fact
from policy_store.pack import Pack

# Causes of a review that lie in what could not be read, and suspect no rule.
GAPS: frozenset[Cause] = frozenset({"too_long", "media_not_read", "picture_not_judged", "language_not_covered"})


class WrongRecord(ValueError):
    """A case, a pack or an edit that does not belong to the decision."""


class Standing(Fact):
    """What holds now. `edit` is the last one, None when no person has touched the decision.

    `rule_id` is None as well where the system left a case to a person only because it could not read all of it.

    `severity`, `tier` and `action` are None where a person acts under a rule whose severity nobody stated.
    `detected` says that automated means had found something; `automation` how far they took part in what holds.
    """

    outcome: Outcome
    rule_id: str | None
    severity: int | None
    tier: str | None
    action: str | None
    edit: Edit | None
    at: datetime
    detected: bool
    automation: Automation


def standing(decision: Decision, case: Case, pack: Pack, edits: Sequence[Edit] = ()) -> Standing:
    """Return what holds for a decision; raise WrongRecord when case, pack or an edit is not the decision's own."""
    _check(decision, case, pack, edits)
    unread = decision.outcome == "review" and bool(decision.causes) and set(decision.causes) <= GAPS
    suspected = None if unread else decision.rule_id
    detected = decision.automation != "none" and decision.outcome != "allow" and suspected is not None
    if not edits:
        return Standing(
            outcome=decision.outcome, rule_id=suspected, severity=decision.severity, tier=decision.tier,
            action=decision.action, edit=None, at=decision.at, detected=detected, automation=decision.automation,
        )  # fmt: skip
    last = edits[-1]
    severity = _severity(decision, edits)
    tier = pack.tier(severity) if severity is not None else None
    action = tier.action if tier else None
    if last.outcome == "act" and last.rule_id in pack.by_id:
        action = pack.by_id[last.rule_id].action or action
    elif last.outcome == "review":
        action = "wait for a person"
    return Standing(
        outcome=last.outcome, rule_id=last.rule_id, severity=severity, tier=tier.id if tier else None, action=action,
        edit=last, at=last.at, detected=detected, automation=_automation(decision, last, detected),
    )  # fmt: skip


def _check(decision: Decision, case: Case, pack: Pack, edits: Sequence[Edit]) -> None:
    if case.digest != decision.case_digest:
        raise WrongRecord(
            f"decision {decision.id!r} is about the case with digest {decision.case_digest!r}, "
            f"got {case.id!r} with {case.digest!r}; load the case by the decision's case_digest"
        )
    if pack.digest != decision.pack.digest:
        raise WrongRecord(
            f"decision {decision.id!r} was made under {decision.pack.id} {decision.pack.version} "
            f"({decision.pack.digest!r}), got {pack.id} {pack.version} ({pack.digest!r}); load the pack of that digest"
        )
    for edit in edits:
        if edit.decision_id != decision.id:
            raise WrongRecord(
                f"edit {edit.id!r} belongs to decision {edit.decision_id!r}, not to {decision.id!r}; leave it out"
            )


def _severity(decision: Decision, edits: Sequence[Edit]) -> int | None:
    last = edits[-1]
    if last.outcome == "allow":
        return 0
    stated = [e.severity for e in edits if e.rule_id == last.rule_id and e.severity is not None]
    if stated:
        return stated[-1]
    # A severity that was measured for another rule lies in another band.
    return decision.severity if decision.severity and decision.rule_id == last.rule_id else None


def _automation(decision: Decision, last: Edit, detected: bool) -> Automation:
    if decision.automation == "none":
        return "none"
    # The machine had let it pass, so that it is in breach is the person's finding alone.
    return "none" if last.outcome == "act" and not detected else "partial"
