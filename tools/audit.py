"""The audit of a ledger: walks the chain, the stored cases and the lookups, and names every fault.

Changes nothing and trusts nothing but the hash function. A chain without a key cannot show that *all* of it was
written anew: for that, note a head somewhere else and hand it in as `expected_head`. The caller gives a connection
that sees one moment of the ledger (`tools.database.snapshot`).
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import sqlalchemy as sa

from cases.model import Fact
from tools.chain import GENESIS, link, sha256
from tools.schema import CASES, DECISIONS, EDITS, ENTRIES, HEAD, PACKS

What = Literal["altered", "missing", "order", "head", "case", "lookup", "anchor"]
LISTED = 1000
_ROWS = 100
_SHOWN = 80
_LOOKUPS = {"decision": DECISIONS, "edit": EDITS, "policy": PACKS}
# The names that a lookup's columns have in the bodies they repeat; "seq" is the row's own key.
_BODY_NAMES = {"pack_id": "id"}


class Fault(Fact):
    """One thing that is not as it was written.

    `what`: altered (an entry's fields do not give its hash), missing (no entry at `seq`), order (an entry does not
    follow the one before it), head (the end is not where the ledger says), case (a stored case was altered, lost or
    added), lookup (an index row differs from its entry), anchor (the expected head is not in the chain).
    `seq` is the entry concerned; 0 where no entry is.
    """

    seq: int
    what: What
    expected: str
    found: str


class Report(Fact):
    """What an audit found: `entries` read, the `head` they end in, and the first LISTED faults.

    `unlisted` counts the faults beyond those.
    """

    entries: int
    head: str
    faults: tuple[Fault, ...] = ()
    unlisted: int = 0

    @property
    def intact(self) -> bool:
        """Return whether nothing was found."""
        return not self.faults


def audit(connection: sa.Connection, expected_head: str | None = None) -> Report:
    """Return the report on a whole ledger, in one pass with flat memory.

    `expected_head` is a head hash noted earlier outside the ledger: it must be the hash of some entry (or GENESIS),
    so a ledger that only grew since then is intact. To demand that it did not grow, compare it with `Report.head`.
    """
    walk = _Walk(expected_head)
    faults = walk.faults(connection)
    listed = tuple(islice(faults, LISTED))
    unlisted = sum(1 for _ in faults)
    return Report(entries=walk.count, head=walk.hash, faults=listed, unlisted=unlisted)


class _Walk:
    """One pass over a ledger: how far it came, and whether it met the expected head."""

    def __init__(self, expected_head: str | None) -> None:
        self.expected_head = expected_head
        self.met = expected_head in (None, GENESIS)
        self.count = 0
        self.seq = 0
        self.hash = GENESIS
        # What the next entry may name as its predecessor: the stored and the true hash, so that a row whose hash
        # alone was altered is one fault and not two.
        self.ends = {GENESIS}

    def faults(self, connection: sa.Connection) -> Iterator[Fault]:
        """Yield every fault, entries first."""
        lookups = sa.select(
            ENTRIES,
            *(column.label(f"{table.name}_{column.name}") for table in _LOOKUPS.values() for column in table.c),
            CASES.c.digest.label("stored_case"),
        ).select_from(
            ENTRIES.outerjoin(DECISIONS, DECISIONS.c.seq == ENTRIES.c.seq)
            .outerjoin(EDITS, EDITS.c.seq == ENTRIES.c.seq)
            .outerjoin(PACKS, PACKS.c.seq == ENTRIES.c.seq)
            .outerjoin(CASES, CASES.c.digest == DECISIONS.c.case_digest)
        )
        for row in _stream(connection, lookups.order_by(ENTRIES.c.seq)):
            yield from self._entry(row)
        yield from self._end(connection)
        yield from _cases(connection)
        yield from _orphans(connection)

    def _entry(self, row: sa.RowMapping) -> Iterator[Fault]:
        seq, prev, found = int(row["seq"]), _text(row["prev"]), _text(row["hash"])
        kind, entry_id, body = _text(row["kind"]), _text(row["id"]), _text(row["body"])
        follows = seq == self.seq + 1
        if not follows:
            yield Fault(seq=self.seq + 1, what="missing", expected=f"entry {self.seq + 1}", found=f"entry {seq}")
        elif prev not in self.ends:
            yield Fault(seq=seq, what="order", expected=f"after {self.hash}", found=f"after {prev}")
        true = link(prev, seq, kind, entry_id, _text(row["at"]), body)
        if true != found:
            yield Fault(seq=seq, what="altered", expected=found, found=true)
        else:
            yield from _lookup(row, seq, kind, entry_id, body)
        self.count, self.seq, self.hash, self.ends = self.count + 1, seq, found, {found, true}
        self.met = self.met or found == self.expected_head

    def _end(self, connection: sa.Connection) -> Iterator[Fault]:
        head = connection.execute(sa.select(HEAD.c.length, HEAD.c.hash)).one_or_none()
        if head is None:
            yield Fault(seq=self.seq, what="head", expected="one head", found="none")
        elif head.length != self.count or head.hash not in self.ends:
            expected = f"{head.length} entries ending in {head.hash}"
            found = f"{self.count} entries ending in {self.hash}"
            yield Fault(seq=self.seq, what="head", expected=expected, found=found)
        if not self.met:
            yield Fault(seq=self.seq, what="anchor", expected=str(self.expected_head), found="no entry has this hash")


def _lookup(row: sa.RowMapping, seq: int, kind: str, entry_id: str, body: str) -> Iterator[Fault]:
    table, said = _LOOKUPS.get(kind), _said(kind, body)
    if table is None or said is None or said.get("id" if kind != "policy" else "digest") != entry_id:
        yield Fault(seq=seq, what="altered", expected=f"the body of {kind} {entry_id!r}", found=body[:_SHOWN])
        return
    for other in _LOOKUPS.values():
        if other is not table and row[f"{other.name}_seq"] is not None:
            yield Fault(seq=seq, what="lookup", expected=f"no row in {other.name}", found="a row")
    if row[f"{table.name}_seq"] is None:
        yield Fault(seq=seq, what="lookup", expected=f"a row in {table.name}", found="none")
        return
    for column in table.c.keys()[1:]:
        expected, found = said.get(_BODY_NAMES.get(column, column)), row[f"{table.name}_{column}"]
        if expected != found:
            yield Fault(seq=seq, what="lookup", expected=f"{column}={expected!r}", found=f"{column}={found!r}")
    if kind == "decision" and row["stored_case"] is None:
        yield Fault(seq=seq, what="case", expected=f"case {said.get('case_digest')}", found="no such case is stored")


def _said(kind: str, body: str) -> dict[str, object] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    # A policy is filed under the sha256 of its own text; the text does not repeat it.
    return said | {"digest": sha256(body)} if kind == "policy" else said


def _cases(connection: sa.Connection) -> Iterator[Fault]:
    first = sa.select(sa.func.min(DECISIONS.c.seq)).where(DECISIONS.c.case_digest == CASES.c.digest)
    stored = sa.select(CASES, first.scalar_subquery().label("seq"))
    for row in _stream(connection, stored.order_by(CASES.c.digest)):
        digest, true = _text(row["digest"]), sha256(_text(row["body"]))
        if row["seq"] is None:
            yield Fault(seq=0, what="case", expected=f"a decision about case {digest}", found="none")
        if digest != true:
            yield Fault(seq=row["seq"] or 0, what="case", expected=digest, found=true)


def _orphans(connection: sa.Connection) -> Iterator[Fault]:
    for kind, table in _LOOKUPS.items():
        owner = sa.select(ENTRIES.c.seq).where(ENTRIES.c.seq == table.c.seq)
        for row in _stream(connection, sa.select(table.c.seq).where(~owner.exists()).order_by(table.c.seq)):
            found = f"only a row in {table.name}"
            yield Fault(seq=row["seq"], what="lookup", expected=f"a {kind} at entry {row['seq']}", found=found)


def _stream(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> Iterator[sa.RowMapping]:
    yield from connection.execute(query, execution_options={"yield_per": _ROWS}).mappings()


def _text(value: object) -> str:
    # A column that was tampered with may hold a blob or a number.
    return value if isinstance(value, str) else repr(value)
