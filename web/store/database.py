"""work.db: the database of what changes. Opens it and holds its transactions; knows no table of its own.

Contract: every write happens inside `writing`, one writer at a time, whole or not at all; times are UTC ISO strings.
It lies beside the ledger (a file in the home) or, where PRECEPT_LEDGER names a PostgreSQL server, in that database.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from graphs.settings import Settings
from tools.database import LedgerError, appending, engine_at, shown, told

if TYPE_CHECKING:
    from web.store.seal import Seal

METADATA = sa.MetaData()
LOCK = 7213  # of its writers on PostgreSQL, beside those of the ledger


class StoreError(RuntimeError):
    """Say what went wrong with work.db, where, and the fix. Nothing of the failed call was kept."""


class Store:
    """An open work.db. Make one with `Store.open`; close it, or use it in a `with` block. Safe in several threads."""

    def __init__(self, engine: sa.Engine, place: str, seal: "Seal") -> None:
        self.engine = engine
        self.place = place
        self.seal = seal

    @classmethod
    def open(cls, place: str | Path, home: Path | None = None) -> Self:
        """Open the store at a path or a PostgreSQL URL, creating or bringing up its tables.

        What is sealed in it has its key in `home`, else beside the file. Raise StoreError where it cannot be opened,
        or was written by a newer program.
        """
        from web.store import tables  # noqa: F401  (every table registers itself)
        from web.store.forms import bring_up, wipe
        from web.store.seal import NAME, Seal

        try:
            engine = engine_at(str(place), readonly=False)
        except LedgerError as error:
            raise StoreError(str(error).replace("ledger", "store", 1)) from error
        if engine.dialect.name == "postgresql":
            sa.event.listen(engine, "before_cursor_execute", _without_nul, retval=True)
        store = cls(engine, shown(str(place)), Seal((home or _folder(str(place))) / NAME))
        try:
            with store.writing("open it") as connection:
                file = bring_up(connection, store.place, store.seal)
            if file is not None:
                with store._explained("wipe its log"):
                    wipe(file)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def beside(cls, settings: Settings) -> Self:
        """Open the store that belongs to the settings' ledger."""
        url = settings.ledger_url
        return cls.open(url if url.startswith("postgresql") else settings.home / "work.db", settings.home)

    def close(self) -> None:
        """Close every connection. Harmless to repeat."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @contextmanager
    def writing(self, doing: str = "write") -> Iterator[sa.Connection]:
        """Hold the one writing transaction; it is undone where the body raises."""
        with self._explained(doing), appending(self.engine, LOCK) as connection:
            yield connection

    @contextmanager
    def reading(self, doing: str = "read") -> Iterator[sa.Connection]:
        """Hold a connection to read with."""
        with self._explained(doing), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise StoreError(told(error, f"store {self.place!r}: cannot {doing}")) from error


def _folder(place: str) -> Path:
    return Path(place if "://" not in place else sa.make_url(place).database or "").parent


def _without_nul(
    connection: object, cursor: object, statement: str, parameters: object, context: object, many: bool
) -> tuple[str, object]:
    """Put U+FFFD where a text holds NUL, which none may on PostgreSQL: one hostile case would stop the docket there."""
    return statement, _printable(parameters)


def _printable(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {name: _printable(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_printable(one) for one in value)
    return value


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Return a time as it is stored: text that sorts as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """Return a stored time."""
    return datetime.fromisoformat(text)
