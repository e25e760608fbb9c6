"""Who published what is noted beside the decision, found again, and can be forgotten for good."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.acting import holding
from web.store import authors
from web.store.database import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        yield opened


def test_the_last_word_on_who_published_something_holds_and_may_be_said_twice(store: Store) -> None:
    authors.credit_all(store, {"d-1": "u-81", "d-2": "u-82"})
    authors.credit_all(store, {"d-1": "u-82"})
    authors.credit_all(store, {"d-1": "u-82"})
    assert authors.authors(store, ["d-1", "d-2", "d-3"]) == {"d-1": "u-82", "d-2": "u-82"}
    assert authors.author(store, "d-3") is None


def test_an_author_has_one_name_of_ours_which_says_nothing(store: Store) -> None:
    authors.credit_all(store, {"d-1": "u-81", "d-2": "u-81"})
    found = authors.ref(store, "u-81")
    assert found is not None and "u-81" not in found
    assert authors.ref(store, "u-82") is None


def test_what_was_never_decided_is_let_go_and_an_author_of_nothing_else_with_it(store: Store) -> None:
    authors.credit_all(store, {"d-1": "u-81", "d-2": "u-82", "d-3": "u-82"})
    with store.writing() as connection:
        authors.drop(connection, "d-1")
        authors.drop(connection, "d-2")
    assert authors.ref(store, "u-81") is None and authors.authors(store, ["d-1", "d-2", "d-3"]) == {"d-3": "u-82"}


def test_who_is_forgotten_is_in_no_row_no_free_page_and_no_log(store: Store, tmp_path: Path) -> None:
    authors.credit_all(store, {f"d-{n}": "did:plc:forgetme" for n in range(300)} | {"d-x": "u-82"})
    assert holding(tmp_path, "*", "forgetme")
    with store.writing() as connection:
        assert authors.forget(connection, "did:plc:forgetme") == 300
        assert authors.forget(connection, "nobody") == 0
    authors.scrub(store)
    assert holding(tmp_path, "*", "forgetme") == []
    assert authors.authors(store, ["d-1", "d-x"]) == {"d-x": "u-82"}


def test_who_comes_back_after_being_forgotten_is_somebody_new(store: Store) -> None:
    authors.credit_all(store, {"d-1": "u-81"})
    before = authors.ref(store, "u-81")
    with store.writing() as connection:
        authors.forget(connection, "u-81")
    authors.credit_all(store, {"d-2": "u-81"})
    assert authors.ref(store, "u-81") not in (None, before)
    assert authors.author(store, "d-1") is None
