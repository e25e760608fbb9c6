"""What happens to a ledger when the machine misbehaves: full disks, locked files, killed and rival processes."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.tools.ledger_samples import pair
from tools.database import LedgerError, shown
from tools.ledger import Ledger

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("ledger_samples.py")


def writer(path: Path, name: str, count: int, size: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(path), name, str(count), str(size)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_processes_that_open_and_append_at_once_all_succeed_in_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "new" / "l.db"
    rivals = [writer(path, name, 15, 4) for name in "abc"]
    for rival in rivals:
        rival.communicate(timeout=60)
    assert [rival.returncode for rival in rivals] == [0, 0, 0]
    with Ledger.open(path, readonly=True) as ledger:
        assert ledger.head().count == 180
        assert ledger.verify().intact
        assert {d.id for d in ledger.decisions()} == {
            f"decision-{name}-{batch}-{n}" for name in "abc" for batch in range(15) for n in range(4)
        }


def test_a_process_killed_while_appending_leaves_whole_batches_and_a_sound_chain(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    victim = writer(path, "v", 100_000, 7)
    assert victim.stdout is not None
    said = [victim.stdout.readline() for _ in range(5)]
    victim.send_signal(signal.SIGKILL)
    said += victim.stdout.readlines()
    victim.stdout.close()
    assert victim.wait(timeout=30) == -signal.SIGKILL
    with Ledger.open(path) as ledger:
        count = ledger.head().count
        assert count % 7 == 0
        assert count >= 7 * len(said)
        assert ledger.verify().intact
        ledger.record([pair("after")])
        assert ledger.verify().entries == count + 1


def test_a_full_disk_is_named_and_the_batch_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with Ledger.open(path) as ledger:
        ledger.record([pair("first")])
        before = ledger.head()
        with ledger.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        ledger.engine.dispose()
        sa.event.listen(ledger.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages + 5}"))
        with pytest.raises(LedgerError) as raised:
            ledger.record([pair(str(n)) for n in range(200)])
        assert str(raised.value) == (
            f"ledger {str(path)!r}: cannot record decisions: the disk is full (SQLITE_FULL: database or disk is full); "
            "free space (or raise the size limit) and do it again"
        )
        assert ledger.head() == before
        assert ledger.verify(before.hash).entries == 1
        ledger.record([pair("small")])
    with Ledger.open(path) as ledger:
        ledger.record([pair(str(n)) for n in range(200)])
        assert ledger.verify().intact
        assert ledger.head().count == 202


def test_a_file_size_limit_is_named_and_the_batch_leaves_no_trace(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.db") as ledger:
        ledger.record([pair("first")])
        before = ledger.head()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
        try:
            with pytest.raises(
                LedgerError, match="the disk refused to read or write .*look for a full disk, a file size"
            ):
                ledger.record([pair(str(n)) for n in range(300)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert ledger.head() == before
        ledger.record([pair(str(n)) for n in range(300)])
        assert ledger.verify().intact


def test_a_writer_that_is_held_up_too_long_says_that_another_process_holds_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with Ledger.open(path) as ledger:
        ledger.engine.dispose()
        sa.event.listen(ledger.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=50"))
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="another process holds it and did not let go"):
            ledger.record([pair("a")])
        assert ledger.head().count == 0
        holder.close()
        ledger.record([pair("a")])


READ_ONLY = """
import os, sys
from tests.tools.ledger_samples import pair
from tools.ledger import Ledger, LedgerError
made = pair("b")
if os.geteuid() == 0:
    os.setuid(65534)
with Ledger.open(sys.argv[1], readonly=True) as ledger:
    print(ledger.verify().entries)
try:
    with Ledger.open(sys.argv[1]) as ledger:
        ledger.record([made])
except LedgerError as error:
    print(error)
"""


def test_a_file_that_may_not_be_written_can_be_audited_and_says_so_when_written(tmp_path: Path) -> None:
    # The usual tmp_path lies below a folder that only this user may enter, and root may write anything: the child
    # gives up its rights, so the ledger lies where others may look.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "l.db"
        with Ledger.open(path) as ledger:
            ledger.record([pair("a")])
        path.chmod(0o444)
        path.parent.chmod(0o555)
        child = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        path.parent.chmod(0o755)
    assert child.returncode == 0, child.stderr
    read, said = child.stdout.splitlines()
    assert read == "1"
    assert said.startswith(f"ledger {str(path)!r}: cannot ")
    assert "make the file and its folder writable" in said or "this user may write there" in said


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are notes\n" * 500)
    with pytest.raises(LedgerError, match=r"notes.txt': cannot open it: the file is no SQLite database"):
        Ledger.open(path)
    assert path.read_bytes() == b"these are notes\n" * 500


def test_a_damaged_file_is_named_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with Ledger.open(path) as ledger:
        ledger.record([pair(str(n)) for n in range(100)])
    raw = bytearray(path.read_bytes())
    raw[8192:] = b"\x5a" * (len(raw) - 8192)
    path.write_bytes(raw)
    with pytest.raises(LedgerError, match=r"the file is damaged \(SQLITE_CORRUPT.*restore it from a backup"):
        with Ledger.open(path, readonly=True) as ledger:
            list(ledger.decisions())


def test_a_missing_ledger_is_not_created_by_reading_it(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="the file cannot be opened"):
        Ledger.open(tmp_path / "none.db", readonly=True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_is_not_taken_for_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    with pytest.raises(LedgerError, match=r"it holds other tables \(songs\) and no ledger; give another path"):
        Ledger.open(path)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (":memory:", "a ledger in memory keeps nothing"),
        ("sqlite://", "a ledger in memory keeps nothing"),
        ("mysql://root:secret@host/db", r"ledger 'mysql://root:\*\*\*@host/db': only SQLite and PostgreSQL"),
        ("://", "not a database URL"),
    ],
)
def test_a_place_that_cannot_hold_a_ledger_is_refused(place: str, said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        Ledger.open(place)


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="check that the path names a file"):
        Ledger.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot make its folder"):
        Ledger.open(tmp_path / "file" / "l.db")


def test_a_password_is_never_shown() -> None:
    assert shown("postgresql+psycopg://u:secret@h/db") == "postgresql+psycopg://u:***@h/db"
    assert shown("some/path.db") == "some/path.db"


def test_names_that_mean_something_in_a_url_are_plain_file_names(tmp_path: Path) -> None:
    path = tmp_path / "a ?mode=ro&x#y%20 é.db"
    with Ledger.open(path) as ledger:
        ledger.record([pair("a")])
        assert path.exists()
