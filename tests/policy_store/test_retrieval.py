import pytest

from policy_store.index import Hit
from policy_store.keywords import KeywordHit
from policy_store.retrieval import applicable, fuse, siblings, strongest
from tests.policy_store.small_pack import small_pack


def near(rule_id: str, similarity: float) -> Hit:
    return Hit(rule_id=rule_id, entry_id=f"{rule_id}/statement/{rule_id}", kind="statement", similarity=similarity)


def said(rule_id: str, score: float, *matched: str) -> KeywordHit:
    return KeywordHit(rule_id=rule_id, score=score, matched=matched)


def test_what_applies_leaves_out_statuses_switches_surfaces_modalities_and_modifiers() -> None:
    assert applicable(small_pack(), "adult", "post", ("text",)) == {"VI1", "VI2", "VI3", "VI5", "SC1"}
    assert applicable(small_pack(), None, "post", ("text",)) == applicable(small_pack(), "adult", "post", ("text",))
    assert applicable(small_pack(), "young", "ad", ("text", "image")) == {
        "VI1", "VI2", "VI3", "VI4", "VI5", "SC1", "SC2", "SC3",
    }  # fmt: skip
    assert applicable(small_pack(), "young", "post", ()) == frozenset()


def test_an_unknown_profile_is_an_error() -> None:
    with pytest.raises(KeyError, match="elder"):
        applicable(small_pack(), "elder", "post", ("text",))


def test_the_best_view_speaks_for_a_rule() -> None:
    rows = [(near("VI1", 0.4), near("VI3", 0.3)), (), (near("VI3", 0.9), near("VI1", 0.2))]
    assert [(hit.rule_id, hit.similarity) for hit in strongest(rows)] == [("VI3", 0.9), ("VI1", 0.4)]


def test_a_rule_that_both_rankings_hold_leads_over_the_first_of_either() -> None:
    got = fuse(
        (near("VI4", 0.9), near("SC3", 0.8)), (said("SC2", 9.0, "guaranteed profit"), said("SC3", 5.0)), small_pack(), 3
    )
    assert [(item.rule_id, item.rank, item.sources) for item in got] == [
        ("SC3", 1, ("vector", "keyword")),
        ("VI4", 2, ("vector",)),
        ("SC2", 3, ("keyword",)),
    ]
    assert [item.similarity for item in got] == [0.8, 0.9, None]
    assert got[2].matched == ("guaranteed profit",)


def test_ranks_count_and_raw_scores_do_not() -> None:
    rules = ("VI5", "SC3", "VI4")
    steep = fuse([near(r, s) for r, s in zip(rules, (0.9, 0.1, 0.0), strict=True)], (), small_pack(), 3)
    flat = fuse([near(r, s) for r, s in zip(rules, (0.9, 0.89, 0.88), strict=True)], (), small_pack(), 3)
    assert [item.rule_id for item in steep] == [item.rule_id for item in flat] == list(rules)


def test_what_a_ranker_reads_weighs_as_much_as_both_searches() -> None:
    got = fuse(
        (near("VI4", 0.9), near("SC3", 0.8)), (said("SC3", 5.0),), small_pack(), 2, None, ("VI5", "VI4", "SC3", "SC2")
    )
    assert [(item.rule_id, item.sources) for item in got][:3] == [
        ("VI4", ("vector", "reading")),
        ("VI5", ("reading",)),
        ("SC3", ("vector", "keyword")),
    ]


def test_the_rule_with_the_best_keywords_is_judged_whatever_a_ranker_reads() -> None:
    got = fuse((near("VI4", 0.9), near("VI5", 0.8)), (said("SC2", 9.0, "guaranteed profit"),), small_pack(), 2, None,
               ("VI4", "VI5", "SC3"))  # fmt: skip
    assert [item.rule_id for item in got][:3] == ["VI4", "VI5", "SC2"]
    barred = fuse((near("VI4", 0.9),), (said("SC2", 9.0, "guaranteed profit"),), small_pack(), 2,
                  frozenset({"VI4", "VI5"}), ("VI4", "VI5", "SC2"))  # fmt: skip
    assert "SC2" not in [item.rule_id for item in barred]


def test_siblings_come_after_the_k_best_and_say_so() -> None:
    got = fuse((near("VI1", 0.9), near("VI4", 0.8)), (), small_pack(), 2)
    assert [(item.rule_id, item.sources) for item in got] == [
        ("VI1", ("vector",)), ("VI4", ("vector",)), ("VI2", ("sibling",)),
    ]  # fmt: skip


def test_a_sibling_keeps_what_the_searches_knew_of_it() -> None:
    got = fuse((near("VI1", 0.9), near("VI2", 0.8)), (said("VI2", 1.0, "kys"),), small_pack(), 1)
    assert got[0].rule_id == "VI2"
    assert (got[1].rule_id, got[1].sources, got[1].similarity) == ("VI1", ("sibling",), 0.9)


def test_siblings_are_winners_losers_and_rules_of_the_scene_beside_them() -> None:
    pack = small_pack()
    assert siblings(pack, ("VI2",)) == ("VI1", "SC1", "VI3")
    assert siblings(pack, ("VI1",)) == ("VI2",)  # SC1 loses to VI2 as well, but is of another scene
    assert siblings(pack, ("VI4",)) == ()
    assert siblings(pack, ("VI2", "VI1")) == ("SC1", "VI3")


def test_drafts_and_modifiers_are_no_siblings() -> None:
    assert siblings(small_pack(), ("VI3",)) == ("VI2",)


def test_what_does_not_apply_comes_back_neither_as_hit_nor_as_sibling() -> None:
    allowed = frozenset({"VI1", "VI4"})
    got = fuse((near("VI2", 0.9), near("VI1", 0.8)), (said("SC1", 3.0),), small_pack(), 3, allowed)
    assert [item.rule_id for item in got] == ["VI1"]


def test_nothing_found_is_nothing_retrieved() -> None:
    assert fuse((), (), small_pack(), 5) == ()
