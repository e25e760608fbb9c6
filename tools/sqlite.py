"""Opens SQLite files the one way this house opens them, and says in plain words what SQLite's errors mean.

Knows no table: the ledger, the cache and the checkpoints bring their own. Contract: a connection made here is in
WAL mode, waits for a busy writer, and enforces foreign keys; with `autocommit` the caller writes its own BEGIN.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Literal

Synchronous = Literal["NORMAL", "FULL"]
BUSY_SECONDS = 30.0

_REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free space (or raise the size limit) and do it again"),
    sqlite3.SQLITE_IOERR: (
        "the disk refused to read or write",
        "look for a full disk, a file size limit or a failing disk, then do it again",
    ),
    sqlite3.SQLITE_READONLY: ("the file is read-only", "make the file and its folder writable for this user"),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened",
        "check that the path names a file, that its folder exists and that this user may write there",
    ),
    sqlite3.SQLITE_PERM: ("access is denied", "make the file and its folder readable and writable for this user"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "restore it from a backup and keep the damaged file as evidence"),
    sqlite3.SQLITE_NOTADB: (
        "the file is no SQLite database, or its first bytes are damaged",
        "check the path, or restore the file from a backup",
    ),
    sqlite3.SQLITE_BUSY: ("another process holds it and did not let go", "wait for that process or stop it"),
    sqlite3.SQLITE_CONSTRAINT: ("a row breaks the rules of the table", "look at the row; nothing was written"),
}
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def connect(
    path: Path,
    *,
    readonly: bool = False,
    wait: float = BUSY_SECONDS,
    synchronous: Synchronous = "FULL",
    autocommit: bool = True,
    shrinks: bool = False,
) -> sqlite3.Connection:
    """Open a SQLite file, usable from any thread (the caller sees to it that one uses it at a time).

    `wait` is in seconds. `readonly` never creates or changes the file. `autocommit=False` leaves the opening of
    transactions to the sqlite3 module. `shrinks` lets a new file give space back (PRAGMA incremental_vacuum).
    Raise sqlite3.Error as it comes; `explain` puts it in words.
    """
    mode = "ro" if readonly else "rwc"
    db = _open(path, mode, wait, autocommit)
    try:
        if readonly:
            return _readable(db, path, wait, autocommit)
        if shrinks:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        _to_wal(db, wait)
        db.execute(f"PRAGMA synchronous={synchronous}")
        db.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        db.close()
        raise
    return db


def code(error: BaseException | None) -> int | None:
    """Return SQLite's primary error code, or None when the error carries none."""
    extended = getattr(error, "sqlite_errorcode", None)
    return None if extended is None else int(extended) & 0xFF


def explain(error: BaseException | None, what: str) -> str:
    """Return one line: `what` failed, why, SQLite's own words, and the fix."""
    reason, fix = _REASONS.get(code(error) or 0, ("the database refused", "read its message and mend the cause"))
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return f"{what}: {reason} ({name}: {error}); {fix}"


def _open(path: Path, mode: str, wait: float, autocommit: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    if autocommit:
        return sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
    return sqlite3.connect(uri, uri=True, timeout=wait, check_same_thread=False)


def _readable(db: sqlite3.Connection, path: Path, wait: float, autocommit: bool) -> sqlite3.Connection:
    try:
        db.execute("PRAGMA schema_version").fetchone()
        return db
    except sqlite3.OperationalError:
        # WAL needs a -shm file beside the database; on read-only media there is none, and without a -wal file
        # nobody can be writing, so the file may be read as immutable.
        wal = Path(f"{path}-wal")
        if not path.is_file() or (wal.exists() and wal.stat().st_size) or os.access(path.parent, os.W_OK):
            raise
    db.close()
    return _open(path, "ro&immutable=1", wait, autocommit)


def _to_wal(db: sqlite3.Connection, wait: float) -> None:
    # SQLite does not call its busy handler while it switches to WAL, so two processes that create the same file
    # at once need this loop.
    limit = time.monotonic() + wait
    while True:
        try:
            if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                db.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > limit:
                raise
            time.sleep(0.02)
