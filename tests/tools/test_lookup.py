from collections.abc import Iterator

import pytest

from tests.tools.ledger_samples import case, decision
from tools.ledger import Ledger, UnknownDecision

IDS = ("aaaa1111-x", "aaaa1111-y", "bbbb2222-long", "bbbb2222")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with Ledger.open(tmp_path_factory.mktemp("lookup") / "l.db") as opened:
        about = case("one")
        opened.record([(about, decision(about, "x").model_copy(update={"id": name})) for name in IDS])
        yield opened


def test_a_unique_beginning_of_eight_characters_finds_the_decision(ledger: Ledger) -> None:
    assert ledger.decision("bbbb2222-").id == "bbbb2222-long"
    assert ledger.standing("bbbb2222-l").decision.id == "bbbb2222-long"
    assert ledger.edits("aaaa1111-y") == ()


def test_a_whole_id_wins_over_the_ids_that_it_begins(ledger: Ledger) -> None:
    assert ledger.decision("bbbb2222").id == "bbbb2222"


def test_a_beginning_that_fits_several_ids_names_them(ledger: Ledger) -> None:
    with pytest.raises(UnknownDecision) as raised:
        ledger.decision("aaaa1111")
    assert raised.value.several
    assert str(raised.value) == (
        "decision 'aaaa1111' is the beginning of several ids: 'aaaa1111-x', 'aaaa1111-y'; give more characters"
    )


def test_a_short_beginning_is_not_taken_but_answered_with_the_nearest_ids(ledger: Ledger) -> None:
    with pytest.raises(UnknownDecision) as raised:
        ledger.decision("bbbb")
    assert (raised.value.value, raised.value.nearest) == ("bbbb", ("bbbb2222", "bbbb2222-long"))
    assert str(raised.value) == (
        "no decision 'bbbb' in the ledger; nearest: 'bbbb2222', 'bbbb2222-long'; "
        "give a whole id, or at least its first 8 characters"
    )


def test_a_mistyped_id_is_answered_with_the_ids_that_begin_alike(ledger: Ledger) -> None:
    with pytest.raises(KeyError) as raised:
        ledger.decision("aaaa1112-x")
    assert isinstance(raised.value, UnknownDecision)
    assert raised.value.nearest == ("aaaa1111-x", "aaaa1111-y")


@pytest.mark.parametrize("asked", ["", "%", "________", "zzzzzzzzzz", "🙂🙂🙂🙂🙂🙂🙂🙂", "' OR 1=1 --"])
def test_what_looks_like_nothing_in_the_ledger_has_no_nearest(ledger: Ledger, asked: str) -> None:
    with pytest.raises(UnknownDecision) as raised:
        ledger.decision(asked)
    assert raised.value.nearest == ()
    assert str(raised.value).startswith(f"no decision {asked!r} in the ledger; give a whole id")
