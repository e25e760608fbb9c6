"""work.db on PostgreSQL: brought up from every form, one writer at a time, and nothing lost whoever is killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the web needs pip install 'precept[web]'")

import sqlalchemy as sa

from tests.postgres import Server, emptied
from tests.tools.ledger_samples import case, decision, pair
from tests.web.store.test_forms import CLEAR, FIRST, HOOKS, THIRD
from tools.ledger import Ledger
from web.store import authors, journal, notes, saved, uploads
from web.store.database import Store, StoreError, now
from web.store.docket import beginnings, catch_up
from web.store.forms import STEPS, UNREAD
from web.store.seal import NAME, Seal

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[3]
NEWEST = len(STEPS) + 1
# A number that the database gives: INTEGER alone as the key.
KEY = re.compile(r"(\w+) INTEGER NOT NULL(?=[^;]*PRIMARY KEY \(\1\))")
FORMS = [(FIRST, "", 1), (FIRST, HOOKS, 1), (FIRST, HOOKS, 2), *((THIRD, "", form) for form in range(3, NEWEST))]
KILLED = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from web.store import forms, tables
from tools.database import appending, engine_at
from web.store.seal import Seal

def dies(connection, seal):
    os.kill(os.getpid(), signal.SIGKILL)

place, home = sys.argv[1:]
with appending(engine_at(place, readonly=False)) as connection:
    forms.bring_up(connection, place, Seal(Path(home) / "web.key"), (*forms.STEPS, dies))
"""
OPENS = """
import sys
from pathlib import Path
from web.store.database import Store
with Store.open(sys.argv[1], Path(sys.argv[2])) as store:
    pass
"""


def made(place: str, home: Path, file: Path, more: str, form: int) -> None:
    """Fill a database as a server of an earlier release left it."""
    text = KEY.sub(r"\1 SERIAL NOT NULL", file.read_text() + more)
    text = text.replace(" BLOB", " BYTEA").replace("x'00ff'", r"'\x00ff'")
    engine = sa.create_engine(place)
    with engine.begin() as connection:
        for line in text.split(";\n"):
            if line.strip():
                connection.exec_driver_sql(line.replace("%", "%%"))
        connection.exec_driver_sql("SELECT setval('journal_seq_seq', 1)")
        (has,) = connection.exec_driver_sql("SELECT version FROM work_form").one()
        for step in STEPS[has - 1 : form - 1]:
            step(connection, Seal(home / NAME))
        connection.exec_driver_sql(f"UPDATE work_form SET version = {form}")
    engine.dispose()


def rows(place: str) -> dict[str, list[dict[str, object]]]:
    engine = sa.create_engine(place)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        found = {
            name: [dict(r) for r in connection.exec_driver_sql(f'SELECT * FROM "{name}" ORDER BY 1').mappings()]
            for name in names
        }
    engine.dispose()
    return found


def shape(place: str) -> dict[str, tuple[object, ...]]:
    """Return the columns, the keys and the indexes of each table."""
    engine = sa.create_engine(place)
    with engine.connect() as connection:
        seen = sa.inspect(connection)
        found = {
            name: (
                {(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)},
                tuple(seen.get_pk_constraint(name)["constrained_columns"]),
                {tuple(u["column_names"]) for u in seen.get_unique_constraints(name)},
                {(i["name"], tuple(i["column_names"])) for i in seen.get_indexes(name)},
            )
            for name in seen.get_table_names()
        }
    engine.dispose()
    return found


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))


@pytest.mark.parametrize(("file", "more", "form"), FORMS)
def test_every_form_is_brought_to_the_newest_and_nothing_is_lost(
    database: str, postgres: Server, tmp_path: Path, file: Path, more: str, form: int
) -> None:
    made(database, tmp_path, file, more, form)
    before = rows(database)
    with Store.open(database, tmp_path) as store:
        after = rows(database)
        assert after.pop("work_form") == [{"version": NEWEST}] and before.pop("work_form") == [{"version": form}]
        for name, old in before.items():
            held = [{k: v for k, v in row.items() if k in old[0]} for row in after[name]] if old else after[name]
            if name == "hooks" and form < 3:
                assert [store.seal.open(str(r["secret"])) for r in held if r["secret"]] == [CLEAR]
                held = [row | {"secret": was["secret"]} for row, was in zip(held, old, strict=True)]
            assert held == old, name
        if not more and file == FIRST:
            assert [r["first_rule"] for r in after["docket"]] == [UNREAD, UNREAD]
        # What it numbers itself goes on from there.
        journal.note(store, "u-1", "case.read", "d-0000000000000001")
        assert [line.seq for line in journal.lines(store)] == [2, 1]
        authors.credit_all(store, {"d-1": "u-81", "d-2": "u-81"})
        assert authors.authors(store, ["d-1", "d-2", "d-3"]) == {"d-1": "u-81", "d-2": "u-81"}
        with store.writing() as connection:
            assert authors.forget(connection, "u-81") == 2
        authors.scrub(store)
        assert authors.ref(store, "u-81") is None
    with emptied(postgres) as fresh:
        with Store.open(fresh, tmp_path):
            pass
        assert shape(database) == shape(fresh)


@pytest.mark.parametrize(("file", "more", "form"), [FORMS[1], FORMS[-1]])
def test_a_process_that_is_killed_on_the_way_loses_nothing(
    database: str, tmp_path: Path, file: Path, more: str, form: int
) -> None:
    made(database, tmp_path, file, more, form)
    before = shape(database), rows(database)
    ended = subprocess.run([sys.executable, "-c", KILLED, database, str(tmp_path)], cwd=ROOT, timeout=300)
    assert ended.returncode == -signal.SIGKILL
    assert (shape(database), rows(database)) == before
    with Store.open(database, tmp_path):
        pass
    assert rows(database)["work_form"] == [{"version": NEWEST}]


def test_a_store_of_a_newer_form_is_refused_and_left_as_it_is(database: str, tmp_path: Path) -> None:
    made(database, tmp_path, THIRD, "", NEWEST + 1)
    before = shape(database), rows(database)
    with pytest.raises(StoreError, match=f"form {NEWEST + 1}, this program knows {NEWEST}; upgrade precept"):
        Store.open(database, tmp_path)
    assert (shape(database), rows(database)) == before


def test_many_who_open_a_new_database_at_once_make_its_tables_once(database: str, tmp_path: Path) -> None:
    at_once(8, lambda _: Store.open(database, tmp_path).close())
    assert rows(database)["work_form"] == [{"version": NEWEST}]


def test_two_processes_that_open_an_older_store_at_once_bring_it_up_once(database: str, tmp_path: Path) -> None:
    made(database, tmp_path, FIRST, HOOKS, 1)
    run = [sys.executable, "-c", OPENS, database, str(tmp_path)]
    rivals = [subprocess.Popen(run, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [rival.communicate(timeout=300)[1] for rival in rivals]
    assert [rival.returncode for rival in rivals] == [0, 0], said
    assert "".join(said).count(f"is brought from form 1 to {NEWEST}") == 1
    with Store.open(database, tmp_path) as store:
        assert store.seal.open(str(rows(database)["hooks"][0]["secret"])) == CLEAR


def test_of_many_who_write_at_once_each_sees_what_the_one_before_wrote(database: str, tmp_path: Path) -> None:
    stores = [Store.open(database, tmp_path) for _ in range(4)]
    with stores[0].writing() as connection:
        connection.exec_driver_sql("CREATE TABLE counted (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counted VALUES (0)")

    def counts(n: int) -> None:
        for _ in range(25):
            with stores[n].writing() as connection:
                seen = connection.exec_driver_sql("SELECT n FROM counted").scalar_one()
                connection.exec_driver_sql(f"UPDATE counted SET n = {seen + 1}")

    at_once(4, counts)
    assert rows(database)["counted"] == [{"n": 100}]
    for store in stores:
        store.close()


def test_a_writer_waits_for_the_other_and_neither_readers_nor_the_ledger_wait(database: str, tmp_path: Path) -> None:
    with (
        Store.open(database, tmp_path) as one, Store.open(database, tmp_path) as two,
        Ledger.open(database) as ledger, ThreadPoolExecutor(1) as pool,
    ):  # fmt: skip
        with one.writing():
            waiting = pool.submit(journal.note, two, "u-1", "case.read", "d-1")
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            assert journal.lines(two) == []
            ledger.record([pair("meanwhile")])
        waiting.result(60)
        assert len(journal.lines(one)) == 1
        with pytest.raises(ZeroDivisionError), one.writing() as connection:
            journal.note(one, "u-1", "case.read", "d-2", connection=connection)
            raise ZeroDivisionError
        assert len(journal.lines(two)) == 1


def test_what_no_text_of_postgresql_may_hold_is_kept_as_a_sign_and_stops_nobody(database: str, tmp_path: Path) -> None:
    about = case("nul", "A\x00b")
    with Store.open(database, tmp_path) as store, Ledger.open(database) as ledger:
        ledger.record([(about, decision(about, "nul")), pair("next")])
        assert catch_up(store, ledger) == 2
        assert beginnings(store, ["decision-nul"]) == {"decision-nul": "a\ufffdb"}
        with store.writing() as connection:
            notes.add(connection, "decision-nul", "u-1", now(), "x\x00y")
            uploads.add(connection, {f"{n}\x00": now() for n in range(3)})
        assert [n.text for n in notes.of(store, "decision-nul")] == ["x\ufffdy"]
        saved.keep(store, "u\x001", "mine", "/queue", False)
        assert [s.own for s in saved.of(store, "u\x001")] == [False]
        assert saved.of(store, "u\ufffd1")[0].own


def test_a_server_that_is_away_is_named_with_the_fix_and_works_again_when_it_is_back(
    own_postgres: Server, tmp_path: Path
) -> None:
    place = own_postgres.url()
    with Store.open(place, tmp_path) as store:
        journal.note(store, "u-1", "case.read", "d-1")
        own_postgres.stop()
        with pytest.raises(StoreError, match="store .*: cannot write the journal: the server cannot be reached"):
            journal.note(store, "u-1", "case.read", "d-2")
        with pytest.raises(StoreError, match="cannot open it: the server cannot be reached .*; check that it is up"):
            Store.open(place, tmp_path)
        own_postgres.start()
        journal.note(store, "u-1", "case.read", "d-3")
        with pytest.raises(StoreError, match="cannot go on: the server cannot be reached"):
            with store.writing("go on") as connection:
                journal.note(store, "u-1", "case.read", "d-4", connection=connection)
                own_postgres.stop()
                own_postgres.start()
        assert [line.subject for line in journal.lines(store)] == ["d-3", "d-1"]


def test_a_database_that_is_not_there_or_not_ours_is_named(postgres: Server, database: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match='"nowhere" does not exist.*check that it is up, and the address'):
        Store.open(postgres.url("nowhere"), tmp_path)
    with Store.open(database, tmp_path) as store, store.writing() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS guest")
        connection.exec_driver_sql("CREATE ROLE guest LOGIN")
    if not isinstance(postgres, Server):
        return  # what is named may want a password
    guest = sa.make_url(database).set(username="guest").render_as_string()
    with pytest.raises(StoreError, match="this user may not do that .*; give it the rights to make tables"):
        Store.open(guest, tmp_path)
    assert os.listdir(tmp_path) == []
