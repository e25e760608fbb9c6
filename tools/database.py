"""Where a ledger lives: opens its database, and holds everything that differs between SQLite and PostgreSQL.

Knows no table. Contract: an appending transaction is opened with `appending`, which lets one writer in at a time
(BEGIN IMMEDIATE; on PostgreSQL an advisory lock), and every database error leaves through `explained` as a LedgerError.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from tools.sqlite import connect, explain

LOCK = 7212  # of the ledger's writers on PostgreSQL; whatever else lives in the same database has another
CONNECT_SECONDS = 10
# By the beginning of the SQLSTATE (PostgreSQL, appendix A); none where there is no connection.
_REASONS = {
    "": ("the server cannot be reached", "check that it is up, and the address, the name and the password in the URL"),
    "28": ("the server lets nobody in by this name", "check the name and the password in the URL"),
    "42501": ("this user may not do that", "give it the rights to make tables, read and write in this database"),
    "53": ("the server has no room left", "look at its disk, its memory and how many are connected, then do it again"),
}
_REASONS |= dict.fromkeys(("08", "57P"), _REASONS[""])


class LedgerError(RuntimeError):
    """Say what went wrong with a ledger, where, and the fix. Nothing of the failed call was recorded."""


def engine_at(place: str, *, readonly: bool) -> sa.Engine:
    """Return an engine for a file path, a `sqlite:///path` or a `postgresql+psycopg://...` URL.

    A missing folder is created unless `readonly`. Raise LedgerError for anything else. No connection is made yet.
    """
    if "://" not in place:
        return _sqlite(Path(place), readonly)
    try:
        url = sa.make_url(place)
    except ArgumentError as error:
        raise LedgerError(f"ledger {place!r}: not a database URL ({error}); give a file path") from error
    if url.get_backend_name() == "sqlite":
        return _sqlite(Path(url.database or ":memory:"), readonly)
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, readonly)
    raise LedgerError(f"ledger {_shown(url)!r}: only SQLite and PostgreSQL can hold a ledger; give a file path")


def shown(place: str) -> str:
    """Return a place as it may be shown: a URL without its password."""
    if "://" not in place:
        return place
    try:
        return _shown(sa.make_url(place))
    except ArgumentError:
        return place


@contextmanager
def appending(engine: sa.Engine, lock: int = LOCK) -> Iterator[sa.Connection]:
    """Hold one transaction that may append; it commits at the end, and leaves no trace when the body raises.

    On PostgreSQL it is the only one in its database under this `lock`; in a SQLite file the only one at all.
    """
    with engine.connect() as connection:
        connection.execution_options(precept_append=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (lock,))
            yield connection


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Hold one reading transaction that sees a single moment, and that reads even rows which are no valid text."""
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ")
        return
    with engine.connect() as connection, connection.begin():
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.text_factory = lambda found: found.decode("utf-8", "surrogateescape")
        try:
            yield connection
        finally:
            raw.text_factory = str


def forbid_changes(connection: sa.Connection, table: sa.Table, same_row: str) -> None:
    """Have the database itself refuse UPDATE, DELETE and replacing in a table.

    `same_row` is SQL over NEW that is true for a row with the same key: SQLite's INSERT OR REPLACE deletes such a
    row without calling the DELETE trigger.
    """
    name, words = table.name, f"{table.name} is append-only"
    if connection.dialect.name == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for act in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(f"CREATE TRIGGER {name}_no_{act.lower()} BEFORE {act} ON {name} {refuse}")
        again = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same_row})"
        connection.exec_driver_sql(f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} {again} {refuse}")
        return
    connection.exec_driver_sql(
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$"
    )
    for each, act in (("ROW", "UPDATE OR DELETE"), ("STATEMENT", "TRUNCATE")):
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name}_no_{each.lower()} BEFORE {act} ON {name} "
            f"FOR EACH {each} EXECUTE FUNCTION {name}_refuse()"
        )


def strangers(connection: sa.Connection, own: frozenset[str]) -> list[str]:
    """Return the tables that keep a new ledger out: in a SQLite file any table, on a server those of our names."""
    names = sorted(sa.inspect(connection).get_table_names())
    return names if connection.dialect.name == "sqlite" else [name for name in names if name in own]


@contextmanager
def explained(place: str, doing: str) -> Iterator[None]:
    """Turn a database error inside the block into a LedgerError that names the act, the place and the fix."""
    try:
        yield
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise LedgerError(told(error, f"ledger {place!r}: cannot {doing}")) from error


def told(error: sqlite3.Error | SQLAlchemyError, what: str) -> str:
    """Return one line: `what` failed, why, the database's own words, and the fix."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return explain(cause, what)
    words = " ".join(str(cause).split())
    if not isinstance(error, DBAPIError):
        return f"{what}: {words}; check that the database is up"
    # Without a code and no OperationalError the driver itself refused, as it does a text that holds NUL.
    state = getattr(cause, "sqlstate", None) or ("" if isinstance(error, OperationalError) else "driver")
    known = next((_REASONS[start] for start in (state, state[:3], state[:2]) if start in _REASONS), None)
    reason, fix = known or ("the database refused", "read its message and mend the cause")
    return f"{what}: {reason} ({type(cause).__name__}: {words}); {fix}"


def _sqlite(path: Path, readonly: bool) -> sa.Engine:
    if str(path) == ":memory:":
        raise LedgerError("ledger ':memory:': a ledger in memory keeps nothing; give a file path")
    if not readonly:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"ledger {str(path)!r}: cannot make its folder ({error}); choose another path") from error
    engine = sa.create_engine("sqlite://", creator=lambda: connect(path, readonly=readonly), poolclass=QueuePool)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock first: a transaction that reads the head and then asks for the lock would fail
    # with SQLITE_BUSY, without waiting, whenever another process appended in between.
    append = connection.get_execution_options().get("precept_append", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if append else "BEGIN")


def _postgresql(url: sa.URL, readonly: bool) -> sa.Engine:
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    try:
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args=waits)
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"ledger {_shown(url)!r}: {error.name} is missing; pip install 'precept[postgres]'"
        ) from error
    return engine.execution_options(postgresql_readonly=True) if readonly else engine


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)
