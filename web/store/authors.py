"""Who published what was decided: the platform's id of an account for each decision. No strikes and no rules here.

The ledger does not hold it, as nothing leaves the ledger: here an author can be forgotten. `ref` is a name of our own
by which the journal speaks of an author; once the author is forgotten it leads to nobody. Contract: `id` is one that
`cases.author.fault` finds nothing wrong with.
"""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text

from web.store.database import METADATA, Store
from web.store.docket import DOCKET
from web.store.forms import wipe

AUTHORS = Table(
    "authors", METADATA, Column("ref", Text, primary_key=True), Column("id", Text, nullable=False, unique=True)
)
AUTHORED = Table(
    "authored",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("ref", Text, nullable=False, index=True),
)


def credit(connection: sa.Connection, decision_id: str, author: str) -> None:
    """Note who published what a decision is about, inside the caller's transaction; the last word holds."""
    ref = connection.execute(sa.select(AUTHORS.c.ref).where(AUTHORS.c.id == author)).scalar_one_or_none()
    if ref is None:
        ref = f"a-{secrets.token_hex(8)}"
        connection.execute(AUTHORS.insert().values(ref=ref, id=author))
    connection.execute(AUTHORED.delete().where(AUTHORED.c.decision_id == decision_id))
    connection.execute(AUTHORED.insert().values(decision_id=decision_id, ref=ref))


def credit_all(store: Store, authors: Mapping[str, str]) -> None:
    """Note who published what, by decision, in one transaction."""
    with store.writing("note who published it") as connection:
        for decision_id, author in authors.items():
            credit(connection, decision_id, author)


def drop(connection: sa.Connection, decision_id: str) -> None:
    """Let go of who published a case that was never decided; an author of nothing else goes as well."""
    connection.execute(AUTHORED.delete().where(AUTHORED.c.decision_id == decision_id))
    connection.execute(AUTHORS.delete().where(AUTHORS.c.ref.not_in(sa.select(AUTHORED.c.ref))))


def author(store: Store, decision_id: str) -> str | None:
    """Return who published what a decision is about, None where that is not known."""
    return authors(store, [decision_id]).get(decision_id)


def authors(store: Store, decision_ids: Iterable[str]) -> dict[str, str]:
    """Return who published what these decisions are about, as far as it is known."""
    joined = AUTHORED.join(AUTHORS, AUTHORED.c.ref == AUTHORS.c.ref)
    query = sa.select(AUTHORED.c.decision_id, AUTHORS.c.id).select_from(joined)
    with store.reading("read who published it") as connection:
        rows = connection.execute(query.where(AUTHORED.c.decision_id.in_(list(decision_ids)))).all()
    return {row.decision_id: row.id for row in rows}


def ref(store: Store, author: str) -> str | None:
    """Return our own name of an author, None where nothing by them is known."""
    with store.reading("look for an author") as connection:
        found = connection.execute(sa.select(AUTHORS.c.ref).where(AUTHORS.c.id == author)).scalar_one_or_none()
    return None if found is None else str(found)


def by(author: str) -> sa.ColumnElement[bool]:
    """Return whether a row of the docket is about what an author published."""
    joined = AUTHORED.join(AUTHORS, AUTHORED.c.ref == AUTHORS.c.ref)
    ids = sa.select(AUTHORED.c.decision_id).select_from(joined).where(AUTHORS.c.id == author)
    return DOCKET.c.decision_id.in_(ids)


def forget(connection: sa.Connection, author: str) -> int:
    """Forget an author, and which cases were theirs, for good; return how many that were. The cases stay."""
    if connection.dialect.name == "sqlite":
        # What is taken out must not stay readable in free pages.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    ours = sa.select(AUTHORS.c.ref).where(AUTHORS.c.id == author)
    gone = connection.execute(AUTHORED.delete().where(AUTHORED.c.ref.in_(ours))).rowcount
    connection.execute(AUTHORS.delete().where(AUTHORS.c.id == author))
    return int(gone)


def scrub(store: Store) -> None:
    """Empty the log of the file, in which what was forgotten is still readable; a server of databases has its own."""
    if store.engine.dialect.name != "sqlite":
        return
    with store.reading("find its file") as connection:
        place = Path(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])
    wipe(place)


__all__ = ["AUTHORED", "AUTHORS", "author", "authors", "by", "credit", "credit_all", "drop", "forget", "ref", "scrub"]
