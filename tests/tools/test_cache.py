import logging
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.tools.ledger_samples import pair
from tools.cache import Cache, Vector, VerdictKey, stored
from tools.ledger import Ledger

ROOT = Path(__file__).parents[2]
SOME: Vector = np.linspace(-1, 1, 384, dtype=np.float32)


def rows(count: int, width: int = 384) -> dict[str, Vector]:
    made = np.random.default_rng(7).normal(size=(count, width)).astype(np.float32)
    return {f"text {n}|model": row for n, row in enumerate(made)}


def test_vectors_come_back_in_their_shape_rounded_to_half_precision(tmp_path: Path) -> None:
    kept: dict[str, Vector] = {
        "row": SOME,
        "matrix": SOME.reshape(4, 96),
        "one row": SOME.reshape(1, 384),
        "no rows": np.empty((0, 384), np.float32),
        "nothing": np.empty(0, np.float32),
    }
    with Cache.open(tmp_path / "c.db") as cache:
        cache.put_vectors(kept)
    with Cache.open(tmp_path / "c.db") as cache:
        found = cache.vectors([*kept, "never put"])
    assert list(found) == list(kept)
    for name, vector in kept.items():
        assert found[name].dtype == np.float32
        assert found[name].shape == vector.shape
        np.testing.assert_array_equal(found[name], stored(vector))
        np.testing.assert_allclose(found[name], vector, atol=5e-4)


def test_a_vector_that_half_precision_cannot_hold_is_not_kept_and_not_changed(tmp_path: Path) -> None:
    large, wrong = SOME * 1e6, np.array([np.nan], np.float32)
    with Cache.open(tmp_path / "c.db") as cache:
        cache.put_vectors({"large": large, "wrong": wrong, "fine": SOME})
        assert list(cache.vectors(["large", "wrong", "fine"])) == ["fine"]
    np.testing.assert_array_equal(stored(large), large)


def test_an_array_of_three_dimensions_is_refused_by_name(tmp_path: Path) -> None:
    with Cache.open(tmp_path / "c.db") as cache, pytest.raises(ValueError, match=r"'cube' has the shape \(2, 2, 2\)"):
        cache.put_vectors({"cube": np.zeros((2, 2, 2), np.float32)})


def test_verdicts_are_kept_by_content_rule_and_model(tmp_path: Path) -> None:
    kept: dict[VerdictKey, str] = {("c1", "r1", "m1"): '{"p":0.5}', ("c1", "r2", "m1"): '{"é":"🙂"}'}
    with Cache.open(tmp_path / "c.db") as cache:
        cache.put_verdicts(kept)
        assert cache.verdicts([*kept, ("c1", "r1", "m2"), ("c1r", "1", "m1"), ("c", "1r1", "m1")]) == kept
        cache.put_verdicts({("c1", "r1", "m1"): '{"p":0.9}'})
        assert cache.verdicts([("c1", "r1", "m1")]) == {("c1", "r1", "m1"): '{"p":0.9}'}
        assert cache.vectors(["c1"]) == {}


def test_ten_thousand_vectors_are_read_in_under_half_a_second(tmp_path: Path) -> None:
    kept = rows(10_000)
    with Cache.open(tmp_path / "c.db") as cache:
        cache.put_vectors(kept)
        took = []
        for _ in range(3):
            start = time.perf_counter()
            found = cache.vectors(list(kept))
            took.append(time.perf_counter() - start)
        assert len(found) == 10_000
        assert min(took) < 0.5


def test_content_is_not_readable_in_the_file(tmp_path: Path) -> None:
    with Cache.open(tmp_path / "c.db") as cache:
        cache.put_vectors({"a private message": SOME})
    assert b"private" not in (tmp_path / "c.db").read_bytes()


def test_trim_drops_what_was_written_longest_ago_and_gives_the_space_back(tmp_path: Path) -> None:
    path, kept = tmp_path / "c.db", rows(2000)
    names = list(kept)
    with Cache.open(path) as cache:
        for start in range(0, 2000, 500):
            cache.put_vectors({name: kept[name] for name in names[start : start + 500]})
        cache.put_vectors({names[0]: kept[names[0]]})
    full = path.stat().st_size
    with Cache.open(path) as cache:
        assert cache.trim(full * 2) == 0
        dropped = cache.trim(full // 3)
        left = cache.vectors(names)
        assert len(left) == 2000 - dropped
        assert 300 < len(left) < 800
        assert list(left) == [names[0], *names[dropped + 1 :]]
        assert path.stat().st_size <= full // 3
        cache.trim(0)
        assert cache.vectors(names) == {}


def test_a_bounded_cache_keeps_to_its_size_while_it_is_written_and_the_oldest_go_first(tmp_path: Path) -> None:
    path, kept, bound = tmp_path / "c.db", rows(4000), 1 << 20
    names = list(kept)
    with Cache.open(path, bound) as cache:
        for start in range(0, 4000, 100):
            cache.put_vectors({name: kept[name] for name in names[start : start + 100]})
            left = cache.vectors(names)
            assert list(left) == names[start + 100 - len(left) : start + 100]
        assert 500 < len(left) < 2000
    assert path.stat().st_size <= bound * 1.1


def test_a_cache_that_grew_without_a_bound_is_cut_when_it_is_opened_with_one(tmp_path: Path) -> None:
    path, kept = tmp_path / "c.db", rows(4000)
    with Cache.open(path) as cache:
        cache.put_vectors(kept)
    with Cache.open(path, 1 << 20) as cache:
        left = cache.vectors(list(kept))
    assert 0 < len(left) < 2000 and path.stat().st_size <= 1 << 20


@pytest.mark.parametrize("damage", ["first bytes", "every page but the first", "cut short"])
def test_a_damaged_file_is_set_aside_with_one_warning_and_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path, kept = tmp_path / "c.db", rows(300)
    with Cache.open(path) as cache:
        cache.put_vectors(kept)
    raw = path.read_bytes()
    path.write_bytes(
        {
            "first bytes": b"?" * 100 + raw[100:],
            "every page but the first": raw[:4096] + b"\x5a" * (len(raw) - 4096),
            "cut short": raw[: len(raw) // 2],
        }[damage]
    )
    spoilt = path.read_bytes()
    with Cache.open(path) as cache:
        found = cache.vectors(list(kept))
        assert all(np.array_equal(vector, stored(kept[name])) for name, vector in found.items())
        cache.put_vectors(kept)
        assert len(cache.vectors(list(kept))) == 300
        assert cache.on
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"set aside as {str(path) + '.broken'!r}, begun anew" in caplog.text
    assert Path(f"{path}.broken").read_bytes()[100:4096] == spoilt[100:4096]


def test_a_single_flipped_bit_in_a_value_is_never_served(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, name = tmp_path / "c.db", ("c", "r", "m")
    with Cache.open(path) as cache:
        cache.put_verdicts({name: '{"verdict":"hit"}'})
    path.write_bytes(path.read_bytes().replace(b'"hit"', b'"hiu"'))
    with Cache.open(path) as cache:
        assert cache.verdicts([name]) == {}
        cache.put_verdicts({name: '{"verdict":"hit"}'})
        assert cache.verdicts([name]) == {name: '{"verdict":"hit"}'}
    assert "does not match its checksum" in caplog.text


def test_no_column_of_a_row_can_be_changed_and_served(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with Cache.open(path) as cache:
        cache.put_vectors({"a": SOME.reshape(2, 192), "b": SOME})
    sound = path.read_bytes()
    for change in ("rows = 192, columns = 2", "rows = NULL", "data = CAST(x'41ff' AS TEXT)", "checksum = 'x'"):
        path.write_bytes(sound)
        with sqlite3.connect(path) as forger:
            forger.execute(f"UPDATE items SET {change} WHERE n = 1")
        forger.close()
        with Cache.open(path) as cache:
            assert cache.vectors(["a"]) == {}, change


def test_a_file_in_an_older_format_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with Cache.open(path) as cache:
        cache.put_vectors({"a": SOME})
    with sqlite3.connect(path) as older:
        older.execute("PRAGMA user_version = 0")
    older.close()
    with Cache.open(path) as cache:
        assert cache.on
        assert cache.vectors(["a"]) == {}
        cache.put_vectors({"a": SOME})
        assert list(cache.vectors(["a"])) == ["a"]


def test_a_ledger_given_as_the_cache_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with Ledger.open(path) as ledger:
        ledger.record([pair("a")])
    with pytest.raises(ValueError, match="is a SQLite file but no cache; give the cache a path of its own"):
        Cache.open(path)
    with Ledger.open(path) as ledger:
        assert ledger.verify().entries == 1
    assert [file.name for file in tmp_path.iterdir()] == ["l.db"]


def test_a_full_disk_turns_the_cache_off_for_the_run_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, kept = tmp_path / "c.db", rows(2000)
    with Cache.open(path) as cache:
        cache.put_vectors({"before": SOME})
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
        try:
            cache.put_vectors(kept)
            cache.put_vectors(kept)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert not cache.on
        assert cache.vectors(["before"]) == {}
        assert cache.trim(0) == 0
    assert len(caplog.records) == 1
    assert "this run goes on without the cache" in caplog.text
    with Cache.open(path) as cache:
        assert list(cache.vectors(["before", *kept])) == ["before"]


def test_a_path_where_no_file_can_be_turns_the_cache_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "c.db"):
        caplog.clear()
        with Cache.open(path) as cache:
            assert not cache.on
            cache.put_verdicts({("a", "b", "c"): "{}"})
            assert cache.verdicts([("a", "b", "c")]) == {}
        assert len(caplog.records) == 1


UNWRITABLE = """
import logging, os, sys
import numpy as np
from tools.cache import Cache
logging.basicConfig(stream=sys.stdout, format="%(message)s")
if os.geteuid() == 0:
    os.setuid(65534)
with Cache.open(sys.argv[1]) as cache:
    cache.put_vectors({"new": np.ones(3, np.float32)})
    print(cache.on, sorted(cache.vectors(["old", "new"])))
"""


@pytest.mark.parametrize(("folder_mode", "said"), [(0o777, "True ['new']"), (0o555, "False []")])
def test_an_unwritable_file_is_set_aside_where_the_folder_allows_and_else_the_cache_is_off(
    folder_mode: int, said: str
) -> None:
    # Outside the usual tmp_path, which only this user may enter: the child gives up root's rights.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.db"
        with Cache.open(path) as cache:
            cache.put_vectors({"old": SOME})
        path.chmod(0o444)
        Path(folder).chmod(folder_mode)
        child = subprocess.run(
            [sys.executable, "-c", UNWRITABLE, str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        Path(folder).chmod(0o755)
    *warnings, last = child.stdout.splitlines()
    assert last == said, child.stdout + child.stderr
    assert len(warnings) == 1


SHARER = """
import sys
import numpy as np
from tools.cache import Cache
with Cache.open(sys.argv[1]) as cache:
    for batch in range(30):
        made = {f"{sys.argv[2]} {batch} {n}": np.full(8, n, np.float32) for n in range(20)}
        cache.put_vectors(made)
        assert len(cache.vectors(list(made))) == 20
    assert cache.on
"""


def test_two_processes_share_one_cache(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    sharers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SHARER, str(path), name],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
        )
        for name in "ab"
    ]  # fmt: skip
    assert [sharer.communicate(timeout=60)[1] for sharer in sharers] == ["", ""]
    with Cache.open(path) as cache:
        found = cache.vectors([f"{name} {batch} {n}" for name in "ab" for batch in range(30) for n in range(20)])
        assert len(found) == 1200


def test_a_file_that_another_process_set_aside_is_not_set_aside_again(tmp_path: Path) -> None:
    path, kept = tmp_path / "c.db", rows(50)
    with Cache.open(path) as cache:
        cache.put_vectors(kept)
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\x5a" * (len(raw) - 4096))
    with Cache.open(path) as first, Cache.open(path) as second:
        assert first.vectors(list(kept)) == {}
        first.put_vectors(kept)
        assert second.vectors(list(kept)) == {}
        assert len(second.vectors(list(kept))) == 50
        assert len(first.vectors(list(kept))) == 50


def test_threads_share_one_cache(tmp_path: Path) -> None:
    with Cache.open(tmp_path / "c.db") as cache:

        def work(name: str) -> None:
            for n in range(30):
                cache.put_verdicts({(name, str(n), "m"): "{}"})
                cache.verdicts([(name, str(n), "m")])

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(cache.verdicts([(name, str(n), "m") for name in "abcd" for n in range(30)])) == 120
        assert cache.on
