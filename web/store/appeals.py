"""Appeals: who contests which decision and why, first looks of those who review it, and what came of it.

No rules of review and no ledger here: those are work/'s. Contract: `version` counts every change and an act names the
one that it saw; an appeal whose state is "deciding" carries all of a ruling that may not have reached the ledger yet
(see web.work.reversal), and nobody else can rule on it meanwhile.
"""

import json
import uuid
from collections.abc import Sequence
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, Table, Text

from agents.verdict import Frame
from cases.decision import Edit, Outcome
from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

State = Literal["open", "deciding", "upheld", "overturned", "changed"]
STATES: tuple[State, ...] = get_args(State)
Result = Literal["upheld", "overturned", "changed"]
DECIDED: tuple[Result, ...] = get_args(Result)

APPEALS = Table(
    "appeals",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("decision_id", Text, nullable=False, index=True),
    Column("case_id", Text, nullable=False),
    Column("outside_id", Text, unique=True),
    Column("filed", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("appellant", Text),
    Column("statement", Text, nullable=False),
    Column("extra", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("country", Text),
    Column("outcome", Text, nullable=False),
    Column("rule_id", Text),
    Column("severity", Integer),
    Column("tier", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("ruling", Text),
    Column("decided", Text),
    Column("decider", Text, index=True),
    Index("appeals_in_order", "state", "filed", "id"),
)
LOOKS = Table(
    "appeal_looks",
    METADATA,
    Column("appeal_id", Text, primary_key=True),
    Column("by", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("rule_id", Text),
    Column("note", Text, nullable=False),
    Column("at", Text, nullable=False),
)
FRESH = Table(
    "appeal_fresh",
    METADATA,
    Column("appeal_id", Text, primary_key=True),
    Column("policy", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("at", Text, nullable=False),
)


# How the team works: one row, made when somebody first changes it.
WAYS = Table("appeal_ways", METADATA, Column("id", Integer, primary_key=True), Column("blind", Integer, nullable=False))


class Item(Fact):
    """What an outside console calls the content and the person: ids that go back to it unread."""

    id: str | None = None
    type_id: str | None = None
    appellant_type_id: str | None = None


class Ruling(Fact):
    """What a person decided about an appeal. `edit_id` is that of its entry in the ledger, chosen beforehand.

    `rule_id` and `severity` are those that hold from then on; `why` is for the person concerned, `reason` is not.
    """

    result: Result
    outcome: Outcome
    rule_id: str | None
    severity: int | None
    reason: str
    why: str
    by: str
    at: str
    edit_id: str


class Appeal(Fact):
    """One appeal. `outcome`, `rule_id`, `severity` and `tier` are what was contested, as it held when it was filed.

    `by` is who sent it in, `appellant` the platform's own id of the person, `outside_id` another console's of the
    appeal; `extra` are further texts that the appellant gave.
    """

    id: str
    decision_id: str
    case_id: str
    outside_id: str | None
    filed: str
    by: str
    appellant: str | None
    statement: str
    extra: tuple[str, ...]
    item: Item
    country: str | None
    outcome: Outcome
    rule_id: str | None
    severity: int | None
    tier: str
    policy: str
    state: State
    version: int
    ruling: Ruling | None
    decided: str | None
    decider: str | None

    @property
    def open(self) -> bool:
        """Return whether it waits for somebody to rule on it."""
        return self.state == "open"


class Look(Fact):
    """What a person thought before anything of the fresh judgement was shown to them."""

    appeal_id: str
    by: str
    outcome: Outcome
    rule_id: str | None
    note: str
    at: str


class Wanted(Fact):
    """Which appeals to list; None takes all."""

    states: tuple[State, ...] = STATES
    rule_id: str | None = None
    decider: str | None = None
    policy: str | None = None
    text: str | None = None
    decision_id: str | None = None


def new_id() -> str:
    """Return a new id of an appeal."""
    return f"a-{uuid.uuid4().hex[:16]}"


def add(connection: sa.Connection, appeal: Appeal) -> None:
    """Add an appeal, inside the transaction of the act."""
    row = appeal.model_dump() | {
        "extra": json.dumps(appeal.extra), "item": appeal.item.model_dump_json(), "ruling": None,
    }  # fmt: skip
    connection.execute(APPEALS.insert().values(row))


def appeal(store: Store, appeal_id: str) -> Appeal | None:
    """Return an appeal by its id."""
    return next(iter(_found(store, APPEALS.c.id == appeal_id)), None)


def outside(connection: sa.Connection, outside_id: str) -> Appeal | None:
    """Return an appeal by the id that another console gave it."""
    return next(iter(_read(connection, APPEALS.c.outside_id == outside_id)), None)


def locked(connection: sa.Connection, appeal_id: str) -> Appeal | None:
    """Return an appeal inside the transaction that is going to change it."""
    return next(iter(_read(connection, APPEALS.c.id == appeal_id)), None)


def about(connection: sa.Connection, decision_id: str) -> list[Appeal]:
    """Return the appeals about a decision, oldest first, inside a transaction."""
    return _read(connection, APPEALS.c.decision_id == decision_id)


def of_decision(store: Store, decision_id: str) -> list[Appeal]:
    """Return the appeals about a decision, oldest first."""
    return _found(store, APPEALS.c.decision_id == decision_id)


def listed(store: Store, wanted: Wanted, *, after: tuple[str, str] | None = None, limit: int = 50) -> list[Appeal]:
    """Return appeals, oldest first; `after` is the (filed, id) of the last one that was seen."""
    where = _where(wanted)
    if after is not None:
        where.append(sa.tuple_(APPEALS.c.filed, APPEALS.c.id) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1])))
    return _found(store, *where, limit=limit)


def count(store: Store, wanted: Wanted) -> dict[State, int]:
    """Return how many there are in each state, whatever states are wanted."""
    where = _where(wanted.model_copy(update={"states": STATES}))
    query = sa.select(APPEALS.c.state, sa.func.count()).where(*where).group_by(APPEALS.c.state)
    with store.reading("count the appeals") as connection:
        found = {state: n for state, n in connection.execute(query)}
    return {state: found.get(state, 0) for state in STATES}


def begin(connection: sa.Connection, appeal_id: str, ruling: Ruling) -> None:
    """Note a ruling before the ledger has it; from here on it is this ruling or none."""
    values = {"state": "deciding", "ruling": ruling.model_dump_json(), "version": APPEALS.c.version + 1}
    connection.execute(APPEALS.update().where(APPEALS.c.id == appeal_id).values(values))


def finish(connection: sa.Connection, appeal_id: str, ruling: Ruling) -> bool:
    """Settle an appeal by the ruling that the ledger now has; return whether this call did."""
    values = {"state": ruling.result, "decided": ruling.at, "decider": ruling.by, "version": APPEALS.c.version + 1}
    here = (APPEALS.c.id == appeal_id) & (APPEALS.c.state == "deciding")
    return bool(connection.execute(APPEALS.update().where(here).values(values)).rowcount)


def reopen(connection: sa.Connection, appeal_id: str, edit_id: str) -> None:
    """Take back a ruling that the ledger refused."""
    row = locked(connection, appeal_id)
    if row is not None and row.state == "deciding" and row.ruling is not None and row.ruling.edit_id == edit_id:
        values = {"state": "open", "ruling": None, "version": APPEALS.c.version + 1}
        connection.execute(APPEALS.update().where(APPEALS.c.id == appeal_id).values(values))


def look(store: Store, appeal_id: str, by: str) -> Look | None:
    """Return a person's first look at an appeal."""
    here = (LOOKS.c.appeal_id == appeal_id) & (LOOKS.c.by == by)
    with store.reading("read a first look") as connection:
        row = connection.execute(sa.select(LOOKS).where(here)).mappings().one_or_none()
    return None if row is None else Look(**row)


def looks(store: Store, appeal_id: str) -> list[Look]:
    """Return every first look at an appeal, oldest first."""
    query = sa.select(LOOKS).where(LOOKS.c.appeal_id == appeal_id).order_by(LOOKS.c.at)
    with store.reading("read first looks") as connection:
        return [Look(**row) for row in connection.execute(query).mappings()]


def looked(connection: sa.Connection, look: Look) -> bool:
    """Keep a first look; return False where this person had one, which then stays as it is."""
    here = (LOOKS.c.appeal_id == look.appeal_id) & (LOOKS.c.by == look.by)
    if connection.execute(sa.select(LOOKS.c.at).where(here)).first():
        return False
    connection.execute(LOOKS.insert().values(look.model_dump()))
    return True


def blind(store: Store) -> bool:
    """Return whether people put down a view of their own before they see a fresh judgement; so it is unless changed."""
    with store.reading("read how appeals are worked on") as connection:
        found = connection.execute(sa.select(WAYS.c.blind)).scalar_one_or_none()
    return found is None or bool(found)


def set_blind(connection: sa.Connection, on: bool) -> None:
    """Set whether people put down a view of their own first."""
    connection.execute(WAYS.delete())
    connection.execute(WAYS.insert().values(id=1, blind=int(on)))


def key_of(frame: Frame) -> str:
    """Return what a fresh judgement is kept under: the policy of today and the models that judged."""
    return f"{frame.pack.digest}/{frame.model_digest[:16]}"


def fresh(store: Store, appeal_id: str, policy: str) -> str | None:
    """Return the kept fresh judgement of an appeal, as JSON; `policy` is what `key_of` gives."""
    here = (FRESH.c.appeal_id == appeal_id) & (FRESH.c.policy == policy)
    with store.reading("read a fresh judgement") as connection:
        found: str | None = connection.execute(sa.select(FRESH.c.body).where(here)).scalar_one_or_none()
    return found


def keep_fresh(store: Store, appeal_id: str, policy: str, body: str) -> None:
    """Keep a fresh judgement; the first one stays."""
    here = (FRESH.c.appeal_id == appeal_id) & (FRESH.c.policy == policy)
    with store.writing("keep a fresh judgement") as connection:
        if not connection.execute(sa.select(FRESH.c.at).where(here)).first():
            row = {"appeal_id": appeal_id, "policy": policy, "body": body, "at": stamp(now())}
            connection.execute(FRESH.insert().values(row))


def precedents(store: Store, decision_ids: Sequence[str]) -> dict[str, Appeal]:
    """Return the last settled appeal of each of these decisions that has one: what was contested and stands is firm."""
    where = (APPEALS.c.decision_id.in_(list(decision_ids)), APPEALS.c.state.in_(DECIDED))
    return {one.decision_id: one for one in _found(store, *where)}


def settled_by(store: Store, decision_id: str, edits: Sequence[Edit]) -> bool:
    """Return whether the last word on a decision is that of an appeal."""
    last = edits[-1].id if edits else None
    return any(a.ruling is not None and a.ruling.edit_id == last for a in of_decision(store, decision_id))


def _where(wanted: Wanted) -> "list[sa.ColumnElement[bool]]":
    where: list[sa.ColumnElement[bool]] = [APPEALS.c.state.in_(wanted.states)]
    for name in ("rule_id", "decider", "decision_id"):
        if (value := getattr(wanted, name)) is not None:
            where.append(APPEALS.c[name] == value)
    if wanted.policy is not None:
        where.append(APPEALS.c.policy.startswith(wanted.policy, autoescape=True))
    for word in (wanted.text or "").split():
        where.append(APPEALS.c.statement.icontains(word, autoescape=True))
    return where


def _found(store: Store, *where: "sa.ColumnElement[bool]", limit: int | None = None) -> list[Appeal]:
    with store.reading("read the appeals") as connection:
        return _read(connection, *where, limit=limit)


def _read(connection: sa.Connection, *where: "sa.ColumnElement[bool]", limit: int | None = None) -> list[Appeal]:
    query = sa.select(APPEALS).where(*where).order_by(APPEALS.c.filed, APPEALS.c.id).limit(limit)
    return [_appeal(row) for row in connection.execute(query).mappings()]


def _appeal(row: sa.RowMapping) -> Appeal:
    ruling = Ruling.model_validate_json(row["ruling"]) if row["ruling"] else None
    return Appeal.model_validate(
        dict(row) | {
            "extra": tuple(json.loads(row["extra"])), "item": Item.model_validate_json(row["item"]), "ruling": ruling,
        }
    )  # fmt: skip
