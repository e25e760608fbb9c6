"""Notes of colleagues on a case: private to the console, at most one pinned. They decide nothing."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, stamp

NOTES = Table(
    "notes",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("decision_id", Text, nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("pinned", Integer, nullable=False),
)


class Note(Fact):
    """One note."""

    id: str
    decision_id: str
    by: str
    at: str
    text: str
    pinned: bool


def add(connection: sa.Connection, decision_id: str, by: str, at: datetime, text: str) -> Note:
    """Add a note, inside the transaction of the act."""
    note = Note(id=f"n-{uuid.uuid4().hex[:16]}", decision_id=decision_id, by=by, at=stamp(at), text=text, pinned=False)
    connection.execute(NOTES.insert().values(note.model_dump() | {"pinned": 0}))
    return note


def pin(connection: sa.Connection, decision_id: str, note_id: str | None) -> bool:
    """Pin one note of a case, or none; return whether that note is the case's."""
    here = NOTES.c.decision_id == decision_id
    connection.execute(NOTES.update().where(here).values(pinned=0))
    if note_id is None:
        return True
    return bool(connection.execute(NOTES.update().where(here, NOTES.c.id == note_id).values(pinned=1)).rowcount)


def of(store: Store, decision_id: str) -> list[Note]:
    """Return the notes on a case, oldest first."""
    query = sa.select(NOTES).where(NOTES.c.decision_id == decision_id).order_by(NOTES.c.at)
    with store.reading("read the notes") as connection:
        return [Note(**(dict(row) | {"pinned": bool(row["pinned"])})) for row in connection.execute(query).mappings()]
