"""The forms that work.db had over time, and the steps from each to the next. It knows no table as it is now.

Contract: a step that was released is never changed, a new one is appended to STEPS, and its words are its own: it does
not follow the tables as they change after it. All steps that a database lacks run in one transaction, so that whatever
ends the process leaves the old form whole; the file is copied aside before.
"""

import logging
import os
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa

from tools.sqlite import connect
from web.store.database import METADATA, StoreError
from web.store.seal import Seal

Step = Callable[[sa.Connection, Seal], None]
TABLE = "work_form"
FORM = sa.Table(TABLE, METADATA, sa.Column("version", sa.Integer, nullable=False))
UNREAD = ""  # in docket.first_rule: what the record alone can tell of this row is still to be read from it
_log = logging.getLogger("precept.store")


def whole_docket(connection: sa.Connection, seal: Seal) -> None:
    """Give the docket the rule that the system named first, and the orders of its lists.

    The record is not at hand here: rows that were there before are marked, and `docket.complete` fills them in.
    """
    if "first_rule" not in {c["name"] for c in sa.inspect(connection).get_columns("docket")}:
        connection.exec_driver_sql("ALTER TABLE docket ADD COLUMN first_rule TEXT")
        connection.execute(sa.text("UPDATE docket SET first_rule = :unread"), {"unread": UNREAD})
    connection.exec_driver_sql("CREATE INDEX IF NOT EXISTS docket_by_severity ON docket (severity, seq)")
    connection.exec_driver_sql("CREATE INDEX IF NOT EXISTS docket_by_time ON docket (state, seq)")


def sealed_secrets(connection: sa.Connection, seal: Seal) -> None:
    """Seal the secrets of webhooks, which lay in the clear."""
    if not sa.inspect(connection).has_table("hooks"):
        return
    rows = connection.execute(sa.text("SELECT id, secret FROM hooks WHERE secret LIKE 'whsec-%'")).all()
    for row in rows:
        values = {"id": row.id, "sealed": seal.close(row.secret)}
        connection.execute(sa.text("UPDATE hooks SET secret = :sealed WHERE id = :id"), values)


def published_by(connection: sa.Connection, seal: Seal) -> None:
    """Make room for who published what. A program that cannot forget an author must not open what holds some."""
    have = set(sa.inspect(connection).get_table_names())
    if "authors" not in have:
        connection.exec_driver_sql("CREATE TABLE authors (ref TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE)")
    if "authored" not in have:
        connection.exec_driver_sql("CREATE TABLE authored (decision_id TEXT NOT NULL PRIMARY KEY, ref TEXT NOT NULL)")
    connection.exec_driver_sql("CREATE INDEX IF NOT EXISTS ix_authored_ref ON authored (ref)")


def graded_gold(connection: sa.Connection, seal: Seal) -> None:
    """Let a label say which tier is right, too; those that there are leave it open."""
    found = sa.inspect(connection)
    if found.has_table("gold") and "tier" not in {c["name"] for c in found.get_columns("gold")}:
        connection.exec_driver_sql("ALTER TABLE gold ADD COLUMN tier TEXT")


STEPS: tuple[Step, ...] = (whole_docket, sealed_secrets, published_by, graded_gold)


def form_of(connection: sa.Connection) -> int | None:
    """Return the form of a database, None where it is a new one."""
    if not sa.inspect(connection).has_table(TABLE):
        return None
    found = connection.execute(sa.select(FORM.c.version)).scalar_one_or_none()
    return None if found is None else int(found)


def bring_up(connection: sa.Connection, place: str, seal: Seal, steps: Sequence[Step] = STEPS) -> Path | None:
    """Bring a database to the newest form inside the caller's transaction; raise StoreError for one that is newer.

    Return the file that was changed so, for `wipe`; None where none was.
    """
    file = None
    newest, found = len(steps) + 1, form_of(connection)
    if found is not None and found > newest:
        raise StoreError(f"store {place!r}: form {found}, this program knows {newest}; upgrade precept")
    if found is not None and found < newest:
        if connection.dialect.name == "sqlite":
            # What a step takes out must not stay readable in free pages.
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            file = Path(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])
            copy = _set_aside(file, place, found)
            _log.warning("%s lies as it was in %s, which can be deleted once all is well", place, copy)
        _log.warning("%s is brought from form %d to %d", place, found, newest)
        for step in steps[found - 1 :]:
            step(connection, seal)
    METADATA.create_all(connection)
    if found is None:
        connection.execute(FORM.insert().values(version=newest))
    elif found < newest:
        connection.execute(FORM.update().values(version=newest))
    return file


def wipe(file: Path) -> None:
    """Empty the log of a file that was brought up, in which what a step took out is still readable."""
    raw = connect(file)
    try:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


def _set_aside(path: Path, place: str, form: int) -> Path:
    """Copy a file as it is to beside itself, for its owner alone. A server of databases has backups of its own."""
    copy = path.with_name(f"{path.name}.form-{form}")
    fresh = path.with_name(f".{copy.name}.{secrets.token_hex(6)}")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        # Read by a connection of its own, which sees what was there before this transaction.
        source, target = connect(path, readonly=True), sqlite3.connect(fresh)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        os.replace(fresh, copy)
    except OSError as error:
        raise StoreError(
            f"store {place!r}: cannot be copied aside before it is brought to a new form ({error}); make room"
        ) from error
    finally:
        for rest in path.parent.glob(f"{fresh.name}*"):
            rest.unlink(missing_ok=True)
    return copy


__all__ = ["STEPS", "UNREAD", "Step", "bring_up", "form_of", "wipe"]
