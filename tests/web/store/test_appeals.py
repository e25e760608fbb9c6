"""Appeals survive a restart, and come oldest first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from web.store import appeals
from web.store.appeals import Appeal, Item, Look, Ruling, Wanted
from web.store.database import Store

RULING = Ruling(
    result="overturned", outcome="allow", rule_id=None, severity=None, reason="r", why="w", by="u-2",
    at="2026-03-02T00:00:00.000000+00:00", edit_id="e-1",
)  # fmt: skip


def appeal(number: int, **more: object) -> Appeal:
    plain = Appeal(
        id=f"a-{number}", decision_id=f"d-{number}", case_id="c", outside_id=None, by="u-1", appellant=None,
        filed=f"2026-03-01T00:00:{number:02}.000000+00:00", statement=f"words {number}", extra=("more",),
        item=Item(id="i"), country="DE", outcome="act", rule_id="HR2", severity=70, tier="high",
        policy="community 1.0.0", state="open", version=1, ruling=None, decided=None, decider=None,
    )  # fmt: skip
    return plain.model_copy(update=more)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        yield opened


def test_an_appeal_a_look_and_a_ruling_survive_a_restart(tmp_path: Path) -> None:
    view = Look(appeal_id="a-1", by="u-2", outcome="allow", rule_id=None, note="n", at="2026")
    with Store.open(tmp_path / "work.db") as store, store.writing() as connection:
        appeals.add(connection, appeal(1))
        appeals.looked(connection, view)
        appeals.begin(connection, "a-1", RULING)
    with Store.open(tmp_path / "work.db") as store:
        found = appeals.appeal(store, "a-1")
        assert found is not None and found.ruling == RULING
        assert found == appeal(1, state="deciding", version=2, ruling=RULING)
        assert appeals.look(store, "a-1", "u-2") == view


def test_lists_are_oldest_first_and_go_on_where_they_ended(store: Store) -> None:
    with store.writing() as connection:
        for number in (3, 1, 2):
            appeals.add(connection, appeal(number))
    ids = [a.id for a in appeals.listed(store, Wanted(), limit=2)]
    last = appeal(2)
    assert ids == ["a-1", "a-2"]
    assert [a.id for a in appeals.listed(store, Wanted(), after=(last.filed, last.id))] == ["a-3"]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(text="WORDS 2"), ["a-2"]), (Wanted(text="100%"), []), (Wanted(rule_id="HR1"), ["a-2"]),
        (Wanted(policy="community"), ["a-1", "a-2"]), (Wanted(policy="other"), []), (Wanted(states=("upheld",)), []),
        (Wanted(decision_id="d-1"), ["a-1"]),
    ],
)  # fmt: skip
def test_filters_narrow_a_list(store: Store, wanted: Wanted, ids: list[str]) -> None:
    with store.writing() as connection:
        appeals.add(connection, appeal(1))
        appeals.add(connection, appeal(2, rule_id="HR1"))
    assert [a.id for a in appeals.listed(store, wanted)] == ids


def test_a_ruling_is_settled_once_and_only_its_own_is_taken_back(store: Store) -> None:
    with store.writing() as connection:
        appeals.add(connection, appeal(1))
        assert not appeals.finish(connection, "a-1", RULING)  # nothing was begun
        appeals.begin(connection, "a-1", RULING)
        appeals.reopen(connection, "a-1", "e-other")
        assert appeals.finish(connection, "a-1", RULING) and not appeals.finish(connection, "a-1", RULING)
        appeals.reopen(connection, "a-1", "e-1")
    found = appeals.appeal(store, "a-1")
    assert found is not None and (found.state, found.decider, found.version) == ("overturned", "u-2", 3)
    assert appeals.count(store, Wanted())["overturned"] == 1


def test_a_fresh_judgement_is_kept_as_it_was_first_made(store: Store) -> None:
    appeals.keep_fresh(store, "a-1", "p", "first")
    appeals.keep_fresh(store, "a-1", "p", "second")
    assert appeals.fresh(store, "a-1", "p") == "first" and appeals.fresh(store, "a-1", "q") is None
