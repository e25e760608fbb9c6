"""The journal: who did or read what, and when. Append-only; it holds ids and acts, never content."""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False, index=True),
    Column("act", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("detail", Text, nullable=False),
)


class Line(Fact):
    """One line of the journal: `act` is a dotted verb ("case.read", "appeal.decide"), `subject` an id."""

    seq: int
    at: str
    actor: str
    act: str
    subject: str
    detail: dict[str, str]


def note(
    store: Store, actor: str, act: str, subject: str, detail: Mapping[str, str] | None = None,
    connection: sa.Connection | None = None,
) -> None:  # fmt: skip
    """Note an act, inside the transaction of the act itself where its connection is given."""
    row = {
        "at": stamp(now()), "actor": actor, "act": act, "subject": subject, "detail": json.dumps(dict(detail or {})),
    }  # fmt: skip
    if connection is not None:
        connection.execute(JOURNAL.insert().values(row))
        return
    with store.writing("write the journal") as own:
        own.execute(JOURNAL.insert().values(row))


def lines(
    store: Store, *, actor: str | None = None, act: str | None = None, subject: str | None = None, limit: int = 200,
    before: int | None = None,
) -> list[Line]:  # fmt: skip
    """Return lines, newest first; `act` may be a beginning ("case.")."""
    query = sa.select(JOURNAL).order_by(JOURNAL.c.seq.desc()).limit(limit)
    if actor is not None:
        query = query.where(JOURNAL.c.actor == actor)
    if act is not None:
        query = query.where(JOURNAL.c.act.startswith(act, autoescape=True))
    if subject is not None:
        query = query.where(JOURNAL.c.subject == subject)
    if before is not None:
        query = query.where(JOURNAL.c.seq < before)
    with store.reading("read the journal") as connection:
        return [
            Line(seq=r.seq, at=r.at, actor=r.actor, act=r.act, subject=r.subject, detail=json.loads(r.detail))
            for r in connection.execute(query)
        ]
