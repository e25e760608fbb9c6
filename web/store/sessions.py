"""Sessions and one-time links: who holds which secret, until when. Only hashes of secrets are kept."""

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from web.store.database import METADATA, Store, now, stamp

LASTS = timedelta(hours=12)
IDLE = timedelta(hours=2)
LINK_LASTS = timedelta(minutes=15)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("begun", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("expires", Text, nullable=False),
)
LINKS = Table(
    "links",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("expires", Text, nullable=False),
)


class Session(NamedTuple):
    """An open session; `csrf` is what its forms have to send back."""

    account_id: str
    csrf: str


def begin(store: Store, account_id: str) -> str:
    """Begin a session; return its secret, which is kept nowhere."""
    secret, at = secrets.token_urlsafe(32), now()
    row = {
        "hash": hashed(secret), "account_id": account_id, "csrf": secrets.token_urlsafe(24), "begun": stamp(at),
        "last": stamp(at), "expires": stamp(at + LASTS),
    }  # fmt: skip
    with store.writing("begin a session") as connection:
        connection.execute(SESSIONS.delete().where(SESSIONS.c.expires < stamp(at)))
        connection.execute(SESSIONS.insert().values(row))
    return secret


def session(store: Store, secret: str) -> Session | None:
    """Return the session of a secret, None where there is none, or it is over, or was idle too long."""
    at = now()
    query = sa.select(SESSIONS).where(SESSIONS.c.hash == hashed(secret), SESSIONS.c.expires > stamp(at))
    with store.reading("read a session") as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.last < stamp(at - IDLE):
        return None
    if row.last < stamp(at - timedelta(minutes=1)):
        with store.writing("note a session") as connection:
            connection.execute(SESSIONS.update().where(SESSIONS.c.hash == row.hash).values(last=stamp(at)))
    return Session(row.account_id, row.csrf)


def end(store: Store, secret: str) -> None:
    """End a session."""
    with store.writing("end a session") as connection:
        connection.execute(SESSIONS.delete().where(SESSIONS.c.hash == hashed(secret)))


def end_all(store: Store, account_id: str) -> None:
    """End every session of an account."""
    with store.writing("end sessions") as connection:
        connection.execute(SESSIONS.delete().where(SESSIONS.c.account_id == account_id))


def link(store: Store, account_id: str, lasts: timedelta = LINK_LASTS) -> str:
    """Return the secret of a one-time link for an account."""
    secret = secrets.token_urlsafe(32)
    with store.writing("make a link") as connection:
        row = {"hash": hashed(secret), "account_id": account_id, "expires": stamp(now() + lasts)}
        connection.execute(LINKS.insert().values(row))
    return secret


def use_link(store: Store, secret: str) -> str | None:
    """Use up a one-time link; return its account, None where it is unknown, used or too old."""
    with store.writing("use a link") as connection:
        found = connection.execute(sa.select(LINKS).where(LINKS.c.hash == hashed(secret))).one_or_none()
        connection.execute(LINKS.delete().where((LINKS.c.hash == hashed(secret)) | (LINKS.c.expires < stamp(now()))))
    return None if found is None or found.expires < stamp(now()) else str(found.account_id)


def hashed(secret: str) -> str:
    """Return the sha256 (hex) under which a random secret is kept; it has the entropy to need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
