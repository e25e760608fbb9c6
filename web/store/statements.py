"""Statements of reasons that were taken in: each as the database of the DSA would hold it, under a puid used once."""

import json
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy import Column, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

STATEMENTS = Table(
    "statements",
    METADATA,
    Column("uuid", Text, primary_key=True),
    Column("puid", Text, nullable=False, unique=True),
    Column("decision_id", Text, index=True),
    Column("body", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False, index=True),
)


class Taken(Fact):
    """A statement on record; `decision_id` where it was drafted from a decision of ours."""

    uuid: str
    puid: str
    decision_id: str | None
    body: dict[str, JsonValue]
    by: str
    at: str


def add(connection: sa.Connection, puid: str, body: str, by: str, decision_id: str | None = None) -> str:
    """Add a statement, inside the transaction of the act; return its uuid. The puid must not be in use."""
    made = str(uuid.uuid4())
    row = {"uuid": made, "puid": puid, "decision_id": decision_id, "body": body, "by": by, "at": stamp(now())}
    connection.execute(STATEMENTS.insert().values(row))
    return made


def used(connection: sa.Connection, puids: Sequence[str]) -> dict[str, str]:
    """Return which of these puids are in use, with the uuids of their statements."""
    query = sa.select(STATEMENTS.c.puid, STATEMENTS.c.uuid).where(STATEMENTS.c.puid.in_(list(puids)))
    return {row.puid: row.uuid for row in connection.execute(query)}


def statement(store: Store, *, uuid: str | None = None, puid: str | None = None) -> Taken | None:
    """Return a statement by its uuid or its puid."""
    here = STATEMENTS.c.uuid == uuid if uuid is not None else STATEMENTS.c.puid == puid
    return next(iter(_found(store, here, limit=1)), None)


def statements(store: Store, *, before: str | None = None, limit: int = 100) -> list[Taken]:
    """Return statements, newest first; `before` is the time of the last one that was seen."""
    where = () if before is None else (STATEMENTS.c.at < before,)
    return _found(store, *where, limit=limit)


def _found(store: Store, *where: "sa.ColumnElement[bool]", limit: int) -> list[Taken]:
    query = sa.select(STATEMENTS).where(*where).order_by(STATEMENTS.c.at.desc()).limit(limit)
    with store.reading("read the statements") as connection:
        return [Taken(**dict(row) | {"body": json.loads(row["body"])}) for row in connection.execute(query).mappings()]
