"""Marks: what people say about a case without deciding it: an escalation, a wish for a second opinion, a skip.

An open mark is work that somebody has to do; `closed` names the edit (or the mark) that ended it, so that an undo can
open it again. A second opinion keeps what the first reader had decided in `first`, which the second must not see.
"""

import uuid
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, stamp

Kind = Literal["escalated", "second", "skipped"]

MARKS = Table(
    "marks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("decision_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first", Text),
    Column("second", Text),
    Column("second_by", Text),
    Column("second_at", Text),
    Column("agreed", Text),
    Column("closed", Text),
)


class Mark(Fact):
    """One mark. `first` and `second` are rulings as JSON; `agreed` is "yes", "outcome" (another rule) or "no"."""

    id: str
    decision_id: str
    kind: Kind
    by: str
    at: str
    reason: str
    first: str | None = None
    second: str | None = None
    second_by: str | None = None
    second_at: str | None = None
    agreed: Literal["yes", "outcome", "no"] | None = None
    closed: str | None = None


def add(
    connection: sa.Connection, decision_id: str, kind: Kind, by: str, at: datetime, reason: str,
    first: str | None = None,
) -> Mark:  # fmt: skip
    """Add a mark, inside the transaction of the act."""
    mark = Mark(id=f"m-{uuid.uuid4().hex[:16]}", decision_id=decision_id, kind=kind, by=by, at=stamp(at),
                reason=reason, first=first)  # fmt: skip
    connection.execute(MARKS.insert().values(mark.model_dump()))
    return mark


def of(store: Store, decision_id: str) -> list[Mark]:
    """Return every mark on a case, oldest first."""
    with store.reading("read the marks") as connection:
        rows = connection.execute(_query().where(MARKS.c.decision_id == decision_id)).mappings()
        return [Mark(**row) for row in rows]


def open_second(connection: sa.Connection, decision_id: str) -> Mark | None:
    """Return the second opinion that is still asked for on a case."""
    query = _query().where(MARKS.c.decision_id == decision_id, MARKS.c.kind == "second", MARKS.c.closed.is_(None))
    row = connection.execute(query.limit(1)).mappings().one_or_none()
    return None if row is None else Mark(**row)


def answer(connection: sa.Connection, mark_id: str, second: str, by: str, at: datetime, agreed: str | None) -> None:
    """Write the second opinion beside the first."""
    connection.execute(
        MARKS.update()
        .where(MARKS.c.id == mark_id)
        .values(second=second, second_by=by, second_at=stamp(at), agreed=agreed)
    )


def close(connection: sa.Connection, decision_id: str, by_what: str) -> None:
    """Close what is open on a case, but skips; `by_what` names the edit or mark that did."""
    here = (MARKS.c.decision_id == decision_id) & MARKS.c.closed.is_(None) & (MARKS.c.kind != "skipped")
    connection.execute(MARKS.update().where(here).values(closed=by_what))


def reopen(connection: sa.Connection, decision_id: str, by_what: str) -> Mark | None:
    """Open again what something closed; return the newest of it."""
    here = (MARKS.c.decision_id == decision_id) & (MARKS.c.closed == by_what)
    fresh = {"closed": None, "second": None, "second_by": None, "second_at": None, "agreed": None}
    connection.execute(MARKS.update().where(here).values(fresh))
    query = _query().where(MARKS.c.decision_id == decision_id, MARKS.c.closed.is_(None), MARKS.c.kind != "skipped")
    rows = connection.execute(query).mappings().all()
    return Mark(**rows[-1]) if rows else None


def remove(connection: sa.Connection, mark_id: str) -> None:
    """Remove a mark that its author takes back; the journal keeps that it was there."""
    connection.execute(MARKS.delete().where(MARKS.c.id == mark_id))


def _query() -> sa.Select[tuple[str]]:
    return sa.select(MARKS).order_by(MARKS.c.at)
