"""The docket: one row for every decision on record, so that queues and searches need not read the record itself.

It is a projection of the ledger (`catch_up` brings in what was decided or edited since, by this process or another) and
holds beside it what the ledger does not know: whether a case is escalated or waits for a second opinion, and a version
that counts every change. Losing it loses those two alone. `words` is the beginning of the text, folded to lower case,
for search.
"""

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Column, Float, Index, Integer, LargeBinary, Table, Text

from cases.case import Case
from cases.decision import Decision, Edit, Outcome
from cases.model import Fact
from cases.text import fold
from policy_store.pack import Pack, Tier
from tools.ledger import Ledger
from web.store.database import METADATA, Store
from web.store.forms import UNREAD

State = Literal["waiting", "escalated", "second", "settled"]
WORDS = 4000

DOCKET = Table(
    "docket",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("case_digest", Text, nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("held", Text, nullable=False),
    Column("rule_id", Text),
    Column("first_rule", Text),
    Column("severity", Integer, nullable=False),
    Column("tier", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("stage", Text, nullable=False),
    Column("causes", Text, nullable=False),
    Column("surface", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("profile", Text),
    Column("policy", Text, nullable=False),
    Column("media", Integer, nullable=False),
    Column("by", Text),
    Column("edited", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("vector", LargeBinary),
    Index("docket_by_state", "state", "severity", "seq"),
    Index("docket_by_severity", "severity", "seq"),
    Index("docket_by_time", "state", "seq"),
    Index("docket_by_rule", "rule_id", "seq"),
)
REACHED = Table("docket_reached", METADATA, Column("id", Integer, primary_key=True), Column("seq", Integer))
_PACKS: dict[str, tuple[Tier, ...]] = {}  # by the digest that names them, so what is kept never goes stale
ROW = [c for c in DOCKET.c if c.name not in ("words", "vector", "first_rule")]


class Entry(Fact):
    """One row of the docket. `held` is the outcome that holds now; `by` who last edited; `causes` by space."""

    decision_id: str
    seq: int
    case_id: str
    case_digest: str
    at: str
    outcome: Outcome
    held: Outcome
    rule_id: str | None
    severity: int
    tier: str
    score: float
    stage: str
    causes: str
    surface: str
    locale: str
    profile: str | None
    policy: str
    media: int
    by: str | None
    edited: str | None
    state: State
    version: int


def catch_up(store: Store, ledger: Ledger) -> int:
    """Bring in what the ledger has and the docket has not; return how many entries that were."""
    done = 0
    while True:
        with store.reading("read the docket") as connection:
            reached = connection.execute(sa.select(REACHED.c.seq)).scalar_one_or_none() or 0
        fresh = ledger.since(reached)
        if not fresh:
            return done
        cases = {d.case_digest: ledger.case(d.case_digest) for _, d in fresh if isinstance(d, Decision)}
        tiers = {e.id: _tier(ledger, e) for _, e in fresh if isinstance(e, Edit)}
        with store.writing("bring the docket up to date") as connection:
            if (connection.execute(sa.select(REACHED.c.seq)).scalar_one_or_none() or 0) != reached:
                continue  # somebody else did it meanwhile
            for seq, one in fresh:
                if isinstance(one, Decision):
                    connection.execute(DOCKET.insert().values(_row(seq, one, cases[one.case_digest])))
                else:
                    _edit(connection, one, tiers[one.id])
            connection.execute(REACHED.delete())
            connection.execute(REACHED.insert().values(id=1, seq=fresh[-1][0]))
        done += len(fresh)


def complete(store: Store, ledger: Ledger, page: int = 200) -> int:
    """Fill in from the record what bringing up an older docket had to leave open; return how many rows that were.

    States and versions stay. Whatever ends it in between, the next call goes on there.
    """
    done = 0
    while True:
        query = sa.select(DOCKET.c.decision_id).where(DOCKET.c.first_rule == UNREAD).limit(page)
        with store.reading("read the docket") as connection:
            ids = list(connection.execute(query).scalars())
        if not ids:
            return done
        read = {one: _projected(ledger, one) for one in ids}
        with store.writing("complete the docket") as connection:
            for one, values in read.items():
                here = (DOCKET.c.decision_id == one) & (DOCKET.c.first_rule == UNREAD)
                connection.execute(DOCKET.update().where(here).values(values))
        done += len(ids)


def entry(store: Store, decision_id: str) -> Entry | None:
    """Return the row of a decision."""
    with store.reading("read the docket") as connection:
        row = connection.execute(sa.select(*ROW).where(DOCKET.c.decision_id == decision_id)).mappings().one_or_none()
    return None if row is None else Entry(**row)


def beginnings(store: Store, decision_ids: Sequence[str], length: int = 160) -> dict[str, str]:
    """Return the beginning of the text of each decision's case, folded to lower case."""
    query = sa.select(DOCKET.c.decision_id, sa.func.substr(DOCKET.c.words, 1, length))
    with store.reading("read the docket") as connection:
        found = connection.execute(query.where(DOCKET.c.decision_id.in_(decision_ids)))
        return {decision_id: text for decision_id, text in found}


def of_case(store: Store, case_digest: str) -> list[Entry]:
    """Return every decision about the same content, newest first."""
    query = sa.select(*ROW).where(DOCKET.c.case_digest == case_digest).order_by(DOCKET.c.seq.desc())
    with store.reading("read the docket") as connection:
        return [Entry(**row) for row in connection.execute(query).mappings()]


def set_state(connection: sa.Connection, decision_id: str, state: State) -> None:
    """Set the state of a case, inside the transaction of the act that does so; its version counts on."""
    here = DOCKET.c.decision_id == decision_id
    connection.execute(DOCKET.update().where(here).values(state=state, version=DOCKET.c.version + 1))


def touch(connection: sa.Connection, decision_id: str) -> None:
    """Count the version of a case on, where something about it changed that the docket does not hold."""
    here = DOCKET.c.decision_id == decision_id
    connection.execute(DOCKET.update().where(here).values(version=DOCKET.c.version + 1))


def _row(seq: int, decision: Decision, case: Case) -> dict[str, object]:
    return {
        "decision_id": decision.id, "seq": seq, "case_id": decision.case_id, "case_digest": decision.case_digest,
        "at": decision.at.isoformat(), "outcome": decision.outcome, "held": decision.outcome,
        "rule_id": decision.rule_id, "first_rule": decision.rule_id, "severity": decision.severity,
        "tier": decision.tier, "score": decision.score,
        "stage": decision.stage, "causes": " ".join(decision.causes), "surface": case.surface, "locale": case.locale,
        "profile": decision.profile, "policy": f"{decision.pack.id} {decision.pack.version}", "media": len(case.media),
        "by": None, "edited": None, "state": "waiting" if decision.outcome == "review" else "settled", "version": 1,
        "words": fold(case.text[:WORDS]).casefold(), "vector": None,
    }  # fmt: skip


def _edit(connection: sa.Connection, edit: Edit, tier: str | None) -> None:
    values: dict[str, object] = {
        "held": edit.outcome, "rule_id": edit.rule_id, "by": edit.by, "edited": edit.at.isoformat(),
        "state": "waiting" if edit.outcome == "review" else "settled", "version": DOCKET.c.version + 1,
    }  # fmt: skip
    severity = 0 if edit.outcome == "allow" else edit.severity
    if severity is not None:
        values |= {"severity": severity, "tier": tier}
    connection.execute(DOCKET.update().where(DOCKET.c.decision_id == edit.decision_id).values(values))


def _projected(ledger: Ledger, decision_id: str) -> dict[str, object]:
    """Return what an older docket did not hold of a decision, or held otherwise."""
    decision = ledger.decision(decision_id)
    severity, tier = decision.severity, decision.tier
    for edit in ledger.edits(decision_id):
        if (tier_now := _tier(ledger, edit)) is not None:
            severity, tier = 0 if edit.outcome == "allow" else edit.severity or 0, tier_now
    words = fold(ledger.case(decision.case_digest).text[:WORDS]).casefold()
    return {"first_rule": decision.rule_id, "severity": severity, "tier": tier, "words": words}


def _tier(ledger: Ledger, edit: Edit) -> str | None:
    """Return the tier that the edited severity falls into, by the policy that the decision was made under."""
    severity = 0 if edit.outcome == "allow" else edit.severity
    if severity is None:
        return None
    digest = ledger.decision(edit.decision_id).pack.digest
    if digest not in _PACKS:
        _PACKS[digest] = Pack.model_validate_json(ledger.pack_body(digest)).tiers
    return max((t for t in _PACKS[digest] if t.low <= severity), key=lambda t: t.low).id
