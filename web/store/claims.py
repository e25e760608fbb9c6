"""Claims: who has a case in hand until when, and who has its page open. A claim is exclusive and outlives a restart."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, stamp

CLAIMS = Table(
    "claims",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("by", Text, nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("expires", Text, nullable=False),
)
PRESENCE = Table(
    "presence",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("by", Text, primary_key=True),
    Column("last", Text, nullable=False),
)
PRESENT = timedelta(seconds=75)


class Held(Fact):
    """A claim as it is stored."""

    decision_id: str
    by: str
    at: str
    expires: str


def held(connection: sa.Connection, decision_id: str, at: datetime) -> Held | None:
    """Return who holds a case at a moment, None where nobody does."""
    query = sa.select(CLAIMS).where(CLAIMS.c.decision_id == decision_id, CLAIMS.c.expires > stamp(at))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Held(**row)


def take(connection: sa.Connection, decision_id: str, by: str, at: datetime, lasts: timedelta) -> Held:
    """Take a case, or prolong one's own claim; return whose it is then, which is another's where that one was first."""
    now = held(connection, decision_id, at)
    if now is not None and now.by != by:
        return now
    fresh = Held(decision_id=decision_id, by=by, at=now.at if now else stamp(at), expires=stamp(at + lasts))
    connection.execute(CLAIMS.delete().where(CLAIMS.c.decision_id == decision_id))
    connection.execute(CLAIMS.insert().values(fresh.model_dump()))
    return fresh


def drop(connection: sa.Connection, decision_id: str, by: str | None = None) -> bool:
    """End the claim on a case (of one person, where given); return whether there was one."""
    query = CLAIMS.delete().where(CLAIMS.c.decision_id == decision_id)
    return bool(connection.execute(query if by is None else query.where(CLAIMS.c.by == by)).rowcount)


def all_held(store: Store, at: datetime) -> dict[str, Held]:
    """Return every claim that holds, by decision."""
    with store.reading("read the claims") as connection:
        rows = connection.execute(sa.select(CLAIMS).where(CLAIMS.c.expires > stamp(at))).mappings()
        return {row["decision_id"]: Held(**row) for row in rows}


def seen(store: Store, decision_id: str, by: str, at: datetime) -> None:
    """Note that somebody has the page of a case open."""
    with store.writing("note who looks") as connection:
        connection.execute(PRESENCE.delete().where(PRESENCE.c.last < stamp(at - PRESENT)))
        here = (PRESENCE.c.decision_id == decision_id) & (PRESENCE.c.by == by)
        connection.execute(PRESENCE.delete().where(here))
        connection.execute(PRESENCE.insert().values(decision_id=decision_id, by=by, last=stamp(at)))


def present(store: Store, decision_id: str, at: datetime) -> list[str]:
    """Return who has the page of a case open, by id."""
    query = sa.select(PRESENCE.c.by).where(
        PRESENCE.c.decision_id == decision_id, PRESENCE.c.last >= stamp(at - PRESENT)
    )
    with store.reading("read who looks") as connection:
        return list(connection.execute(query.order_by(PRESENCE.c.by)).scalars())
