"""API keys of programs: hashed, scoped, revocable. The secret is shown once, when it is made."""

import json
import secrets
from collections.abc import Sequence
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp
from web.store.sessions import hashed

Scope = Literal["moderate", "read", "review", "appeals", "policies", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "pk-"

KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("revoked", Text),
)


class Key(Fact):
    """An API key without its secret; `id` is its visible beginning."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created: str
    revoked: str | None


def make(store: Store, name: str, scopes: Sequence[Scope]) -> tuple[Key, str]:
    """Make a key; return it and its secret. Raise ValueError for a scope that is none."""
    if not scopes or any(s not in SCOPES for s in scopes):
        raise ValueError(f"scopes {list(scopes)!r}: give one or more of {', '.join(SCOPES)}")
    if not name.strip():
        raise ValueError(f"name {name!r} is blank; say which program holds the key")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = {
        "id": secret[:9], "hash": hashed(secret), "name": name.strip(), "scopes": json.dumps(sorted(set(scopes))),
        "created": stamp(now()), "revoked": None,
    }  # fmt: skip
    with store.writing("make a key") as connection:
        connection.execute(KEYS.insert().values(row))
    return _key(row), secret


def key(store: Store, secret: str) -> Key | None:
    """Return the key of a secret, None where it is unknown or revoked."""
    with store.reading("read a key") as connection:
        query = sa.select(KEYS).where(KEYS.c.hash == hashed(secret), KEYS.c.revoked.is_(None))
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _key(row)


def keys(store: Store) -> list[Key]:
    """Return every key, newest first."""
    with store.reading("read the keys") as connection:
        return [_key(row) for row in connection.execute(sa.select(KEYS).order_by(KEYS.c.created.desc())).mappings()]


def revoke(store: Store, key_id: str) -> bool:
    """Revoke a key; return whether there was one in use."""
    with store.writing("revoke a key") as connection:
        live = (KEYS.c.id == key_id) & KEYS.c.revoked.is_(None)
        return bool(connection.execute(KEYS.update().where(live).values(revoked=stamp(now()))).rowcount)


def _key(row: "sa.RowMapping | dict[str, str | None]") -> Key:
    return Key(
        id=str(row["id"]), name=str(row["name"]), scopes=tuple(json.loads(str(row["scopes"]))),
        created=str(row["created"]), revoked=row["revoked"],
    )  # fmt: skip
