import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.tools.ledger_samples import pair
from tools.database import appending
from tools.ledger import Ledger, LedgerError
from tools.schema import MIGRATIONS, migrate, schema_version


def add_a_column(connection: sa.Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE decisions ADD COLUMN queue TEXT")


def fail_half_way(connection: sa.Connection) -> None:
    add_a_column(connection)
    raise RuntimeError("the migration fails")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Ledger.open(tmp_path / "l.db") as ledger:
        ledger.record([pair("a")])
    return tmp_path / "l.db"


@pytest.mark.parametrize("table", ["entries", "cases"])
@pytest.mark.parametrize("act", ["UPDATE {} SET body = 'x'", "DELETE FROM {}", "REPLACE INTO {0} SELECT * FROM {0}"])
def test_the_database_itself_refuses_to_change_the_record(path: Path, table: str, act: str) -> None:
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        connection.execute(act.format(table))
    connection.close()
    with Ledger.open(path) as ledger:
        assert ledger.verify().intact


def test_an_edit_of_a_decision_that_is_not_there_breaks_a_key(path: Path) -> None:
    with Ledger.open(path) as ledger, pytest.raises(sa.exc.IntegrityError, match="FOREIGN KEY"):
        with appending(ledger.engine) as connection:
            connection.exec_driver_sql("INSERT INTO edits VALUES (1, 'e', 'no such decision')")


def test_a_ledger_is_in_wal_mode_and_waits_thirty_seconds(path: Path) -> None:
    with Ledger.open(path) as ledger, ledger.engine.connect() as connection:
        asked = ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked] == ["wal", 30_000, 1, 2]


def test_an_older_ledger_is_migrated_and_keeps_its_chain(path: Path) -> None:
    with Ledger.open(path) as ledger:
        head = ledger.head()
        with appending(ledger.engine) as connection:
            assert migrate(connection, (*MIGRATIONS, add_a_column)) == len(MIGRATIONS) + 1
            assert migrate(connection, (*MIGRATIONS, add_a_column)) == len(MIGRATIONS) + 1
        with ledger.engine.connect() as connection:
            assert schema_version(connection) == len(MIGRATIONS) + 1
            assert connection.exec_driver_sql("SELECT queue FROM decisions").scalar() is None
        assert ledger.head() == head
        assert ledger.verify(head.hash).intact


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(path: Path) -> None:
    with Ledger.open(path) as ledger:
        with pytest.raises(RuntimeError, match="the migration fails"), appending(ledger.engine) as connection:
            migrate(connection, (*MIGRATIONS, fail_half_way))
        with ledger.engine.connect() as connection:
            assert schema_version(connection) == len(MIGRATIONS)
            assert "queue" not in {column["name"] for column in sa.inspect(connection).get_columns("decisions")}


def test_a_ledger_of_a_newer_version_is_not_opened(path: Path) -> None:
    with Ledger.open(path) as ledger, appending(ledger.engine) as connection:
        migrate(connection, (*MIGRATIONS, add_a_column))
    newer = len(MIGRATIONS) + 1
    for readonly in (False, True):
        with pytest.raises(LedgerError, match=f"l.db': its schema is version {newer}, this program knows .*; upgrade"):
            Ledger.open(path, readonly=readonly)


def test_an_empty_file_read_only_says_to_open_it_for_writing_once(tmp_path: Path) -> None:
    (tmp_path / "l.db").touch()
    with pytest.raises(LedgerError, match="its schema is version 0, not 1; open it once without readonly"):
        Ledger.open(tmp_path / "l.db", readonly=True)
