"""`Idempotency-Key`: a word of the caller's, by which a request that is sent again is known. It judges nothing."""

import hashlib
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import idempotency
from web.store.idempotency import Held

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200,
        description="A word of yours: the same one with the same body gives the same answer for 24 hours.",
    ),
]  # fmt: skip


def taken(office: Office, actor: Actor, key: str, sent: BaseModel) -> Held:
    """Return what a key stands for, which is this request's now where it is new.

    Raise Problem 422 where it was sent with another body, 409 while a request with it is at work.
    """
    held = idempotency.reserve(office.store, actor.id, key, digest(sent))
    if held.state == "other":
        raise Problem(422, f"Idempotency-Key {key!r} was sent with another body; take a new key for another case.",
                      param="Idempotency-Key", code="idempotency_mismatch")  # fmt: skip
    if held.state == "open":
        raise Problem(409, "A request with this Idempotency-Key is still at work; send it again in a moment.",
                      param="Idempotency-Key", code="idempotency_open", headers={"Retry-After": "1"})  # fmt: skip
    return held


def digest(sent: BaseModel) -> str:
    """Return the digest of a body."""
    return hashlib.sha256(sent.model_dump_json().encode()).hexdigest()


__all__ = ["Key", "digest", "taken"]
