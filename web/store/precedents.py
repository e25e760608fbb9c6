"""Precedents: decided cases that a person ruled on otherwise than the system. An approved one joins the seed bank.

Proposed by an override, withdrawn by its undo, approved or refused by who administers. Only violating ones are seeds:
a seed makes the router send more on to be judged, and can let nothing go. The newest of a case stands for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, stamp

Standing = Literal["proposed", "approved", "refused"]
LONGEST = 2000

PRECEDENTS = Table(
    "precedents",
    METADATA,
    Column("edit_id", Text, primary_key=True),
    Column("decision_id", Text, nullable=False, index=True),
    Column("rule_id", Text),
    Column("violating", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("standing", Text, nullable=False, index=True),
    Column("approved_by", Text),
    Column("approved_at", Text),
)


class Known(Fact):
    """One precedent."""

    edit_id: str
    decision_id: str
    rule_id: str | None
    violating: bool
    text: str
    by: str
    at: str
    standing: Standing
    approved_by: str | None
    approved_at: str | None


class Seed(NamedTuple):
    """A text of the seed bank, with the id it is named by."""

    id: str
    text: str


def propose(
    connection: sa.Connection, decision_id: str, edit_id: str, rule_id: str | None, violating: bool, text: str, by: str,
    at: datetime,
) -> None:  # fmt: skip
    """Propose what a person ruled, in place of what was proposed of the same case before."""
    here = (PRECEDENTS.c.decision_id == decision_id) & (PRECEDENTS.c.standing == "proposed")
    connection.execute(PRECEDENTS.delete().where(here))
    row = {
        "edit_id": edit_id, "decision_id": decision_id, "rule_id": rule_id, "violating": int(violating),
        "text": text[:LONGEST], "by": by, "at": stamp(at), "standing": "proposed", "approved_by": None,
        "approved_at": None,
    }  # fmt: skip
    connection.execute(PRECEDENTS.insert().values(row))


def withdraw(connection: sa.Connection, edit_id: str) -> None:
    """Take a precedent back because its ruling was."""
    connection.execute(PRECEDENTS.delete().where(PRECEDENTS.c.edit_id == edit_id))


def mark(connection: sa.Connection, edit_id: str, standing: Standing, by: str, at: datetime) -> bool:
    """Approve or refuse a precedent; return whether there is one."""
    values = {"standing": standing, "approved_by": by, "approved_at": stamp(at)}
    return bool(connection.execute(PRECEDENTS.update().where(PRECEDENTS.c.edit_id == edit_id).values(values)).rowcount)


def all_of(store: Store, standing: Standing | None = None, decision_ids: Sequence[str] | None = None) -> list[Known]:
    """Return precedents, newest first."""
    query = sa.select(PRECEDENTS).order_by(PRECEDENTS.c.at.desc())
    if standing is not None:
        query = query.where(PRECEDENTS.c.standing == standing)
    if decision_ids is not None:
        query = query.where(PRECEDENTS.c.decision_id.in_(decision_ids))
    with store.reading("read the precedents") as connection:
        rows = connection.execute(query).mappings()
        return [Known(**(dict(row) | {"violating": bool(row["violating"])})) for row in rows]


def seeds(store: Store) -> list[Seed]:
    """Return what goes into the seed bank: every approved violating precedent, oldest first."""
    return [Seed(f"precedent/{k.decision_id}", k.text) for k in reversed(all_of(store, "approved")) if k.violating]
