"""Notices about appeals, drafted and sent, and the lines of them that are the same every time (where to complain).

A notice that was sent stays as it was sent.
"""

from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

State = Literal["draft", "sent"]

NOTICES = Table(
    "appeal_notices",
    METADATA,
    Column("appeal_id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("statement", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
)
FILLED = Table(
    "notice_lines",
    METADATA,
    Column("label", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
)


class Notice(Fact):
    """The notice of one appeal; `statement` is the DSA statement that goes with it, as JSON."""

    appeal_id: str
    text: str
    statement: str | None
    state: State
    version: int
    by: str
    at: str


def notice(store: Store, appeal_id: str) -> Notice | None:
    """Return the notice of an appeal."""
    with store.reading("read a notice") as connection:
        return within(connection, appeal_id)


def within(connection: sa.Connection, appeal_id: str) -> Notice | None:
    """Return the notice of an appeal, inside a transaction."""
    row = connection.execute(sa.select(NOTICES).where(NOTICES.c.appeal_id == appeal_id)).mappings().one_or_none()
    return None if row is None else Notice(**row)


def put(connection: sa.Connection, appeal_id: str, text: str, statement: str | None, state: State, by: str) -> None:
    """Keep a notice in place of the draft before it."""
    had = within(connection, appeal_id)
    row = {
        "appeal_id": appeal_id, "text": text, "statement": statement, "state": state, "by": by, "at": stamp(now()),
        "version": had.version + 1 if had else 1,
    }  # fmt: skip
    connection.execute(NOTICES.delete().where(NOTICES.c.appeal_id == appeal_id))
    connection.execute(NOTICES.insert().values(row))


def lines(store: Store) -> dict[str, str]:
    """Return what fills a line of a notice, by the line's label."""
    with store.reading("read the lines of notices") as connection:
        return {row.label: row.text for row in connection.execute(sa.select(FILLED))}


def keep_lines(connection: sa.Connection, filled: dict[str, str], by: str) -> None:
    """Keep what fills lines, for the notices to come."""
    for label, text in filled.items():
        connection.execute(FILLED.delete().where(FILLED.c.label == label))
        connection.execute(FILLED.insert().values(label=label, text=text, by=by, at=stamp(now())))
