from collections import Counter

import pytest

from policy_store.entry import entries, parse
from tests.policy_store.small_pack import small_pack


def test_a_rule_has_an_entry_for_everything_that_describes_it() -> None:
    assert [(entry.id, entry.text) for entry in entries(small_pack()) if entry.rule_id == "VI1"] == [
        ("VI1/statement/VI1", "Type of VI1: Threatens a person with death or injury."),
        ("VI1/clause/VI1.a", "Clause that belongs to VI1."),
        ("VI1/exception/VI1-GAME", "Boasting inside a video game match."),
        ("VI1/violating/VI1.v1", "i will kill you tomorrow"),
        ("VI1/violating/VI1.v2", "watch your back or we break your legs"),
        ("VI1/allowed/VI1.n1", "Harmless words about VI1."),
    ]


def test_common_exceptions_come_once_and_belong_to_no_rule() -> None:
    common = [entry for entry in entries(small_pack()) if not entry.rule_id]
    assert [(entry.id, entry.kind) for entry in common] == [("/exception/X-REPORT", "exception")]


def test_draft_and_retired_rules_have_no_entries_and_shadow_rules_are_marked() -> None:
    found = entries(small_pack())
    assert not {"VI6", "VI7"} & {entry.rule_id for entry in found}
    assert {entry.rule_id for entry in found if entry.shadow} == {"VI5"}
    assert all(entry.shadow for entry in found if entry.rule_id == "VI5")


def test_an_id_is_unique_and_gives_back_rule_kind_and_clause() -> None:
    found = entries(small_pack())
    assert max(Counter(entry.id for entry in found).values()) == 1
    assert all(parse(entry.id) == (entry.rule_id, entry.kind, entry.clause_id) for entry in found)


def test_a_foreign_id_is_refused_with_its_value() -> None:
    with pytest.raises(ValueError, match="'VI1' is not rule_id/kind/clause_id"):
        parse("VI1")
