"""Shadows: drafts that run beside the policy in force, with what they would have decided. A shadow never acts.

Contract: `seq` is how far in the ledger a shadow has looked; a comparison is kept once a decision.
"""

import secrets
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table, Text

from cases.model import Fact
from graphs.kept import Gist
from web.store.database import METADATA, Store, now, stamp

ShadowState = Literal["running", "stopped", "failed"]

SHADOWS = Table(
    "shadows",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("draft_id", Text, nullable=False, index=True),
    Column("draft_version", Integer, nullable=False),
    Column("pack", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("error", Text),
    Column("seq", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("begun", Text, nullable=False),
    Column("ended", Text),
)
COMPARED = Table(
    "shadow_flips",
    METADATA,
    Column("shadow_id", Text, nullable=False),
    Column("decision_id", Text, nullable=False),
    Column("changed", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    PrimaryKeyConstraint("shadow_id", "decision_id"),
)


class Shadow(Fact):
    """One shadow: `seen` cases so far, `flips` of them would have gone another way. `pack` is canonical JSON."""

    id: str
    draft_id: str
    draft_version: int
    pack: str
    by: str
    state: ShadowState
    error: str | None
    seq: int
    seen: int
    begun: str
    ended: str | None
    flips: int


class Compared(Fact):
    """A decision that would have been another under the draft."""

    decision_id: str
    changed: tuple[str, ...]
    old: Gist
    new: Gist


def add(connection: sa.Connection, draft_id: str, draft_version: int, pack: str, by: str, seq: int) -> str:
    """Add a running shadow that looks at what is decided after a place in the ledger; return its id."""
    shadow_id = f"s-{secrets.token_hex(6)}"
    row = {
        "id": shadow_id, "draft_id": draft_id, "draft_version": draft_version, "pack": pack, "by": by, "error": None,
        "state": "running", "seq": seq, "seen": 0, "begun": stamp(now()), "ended": None,
    }  # fmt: skip
    connection.execute(SHADOWS.insert().values(row))
    return shadow_id


def end(connection: sa.Connection, shadow_id: str, state: ShadowState, error: str | None = None) -> bool:
    """End a running shadow; return whether it ran."""
    here = (SHADOWS.c.id == shadow_id) & (SHADOWS.c.state == "running")
    return bool(
        connection.execute(SHADOWS.update().where(here).values(state=state, error=error, ended=stamp(now()))).rowcount
    )


def note(connection: sa.Connection, shadow: Shadow, seq: int, seen: int, found: list[Compared]) -> bool:
    """Note what a shadow saw up to a place in the ledger; return False where another process did so before."""
    here = (SHADOWS.c.id == shadow.id) & (SHADOWS.c.seq == shadow.seq) & (SHADOWS.c.state == "running")
    if not connection.execute(SHADOWS.update().where(here).values(seq=seq, seen=SHADOWS.c.seen + seen)).rowcount:
        return False
    if found:
        connection.execute(
            COMPARED.insert(),
            [
                {"shadow_id": shadow.id, "decision_id": one.decision_id, "changed": " ".join(one.changed),
                 "old": one.old.model_dump_json(), "new": one.new.model_dump_json()}
                for one in found
            ],
        )  # fmt: skip
    return True


def shadows(store: Store, *, draft_id: str | None = None, state: ShadowState | None = None) -> list[Shadow]:
    """Return shadows, newest first."""
    count = sa.select(sa.func.count()).where(COMPARED.c.shadow_id == SHADOWS.c.id).scalar_subquery()
    query = sa.select(SHADOWS, count.label("flips")).order_by(SHADOWS.c.begun.desc())
    if draft_id is not None:
        query = query.where(SHADOWS.c.draft_id == draft_id)
    if state is not None:
        query = query.where(SHADOWS.c.state == state)
    with store.reading("read the shadows") as connection:
        return [Shadow(**row) for row in connection.execute(query).mappings()]


def compared(store: Store, shadow_id: str, limit: int = 500) -> list[Compared]:
    """Return what would have gone another way."""
    query = sa.select(COMPARED).where(COMPARED.c.shadow_id == shadow_id).limit(limit)
    with store.reading("read a shadow") as connection:
        return [
            Compared(decision_id=r.decision_id, changed=tuple(r.changed.split()),
                     old=Gist.model_validate_json(r.old), new=Gist.model_validate_json(r.new))
            for r in connection.execute(query)
        ]  # fmt: skip
