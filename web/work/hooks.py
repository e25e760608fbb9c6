"""Webhooks: telling other programs what happens, signed, with retries that grow apart. An admin says where to.

Contract: a delivery is signed over its timestamp and its exact body; it is tried at most 1 + RETRIES times; where it
goes is looked up and checked at each try. Deliveries survive a restart.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from cases.model import Fact
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import hooks, journal
from web.store.database import StoreError
from web.store.hooks import Delivery, EventType, Hook, Parcel
from web.work import happenings, outward

RETRIES = 5
FIRST = timedelta(seconds=5)
GROWTH = 4
LEASE = timedelta(minutes=2)
MOST = 50
_log = logging.getLogger("precept.hooks")


class Made(Fact):
    """A new hook with its secret, which is not shown again."""

    hook: Hook
    secret: str


def add(office: Office, actor: Actor, url: str, events: Sequence[EventType]) -> Made:
    """Add a hook; raise Problem 422 for an address that may not be called."""
    try:
        found = outward.target(url)
        outward.resolved(found, private=office.web.private_hooks)
    except outward.Refused as error:
        raise Problem(422, str(error), param="url", code="bad_target") from None
    except outward.Unreached:
        pass  # it may be up later: each try looks it up anew
    if len(hooks.hooks(office.store)) >= MOST:
        raise Problem(422, f"There are {MOST} hooks already; remove one.", code="too_many")
    head = office.ledger.head().count
    with office.store.writing("add a hook") as connection:
        hook, secret = hooks.add(office.store.seal, actor.id, url, events, head, connection)
        journal.note(office.store, actor.id, "hook.add", hook.id, {"host": found.host}, connection)
    return Made(hook=hook, secret=secret)


def hook(office: Office, hook_id: str) -> Hook:
    """Return a hook; raise Problem 404."""
    found = next((h for h in hooks.hooks(office.store) if h.id == hook_id), None)
    if found is None:
        raise Problem(404, f"There is no hook {hook_id!r}.", param="hook_id", code="unknown_hook")
    return found


def remove(office: Office, actor: Actor, hook_id: str) -> None:
    """Remove a hook."""
    with office.store.writing("remove a hook") as connection:
        if not hooks.remove(hook_id, connection):
            raise Problem(404, f"There is no hook {hook_id!r}.", param="hook_id", code="unknown_hook")
        journal.note(office.store, actor.id, "hook.remove", hook_id, connection=connection)


def ping(office: Office, actor: Actor, hook_id: str) -> Delivery:
    """Queue an event that says nothing, to see whether a hook works."""
    found, at = hook(office, hook_id), office.clock()
    event = f"evt-test-{at:%Y%m%d%H%M%S%f}"
    body = _body({"id": event, "type": "test", "at": at.isoformat(), "data": None})
    with office.store.writing("test a hook") as connection:
        journal.note(office.store, actor.id, "hook.test", found.id, connection=connection)
        return hooks.enqueue_one(found.id, event, "test", body, at, connection)


def again(office: Office, actor: Actor, hook_id: str, delivery_id: str) -> Delivery:
    """Send a delivery that failed once more, with all its tries."""
    hook(office, hook_id)
    with office.store.writing("send again") as connection:
        found = hooks.again(delivery_id, hook_id, office.clock(), connection)
        if found is None:
            raise Problem(409, f"Delivery {delivery_id!r} of {hook_id!r} has not failed; only such are sent again.",
                          param="delivery_id", code="not_failed")  # fmt: skip
        journal.note(office.store, actor.id, "hook.again", delivery_id, connection=connection)
    return found


def collect(office: Office) -> int:
    """Queue what happened since the last time for every hook; return how many events that were."""
    if not hooks.hooks(office.store):
        return 0
    done = 0
    while True:
        before = hooks.reached(office.store)
        heard = happenings.since(office, before)
        if heard.reached == before:
            return done
        made: list[tuple[str, EventType, str]] = [(e.id, e.type, e.model_dump_json()) for e in heard.events]
        if hooks.enqueue(office.store, before, heard.reached, made, office.clock()):
            done += len(made)


def send_due(office: Office, at: datetime | None = None) -> int:
    """Send what is due; return how many were tried."""
    at = at or office.clock()
    parcels = hooks.take(office.store, at, at + LEASE)
    for parcel in parcels:
        _send(office, parcel, at)
    return len(parcels)


def signature(secret: str, timestamp: int, body: str) -> str:
    """Return the value of Precept-Signature: HMAC-SHA256 over "TIMESTAMP.BODY".

    >>> signature("whsec-x", 1, "{}")[:12]
    't=1,v1=fba95'
    """
    made = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={made}"


def next_try(tries: int, at: datetime) -> datetime | None:
    """Return when to try again after so many tries, None after the last one."""
    return at + FIRST * GROWTH ** (tries - 1) if tries <= RETRIES else None


def _send(office: Office, parcel: Parcel, at: datetime) -> None:
    stamp, one = int(at.timestamp()), parcel.delivery
    headers = {
        "Content-Type": "application/json", "User-Agent": "precept-webhooks", "Precept-Event": one.type,
        "Precept-Delivery": one.id,
    }  # fmt: skip
    status, error, later = None, None, next_try(one.tries + 1, at)
    try:
        headers["Precept-Signature"] = signature(office.store.seal.open(parcel.sealed), stamp, parcel.body)
        status = outward.post(parcel.url, parcel.body.encode(), headers, private=office.web.private_hooks)
        error = None if 200 <= status < 300 else f"it answered {status}"
    except StoreError as unread:  # an unsigned one is worth nothing; the key may be back at the next try
        _log.warning("webhooks: %s cannot be signed: %s", one.id, unread)
        error = "it cannot be signed: the key of its secret is gone or another one; the log says more"
    except outward.Refused as refused:
        error, later = str(refused), None  # trying again would not make it public
    except outward.Unreached as unreached:
        error = str(unreached)
    state: hooks.DeliveryState = "delivered" if error is None else "pending" if later else "failed"
    try:
        hooks.tried(office.store, one.id, state, status, error, later or at)
    except StoreError:
        _log.warning("webhooks: delivery %s could not be noted, and will be sent again", one.id)


def _body(value: dict[str, str | None]) -> str:
    return json.dumps(value, ensure_ascii=False)


__all__ = ["Made", "add", "again", "collect", "hook", "next_try", "ping", "remove", "send_due",
           "signature"]  # fmt: skip
