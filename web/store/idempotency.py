"""Idempotency keys: one answer for each key of a caller, however often it is sent. It judges nothing.

Contract: `reserve` is called before the work and `keep` (or `drop`, where it failed) after it; a reservation whose work
never ended is free again after LOST, an answer after KEPT.
"""

from datetime import timedelta
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from web.store.database import METADATA, Store, now, stamp

KEPT = timedelta(hours=24)
LOST = timedelta(minutes=10)

ANSWERS = Table(
    "idempotency",
    METADATA,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("status", Integer),
    Column("answer", Text),
    Column("at", Text, nullable=False, index=True),
)


class Held(NamedTuple):
    """What a key stands for: "new" for the caller that has it now, "open" while another request works on it,
    "other" where it was sent with another body, "done" with its status and answer."""

    state: Literal["new", "open", "other", "done"]
    status: int = 0
    answer: str = ""


def reserve(store: Store, actor: str, key: str, body: str) -> Held:
    """Take a key for a body, given as its digest."""
    at = now()
    with store.writing("reserve a key") as connection:
        connection.execute(ANSWERS.delete().where(ANSWERS.c.at < stamp(at - KEPT)))
        here = (ANSWERS.c.actor == actor) & (ANSWERS.c.key == key)
        row = connection.execute(sa.select(ANSWERS).where(here)).one_or_none()
        if row is not None and row.status is None and row.at < stamp(at - LOST):
            connection.execute(ANSWERS.delete().where(here))
            row = None
        if row is None:
            connection.execute(ANSWERS.insert().values(actor=actor, key=key, body=body, at=stamp(at)))
            return Held("new")
    if row.body != body:
        return Held("other")
    return Held("open") if row.status is None else Held("done", row.status, row.answer)


def keep(store: Store, actor: str, key: str, status: int, answer: str) -> None:
    """Keep the answer of a key."""
    with store.writing("keep an answer") as connection:
        here = (ANSWERS.c.actor == actor) & (ANSWERS.c.key == key)
        connection.execute(ANSWERS.update().where(here).values(status=status, answer=answer))


def drop(store: Store, actor: str, key: str) -> None:
    """Give a key free whose work came to nothing."""
    with store.writing("drop a key") as connection:
        here = (ANSWERS.c.actor == actor) & (ANSWERS.c.key == key) & ANSWERS.c.status.is_(None)
        connection.execute(ANSWERS.delete().where(here))


__all__ = ["KEPT", "LOST", "Held", "drop", "keep", "reserve"]
