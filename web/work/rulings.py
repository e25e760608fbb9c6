"""Rulings: what a person decides about a case, and taking that back. Every one is an edit beside the decision.

Contract: a ruling needs the case to be free or one's own, the version that was looked at (where given), a rule of the
policy that the decision was made under, and a reason. It is recorded once, or refused whole. What it closed (an
escalation) is opened again by `undo`.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa

from agents.standing import standing
from cases.decision import Edit, Outcome
from cases.model import Fact
from graphs.desk import NotWaiting
from graphs.record import Record
from graphs.state import Answer
from policy_store.fault import suggest
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import appeals, claims, docket, journal, marks, precedents
from web.work import people
from web.work.claims import LASTS, taken
from web.work.events import UNDONE

UNDO = timedelta(minutes=15)
LONGEST = 2000
MANY = 100


class Ruling(Fact):
    """What a person says about a case. `severity` is 0-100, with act alone; no rule means the one that leads."""

    outcome: Literal["allow", "act"]
    rule_id: str | None = None
    severity: int | None = None
    reason: str


def settle(office: Office, actor: Actor, decision_id: str, ruling: Ruling, *, version: int | None = None) -> Edit:
    """Decide a case as a person; raise Problem 409 where it changed since, is another's, or is asked of a second."""
    found = office.record(decision_id)
    ruling = checked(found, ruling)
    with office.store.reading("read the marks") as connection:
        if marks.open_second(connection, found.decision.id) is not None:
            raise Problem(409, "A second opinion is asked for on this case; give that, or take the wish back.",
                          code="second_opinion")  # fmt: skip
    return put(office, actor, found, ruling, version=version)


def put(office: Office, actor: Actor, found: Record, ruling: Ruling, *, version: int | None = None,
        act: str = "case.decide") -> Edit:  # fmt: skip
    """Record a checked ruling: as the answer to the run that waits for one, else as an edit beside the decision."""
    decision_id = found.decision.id
    if not actor.may & {"review", "appeals.decide"}:
        raise Problem(403, "Deciding needs the permission 'review'.", code="not_permitted")
    if "appeals.decide" not in actor.may and appeals.settled_by(office.store, decision_id, found.edits):
        raise Problem(403, "This was decided on appeal, and is not a moderator's to change; a new appeal can be filed.",
                      code="decided_on_appeal")  # fmt: skip
    office.catch_up()
    begin(office, actor, decision_id, version)
    answer = Answer(by=actor.id, **ruling.model_dump())
    edit = _answered(office, found, answer)
    office.catch_up()
    with office.store.writing("note a ruling") as connection:
        marks.close(connection, decision_id, edit.id)
        claims.drop(connection, decision_id)
        violating = ruling.outcome == "act"
        overrides = (ruling.outcome, ruling.rule_id) != (found.decision.outcome, found.decision.rule_id)
        if overrides and found.case.text.strip():
            precedents.propose(connection, decision_id, edit.id, edit.rule_id or found.decision.rule_id, violating,
                               found.case.text, actor.id, edit.at)  # fmt: skip
        detail = {"edit": edit.id, "outcome": edit.outcome, "rule": edit.rule_id or ""}
        journal.note(office.store, actor.id, act, decision_id, detail, connection)
    return edit


def begin(office: Office, actor: Actor, decision_id: str, version: int | None) -> None:
    """Take a case for an act and count its version on, in one transaction: of two who race, one gets it."""
    at = office.clock()
    with office.store.writing("begin an act") as connection:
        held = claims.take(connection, decision_id, actor.id, at, LASTS)
        if held.by == actor.id:
            row = connection.execute(
                sa.select(docket.DOCKET.c.version, docket.DOCKET.c.by).where(docket.DOCKET.c.decision_id == decision_id)
            ).one()
            if version is None or row.version == version:
                docket.touch(connection, decision_id)
                return
            claims.drop(connection, decision_id, actor.id)
    if held.by != actor.id:
        raise taken(office, held)
    who = f"by {people.name(office, row.by)} " if row.by else ""
    raise Problem(409, f"The case was changed {who}since you opened it (version {row.version}, yours is {version}); "
                  "load it again.", param="version", code="stale_version")  # fmt: skip


def undo(office: Office, actor: Actor, decision_id: str) -> Edit:
    """Restore what held before the actor's own last edit, by a new edit; within UNDO, and once for each edit."""
    found = office.record(decision_id)
    decision_id = found.decision.id
    last = found.edits[-1] if found.edits else None
    if last is None or last.by != actor.id:
        whose = f"{people.name(office, last.by)} decided it last" if last else "no person has decided it"
        raise Problem(409, f"There is nothing of yours to undo: {whose}.", code="nothing_to_undo")
    if last.reason.startswith(UNDONE):
        raise Problem(409, "Your last act on this case was undone already.", code="nothing_to_undo")
    if appeals.settled_by(office.store, decision_id, found.edits):
        raise Problem(409, "A ruling on an appeal is not undone here; a new appeal can be filed.",
                      code="decided_on_appeal")  # fmt: skip
    if office.clock() - last.at > UNDO:
        raise Problem(409, f"That was over {UNDO.seconds // 60} minutes ago; decide the case anew, with a reason.",
                      code="too_late")  # fmt: skip
    before = standing(found.decision, found.case, found.pack, found.edits[:-1])
    begin(office, actor, decision_id, None)
    rule_id = before.rule_id or (found.decision.rule_id if before.outcome == "review" else None)
    edit = _edit(office, decision_id, actor.id, before.outcome, rule_id, before.severity, f"{UNDONE} {last.id}")
    office.ledger.edit(edit)
    office.catch_up()
    with office.store.writing("note an undo") as connection:
        reopened = marks.reopen(connection, decision_id, last.id)
        if reopened is not None:
            docket.set_state(connection, decision_id, "escalated" if reopened.kind == "escalated" else "second")
        precedents.withdraw(connection, last.id)
        claims.drop(connection, decision_id)
        journal.note(office.store, actor.id, "case.undo", decision_id, {"edit": edit.id, "undid": last.id}, connection)
    return edit


def checked(found: Record, ruling: Ruling) -> Ruling:
    """Return the ruling with its rule filled in; raise Problem 422 where it does not fit the policy or says no why."""
    pack = found.pack
    reason = " ".join(ruling.reason.split())
    if not reason:
        raise Problem(422, "The reason is blank; say why, for whoever reads the record.", param="reason",
                      code="reason_required")  # fmt: skip
    if len(reason) > LONGEST:
        raise Problem(
            422, f"The reason has {len(reason)} characters; {LONGEST} at most.", param="reason", code="too_long"
        )
    if ruling.outcome == "allow":
        if ruling.rule_id is not None:
            raise Problem(422, f"rule_id={ruling.rule_id!r}: what is allowed breaks no rule; leave it out.",
                          param="rule_id", code="rule_with_allow")  # fmt: skip
        if ruling.severity is not None:
            raise Problem(422, f"severity={ruling.severity}: nothing is severe about what is allowed; leave it out.",
                          param="severity", code="severity_with_allow")  # fmt: skip
        return ruling.model_copy(update={"reason": reason})
    rule_id = ruling.rule_id or found.decision.rule_id
    if rule_id is None:
        raise Problem(422, "No rule leads this case; name the one that is broken.", param="rule_id",
                      code="rule_required")  # fmt: skip
    if rule_id not in pack.by_id:
        raise Problem(422, f"rule_id={rule_id!r} is no rule of {pack.id} {pack.version}, under which this was decided; "
                      f"{suggest(rule_id, pack.by_id, 'rules')}.", param="rule_id", code="unknown_rule")  # fmt: skip
    if ruling.severity is not None and not 0 <= ruling.severity <= 100:
        raise Problem(422, f"severity={ruling.severity}: it goes from 0 to 100.", param="severity", code="bad_severity")
    return ruling.model_copy(update={"reason": reason, "rule_id": rule_id})


class Done(Fact):
    """What became of one case of many: its edit, or why it was refused."""

    decision_id: str
    edit: Edit | None = None
    refused: str | None = None


def settle_many(office: Office, actor: Actor, versions: Mapping[str, int], ruling: Ruling) -> list[Done]:
    """Decide cases alike, each as an edit of its own; one that is refused does not stop the others."""
    if not 1 <= len(versions) <= MANY:
        raise Problem(422, f"{len(versions)} cases were given; 1 to {MANY} can be decided at once.",
                      param="decision_ids", code="too_many")  # fmt: skip
    done = []
    for decision_id, version in versions.items():
        try:
            edit = settle(office, actor, decision_id, ruling, version=version)
            done.append(Done(decision_id=decision_id, edit=edit))
        except Problem as problem:
            done.append(Done(decision_id=decision_id, refused=problem.message))
    return done


def _answered(office: Office, found: Record, answer: Answer) -> Edit:
    decision = found.decision
    if decision.outcome == "review" and not found.edits:
        try:
            return office.desks.desk(found.pack).answer(decision.id, answer)
        except NotWaiting:
            pass  # decided in a batch, or its paused run is lost: the ledger alone knows of it
    edit = _edit(office, decision.id, answer.by, answer.outcome, answer.rule_id, answer.severity, answer.reason)
    office.ledger.edit(edit)
    return edit


def _edit(office: Office, decision_id: str, by: str, outcome: Outcome, rule_id: str | None, severity: int | None,
          reason: str) -> Edit:  # fmt: skip
    return Edit(id=f"e-{uuid.uuid4().hex[:16]}", decision_id=decision_id, by=by, outcome=outcome, rule_id=rule_id,
                severity=severity, reason=reason, at=office.clock())  # fmt: skip
