"""Uploads: which files of the media folder this service put there itself, and when each was last sent. It reads none.

Contract: only what stands here is ever taken out again. Whoever keeps or takes out a file does so inside a writing
transaction of the store, so that the two never cross.
"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from web.store.database import METADATA, Store, stamp
from web.store.submissions import SUBMISSIONS

UPLOADS = Table(
    "uploads",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("at", Text, nullable=False, index=True),
)


def touch(connection: sa.Connection, name: str, at: datetime) -> bool:
    """Note that a file of ours was sent again; return False where it is none of ours."""
    found = connection.execute(UPLOADS.update().where(UPLOADS.c.name == name).values(at=stamp(at)))
    return bool(found.rowcount)


def add(connection: sa.Connection, sent: Mapping[str, datetime]) -> None:
    """Note files that are ours, by name and when each was sent; those that stand here already stay as they are."""
    names = [*sent]
    known = set(connection.execute(sa.select(UPLOADS.c.name).where(UPLOADS.c.name.in_(names))).scalars())
    if fresh := [{"name": name, "at": stamp(sent[name])} for name in names if name not in known]:
        connection.execute(UPLOADS.insert(), fresh)


def before(store: Store, edge: datetime) -> list[str]:
    """Return the files of ours that were last sent before a time, and that no case waits with to be decided."""
    waits = sa.exists().where(SUBMISSIONS.c.state == "deciding", SUBMISSIONS.c.body.contains(UPLOADS.c.name))
    query = sa.select(UPLOADS.c.name).where(UPLOADS.c.at < stamp(edge), ~waits).order_by(UPLOADS.c.at)
    with store.reading("read the uploads") as connection:
        return list(connection.execute(query).scalars())


def drop(connection: sa.Connection, name: str, edge: datetime) -> bool:
    """Strike a file off, unless it was sent again since; return whether it was struck."""
    old = (UPLOADS.c.name == name) & (UPLOADS.c.at < stamp(edge))
    return bool(connection.execute(UPLOADS.delete().where(old)).rowcount)


__all__ = ["add", "before", "drop", "touch"]
