"""Where a ledger lives: opens its database, and holds everything that differs between SQLite and PostgreSQL.

Knows no table. Contract: an appending transaction is opened with `appending`, which lets one writer in at a time
(BEGIN IMMEDIATE; on PostgreSQL the lock is the caller's SELECT ... FOR UPDATE of the head), and every database error
leaves through `explained` as a LedgerError.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from tools.sqlite import connect, explain


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
def appending(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Hold one transaction that may append; it commits at the end, and leaves no trace when the body raises."""
    with engine.connect() as connection:
        connection.execution_options(precept_append=True)
        with connection.begin():
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
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise LedgerError(explain(cause, f"ledger {place!r}: cannot {doing}")) from error
    except SQLAlchemyError as error:
        raise LedgerError(f"ledger {place!r}: cannot {doing}: {error}; check that the database is up") from error


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
    try:
        engine = sa.create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise LedgerError(f"ledger {_shown(url)!r}: {error.name} is missing; pip install 'psycopg[binary]'") from error
    return engine.execution_options(postgresql_readonly=True) if readonly else engine


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)
