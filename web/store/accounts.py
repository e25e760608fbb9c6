"""Accounts of people: name, roles, password (argon2), preferences. Who asks now is told by a session or a key."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

Role = Literal["moderator", "appeals", "author", "admin", "service"]
ROLES: tuple[Role, ...] = get_args(Role)
PEOPLE: tuple[Role, ...] = ("moderator", "appeals", "author", "admin")
SHORTEST, LONGEST = 12, 256

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("shown", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("password", Text),
    Column("subject", Text, unique=True),
    Column("active", Integer, nullable=False),
    Column("preferences", Text, nullable=False),
    Column("created", Text, nullable=False),
)


class AccountError(ValueError):
    """An account that cannot be made or changed so; the text says what, the value and the fix."""


class Account(Fact):
    """One person. `name` signs in; `shown` is what colleagues see. `preferences` are the console's, as JSON values."""

    id: str
    name: str
    shown: str
    roles: tuple[Role, ...]
    active: bool
    preferences: dict[str, str | int | bool]


def add(store: Store, name: str, roles: Sequence[Role], password: str | None = None, *, subject: str | None = None,
        shown: str | None = None) -> Account:  # fmt: skip
    """Add an account; raise AccountError for a name in use, a role that is none, or a weak password.

    Without a password it signs in by a one-time link or by the `subject` of an OIDC provider.
    """
    name = name.strip()
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise AccountError(f"name {name!r}: give 1 to 64 printable characters")
    if not roles or any(r not in PEOPLE for r in roles):
        raise AccountError(f"roles {list(roles)!r}: give one or more of {', '.join(PEOPLE)}")
    hashed = None if password is None else hash_password(password)
    row = {
        "id": f"u-{uuid.uuid4().hex[:12]}", "name": name, "shown": (shown or name).strip(), "password": hashed,
        "roles": json.dumps(sorted(set(roles))), "subject": subject, "active": 1, "preferences": "{}",
        "created": stamp(now()),
    }  # fmt: skip
    with store.writing("add an account") as connection:
        if connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.name == name)).first():
            raise AccountError(f"name {name!r} is in use; choose another")
        connection.execute(ACCOUNTS.insert().values(row))
    found = account(store, str(row["id"]))
    assert found is not None
    return found


def account(store: Store, account_id: str) -> Account | None:
    """Return an account by its id."""
    with store.reading("read an account") as connection:
        row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == account_id)).one_or_none()
    return None if row is None else _account(row)


def named(store: Store, name: str) -> Account | None:
    """Return an account by its name."""
    return _by(store, ACCOUNTS.c.name == name.strip())


def of_subject(store: Store, subject: str) -> Account | None:
    """Return the account of an OIDC subject."""
    return _by(store, ACCOUNTS.c.subject == subject)


def bind(store: Store, name: str, subject: str) -> Account | None:
    """Tie the account of a name to an OIDC subject, where it is tied to none; return it, None where there is none."""
    with store.writing("tie an account") as connection:
        free = (ACCOUNTS.c.name == name.strip()) & ACCOUNTS.c.subject.is_(None)
        done = connection.execute(ACCOUNTS.update().where(free).values(subject=subject))
    return named(store, name) if done.rowcount else None


def everybody(store: Store) -> list[Account]:
    """Return all accounts, by name."""
    with store.reading("read the accounts") as connection:
        return [_account(row) for row in connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.name))]


def change(store: Store, account_id: str, *, roles: Sequence[Role] | None = None, active: bool | None = None,
           password: str | None = None) -> Account:  # fmt: skip
    """Change roles, activity or password; raise AccountError for an unknown account or the last active admin."""
    values: dict[str, object] = {}
    if roles is not None:
        if not roles or any(r not in PEOPLE for r in roles):
            raise AccountError(f"roles {list(roles)!r}: give one or more of {', '.join(PEOPLE)}")
        values["roles"] = json.dumps(sorted(set(roles)))
    if active is not None:
        values["active"] = int(active)
    if password is not None:
        values["password"] = hash_password(password)
    with store.writing("change an account") as connection:
        if values:
            done = connection.execute(ACCOUNTS.update().where(ACCOUNTS.c.id == account_id).values(values))
            if not done.rowcount:
                raise AccountError(f"no account {account_id!r}")
        rest = [_account(r) for r in connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.active == 1))]
        if not any("admin" in a.roles for a in rest):
            raise AccountError("this would leave nobody who administers; give another account the role admin first")
    found = account(store, account_id)
    if found is None:
        raise AccountError(f"no account {account_id!r}")
    return found


def prefer(store: Store, account_id: str, preferences: Mapping[str, str | int | bool]) -> None:
    """Set preferences beside those that are there."""
    with store.writing("set preferences") as connection:
        query = sa.select(ACCOUNTS.c.preferences).where(ACCOUNTS.c.id == account_id)
        had = json.loads(connection.execute(query).scalar_one())
        body = json.dumps(had | dict(preferences), sort_keys=True)
        connection.execute(ACCOUNTS.update().where(ACCOUNTS.c.id == account_id).values(preferences=body))


def signed_in(store: Store, name: str, password: str) -> Account | None:
    """Return the active account of a name and password, None where they do not fit; it takes as long either way."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    with store.reading("read an account") as connection:
        row = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.name == name.strip())).one_or_none()
    hashed = row.password if row is not None and row.password and row.active else _NOBODY
    try:
        PasswordHasher().verify(hashed, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return None
    return None if row is None or hashed is _NOBODY else _account(row)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password; raise AccountError where it is too short or too long."""
    from argon2 import PasswordHasher

    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}")
    return PasswordHasher().hash(password)


# The hash of a random secret that nobody kept: an unknown name costs what a wrong password does.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Zm9yYW5vYm9keXRoaXNpc25vdGFoYXNoYXRhbGwwMDA"


def _by(store: Store, condition: sa.ColumnElement[bool]) -> Account | None:
    with store.reading("read an account") as connection:
        row = connection.execute(sa.select(ACCOUNTS).where(condition)).one_or_none()
    return None if row is None else _account(row)


def _account(row: sa.Row) -> Account:  # type: ignore[type-arg]
    return Account(
        id=row.id, name=row.name, shown=row.shown, roles=tuple(json.loads(row.roles)), active=bool(row.active),
        preferences=json.loads(row.preferences),
    )  # fmt: skip
