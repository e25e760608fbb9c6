"""A ledger on PostgreSQL: the same record as in a file, whoever writes at once, is killed, or loses the server."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import Server
from tests.tools.ledger_samples import case, decision, edit, pair
from tools.chain import sha256
from tools.database import LedgerError, appending, explained
from tools.ledger import GENESIS, Head, Ledger, UnknownDecision
from tools.schema import VERSION

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("ledger_samples.py")
PACK = '{"id":"community","rules":["é"],"version":"1.0.0"}'
# Killed when everything of a batch is written and nothing of it committed.
KILLED = """
import os, signal, sys
import sqlalchemy as sa
from tests.tools.ledger_samples import pair
from tools.ledger import Ledger

with Ledger.open(sys.argv[1]) as ledger:
    ledger.record([pair("whole")])
    sa.event.listen(ledger.engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    ledger.record([pair(f"lost-{n}") for n in range(50)])
"""


def started(*words: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))


def test_a_server_holds_the_same_ledger(database: str) -> None:
    with Ledger.open(database) as ledger:
        assert ledger.head() == Head(count=0, hash=GENESIS)
        ledger.record([pair(str(n)) for n in range(600)])
        with pytest.raises(LedgerError, match="recorded already"):
            ledger.record([pair("x"), pair("1")])
        assert ledger.decision("decision-59") == pair("59")[1]
        assert ledger.case(pair("7")[0].digest) == pair("7")[0]
        assert ledger.latest("case-7") == pair("7")[1] and ledger.latest("case-x") is None
        with pytest.raises(UnknownDecision, match="is the beginning of several ids: 'decision-0', 'decision-1'"):
            ledger.decision("decision")
        ledger.edit(edit(pair("7")[1], "e-1", "allow", 0))
        assert ledger.standing("decision-7").outcome == "allow"
        head = ledger.head()
    with Ledger.open(database, readonly=True) as ledger:
        assert ledger.head() == head and head.count == 601
        assert [d.id for d in ledger.decisions(limit=3, offset=8)] == ["decision-8", "decision-9", "decision-10"]
        assert ledger.verify(head.hash).intact and ledger.verify(GENESIS).entries == 601


def test_the_command_line_reads_and_verifies_it(database: str, tmp_path: Path) -> None:
    with Ledger.open(database) as ledger:
        ledger.record([pair("a")])
        head = ledger.head().hash
    env = {**os.environ, "PRECEPT_LEDGER": database}
    run = [sys.executable, "-m", "app", "--home", str(tmp_path), "ledger"]
    for words, said in ((["verify", "--head", head], "intact: 1 entries"), (["list"], "decision-a")):
        done = subprocess.run([*run, *words], capture_output=True, text=True, timeout=300, env=env, cwd=ROOT)
        assert done.returncode == 0 and said in done.stdout, done.stderr
    assert list(tmp_path.glob("*.db")) == []


def test_the_server_itself_refuses_to_change_or_remove_what_is_on_record(database: str) -> None:
    with Ledger.open(database) as ledger:
        ledger.record([pair("a")])
        for forbidden in (
            "UPDATE entries SET body = 'x'", "DELETE FROM entries", "TRUNCATE entries CASCADE",
            "UPDATE cases SET body = 'x'", "DELETE FROM cases", "TRUNCATE cases CASCADE",
        ):  # fmt: skip
            with pytest.raises(sa.exc.DBAPIError, match="is append-only"), ledger.engine.begin() as connection:
                connection.exec_driver_sql(forbidden)
        assert ledger.verify().intact


def test_what_was_altered_behind_its_back_is_named(database: str) -> None:
    with Ledger.open(database) as ledger:
        ledger.record([pair(str(n)) for n in range(5)])
        head = ledger.head().hash
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE entries DISABLE TRIGGER ALL")
            connection.exec_driver_sql("UPDATE entries SET body = replace(body, 'threatens', 'praises') WHERE seq = 3")
            connection.exec_driver_sql("UPDATE decisions SET outcome = 'allow' WHERE seq = 4")
        assert [(f.seq, f.what) for f in ledger.verify(head).faults] == [(3, "altered"), (4, "lookup")]


def test_processes_that_open_and_append_at_once_all_succeed_in_one_chain(database: str) -> None:
    rivals = [started(str(WRITER), database, name, "15", "4") for name in "abc"]
    said = [rival.communicate(timeout=300) for rival in rivals]
    assert [rival.returncode for rival in rivals] == [0, 0, 0], said
    with Ledger.open(database, readonly=True) as ledger:
        assert ledger.head().count == 180 and ledger.verify().intact
        assert {d.id for d in ledger.decisions()} == {
            f"decision-{name}-{batch}-{n}" for name in "abc" for batch in range(15) for n in range(4)
        }


def test_many_who_open_an_empty_database_at_once_make_one_ledger(database: str) -> None:
    def opened(n: int) -> None:
        with Ledger.open(database) as ledger:
            ledger.record([pair(str(n))])

    at_once(12, opened)
    with Ledger.open(database) as ledger:
        assert ledger.verify().entries == 12 and ledger.verify().intact


def test_a_policy_that_many_record_at_once_is_recorded_once(database: str) -> None:
    bodies = [PACK.replace("é", str(n)) for n in range(10)]
    ledgers = [Ledger.open(database) for _ in range(6)]

    def recorded(n: int) -> None:
        for body in bodies:
            ledgers[n].policy("community", "1.0.0", sha256(body), body)

    at_once(6, recorded)
    assert ledgers[0].head().count == len(bodies) and ledgers[0].verify().intact
    for ledger in ledgers:
        ledger.close()


def test_of_many_who_use_one_id_at_once_one_is_recorded_and_the_others_are_told_so(database: str) -> None:
    about = case("one")
    ledgers = [Ledger.open(database) for _ in range(6)]

    def recorded(n: int) -> str:
        try:
            ledgers[n].record([(about, decision(about, "same", severity=n))])
        except LedgerError as error:
            return str(error)
        return "recorded"

    said = sorted(map(str, at_once(6, recorded)))
    assert said[-1] == "recorded" and all("'decision-same' is recorded already" in s for s in said[:-1]), said
    assert ledgers[0].verify().entries == 1 and ledgers[0].verify().intact
    for ledger in ledgers:
        ledger.close()


def test_a_writer_killed_before_it_commits_leaves_nothing_and_keeps_nobody_waiting(database: str) -> None:
    victim = started("-c", KILLED, database)
    victim.communicate(timeout=300)
    assert victim.returncode == -signal.SIGKILL
    with Ledger.open(database) as ledger:
        assert [d.id for d in ledger.decisions()] == ["decision-whole"]
        ledger.record([pair("after"), pair("lost-1")])
        assert ledger.verify().entries == 3 and ledger.verify().intact


def test_a_process_killed_while_appending_leaves_whole_batches_and_a_sound_chain(database: str) -> None:
    victim = started(str(WRITER), database, "v", "100000", "7")
    assert victim.stdout is not None
    said = [victim.stdout.readline() for _ in range(5)]
    victim.send_signal(signal.SIGKILL)
    said += victim.communicate(timeout=60)[0].splitlines()
    with Ledger.open(database) as ledger:
        count = ledger.head().count
        assert count % 7 == 0 and count >= 7 * len(said)
        ledger.record([pair("after")])
        assert ledger.verify().intact and ledger.verify().entries == count + 1


def test_a_ledger_that_was_opened_to_read_cannot_be_written(database: str) -> None:
    with pytest.raises(LedgerError, match="its schema is version 0, not 1; open it once without readonly"):
        Ledger.open(database, readonly=True)
    with Ledger.open(database) as ledger:
        ledger.record([pair("a")])
    with Ledger.open(database, readonly=True) as ledger:
        with pytest.raises(LedgerError, match="it was opened read-only"):
            ledger.record([pair("b")])
        with pytest.raises(sa.exc.DBAPIError, match="read-only transaction"), ledger.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM head")


def test_a_ledger_of_a_newer_program_is_refused_and_left_alone(database: str) -> None:
    with Ledger.open(database) as ledger, ledger.engine.begin() as connection:
        connection.execute(VERSION.update().values(version=7))
    with pytest.raises(LedgerError, match="its schema is version 7, this program knows 1; upgrade precept"):
        Ledger.open(database)


def test_tables_of_others_may_stay_but_not_one_of_a_name_of_ours(database: str) -> None:
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE songs (title TEXT)")
    with Ledger.open(database) as ledger:
        ledger.record([pair("a")])
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE ledger_schema")
    with pytest.raises(LedgerError, match="it holds other tables .*entries.* and no ledger"):
        Ledger.open(database)
    engine.dispose()


def test_an_audit_sees_one_moment_while_others_write(database: str) -> None:
    with Ledger.open(database) as ledger, Ledger.open(database) as other:
        ledger.record([pair(f"{n}") for n in range(300)])

        def act(n: int) -> bool:
            if n % 2:
                return ledger.verify().intact
            other.record([pair(f"{n}-{m}") for m in range(20)])
            return True

        assert all(at_once(8, act))


def test_text_that_postgresql_cannot_hold_raw_is_kept_to_the_letter_inside_a_case(database: str) -> None:
    about = case("nul", "a\x00b \U0001f642 \u202e 'quoted' % :name \\")
    with Ledger.open(database) as ledger:
        ledger.record([(about, decision(about, "a"))])
        assert ledger.case(about.digest) == about
        named = case("a\x00b")
        with pytest.raises(LedgerError, match=r"cannot record decisions: the database refused \(DataError: .*NUL"):
            ledger.record([(named, decision(named, "b"))])
        assert ledger.verify().entries == 1 and ledger.verify().intact


def test_one_writer_waits_for_the_other_and_a_reader_for_nobody(database: str) -> None:
    with Ledger.open(database) as ledger, Ledger.open(database) as other, ThreadPoolExecutor(1) as pool:
        ledger.record([pair("a")])
        with appending(other.engine):
            waiting = pool.submit(ledger.record, [pair("b")])
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            assert other.head().count == ledger.head().count == 1
        waiting.result(60)
        assert ledger.head().count == 2


def test_a_server_that_is_away_is_named_with_the_fix_and_nothing_is_lost_when_it_is_back(own_postgres: Server) -> None:
    place = own_postgres.url("postgres").replace("precept@", "precept:secret@")
    with Ledger.open(place) as ledger:
        ledger.record([pair("a")])
        own_postgres.stop()
        with pytest.raises(LedgerError) as raised:
            ledger.record([pair("b")])
        words = str(raised.value)
        assert "cannot record decisions: the server cannot be reached (OperationalError: " in words, words
        assert words.endswith("; check that it is up, and the address, the name and the password in the URL")
        assert "\n" not in words and "secret" not in words
        with pytest.raises(LedgerError, match="cannot open it: the server cannot be reached"):
            Ledger.open(place)
        own_postgres.start()
        ledger.record([pair("b")])
        assert ledger.verify().entries == 2 and ledger.verify().intact
        with pytest.raises(LedgerError, match="the server cannot be reached"), explained(place, "go on"):
            with appending(ledger.engine) as connection:
                own_postgres.stop()
                own_postgres.start()
                connection.execute(VERSION.update().values(version=7))
        ledger.record([pair("c")])
        assert ledger.verify().entries == 3 and ledger.verify().intact
