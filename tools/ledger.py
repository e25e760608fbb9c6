"""The ledger: an append-only, hash-chained record of decisions, human edits and policy versions.

Not a cache and not a queue: nothing is ever changed or removed; a correction is a new entry beside the old one.
Contract: each call that writes is one transaction, recorded whole or not at all; an id is used once; note `head()`
somewhere else from time to time, because only an outside head shows that a whole ledger was written anew.
A Ledger may be used from several threads and a file by several processes; writers wait for each other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

import sqlalchemy as sa

from cases.case import Case
from cases.decision import Decision, Edit, Outcome
from cases.model import Fact
from tools.audit import Fault, Report, audit
from tools.chain import GENESIS, Draft, Head, extend
from tools.database import LedgerError, appending, engine_at, explained, shown, snapshot, strangers
from tools.entry import case_text, checked_pack, draft, read, read_case
from tools.lookup import Unknown, UnknownCase, UnknownDecision, UnknownPack, known, nearest, resolve
from tools.schema import CASES, DECISIONS, EDITS, ENTRIES, HEAD, METADATA, MIGRATIONS, PACKS, migrate, schema_version

_PAGE = 50


class Standing(Fact):
    """What holds now for a decision: its own values until a person edits it, then those of the last edit.

    `severity` is the last one that somebody stated; `by` is the last editor, None when no person has touched it.
    """

    decision: Decision
    edits: tuple[Edit, ...]
    outcome: Outcome
    rule_id: str | None
    severity: int
    by: str | None


class Adopted(NamedTuple):
    """A version of a policy, and when it was first recorded."""

    version: str
    digest: str
    at: datetime


class Ledger:
    """An open ledger. Make one with `Ledger.open`; close it, or use it in a `with` block."""

    def __init__(self, engine: sa.Engine, place: str, *, readonly: bool) -> None:
        self.engine = engine
        self.place = place
        self.readonly = readonly

    @classmethod
    def open(cls, url_or_path: str | Path, *, readonly: bool = False) -> Self:
        """Open a ledger, creating or migrating it unless `readonly`.

        A path or `sqlite:///path` is a SQLite file; `postgresql+psycopg://…` a server. Raise LedgerError when it
        cannot be opened, is damaged, holds something else, or was written by a newer version.
        """
        place = str(url_or_path)
        ledger = cls(engine_at(place, readonly=readonly), shown(place), readonly=readonly)
        try:
            with ledger._explained("open it"):
                ledger._prepare()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Close every connection. Harmless to repeat."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def record(self, pairs: Sequence[tuple[Case, Decision]]) -> None:
        """Append the decisions in order, with their cases, in one transaction.

        Raise LedgerError, and record none of them, when a decision is not about its case, an id was used before,
        or the database refuses.
        """
        if not pairs:
            return
        texts = {case.digest: case_text(case, decision) for case, decision in pairs}
        decisions = [decision for _, decision in pairs]
        drafts = [draft("decision", decision) for decision in decisions]
        with self._appending("record decisions") as connection:
            seqs = self._append(connection, drafts)
            stored = known(connection, CASES.c.digest, list(texts))
            if fresh := [{"digest": digest, "body": text} for digest, text in texts.items() if digest not in stored]:
                connection.execute(CASES.insert(), fresh)
            columns = DECISIONS.c.keys()[1:]
            rows = [{"seq": q, **{c: getattr(d, c) for c in columns}} for q, d in zip(seqs, decisions, strict=True)]
            connection.execute(DECISIONS.insert(), rows)

    def edit(self, edit: Edit) -> None:
        """Append what a person did to a decision; `edit.decision_id` is a whole id.

        Raise UnknownDecision when there is no such decision, LedgerError when the edit's id was used before.
        """
        with self._appending("record an edit") as connection:
            if not known(connection, DECISIONS.c.id, [edit.decision_id]):
                raise UnknownDecision(edit.decision_id, nearest(connection, DECISIONS.c.id, edit.decision_id))
            (seq,) = self._append(connection, [draft("edit", edit)])
            connection.execute(EDITS.insert().values(seq=seq, id=edit.id, decision_id=edit.decision_id))

    def policy(self, pack_id: str, version: str, digest: str, body_json: str) -> None:
        """Append a version of a policy; do nothing when this digest is recorded already.

        `body_json` is `policy_store.rule.canonical(pack)`. Raise LedgerError when it is not the text whose sha256
        is `digest`, or names another id or version.
        """
        body = checked_pack(pack_id, version, digest, body_json)
        with self._reading("read the policies") as connection:
            # Asked without the write lock first: every run calls this, and nearly always for a pack it knows.
            if known(connection, PACKS.c.digest, [digest]):
                return
        entry = Draft("policy", digest, datetime.now(UTC).isoformat(), body)
        with self._appending("record a policy") as connection:
            if known(connection, PACKS.c.digest, [digest]):
                return
            (seq,) = self._append(connection, [entry])
            connection.execute(PACKS.insert().values(seq=seq, digest=digest, pack_id=pack_id, version=version))

    def decision(self, decision_id: str) -> Decision:
        """Return a decision as it was made, by its id or a unique beginning of at least 8 characters.

        Raise UnknownDecision when none or several fit.
        """
        with self._reading("read a decision") as connection:
            return self._decision(connection, resolve(connection, decision_id))

    def latest(self, case_id: str) -> Decision | None:
        """Return the newest decision about a case, None when it was never decided."""
        return next(self.decisions(case_id=case_id, limit=1, newest_first=True), None)

    def case(self, digest: str) -> Case:
        """Return a stored case by its digest; its id is that of the first decision about it.

        Raise UnknownCase when no such case was decided.
        """
        query = (
            sa.select(CASES.c.body, DECISIONS.c.case_id)
            .join(DECISIONS, DECISIONS.c.case_digest == CASES.c.digest)
            .where(CASES.c.digest == digest)
            .order_by(DECISIONS.c.seq)
            .limit(1)
        )
        with self._reading("read a case") as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise UnknownCase(digest, nearest(connection, CASES.c.digest, digest))
        return read_case(row.body, row.case_id)

    def files(self, page: int = 1000) -> Iterator[str]:
        """Yield the path of every file that a stored case names, as the case names it; a page in memory at a time."""
        body = CASES.c.body
        query = sa.select(CASES.c.digest, body).where(body.contains('"path"', autoescape=True)).order_by(CASES.c.digest)
        last = ""
        while True:
            with self._reading("read the cases") as connection:
                rows = connection.execute(query.where(CASES.c.digest > last).limit(page)).all()
            for row in rows:
                yield from (media.path for media in read_case(row.body, row.digest).media)
            if len(rows) < page:
                return
            last = rows[-1].digest

    def edits(self, decision_id: str) -> tuple[Edit, ...]:
        """Return the edits of a decision, oldest first; the id may be a beginning, as in `decision`."""
        with self._reading("read edits") as connection:
            return self._edits(connection, resolve(connection, decision_id))

    def standing(self, decision_id: str) -> Standing:
        """Return what holds now for a decision; the id may be a beginning, as in `decision`."""
        with self._reading("read a decision") as connection:
            whole = resolve(connection, decision_id)
            decision, edits = self._decision(connection, whole), self._edits(connection, whole)
        last = edits[-1] if edits else None
        return Standing(
            decision=decision,
            edits=edits,
            outcome=last.outcome if last else decision.outcome,
            rule_id=last.rule_id if last else decision.rule_id,
            severity=next((e.severity for e in reversed(edits) if e.severity is not None), decision.severity),
            by=last.by if last else None,
        )

    def decisions(
        self,
        outcome: Outcome | None = None,
        rule_id: str | None = None,
        *,
        case_id: str | None = None,
        severity_from: int | None = None,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = False,
    ) -> Iterator[Decision]:
        """Yield the decisions that fit, in the order of the record, a page in memory at a time.

        They are as they were made: edits change neither the outcome nor the filter. No transaction stays open
        between pages, so a slow reader holds nobody up.
        """
        wanted = {DECISIONS.c.outcome: outcome, DECISIONS.c.rule_id: rule_id, DECISIONS.c.case_id: case_id}
        conditions = [column == value for column, value in wanted.items() if value is not None]
        if severity_from is not None:
            conditions.append(DECISIONS.c.severity >= severity_from)
        return self._pages(conditions, limit, offset, newest_first)

    def pending(self) -> Iterator[Decision]:
        """Yield the decisions that wait for a person, longest waiting first: outcome review and no edit."""
        touched = sa.exists().where(EDITS.c.decision_id == DECISIONS.c.id)
        return self._pages([DECISIONS.c.outcome == "review", ~touched], None, 0, False)

    def since(self, seq: int, limit: int = 500) -> list[tuple[int, Decision | Edit]]:
        """Return the decisions and edits after a place in the record, in its order, with their places."""
        query = sa.select(ENTRIES.c.seq, ENTRIES.c.kind, ENTRIES.c.body).where(
            ENTRIES.c.seq > seq, ENTRIES.c.kind.in_(("decision", "edit"))
        )
        with self._reading("read the record") as connection:
            rows = connection.execute(query.order_by(ENTRIES.c.seq).limit(limit)).all()
        kinds: dict[str, type[Decision] | type[Edit]] = {"decision": Decision, "edit": Edit}
        return [(r.seq, read(kinds[r.kind], r.body, f"entry {r.seq}")) for r in rows]

    def policies(self, pack_id: str) -> list[Adopted]:
        """Return the recorded versions of a policy, oldest first; none where it was never used."""
        at = sa.select(ENTRIES.c.at).where(ENTRIES.c.seq == PACKS.c.seq).scalar_subquery()
        query = sa.select(PACKS.c.version, PACKS.c.digest, at).where(PACKS.c.pack_id == pack_id).order_by(PACKS.c.seq)
        with self._reading("read the policies") as connection:
            return [Adopted(v, d, datetime.fromisoformat(when)) for v, d, when in connection.execute(query)]

    def pack_body(self, digest: str) -> str:
        """Return the canonical JSON of a recorded pack, byte for byte; raise UnknownPack when there is none."""
        query = sa.select(ENTRIES.c.body).where(ENTRIES.c.kind == "policy", ENTRIES.c.id == digest)
        with self._reading("read a policy") as connection:
            body = connection.execute(query).scalar_one_or_none()
            if body is None:
                raise UnknownPack(digest, nearest(connection, PACKS.c.digest, digest))
            return str(body)

    def head(self) -> Head:
        """Return the end of the chain. Its hash, noted elsewhere, is what `verify` can be held to."""
        with self._reading("read the head") as connection:
            return self._head(connection)

    def verify(self, expected_head: str | None = None) -> Report:
        """Audit the whole ledger; see `tools.audit.audit`. An altered ledger gives faults, it does not raise."""
        with self._explained("verify it"), snapshot(self.engine) as connection:
            return audit(connection, expected_head)

    def _prepare(self) -> None:
        with self.engine.connect() as connection:
            # Before the version is asked for: the tables of a ledger that somebody makes in between are no strangers.
            others = strangers(connection, frozenset(METADATA.tables))
            found = schema_version(connection)
            if found is None and others:
                self._refuse(f"it holds other tables ({', '.join(others[:5])}) and no ledger; give another path")
        newest = len(MIGRATIONS)
        if found is not None and found > newest:
            self._refuse(f"its schema is version {found}, this program knows {newest}; upgrade precept")
        if found == newest:
            return
        if self.readonly:
            self._refuse(f"its schema is version {found or 0}, not {newest}; open it once without readonly")
        with appending(self.engine) as connection:
            migrate(connection)

    @contextmanager
    def _appending(self, doing: str) -> Iterator[sa.Connection]:
        if self.readonly:
            self._refuse(f"cannot {doing}: it was opened read-only; open it without readonly")
        with self._explained(doing), appending(self.engine) as connection:
            yield connection

    @contextmanager
    def _reading(self, doing: str) -> Iterator[sa.Connection]:
        with self._explained(doing), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        with explained(self.place, doing):
            yield

    def _refuse(self, why: str) -> NoReturn:
        raise LedgerError(f"ledger {self.place!r}: {why}")

    def _append(self, connection: sa.Connection, drafts: list[Draft]) -> list[int]:
        kind = drafts[0].kind
        ids = [d.id for d in drafts]
        used = {id_ for id_, times in Counter(ids).items() if times > 1} | known(connection, ENTRIES.c.id, ids, kind)
        if used:
            self._refuse(f"{kind} {min(used)!r} is recorded already; an id is used once, give the new {kind} its own")
        links, head = extend(self._head(connection, lock=True), drafts)
        connection.execute(ENTRIES.insert(), [row._asdict() for row in links])
        connection.execute(HEAD.update().values(length=head.count, hash=head.hash))
        return [row.seq for row in links]

    def _head(self, connection: sa.Connection, *, lock: bool = False) -> Head:
        query = sa.select(HEAD.c.length, HEAD.c.hash)
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            self._refuse("its head is missing, so somebody changed it by hand; run verify and restore a backup")
        return Head(count=row.length, hash=row.hash)

    def _decision(self, connection: sa.Connection, whole: str) -> Decision:
        query = sa.select(ENTRIES.c.body).join(DECISIONS, DECISIONS.c.seq == ENTRIES.c.seq)
        body = connection.execute(query.where(DECISIONS.c.id == whole)).scalar_one()
        return read(Decision, body, f"decision {whole!r}")

    def _edits(self, connection: sa.Connection, whole: str) -> tuple[Edit, ...]:
        query = sa.select(ENTRIES.c.body).join(EDITS, EDITS.c.seq == ENTRIES.c.seq)
        bodies = connection.execute(query.where(EDITS.c.decision_id == whole).order_by(EDITS.c.seq)).scalars()
        return tuple(read(Edit, body, f"an edit of {whole!r}") for body in bodies)

    def _pages(
        self, conditions: Sequence[sa.ColumnElement[bool]], limit: int | None, offset: int, newest_first: bool
    ) -> Iterator[Decision]:
        seq = DECISIONS.c.seq
        query = sa.select(seq, ENTRIES.c.body).join(ENTRIES, ENTRIES.c.seq == seq).where(*conditions)
        query = query.order_by(seq.desc() if newest_first else seq)
        page = query.offset(offset)
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            with self._reading("read decisions") as connection:
                rows = connection.execute(page.limit(size)).all()
            for row in rows:
                yield read(Decision, row.body, f"entry {row.seq}")
            if len(rows) < size:
                return
            left = None if left is None else left - size
            page = query.where(seq < rows[-1].seq if newest_first else seq > rows[-1].seq)


__all__ = [
    "GENESIS", "Fault", "Head", "Ledger", "LedgerError", "Report", "Standing", "Unknown", "UnknownCase",
    "UnknownDecision", "UnknownPack",
]  # fmt: skip
