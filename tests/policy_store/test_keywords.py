import time

import pytest

from policy_store.keywords import KeywordIndex, matches
from tests.policy_store.small_pack import make_pack, make_rule, small_pack, wide_pack


@pytest.fixture(scope="module")
def index() -> KeywordIndex:
    return KeywordIndex.build(small_pack())


def test_a_listed_phrase_leads_and_is_named(index: KeywordIndex) -> None:
    best = index.search("oh just k1ll y o u r s e l f", 3)[0]
    assert (best.rule_id, best.matched) == ("VI2", ("kill yourself",))


def test_words_of_statements_clauses_and_violating_examples_find_a_rule(index: KeywordIndex) -> None:
    assert index.search("attack on buildings, a crowd", 1)[0].rule_id == "VI3"
    assert index.search("the dog lay there", 1)[0].rule_id == "VI4"
    assert index.search("belongs to SC3", 1)[0].rule_id == "SC3"


def test_a_disguised_word_counts_as_the_word_of_a_rule_text(index: KeywordIndex) -> None:
    plain, disguised = index.search("bleeding", 1)[0], index.search("bl33ding", 1)[0]
    assert (plain.rule_id, plain.score) == (disguised.rule_id, disguised.score) == ("VI4", plain.score)


def test_words_of_allowed_examples_and_exceptions_find_nothing(index: KeywordIndex) -> None:
    assert index.search("harmless boasting", 5) == ()


def test_shadow_rules_are_found_and_drafts_are_not(index: KeywordIndex) -> None:
    assert index.search("shooter hero", 1)[0].rule_id == "VI5"
    assert not {"VI6", "VI7"} & {hit.rule_id for hit in index.search("sharp knives swords rusty cannon", 11)}


def test_matched_phrases_come_in_reading_order_once_each(index: KeywordIndex) -> None:
    hit = index.search("watch your back, i will kill you, kill you", 1)[0]
    assert (hit.rule_id, hit.matched) == ("VI1", ("watch your back", "kill you"))


def test_more_and_longer_phrases_score_higher() -> None:
    rules = [
        make_rule(f"R{n}", f"Statement{n} about things.", (f"example{n}",), keywords=words)
        for n, words in enumerate((("red fox", "blue"), ("green owl",), ("gray",)))
    ]
    hits = KeywordIndex.build(make_pack(rules)).search("red fox blue green owl gray", 3)
    scores = {hit.rule_id: hit.score for hit in hits}
    assert scores["R0"] > scores["R1"] > scores["R2"] > 0


def test_a_phrase_of_several_rules_names_them_all() -> None:
    rules = [make_rule(f"R{n}", f"Statement{n} about it.", (f"example{n}",), keywords=("red fox",)) for n in range(3)]
    hits = KeywordIndex.build(make_pack(rules)).search("a red fox", 5)
    assert [(hit.rule_id, hit.matched) for hit in hits] == [(f"R{n}", ("red fox",)) for n in range(3)]


def test_only_allowed_rules_come_back_however_low_they_rank() -> None:
    index = KeywordIndex.build(wide_pack(400))
    allowed = frozenset({"R1", "R399", "NOT-IN-THE-PACK"})
    assert {hit.rule_id for hit in index.search("topic7 forbidden example", 2, allowed)} == {"R1", "R399"}
    assert index.search("topic7 forbidden example", 1)[0].rule_id == "R7"
    assert index.search("topic7 forbidden example", 3, frozenset()) == ()


@pytest.mark.parametrize(("text", "k"), [("", 5), ("zzz !!! 🙂", 5), ("kill yourself", 0)])
def test_nothing_in_common_or_nothing_wanted_gives_nothing(index: KeywordIndex, text: str, k: int) -> None:
    assert index.search(text, k) == ()


def test_the_best_k_are_the_first_k_of_all(index: KeywordIndex) -> None:
    text = "send me the number of a person at noon"
    assert index.search(text, 3) == index.search(text, 11)[:3]


def test_matches_gives_places_in_the_original() -> None:
    text = "Oh — go DIE\u200b already"
    (match,) = matches(text, small_pack().by_id["VI2"])
    assert (text[match.start : match.end], match.phrase) == ("go DIE", "go die")


def test_a_long_hostile_text_is_searched_in_bounded_time(index: KeywordIndex) -> None:
    began = time.perf_counter()
    index.search("k i l l " * 2500, 5)
    index.search("1" * 10_000 + "*" * 10_000 + " a" * 5000, 5)
    assert time.perf_counter() - began < 1.0
