"""Claims: a case is in the hands of one person at a time. A claim ends by itself, by the act, or when it is given back.

Contract: a claim is a row in work.db, so a restart loses none; `claim` prolongs one's own. Whoever comes second is told
who has the case.
"""

from datetime import timedelta

import sqlalchemy as sa

from cases.model import Fact
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import claims, docket, journal, marks
from web.store.database import moment, stamp
from web.work import people
from web.work.search import Query, conditions, order

LASTS = timedelta(minutes=15)


class Claim(Fact):
    """Who has a case in hand; `shown` is for colleagues."""

    decision_id: str
    by: str
    shown: str
    at: str
    expires: str


def claim(office: Office, actor: Actor, decision_id: str) -> Claim:
    """Take a case for LASTS, or prolong that; raise Problem 409 where somebody else has it, 404 where it is unknown."""
    office.catch_up()
    if docket.entry(office.store, decision_id) is None:
        raise Problem(404, f"No decision {decision_id!r} is on record; check the id.", param="decision_id",
                      code="unknown_decision")  # fmt: skip
    at = office.clock()
    with office.store.writing("claim a case") as connection:
        before = claims.held(connection, decision_id, at)
        now = claims.take(connection, decision_id, actor.id, at, LASTS)
        if before is None and now.by == actor.id:
            journal.note(office.store, actor.id, "case.claim", decision_id, connection=connection)
    if now.by != actor.id:
        raise taken(office, now)
    return _shown(office, now)


def release(office: Office, actor: Actor, decision_id: str) -> None:
    """Give a case back. Harmless where one does not hold it."""
    with office.store.writing("give a case back") as connection:
        if claims.drop(connection, decision_id, actor.id):
            journal.note(office.store, actor.id, "case.release", decision_id, connection=connection)


def holder(office: Office, decision_id: str) -> Claim | None:
    """Return who has a case in hand now."""
    with office.store.reading("read a claim") as connection:
        found = claims.held(connection, decision_id, office.clock())
    return None if found is None else _shown(office, found)


def taken(office: Office, found: claims.Held) -> Problem:
    """Return the refusal for whoever comes second."""
    who, until = people.name(office, found.by), moment(found.expires)
    return Problem(409, f"{who} has this case until {until:%H:%M} UTC; take another, or wait.", code="claimed")


def next_case(office: Office, actor: Actor, query: Query, *, sort: str = "-severity", but: str | None = None,
              take: bool = True) -> str | None:  # fmt: skip
    """Claim the first case of a query that nobody else has and return its id; None where there is none.

    Left out: what the actor skipped, second opinions that the actor asked for, and `but`. Without `take` it only says
    which that would be.
    """
    office.catch_up()
    free = [*conditions(office, query), *_free(office, actor)]
    if but is not None:
        free.append(docket.DOCKET.c.decision_id != but)
    wanted = sa.select(docket.DOCKET.c.decision_id).where(*free).order_by(*order(sort, query)).limit(20)
    with office.store.reading("find the next case") as connection:
        found = [str(one) for one in connection.execute(wanted).scalars()]
    for decision_id in found:
        if not take:
            return decision_id
        try:
            return claim(office, actor, decision_id).decision_id
        except Problem as problem:
            if problem.code != "claimed":
                raise
    return None


def _free(office: Office, actor: Actor) -> list[sa.ColumnElement[bool]]:
    own = docket.DOCKET.c.decision_id
    others = sa.exists().where(
        claims.CLAIMS.c.decision_id == own, claims.CLAIMS.c.by != actor.id,
        claims.CLAIMS.c.expires > stamp(office.clock()),
    )  # fmt: skip
    table = marks.MARKS.c
    mine = sa.exists().where(
        table.decision_id == own, table.by == actor.id, table.closed.is_(None), table.kind.in_(("skipped", "second"))
    )
    return [~others, ~mine]


def _shown(office: Office, found: claims.Held) -> Claim:
    return Claim(**found.model_dump(), shown=people.name(office, found.by))
