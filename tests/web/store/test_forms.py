import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from web.store import authors, gold
from web.store.database import Store, StoreError
from web.store.forms import STEPS, UNREAD

FIRST = Path(__file__).with_name("first_form.sql")
THIRD = Path(__file__).with_name("third_form.sql")
NEWEST = len(STEPS) + 1
CLEAR = "whsec-this-lay-in-the-clear-for-a-long-time"
# The second shape of form 1: the docket whole, and webhooks.
HOOKS = f"""
ALTER TABLE docket ADD COLUMN first_rule TEXT;
UPDATE docket SET first_rule = 'HR9';
CREATE TABLE hooks (id TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL, "by" TEXT NOT NULL,
  created TEXT NOT NULL, removed TEXT, PRIMARY KEY (id));
INSERT INTO hooks VALUES ('h-000000000001', 'https://example.org', '{CLEAR}', '["decision"]', 'u-2', '2026-11-01', NULL),
  ('h-000000000002', 'https://example.org', '', '["decision"]', 'u-2', '2026-11-01', '2026-11-02');
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from web.store import forms, tables
from web.store.database import Store
from tools.database import appending, engine_at
from web.store.seal import Seal

def dies(connection, seal):
    os.kill(os.getpid(), signal.SIGKILL)

place = Path(sys.argv[1])
with appending(engine_at(str(place), readonly=False)) as connection:
    forms.bring_up(connection, str(place), Seal(place.with_name("web.key")), (*forms.STEPS, dies))
"""
FULL = """
import resource, signal, sys
from web.store.database import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
Store.open(sys.argv[1])
"""


def made(folder: Path, more: str = "", form: Path = FIRST) -> Path:
    """Return a file as the first console left it, or a later one."""
    place = folder / "work.db"
    raw = sqlite3.connect(place)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.executescript(form.read_text() + more)
    raw.close()
    return place


def rows(place: Path) -> dict[str, list[dict[str, object]]]:
    raw = sqlite3.connect(place)
    raw.row_factory = sqlite3.Row
    names = [r[0] for r in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: [dict(r) for r in raw.execute(f"SELECT * FROM {name} ORDER BY 1")] for name in names}
    raw.close()
    return found


def shape(place: Path) -> dict[str, tuple[set[tuple[object, ...]], set[str]]]:
    """Return the columns and the named indexes of each table."""
    raw = sqlite3.connect(place)
    names = [r[0] for r in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {
        name: (
            {tuple(r)[1:4] for r in raw.execute(f"PRAGMA table_info({name})")},
            {r[1] for r in raw.execute(f"PRAGMA index_list({name})") if not r[1].startswith("sqlite_")},
        )
        for name in names
    }
    raw.close()
    return found


def test_a_store_of_the_first_form_is_brought_up_and_nothing_is_lost(tmp_path: Path) -> None:
    place = made(tmp_path)
    before = rows(place)
    with Store.open(place):
        pass
    after = rows(place)
    assert after.pop("work_form") == [{"version": NEWEST}] and before.pop("work_form") == [{"version": 1}]
    for name, old in before.items():
        held = [{k: v for k, v in row.items() if k in old[0]} for row in after[name]]
        assert held == old, name
    assert [r["first_rule"] for r in after["docket"]] == [UNREAD, UNREAD]


def test_a_store_of_the_third_form_gets_room_for_who_published_what_and_keeps_everything(tmp_path: Path) -> None:
    place = made(tmp_path, form=THIRD)
    before = rows(place)
    with Store.open(place) as store:
        assert authors.authors(store, ["d-0000000000000001"]) == {}
        authors.credit_all(store, {"d-0000000000000001": "u-81"})
        assert authors.author(store, "d-0000000000000001") == "u-81"
    after = rows(place)
    assert before.pop("work_form") == [{"version": 3}] and after.pop("work_form") == [{"version": NEWEST}]
    assert [len(after.pop(name)) for name in ("authors", "authored")] == [1, 1]
    assert after == before
    assert rows(tmp_path / "work.db.form-3") == before | {"work_form": [{"version": 3}]}


def test_labels_of_the_third_form_say_nothing_of_tiers_until_somebody_does(tmp_path: Path) -> None:
    put = "INSERT INTO gold VALUES ('0', 'community', 'act', 'HR2', 'u-2', '2026-11-20', 'j-1');"
    with Store.open(made(tmp_path, put, THIRD)) as store:
        (label,) = gold.labels(store, "community").values()
        assert (label.outcome, label.rule_id, label.source, label.tier) == ("act", "HR2", "j-1", None)
        with store.writing() as connection:
            gold.put(connection, "0", "community", "act", "HR2", "u-3", "j-2", "high")
        assert gold.labels(store, "community")["0"].tier == "high"


def test_a_store_of_the_third_form_outlives_a_kill_on_the_way_and_goes_on(tmp_path: Path) -> None:
    place = made(tmp_path, form=THIRD)
    before = shape(place), rows(place)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(place)], cwd=Path.cwd(), timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert (shape(place), rows(place)) == before
    with Store.open(place) as store:
        authors.credit_all(store, {"d-0000000000000002": "u-82"})
    assert rows(place)["work_form"] == [{"version": NEWEST}] and len(rows(place)["authored"]) == 1


@pytest.mark.parametrize(("more", "form"), [("", FIRST), (HOOKS, FIRST), ("", THIRD)])
def test_what_was_brought_up_has_the_shape_of_what_is_made_new(tmp_path: Path, more: str, form: Path) -> None:
    place = made(tmp_path, more, form)
    with Store.open(place), Store.open(tmp_path / "new" / "work.db"):
        pass
    assert shape(place) == shape(tmp_path / "new" / "work.db")


def test_the_file_is_copied_aside_before_for_its_owner_alone(tmp_path: Path) -> None:
    place = made(tmp_path)
    before = rows(place)
    with Store.open(place):
        pass
    copy = tmp_path / "work.db.form-1"
    assert copy.stat().st_mode & 0o777 == 0o600 and rows(copy) == before
    copy.unlink()
    with Store.open(place):
        pass
    assert not copy.exists()  # what has the newest form is not copied


def test_secrets_in_the_clear_are_sealed_and_no_trace_of_them_is_left(tmp_path: Path) -> None:
    place = made(tmp_path, HOOKS)
    assert CLEAR.encode() in place.read_bytes()
    with Store.open(place) as store:
        first, removed = (r["secret"] for r in rows(place)["hooks"])
        assert store.seal.open(str(first)) == CLEAR and removed == ""
        left = [p.name for p in tmp_path.glob("work.db*") if CLEAR.encode() in p.read_bytes()]
    assert left == ["work.db.form-1"]
    assert (tmp_path / "web.key").stat().st_mode & 0o777 == 0o600
    assert [r["first_rule"] for r in rows(place)["docket"]] == ["HR9", "HR9"]


def test_a_store_of_a_newer_form_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    place = made(tmp_path, f"UPDATE work_form SET version = {NEWEST + 1}")
    before = shape(place), rows(place)
    with pytest.raises(StoreError, match=f"form {NEWEST + 1}, this program knows {NEWEST}; upgrade precept"):
        Store.open(place)
    assert (shape(place), rows(place)) == before and not (tmp_path / "work.db.form-1").exists()


def test_a_process_that_is_killed_on_the_way_loses_nothing(tmp_path: Path) -> None:
    place = made(tmp_path, HOOKS)
    before = shape(place), rows(place)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(place)], cwd=Path.cwd(), timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert (shape(place), rows(place)) == before
    with Store.open(place) as store:
        assert store.seal.open(str(rows(place)["hooks"][0]["secret"])) == CLEAR
    assert rows(place)["work_form"] == [{"version": NEWEST}]


@pytest.mark.parametrize("room", [100, 60_000, 110_000])
def test_a_disk_that_is_full_leaves_the_old_form_whole(tmp_path: Path, room: int) -> None:
    place = made(tmp_path)
    before = shape(place), rows(place)
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(place), str(room)], cwd=Path.cwd(), timeout=120, capture_output=True, text=True
    )
    assert ended.returncode == 1 and "StoreError: store" in ended.stderr, ended.stderr
    shutil.copy(place, tmp_path / "seen.db")
    assert (shape(place), rows(place)) == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".work")]
    with Store.open(place):
        pass


def test_two_who_open_an_older_store_at_once_bring_it_up_once(tmp_path: Path) -> None:
    place = made(tmp_path, HOOKS)
    with ThreadPoolExecutor(6) as pool:
        for store in pool.map(lambda _: Store.open(place), range(6)):
            store.close()
    assert rows(tmp_path / "work.db.form-1")["work_form"] == [{"version": 1}]
    assert rows(place)["work_form"] == [{"version": NEWEST}]


def test_who_may_not_write_the_folder_is_told_before_anything_is_changed(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    place = made(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError):
            Store.open(place)
    finally:
        tmp_path.chmod(0o700)
    assert rows(place)["work_form"] == [{"version": 1}]
