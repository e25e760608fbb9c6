from collections.abc import Iterator
from pathlib import Path

import pytest

from graphs.kept import Gist
from web.store import drafts, gold, shadow
from web.store.database import Store
from web.store.shadow import Compared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        yield opened


def test_a_draft_keeps_its_files_and_counts_every_change(store: Store, tmp_path: Path) -> None:
    with store.writing() as connection:
        draft_id = drafts.add(connection, "shop", "1.0.0", "abc", "u-1", "why", {"policy.yaml": "id: shop — ü\n"})
    with store.writing() as connection:
        assert drafts.change(connection, draft_id, 1, files={"policy.yaml": "x"}, authors=["u-1", "u-2"])
        assert not drafts.change(connection, draft_id, 1, files={"policy.yaml": "late"})
    with Store.open(tmp_path / "work.db") as again:
        found = drafts.draft(again, draft_id)
    assert found is not None
    assert (found.version, found.files, found.authors) == (2, {"policy.yaml": "x"}, ("u-1", "u-2"))
    assert [d.id for d in drafts.drafts(store, pack_id="shop", state="draft")] == [draft_id]
    assert drafts.drafts(store, state="published") == [] and drafts.draft(store, "p-0") is None


def test_the_last_label_of_a_content_under_a_policy_stands(store: Store) -> None:
    with store.writing() as connection:
        gold.put(connection, "d1", "shop", "act", "HR2", "u-1", "j-1")
        gold.put(connection, "d1", "shop", "allow", None, "u-2", "j-2")
        gold.put(connection, "d1", "other", "act", "HR1", "u-1", "j-1")
    assert [(x.outcome, x.rule_id, x.by) for x in gold.labels(store, "shop").values()] == [("allow", None, "u-2")]
    with store.writing() as connection:
        gold.remove(connection, "d1", "shop")
    assert gold.labels(store, "shop") == {} and set(gold.labels(store, "other", ["d1", "d2"])) == {"d1"}


def test_two_processes_note_what_a_shadow_saw_once(store: Store) -> None:
    gist = Gist(outcome="act", rule="HR2", severity=70, tier="high", score=0.9, rationale="because")
    flip = Compared(decision_id="d-1", changed=("outcome",), old=gist, new=gist)
    with store.writing() as connection:
        shadow_id = shadow.add(connection, "p-1", 3, "{}", "u-1", 7)
    (seen,) = shadow.shadows(store, state="running")
    with store.writing() as connection:
        assert shadow.note(connection, seen, 9, 2, [flip])
        assert not shadow.note(connection, seen, 9, 2, [flip])
    (seen,) = shadow.shadows(store, draft_id="p-1")
    assert (seen.seq, seen.seen, seen.flips) == (9, 2, 1)
    assert shadow.compared(store, shadow_id) == [flip]
    with store.writing() as connection:
        assert shadow.end(connection, shadow_id, "stopped") and not shadow.end(connection, shadow_id, "failed")
