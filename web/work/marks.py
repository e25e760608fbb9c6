"""Escalating, skipping and second opinions: what people do with a case short of deciding it alone.

Contract: a second opinion is blind: whoever gives it has seen neither the system's verdict nor the first reader's
(work/view.py sees to that), and is never the one who asked. Where the two agree it holds; where they do not, the case
goes to whoever takes what is escalated. Where nobody gave a first opinion the second one holds, and is compared with
what held before.
"""

import json
from typing import Literal

import sqlalchemy as sa

from agents.standing import standing
from cases.decision import Edit
from cases.model import Fact
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import claims, docket, journal, marks
from web.store.database import moment
from web.store.marks import MARKS, Mark
from web.work import people
from web.work.rulings import LONGEST, UNDO, Ruling, begin, checked, put

Agreed = Literal["yes", "outcome", "no"]


class Opinion(Fact):
    """A second opinion as it was recorded. `first` is what it was compared with, and may be seen from now on."""

    agreed: Agreed | None
    first: str
    first_by: str
    edit: Edit | None


class Agreement(Fact):
    """How often second opinions agree with the first; `read` were given, `same` name outcome and rule alike."""

    read: int
    same: int
    outcome: int


def escalate(office: Office, actor: Actor, decision_id: str, reason: str, *, version: int | None = None) -> Mark:
    """Hand a case to those who take what is escalated; the reason is required."""
    decision_id, reason = office.record(decision_id).decision.id, _why(reason)
    office.catch_up()
    begin(office, actor, decision_id, version)
    with office.store.writing("escalate a case") as connection:
        mark = marks.add(connection, decision_id, "escalated", actor.id, office.clock(), reason)
        docket.set_state(connection, decision_id, "escalated")
        claims.drop(connection, decision_id)
        journal.note(office.store, actor.id, "case.escalate", decision_id, {"mark": mark.id}, connection)
    return mark


def skip(office: Office, actor: Actor, decision_id: str, reason: str) -> Mark:
    """Leave a case to others: it is given back, logged, and not offered to the same person again."""
    decision_id, reason = office.record(decision_id).decision.id, _why(reason)
    with office.store.writing("skip a case") as connection:
        mark = marks.add(connection, decision_id, "skipped", actor.id, office.clock(), reason)
        claims.drop(connection, decision_id, actor.id)
        journal.note(office.store, actor.id, "case.skip", decision_id, {"mark": mark.id}, connection)
    return mark


def ask_second(
    office: Office, actor: Actor, decision_id: str, reason: str, first: Ruling | None = None, *,
    version: int | None = None,
) -> Mark:  # fmt: skip
    """Ask a colleague to read a case blind; `first` is one's own ruling, which holds only where the second agrees."""
    found = office.record(decision_id)
    decision_id, reason = found.decision.id, _why(reason)
    given = None if first is None else checked(found, first).model_dump_json()
    office.catch_up()
    begin(office, actor, decision_id, version)
    with office.store.writing("ask for a second opinion") as connection:
        if marks.open_second(connection, decision_id) is not None:
            raise Problem(409, "A second opinion is asked for already.", code="second_opinion")
        mark = marks.add(connection, decision_id, "second", actor.id, office.clock(), reason, given)
        docket.set_state(connection, decision_id, "second")
        claims.drop(connection, decision_id)
        journal.note(office.store, actor.id, "case.ask_second", decision_id, {"mark": mark.id}, connection)
    return mark


def opine(office: Office, actor: Actor, decision_id: str, ruling: Ruling, *, version: int | None = None) -> Opinion:
    """Give the second opinion; raise Problem 409 where none is asked for, or by the one who asked."""
    found = office.record(decision_id)
    decision_id, ruling = found.decision.id, checked(found, ruling)
    with office.store.reading("read the marks") as connection:
        mark = marks.open_second(connection, decision_id)
    if mark is None:
        raise Problem(409, "No second opinion is asked for on this case.", code="no_second_opinion")
    if mark.by == actor.id:
        raise Problem(409, "You asked for this opinion; somebody else has to give it.", code="own_second_opinion")
    held = standing(found.decision, found.case, found.pack, found.edits)
    first = Ruling.model_validate_json(mark.first) if mark.first else None
    was = (first.outcome, first.rule_id) if first else (held.outcome, held.rule_id)
    agreed = _agreed(was, (ruling.outcome, ruling.rule_id))
    first_by = mark.by if first else held.edit.by if held.edit else None
    edit = None
    holds = first is None or agreed == "yes"
    if holds:
        edit = put(office, actor, found, ruling, version=version, act="case.second_opinion")
    else:
        begin(office, actor, decision_id, version)
    with office.store.writing("note a second opinion") as connection:
        marks.answer(connection, mark.id, ruling.model_dump_json(), actor.id, office.clock(), agreed)
        if not holds:
            marks.close(connection, decision_id, mark.id)
            marks.add(connection, decision_id, "escalated", actor.id, office.clock(), "Two readers do not agree.")
            docket.set_state(connection, decision_id, "escalated")
            claims.drop(connection, decision_id)
            journal.note(
                office.store, actor.id, "case.second_opinion", decision_id, {"agreed": agreed or ""}, connection
            )
    shown = people.name(office, first_by) if first_by else "the system"
    told = was[0] + (f" under {was[1]}" if was[1] else "")
    return Opinion(agreed=agreed, first=told, first_by=shown, edit=edit)


def take_back(office: Office, actor: Actor, decision_id: str) -> Mark:
    """Take back one's own last mark on a case, within the time in which a ruling can be undone."""
    own = [m for m in marks.of(office.store, decision_id) if m.by == actor.id and m.closed is None]
    if not own or office.clock() - moment(own[-1].at) > UNDO:
        raise Problem(409, "There is nothing of yours to take back on this case.", code="nothing_to_undo")
    mark, entry = own[-1], docket.entry(office.store, decision_id)
    assert entry is not None
    with office.store.writing("take a mark back") as connection:
        marks.remove(connection, mark.id)
        if mark.kind != "skipped":
            left = [m for m in own[:-1] if m.kind != "skipped"]
            rest = "waiting" if entry.held == "review" else "settled"
            state: docket.State = rest if not left else "second" if left[-1].kind == "second" else "escalated"  # type: ignore[assignment]
            docket.set_state(connection, decision_id, state)
        claims.drop(connection, decision_id, actor.id)
        journal.note(
            office.store, actor.id, "case.take_back", decision_id, {"mark": mark.id, "kind": mark.kind}, connection
        )
    return mark


def blind(office: Office, actor: Actor, decision_id: str) -> bool:
    """Return whether an actor must not see verdicts on a case, because a second opinion could be theirs to give."""
    with office.store.reading("read the marks") as connection:
        mark = marks.open_second(connection, decision_id)
    return mark is not None and mark.by != actor.id


def asked_by(office: Office, actor: Actor) -> set[str]:
    """Return the cases on which an actor asked for a second opinion that is still to come."""
    query = sa.select(MARKS.c.decision_id).where(
        MARKS.c.kind == "second", MARKS.c.closed.is_(None), MARKS.c.by == actor.id
    )
    with office.store.reading("read the marks") as connection:
        return set(connection.execute(query).scalars())


def agreement(office: Office) -> Agreement:
    """Return how second opinions compare with the first over all cases."""
    query = sa.select(MARKS.c.agreed, sa.func.count()).where(MARKS.c.agreed.is_not(None)).group_by(MARKS.c.agreed)
    with office.store.reading("count second opinions") as connection:
        found = {str(agreed): int(n) for agreed, n in connection.execute(query)}
    same = found.get("yes", 0)
    return Agreement(read=sum(found.values()), same=same, outcome=same + found.get("outcome", 0))


def first_of(mark: Mark) -> str:
    """Return what the first reader said, in words; for those who may see it."""
    if mark.first is None:
        return "no ruling of their own"
    given = json.loads(mark.first)
    return str(given["outcome"]) + (f" under {given['rule_id']}" if given["rule_id"] else "")


def skipped(office: Office, limit: int = 500) -> list[Mark]:
    """Return the skips, newest first: they show what is hard to judge."""
    query = sa.select(MARKS).where(MARKS.c.kind == "skipped").order_by(MARKS.c.at.desc()).limit(limit)
    with office.store.reading("read the skips") as connection:
        return [Mark(**row) for row in connection.execute(query).mappings()]


def _agreed(first: tuple[str, str | None], second: tuple[str, str | None]) -> Agreed | None:
    if first[0] == "review":
        return None  # nobody had decided anything to agree with
    return "yes" if first == second else "outcome" if first[0] == second[0] else "no"


def _why(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise Problem(422, "The reason is blank; say why, for whoever takes it on.", param="reason",
                      code="reason_required")  # fmt: skip
    if len(reason) > LONGEST:
        raise Problem(
            422, f"The reason has {len(reason)} characters; {LONGEST} at most.", param="reason", code="too_long"
        )
    return reason
