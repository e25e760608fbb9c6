"""Drafts of policies: the files of a pack on their way to being published, over the version that they began from.

Contract: `version` counts every change, and a change names the version that it was made on. What a draft may become is
decided in work/drafts.py; its history is the journal's.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

DraftState = Literal["draft", "in_review", "published", "withdrawn"]

DRAFTS = Table(
    "drafts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("pack_id", Text, nullable=False, index=True),
    Column("base_version", Text),
    Column("base_digest", Text),
    Column("state", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("authors", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("reviewer", Text),
    Column("reason", Text),
    Column("published", Text),
    Column("created", Text, nullable=False),
    Column("changed", Text, nullable=False),
    Column("files", Text, nullable=False),
)
HEAD = [c for c in DRAFTS.c if c.name != "files"]


class DraftHead(Fact):
    """A draft without its files. `authors` are all who changed it, `about` says what for, `reason` the reviewer's."""

    id: str
    pack_id: str
    base_version: str | None
    base_digest: str | None
    state: DraftState
    version: int
    authors: tuple[str, ...]
    about: str
    reviewer: str | None
    reason: str | None
    published: str | None
    created: str
    changed: str


class PolicyDraft(DraftHead):
    """A draft with its files by name."""

    files: dict[str, str]


def add(
    connection: sa.Connection, pack_id: str, base_version: str | None, base_digest: str | None, author: str, about: str,
    files: Mapping[str, str],
) -> str:  # fmt: skip
    """Add a draft; return its id."""
    at, draft_id = stamp(now()), f"p-{secrets.token_hex(6)}"
    row = {
        "id": draft_id, "pack_id": pack_id, "base_version": base_version, "base_digest": base_digest, "state": "draft",
        "version": 1, "authors": json.dumps([author]), "about": about, "reviewer": None, "reason": None,
        "published": None, "created": at, "changed": at, "files": json.dumps(dict(files), ensure_ascii=False),
    }  # fmt: skip
    connection.execute(DRAFTS.insert().values(row))
    return draft_id


def draft(store: Store, draft_id: str) -> PolicyDraft | None:
    """Return a draft, None where there is none."""
    with store.reading("read a draft") as connection:
        row = connection.execute(sa.select(DRAFTS).where(DRAFTS.c.id == draft_id)).mappings().one_or_none()
    if row is None:
        return None
    return PolicyDraft(**{**row, "authors": tuple(json.loads(row["authors"])), "files": json.loads(row["files"])})


def drafts(
    store: Store, *, pack_id: str | None = None, state: DraftState | None = None, limit: int = 100
) -> list[DraftHead]:
    """Return drafts, last changed first."""
    query = sa.select(*HEAD).order_by(DRAFTS.c.changed.desc()).limit(limit)
    if pack_id is not None:
        query = query.where(DRAFTS.c.pack_id == pack_id)
    if state is not None:
        query = query.where(DRAFTS.c.state == state)
    with store.reading("read the drafts") as connection:
        return [
            DraftHead(**{**row, "authors": tuple(json.loads(row["authors"]))})
            for row in connection.execute(query).mappings()
        ]


def change(connection: sa.Connection, draft_id: str, version: int, **values: object) -> bool:
    """Change a draft that is still of this version, and count the version on; return whether it was."""
    for name in ("authors", "files"):
        if name in values:
            values[name] = json.dumps(values[name], ensure_ascii=False)
    here = (DRAFTS.c.id == draft_id) & (DRAFTS.c.version == version)
    values |= {"version": version + 1, "changed": stamp(now())}
    return bool(connection.execute(DRAFTS.update().where(here).values(values)).rowcount)
