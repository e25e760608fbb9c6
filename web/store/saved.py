"""Saved filters: an address of a list under a name, for oneself or for all colleagues."""

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store

SAVED = Table(
    "saved_filters",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("by", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("shared", Integer, nullable=False),
)


class Saved(Fact):
    """One saved filter; `to` is its address, `own` whether it is the asker's."""

    id: int
    name: str
    to: str
    shared: bool
    own: bool


def keep(store: Store, by: str, name: str, to: str, shared: bool) -> None:
    """Save a filter, in place of one's own of the same name."""
    with store.writing("save a filter") as connection:
        connection.execute(SAVED.delete().where(SAVED.c.by == by, SAVED.c.name == name))
        connection.execute(SAVED.insert().values(by=by, name=name, to=to, shared=int(shared)))


def drop(store: Store, by: str, saved_id: int) -> bool:
    """Remove one of one's own; return whether there was one."""
    with store.writing("remove a filter") as connection:
        return bool(connection.execute(SAVED.delete().where(SAVED.c.by == by, SAVED.c.id == saved_id)).rowcount)


def of(store: Store, by: str) -> list[Saved]:
    """Return one's own and then the shared ones, each by name."""
    mine_first = (SAVED.c.by != by, SAVED.c.name)
    query = sa.select(SAVED).where((SAVED.c.by == by) | (SAVED.c.shared == 1)).order_by(*mine_first)
    with store.reading("read the filters") as connection:
        rows = connection.execute(query).all()
    return [Saved(id=r.id, name=r.name, to=r.to, shared=bool(r.shared), own=r.by == by) for r in rows]
