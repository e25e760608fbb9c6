"""The packs that come with the program are sound."""

import pytest

from policy_store.lint import lint
from policy_store.loader import SHELF, load_pack, shipped_packs
from policy_store.suite import load_tests


@pytest.mark.parametrize("ref", shipped_packs())
def test_a_shipped_pack_loads_under_the_name_of_its_folder(ref: str) -> None:
    assert load_pack(ref).id == ref
    assert (SHELF / ref / "CHANGES.md").is_file()


@pytest.mark.parametrize("ref", shipped_packs())
def test_a_shipped_pack_draws_no_warning(ref: str) -> None:
    assert [str(remark) for remark in lint(load_pack(ref)) if remark.level == "warning"] == []


@pytest.mark.parametrize("ref", shipped_packs())
def test_a_shipped_pack_has_tests_for_each_of_its_own_rules(ref: str) -> None:
    pack = load_pack(ref)
    tests = load_tests(ref, pack)
    own = {rule.id for rule in pack.rules if rule.status == "active"}
    if ref != "community":
        own -= set(load_pack("community").by_id)
    exercised = {test.expect.rule for test in tests} | {(test.clause or "").partition(".")[0] for test in tests}
    assert sorted(own - exercised) == []
