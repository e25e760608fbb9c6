"""The tables of the ledger and their migrations. Neither reads nor writes an entry.

`entries` and `cases` are the record. `decisions`, `edits` and `packs` are lookups: every column of theirs repeats
what an entry's body says, and the audit compares them. Contract: a migration that was released is never changed;
a new one is appended to MIGRATIONS, and the number of migrations is the schema version.
"""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from tools.chain import GENESIS
from tools.database import forbid_changes

METADATA = sa.MetaData()
# Ids are compared as bytes, so that a prefix is a range of the index whatever the server's locale.
_Id = Text().with_variant(Text(collation="C"), "postgresql")

ENTRIES = Table(
    "entries",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, sa.CheckConstraint("kind IN ('decision', 'edit', 'policy')"), nullable=False),
    Column("id", _Id, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
    sa.UniqueConstraint("kind", "id"),
)
CASES = Table("cases", METADATA, Column("digest", _Id, primary_key=True), Column("body", Text, nullable=False))
HEAD = Table(
    "head",
    METADATA,
    Column("id", Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("length", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)
DECISIONS = Table(
    "decisions",
    METADATA,
    Column("seq", Integer, ForeignKey("entries.seq"), primary_key=True, autoincrement=False),
    Column("id", _Id, nullable=False, unique=True),
    Column("case_id", _Id, nullable=False),
    Column("case_digest", _Id, ForeignKey("cases.digest"), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("rule_id", Text),
    Column("severity", Integer, nullable=False),
    Index("decisions_by_case", "case_id", "seq"),
    Index("decisions_by_digest", "case_digest", "seq"),
    Index("decisions_by_outcome", "outcome", "seq"),
    Index("decisions_by_rule", "rule_id", "seq"),
    Index("decisions_by_severity", "severity", "seq"),
)
EDITS = Table(
    "edits",
    METADATA,
    Column("seq", Integer, ForeignKey("entries.seq"), primary_key=True, autoincrement=False),
    Column("id", _Id, nullable=False, unique=True),
    Column("decision_id", _Id, ForeignKey("decisions.id"), nullable=False),
    Index("edits_by_decision", "decision_id", "seq"),
)
PACKS = Table(
    "packs",
    METADATA,
    Column("seq", Integer, ForeignKey("entries.seq"), primary_key=True, autoincrement=False),
    Column("digest", _Id, nullable=False, unique=True),
    Column("pack_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Index("packs_by_id", "pack_id", "seq"),
)
VERSION = Table("ledger_schema", METADATA, Column("version", Integer, primary_key=True, autoincrement=False))

Migration = Callable[[sa.Connection], None]


def first_tables(connection: sa.Connection) -> None:
    """Create the record, its lookups, and an empty head."""
    for table in (ENTRIES, CASES, HEAD, DECISIONS, EDITS, PACKS):
        table.create(connection)
    connection.execute(HEAD.insert().values(id=1, length=0, hash=GENESIS))
    forbid_changes(connection, ENTRIES, "seq = NEW.seq OR (kind = NEW.kind AND id = NEW.id)")
    forbid_changes(connection, CASES, "digest = NEW.digest")


MIGRATIONS: tuple[Migration, ...] = (first_tables,)


def schema_version(connection: sa.Connection) -> int | None:
    """Return the schema version of a database, None when it holds no ledger."""
    if not sa.inspect(connection).has_table(VERSION.name):
        return None
    return int(connection.execute(sa.select(VERSION.c.version)).scalar_one())


def migrate(connection: sa.Connection, steps: Sequence[Migration] = MIGRATIONS) -> int:
    """Run the steps that a database lacks, inside the caller's transaction; return the version it then has."""
    found = schema_version(connection)
    if found is None:
        VERSION.create(connection)
        connection.execute(VERSION.insert().values(version=0))
    for step in steps[found or 0 :]:
        step(connection)
    reached = max(found or 0, len(steps))
    connection.execute(VERSION.update().values(version=reached))
    return reached
