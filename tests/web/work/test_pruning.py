import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cases.case import Case, Media
from cases.decision import Decision
from graphs.settings import Settings
from tests.tools.ledger_samples import decision as sample
from tests.web.api.conftest import picture
from tools.ledger import Ledger
from web.office import Office
from web.store import journal, submissions, uploads
from web.store.database import Store, StoreError, now
from web.work.media import decoded, folder, keep
from web.work.pruning import Pruned, prune

Decided = Callable[..., Decision]
AGE = timedelta(days=30)
LATER = timedelta(days=31)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "uploads").mkdir()
    return tmp_path


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(home / "work.db") as opened:
        yield opened


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(home / "ledger.db") as opened:
        yield opened


def lying(place: Path, letter: str, days: float = 60, ending: str = "png") -> Path:
    file = place / f"{letter * 64}.{ending}"
    file.write_bytes(letter.encode() * 10)
    at = (now() - timedelta(days=days)).timestamp()
    os.utime(file, (at, at))
    return file


def naming(path: str, name: str = "one") -> Case:
    return Case(id=name, parts=(), media=(Media(type="image", path=path),), surface="post", locale="en")


def pruned(store: Store, ledger: Ledger, home: Path, root: Path | None = None) -> Pruned:
    return prune(store, ledger, home, root, now(), AGE)


def test_what_is_old_and_named_by_no_case_goes_and_the_journal_says_so(
    store: Store, ledger: Ledger, home: Path
) -> None:
    old, young = lying(home / "uploads", "a"), lying(home / "uploads", "b", days=5)
    assert pruned(store, ledger, home) == Pruned(files=1, bytes=10)
    assert not old.exists() and young.exists()
    (line,) = journal.lines(store, act="uploads.prune")
    assert (line.actor, line.detail) == ("precept", {"files": "1", "bytes": "10"})
    assert pruned(store, ledger, home) == Pruned(files=0, bytes=0)
    assert len(journal.lines(store, act="uploads.prune")) == 1


@pytest.mark.parametrize("path", ["{file}", "uploads/{name}", "/moved/from/here/uploads/{name}"])
def test_what_a_case_on_record_names_stays_however_it_is_named(
    store: Store, ledger: Ledger, home: Path, path: str
) -> None:
    file = lying(home / "uploads", "a", days=9999)
    case = naming(path.format(file=file, name=file.name))
    ledger.record([(case, sample(case, "a"))])
    assert pruned(store, ledger, home) == Pruned(files=0, bytes=0)
    assert file.exists()


def test_every_case_of_a_long_record_is_looked_at(store: Store, ledger: Ledger, home: Path) -> None:
    file = lying(home / "uploads", "a")
    cases = [naming(f"elsewhere/{n}.png", f"c{n}") for n in range(40)] + [naming(str(file), "mine")]
    ledger.record([(c, sample(c, c.id)) for c in cases])
    assert set(ledger.files(page=7)) == {c.media[0].path for c in cases}
    assert pruned(store, ledger, home).files == 0


def test_what_a_case_that_is_being_decided_names_stays(store: Store, ledger: Ledger, home: Path) -> None:
    file = lying(home / "uploads", "a")
    submissions.add(store, "pk-x", naming(str(file)), "c-0000000000000001")
    assert pruned(store, ledger, home).files == 0
    submissions.end(store, "c-0000000000000001", error="It broke.")
    assert pruned(store, ledger, home).files == 1


def test_what_is_none_of_ours_stays(store: Store, ledger: Ledger, home: Path, tmp_path: Path) -> None:
    strange = home / "uploads" / "notes.txt"
    strange.write_text("mine")
    os.utime(strange, (0, 0))
    root = tmp_path / "forum"
    (root / "uploads").mkdir(parents=True)
    theirs, ours = lying(root / "uploads", "c"), lying(root / "uploads", "d")
    with store.writing() as connection:
        uploads.add(connection, {ours.name: now() - timedelta(days=60)})
    assert pruned(store, ledger, home).files == 0  # noted, but it lies in the other folder
    assert strange.exists() and theirs.exists() and ours.exists()
    with store.writing() as connection:
        uploads.add(connection, {ours.name: now() - timedelta(days=60)})
    assert pruned(store, ledger, home, root).files == 1
    assert theirs.exists() and not ours.exists()


def test_nothing_goes_where_the_ledger_is_another_one(store: Store, ledger: Ledger, home: Path) -> None:
    file = lying(home / "uploads", "a")
    case = naming(str(file))
    ledger.record([(case, sample(case, "a"))])
    assert pruned(store, ledger, home).files == 0
    with Ledger.open(home / "other.db") as other, pytest.raises(StoreError, match="follows another ledger"):
        prune(store, other, home, None, now(), AGE)
    assert file.exists()


def test_what_is_sent_again_is_young_again(office: Office) -> None:
    data = decoded(picture(colour=11), "x")
    media = keep(office, data, "x")
    place, name = folder(office.settings.home, None), Path(media.path).name
    long_ago = now() - timedelta(days=60)
    with office.store.writing() as connection:
        uploads.touch(connection, name, long_ago)
    assert name in uploads.before(office.store, now() - AGE)
    keep(office, data, "x")
    assert name not in uploads.before(office.store, now() - AGE)
    prune(office.store, office.ledger, office.settings.home, None, now(), AGE)
    assert (place / name).exists()


def test_a_request_that_was_refused_leaves_no_file_for_good_and_one_that_was_decided_keeps_its_own(
    office: Office, with_key: Callable[..., TestClient]
) -> None:
    sender, place = with_key("moderate"), folder(office.settings.home, None)
    before = set(place.glob("*"))
    body = {"media": [{"type": "image", "data": picture(colour=77)}], "profile": "nobody"}
    assert sender.post("/v1/cases", json=body).status_code == 400
    refused = set(place.glob("*")) - before
    assert sender.post("/v1/cases", json={"media": [{"type": "image", "data": picture(colour=78)}]}).status_code == 201
    (kept,) = set(place.glob("*")) - before - refused
    prune(office.store, office.ledger, office.settings.home, None, now() + LATER, AGE)
    assert not any(orphan.exists() for orphan in refused) and kept.exists()


def test_a_file_that_is_sent_while_it_is_pruned_is_there_afterwards(office: Office) -> None:
    data = decoded(picture(colour=99), "x")
    place = Path(keep(office, data, "x").path)

    def again(n: int) -> bool:
        if n % 2:
            prune(office.store, office.ledger, office.settings.home, None, now(), timedelta(microseconds=1))
            return True
        keep(office, data, "x")
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(again, range(40)))
    keep(office, data, "x")
    assert place.read_bytes() == data


def test_a_file_that_is_gone_before_it_can_be_looked_at_stops_nobody(
    store: Store, ledger: Ledger, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, there = lying(home / "uploads", "a"), lying(home / "uploads", "b")
    glob = Path.glob

    def listed(self: Path, pattern: str) -> list[Path]:
        found = list(glob(self, pattern))
        gone.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "glob", listed)
    assert pruned(store, ledger, home).files == 1
    assert not there.exists()


def test_the_command_prunes_and_says_how_many(home: Path) -> None:
    settings = Settings(home=home)
    with Ledger.open(settings.ledger_url):
        pass
    old, young = lying(home / "uploads", "a"), lying(home / "uploads", "b", days=1.5)
    run = [sys.executable, "-m", "app", "--home", str(home), "serve", "--prune"]
    env = {**os.environ, "PRECEPT_WEB_UPLOADS_DAYS": "2"}
    done = subprocess.run(run, capture_output=True, text=True, timeout=300, env=env)
    assert (done.returncode, done.stdout) == (0, "1 files (10 bytes) that no case names were deleted\n"), done.stderr
    assert not old.exists() and young.exists()
    assert datetime.fromtimestamp(young.stat().st_mtime, UTC) < now()
