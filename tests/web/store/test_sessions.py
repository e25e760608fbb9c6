from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from web.store import sessions
from web.store.database import Store, now, stamp


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        yield opened


def test_a_session_is_found_by_its_secret_alone_and_ends_when_it_is_ended(store: Store) -> None:
    secret = sessions.begin(store, "u-1")
    found = sessions.session(store, secret)
    assert found is not None and found.account_id == "u-1" and found.csrf != secret
    assert sessions.session(store, secret[:-1]) is None
    sessions.end(store, secret)
    assert sessions.session(store, secret) is None


def test_a_session_ends_with_its_time_and_with_idleness(store: Store) -> None:
    for column, past in (("expires", timedelta(seconds=1)), ("last", sessions.IDLE + timedelta(minutes=1))):
        secret = sessions.begin(store, "u-1")
        with store.writing() as connection:
            at = stamp(now() - past)
            here = sessions.SESSIONS.c.hash == sessions.hashed(secret)
            connection.execute(sessions.SESSIONS.update().where(here).values({column: at}))
        assert sessions.session(store, secret) is None


def test_all_sessions_of_one_account_end_and_no_other(store: Store) -> None:
    mine, too, other = (sessions.begin(store, u) for u in ("u-1", "u-1", "u-2"))
    sessions.end_all(store, "u-1")
    assert [sessions.session(store, s) is not None for s in (mine, too, other)] == [False, False, True]


def test_a_link_works_once_and_not_after_its_time(store: Store) -> None:
    secret = sessions.link(store, "u-1")
    assert sessions.use_link(store, secret) == "u-1"
    assert sessions.use_link(store, secret) is None
    assert sessions.use_link(store, sessions.link(store, "u-1", timedelta(seconds=-1))) is None


def test_a_session_outlives_a_restart(store: Store, tmp_path: Path) -> None:
    secret = sessions.begin(store, "u-1")
    store.close()
    with Store.open(tmp_path / "work.db") as again:
        assert sessions.session(again, secret) is not None
