"""Webhooks: where events of the record are sent to, each delivery with its tries. It sends nothing.

Contract: a secret is kept because it signs, under the store's seal, and is given out once, when the hook is made; an
event becomes at most one delivery for each hook, whichever process sees it first.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp
from web.store.seal import Seal

EventType = Literal["decision", "ruling", "appeal", "test"]
KINDS: tuple[EventType, ...] = get_args(EventType)
DeliveryState = Literal["pending", "delivered", "failed"]

HOOKS = Table(
    "hooks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("removed", Text),
)
DELIVERIES = Table(
    "hook_deliveries",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("hook", Text, nullable=False, index=True),
    Column("event", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("at", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("ended", Text),
    sa.Index("hook_deliveries_due", "state", "due"),
    sa.UniqueConstraint("hook", "event"),
)
# How far the record was read for hooks.
PLACES = Table(
    "hook_places",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("reached", Integer, nullable=False),
)


class Hook(Fact):
    """Where events go. Its secret is not here."""

    id: str
    url: str
    events: tuple[EventType, ...]
    by: str
    created: str


class Delivery(Fact):
    """One event on its way to one hook; `due` is the time of the next try while it is pending."""

    id: str
    hook: str
    event: str
    type: EventType
    state: DeliveryState
    tries: int
    status: int | None
    error: str | None
    at: str
    due: str
    ended: str | None


class Parcel(Fact):
    """A delivery that is to be sent now, with what signing it needs: its secret, still `sealed`."""

    delivery: Delivery
    url: str
    sealed: str
    body: str


def add(
    seal: Seal, by: str, url: str, events: Sequence[EventType], head: int, connection: sa.Connection
) -> tuple[Hook, str]:  # fmt: skip
    """Add a hook; return it and its secret. `head` is the end of the record, where a first hook begins to read."""
    secret = f"whsec-{secrets.token_urlsafe(32)}"
    row = {
        "id": f"h-{secrets.token_hex(6)}", "url": url, "secret": seal.close(secret),
        "events": json.dumps(sorted(set(events))), "by": by, "created": stamp(now()), "removed": None,
    }  # fmt: skip
    live = connection.execute(
        sa.select(sa.func.count()).select_from(HOOKS).where(HOOKS.c.removed.is_(None))
    ).scalar_one()
    if not live:
        _set(connection, reached=head)
    connection.execute(HOOKS.insert().values(row))
    return _hook(row), secret


def hooks(store: Store) -> list[Hook]:
    """Return the hooks in use, newest first."""
    query = sa.select(HOOKS).where(HOOKS.c.removed.is_(None)).order_by(HOOKS.c.created.desc())
    with store.reading("read the hooks") as connection:
        return [_hook(row) for row in connection.execute(query).mappings()]


def remove(hook_id: str, connection: sa.Connection) -> bool:
    """Remove a hook and what was still on its way to it; return whether there was one."""
    live = (HOOKS.c.id == hook_id) & HOOKS.c.removed.is_(None)
    done = connection.execute(HOOKS.update().where(live).values(removed=stamp(now()), secret=""))
    pending = (DELIVERIES.c.hook == hook_id) & (DELIVERIES.c.state == "pending")
    gone = {"state": "failed", "error": "the hook was removed", "ended": stamp(now())}
    connection.execute(DELIVERIES.update().where(pending).values(gone))
    return bool(done.rowcount)


def reached(store: Store) -> int:
    """Return how far the record was read."""
    with store.reading("read the hooks") as connection:
        return connection.execute(sa.select(PLACES.c.reached)).scalar_one_or_none() or 0


def enqueue(
    store: Store, before: int, after: int, made: Sequence[tuple[str, EventType, str]], at: datetime
) -> bool:  # fmt: skip
    """Queue events (id, type, body) for every hook that wants them, and move on from `before` to `after`.

    Return False, and do nothing, where another process did so meanwhile.
    """
    with store.writing("queue deliveries") as connection:
        if (connection.execute(sa.select(PLACES.c.reached)).scalar_one_or_none() or 0) != before:
            return False
        live = connection.execute(sa.select(HOOKS).where(HOOKS.c.removed.is_(None))).mappings().all()
        rows = [
            _fresh(hook["id"], event, kind, body, at)
            for event, kind, body in made for hook in live if kind in json.loads(hook["events"])
        ]  # fmt: skip
        if rows:
            connection.execute(DELIVERIES.insert(), rows)
        _set(connection, reached=after)
    return True


def enqueue_one(
    hook_id: str, event: str, kind: EventType, body: str, at: datetime, connection: sa.Connection
) -> Delivery:
    """Queue one event for one hook."""
    row = _fresh(hook_id, event, kind, body, at)
    connection.execute(DELIVERIES.insert().values(row))
    return _delivery(row)


def take(store: Store, at: datetime, lease: datetime, most: int = 20) -> list[Parcel]:
    """Return what is due, and keep others from it until `lease`."""
    due = (DELIVERIES.c.state == "pending") & (DELIVERIES.c.due <= stamp(at))
    query = sa.select(DELIVERIES, HOOKS.c.url, HOOKS.c.secret).join(HOOKS, HOOKS.c.id == DELIVERIES.c.hook).where(due)
    with store.reading("read the deliveries") as connection:  # asked every second: without the write lock first
        if connection.execute(sa.select(DELIVERIES.c.id).where(due).limit(1)).first() is None:
            return []
    with store.writing("take deliveries") as connection:
        rows = connection.execute(query.order_by(DELIVERIES.c.due).limit(most)).mappings().all()
        ids = [row["id"] for row in rows]
        connection.execute(DELIVERIES.update().where(DELIVERIES.c.id.in_(ids)).values(due=stamp(lease)))
    return [Parcel(delivery=_delivery(r), url=r["url"], sealed=r["secret"], body=r["body"]) for r in rows]


def tried(
    store: Store, delivery_id: str, state: DeliveryState, status: int | None, error: str | None, due: datetime
) -> None:  # fmt: skip
    """Note a try and what came of it."""
    values = {
        "state": state, "status": status, "error": error, "due": stamp(due), "tries": DELIVERIES.c.tries + 1,
        "ended": None if state == "pending" else stamp(now()),
    }  # fmt: skip
    pending = (DELIVERIES.c.id == delivery_id) & (DELIVERIES.c.state == "pending")
    with store.writing("note a delivery") as connection:
        connection.execute(DELIVERIES.update().where(pending).values(values))


def again(delivery_id: str, hook_id: str, at: datetime, connection: sa.Connection) -> Delivery | None:
    """Set a delivery that failed on its way anew; return it, None where there is none."""
    failed = (DELIVERIES.c.id == delivery_id) & (DELIVERIES.c.hook == hook_id) & (DELIVERIES.c.state == "failed")
    values = {"state": "pending", "tries": 0, "due": stamp(at), "ended": None}
    if not connection.execute(DELIVERIES.update().where(failed).values(values)).rowcount:
        return None
    row = connection.execute(sa.select(DELIVERIES).where(DELIVERIES.c.id == delivery_id)).mappings().one()
    return _delivery(row)


def deliveries(store: Store, hook_id: str, limit: int = 50, before: str | None = None) -> list[Delivery]:
    """Return the deliveries of a hook, newest first; `before` is the id of one."""
    query = sa.select(DELIVERIES).where(DELIVERIES.c.hook == hook_id)
    if before is not None:
        edge = sa.select(DELIVERIES.c.at).where(DELIVERIES.c.id == before).scalar_subquery()
        query = query.where(
            (DELIVERIES.c.at < edge) | ((DELIVERIES.c.at == edge) & (DELIVERIES.c.id < before))
        )  # fmt: skip
    with store.reading("read the deliveries") as connection:
        rows = connection.execute(query.order_by(DELIVERIES.c.at.desc(), DELIVERIES.c.id.desc()).limit(limit))
        return [_delivery(row) for row in rows.mappings()]


def _fresh(hook_id: str, event: str, kind: EventType, body: str, at: datetime) -> dict[str, object]:
    return {
        "id": f"w-{secrets.token_hex(8)}", "hook": hook_id, "event": event, "type": kind, "body": body,
        "state": "pending", "tries": 0, "status": None, "error": None, "at": stamp(at), "due": stamp(at), "ended": None,
    }  # fmt: skip


def _set(connection: sa.Connection, reached: int) -> None:
    if not connection.execute(PLACES.update().values(reached=reached)).rowcount:
        connection.execute(PLACES.insert().values({"id": 1, "reached": reached}))


def _hook(row: "sa.RowMapping | dict[str, str | None]") -> Hook:
    return Hook(
        id=str(row["id"]), url=str(row["url"]), events=tuple(json.loads(str(row["events"]))), by=str(row["by"]),
        created=str(row["created"]),
    )  # fmt: skip


def _delivery(row: "sa.RowMapping | dict[str, object]") -> Delivery:
    return Delivery.model_validate({name: row[name] for name in Delivery.model_fields})


__all__ = [
    "DELIVERIES", "KINDS", "Delivery", "DeliveryState", "EventType", "Hook", "Parcel", "add", "again",
    "deliveries", "enqueue", "enqueue_one", "hooks", "reached", "remove", "take", "tried",
]  # fmt: skip
