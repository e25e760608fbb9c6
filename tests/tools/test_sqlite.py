import multiprocessing
import sqlite3
import threading
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from tools.sqlite import code, connect, explain


def test_opening_a_new_file_waits_for_another_that_is_just_creating_it(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE t (x)")
    release = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    release.start()
    db = connect(path, wait=20)
    release.join()
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()
    other.close()


def create(path: Path, start: Barrier) -> None:
    start.wait()
    connect(path).close()


def test_processes_that_create_one_file_at_the_same_moment_all_open_it(tmp_path: Path) -> None:
    # Not a fork of this process: that has the locks of its threads, and hangs where one was held.
    clean = multiprocessing.get_context("forkserver")
    for n in range(15):
        start = clean.Barrier(6)
        rivals = [clean.Process(target=create, args=(tmp_path / f"{n}.db", start)) for _ in range(6)]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert [rival.exitcode for rival in rivals] == [0] * 6


def test_an_error_is_put_in_words_with_its_fix(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as raised:
        connect(tmp_path / "none.db", readonly=True)
    assert code(raised.value) == sqlite3.SQLITE_CANTOPEN
    assert explain(raised.value, "cannot do it") == (
        "cannot do it: the file cannot be opened (SQLITE_CANTOPEN: unable to open database file); "
        "check that the path names a file, that its folder exists and that this user may write there"
    )


def test_an_error_without_a_code_is_still_put_in_words() -> None:
    assert explain(ValueError("odd"), "cannot do it") == (
        "cannot do it: the database refused (ValueError: odd); read its message and mend the cause"
    )
    assert code(None) is None
