"""Gold: what people said is right for a content under a policy. A label is no decision; the ledger knows none of it."""

from collections.abc import Iterable
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text

from cases.decision import Outcome
from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

Side = Literal["old", "new", "neither"]

GOLD = Table(
    "gold",
    METADATA,
    Column("case_digest", Text, nullable=False),
    Column("pack_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("rule_id", Text),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("tier", Text),
    PrimaryKeyConstraint("case_digest", "pack_id"),
)


class Label(Fact):
    """What is right for a content: outcome, and rule and tier where one is meant. `source` is where it was marked."""

    case_digest: str
    pack_id: str
    outcome: Outcome
    rule_id: str | None
    by: str
    at: str
    source: str
    tier: str | None = None


def put(
    connection: sa.Connection,
    case_digest: str,
    pack_id: str,
    outcome: Outcome,
    rule_id: str | None,
    by: str,
    source: str,
    tier: str | None = None,
) -> None:
    """Put a label in place of an earlier one."""
    remove(connection, case_digest, pack_id)
    row = {
        "case_digest": case_digest, "pack_id": pack_id, "outcome": outcome, "rule_id": rule_id, "by": by,
        "at": stamp(now()), "source": source, "tier": tier,
    }  # fmt: skip
    connection.execute(GOLD.insert().values(row))


def remove(connection: sa.Connection, case_digest: str, pack_id: str) -> None:
    """Take a label out."""
    connection.execute(GOLD.delete().where(GOLD.c.case_digest == case_digest, GOLD.c.pack_id == pack_id))


def labels(store: Store, pack_id: str, digests: Iterable[str] | None = None) -> dict[str, Label]:
    """Return labels under a policy by case digest."""
    with store.reading("read the gold labels") as connection:
        rows = connection.execute(sa.select(GOLD).where(GOLD.c.pack_id == pack_id)).mappings()
        wanted = None if digests is None else set(digests)
        return {r["case_digest"]: Label(**r) for r in rows if wanted is None or r["case_digest"] in wanted}
