"""`precept review`: what a person decides about a case. It takes the answer to where it belongs and judges nothing.

A case that waits in a paused run is answered there; any other decision gets an edit beside it. Either way the decision
stays as it was made, and the edit holds.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from terminal.errors import Refused
from terminal.explain import DecisionId

if TYPE_CHECKING:
    from cases.decision import Edit
    from graphs.record import Record
    from graphs.settings import Settings
    from graphs.state import Answer


def review(
    decision: DecisionId,
    outcome: Annotated[Literal["allow", "act"], typer.Option(help="What holds from now on.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded, and never shown to the person concerned.")],
    rule: Annotated[str | None, typer.Option(help="The rule that is broken; else the one that leads.")] = None,
    severity: Annotated[int | None, typer.Option(metavar="0-100", help="How severe it is.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; else the user of this machine.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Decide as a person: answer a case that waits, or override a decision."""
    from graphs.state import Answer
    from terminal.line import written
    from terminal.opening import ledger, read, record

    settings = read()
    with ledger(settings) as opened:
        found = record(opened, decision)
    rule = _rule(found, outcome, rule)
    if severity is not None and (outcome == "allow" or not 0 <= severity <= 100):
        why = "nothing is severe about what is allowed" if outcome == "allow" else "it goes from 0 to 100"
        raise Refused(
            f"--severity {severity}: {why}; {'leave it out' if outcome == 'allow' else 'give a number in it'}"
        )
    if not reason.strip():
        raise Refused(f"--reason {reason!r} is blank; say why, for whoever reads the record")
    answer = Answer(by=by or user(), outcome=outcome, rule_id=rule, severity=severity, reason=reason)
    edit, waited = _answered(settings, found, answer)
    if json:
        typer.echo(written({"edit": edit.model_dump(mode="json"), "waited": waited}))
        return
    under = f" under {edit.rule_id}" if edit.rule_id else ""
    graded = f", severity {edit.severity}" if edit.severity is not None else ""
    last = found.edits[-1] if found.edits else None
    was = f"{last.by} had said {last.outcome}" if last else f"the system had said {found.decision.outcome}"
    how = (
        "The paused run went on and is done."
        if waited
        else "No run was paused for it, so this stands as an edit beside it."
    )
    typer.echo(f"{found.decision.id}: {edit.outcome}{under}{graded}, by {edit.by}; {was}. {how}")


def _rule(found: "Record", outcome: str, rule: str | None) -> str | None:
    from policy_store.fault import suggest

    pack = found.pack
    if outcome == "allow":
        if rule is not None:
            raise Refused(f"--rule {rule!r}: what is allowed breaks no rule; leave it out")
        return None
    rule = rule or found.decision.rule_id
    if rule is None:
        raise Refused(f"no rule leads {found.decision.id}; name the one that is broken: --rule RULE")
    if rule not in pack.by_id:
        hint = suggest(rule, pack.by_id, "rules")
        raise Refused(f"--rule {rule!r} is not in {pack.id} {pack.version}, under which this was decided; {hint}")
    return rule


def _answered(settings: "Settings", found: "Record", answer: "Answer") -> "tuple[Edit, bool]":
    from terminal.opening import ledger

    if found.decision.outcome == "review" and not found.edits:
        from graphs.desk import NotWaiting
        from graphs.wiring import open_desk

        with open_desk(settings, found.pack) as desk:
            try:
                return desk.answer(found.decision.id, answer), True
            except NotWaiting:
                pass  # decided in a batch, or its paused run is lost: the ledger alone knows of it
    edit = _edit(found, answer)
    with ledger(settings, write=True) as opened:
        opened.edit(edit)
    return edit, False


def _edit(found: "Record", answer: "Answer") -> "Edit":
    import uuid
    from datetime import UTC, datetime

    from cases.decision import Edit

    return Edit(
        id=f"e-{uuid.uuid4().hex[:16]}",
        decision_id=found.decision.id,
        by=answer.by,
        outcome=answer.outcome,
        rule_id=answer.rule_id,
        severity=answer.severity,
        reason=answer.reason,
        at=datetime.now(UTC),
    )


def user() -> str:
    """Return the user of this machine, by whom what is done here is said to be done."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unnamed"
