from collections.abc import Iterator
from pathlib import Path

import pytest

from web.store import idempotency
from web.store.database import Store, now, stamp
from web.store.idempotency import ANSWERS, KEPT, LOST


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        yield opened


def test_a_key_is_one_callers_and_stands_for_one_body(store: Store) -> None:
    assert idempotency.reserve(store, "a", "k", "body").state == "new"
    assert idempotency.reserve(store, "a", "k", "body").state == "open"
    assert idempotency.reserve(store, "a", "k", "other").state == "other"
    assert idempotency.reserve(store, "b", "k", "other").state == "new"
    idempotency.keep(store, "a", "k", 201, "{}")
    assert idempotency.reserve(store, "a", "k", "body") == ("done", 201, "{}")


def test_a_key_whose_work_failed_is_free_again_and_one_with_an_answer_is_not(store: Store) -> None:
    idempotency.reserve(store, "a", "k", "body")
    idempotency.drop(store, "a", "k")
    assert idempotency.reserve(store, "a", "k", "another").state == "new"
    idempotency.keep(store, "a", "k", 201, "{}")
    idempotency.drop(store, "a", "k")
    assert idempotency.reserve(store, "a", "k", "another").state == "done"


def test_a_key_is_forgotten_after_its_time(store: Store) -> None:
    for key, age in (("lost", LOST), ("kept", KEPT)):
        idempotency.reserve(store, "a", key, "body")
        if key == "kept":
            idempotency.keep(store, "a", key, 201, "{}")
        with store.writing() as connection:
            connection.execute(ANSWERS.update().where(ANSWERS.c.key == key).values(at=stamp(now() - age * 1.01)))
        assert idempotency.reserve(store, "a", key, "body").state == "new"
