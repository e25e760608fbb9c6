"""Arrivals: people on their way through an OpenID Connect provider. One row from leaving to coming back, then gone."""

import secrets
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from web.store.database import METADATA, Store, now, stamp
from web.store.sessions import hashed

LASTS = timedelta(minutes=10)
ARRIVALS = Table(
    "arrivals",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("expires", Text, nullable=False),
)


class Arrival(NamedTuple):
    """What was noted when somebody left for the provider; `to` is the page that they wanted."""

    state: str
    nonce: str
    verifier: str
    to: str


def leave(store: Store, to: str) -> Arrival:
    """Note that somebody leaves for the provider."""
    made = Arrival(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), to)
    row = {
        "hash": hashed(made.state), "nonce": made.nonce, "verifier": made.verifier, "to": to,
        "expires": stamp(now() + LASTS),
    }  # fmt: skip
    with store.writing("note who signs in") as connection:
        connection.execute(ARRIVALS.delete().where(ARRIVALS.c.expires < stamp(now())))
        connection.execute(ARRIVALS.insert().values(row))
    return made


def arrive(store: Store, state: str) -> Arrival | None:
    """Return what was noted, once; None for a state that is unknown, used or too old."""
    with store.writing("note who signed in") as connection:
        here = ARRIVALS.c.hash == hashed(state)
        row = connection.execute(sa.select(ARRIVALS).where(here)).one_or_none()
        connection.execute(ARRIVALS.delete().where(here))
    if row is None or row.expires < stamp(now()):
        return None
    return Arrival(state, row.nonce, row.verifier, row.to)
