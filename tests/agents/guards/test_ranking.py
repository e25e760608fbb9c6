"""A guard's answers become one ranking: what was asked at once, what it cost, what it could not map."""

import json

import pytest

from agents.guards.choice import GUARDS
from agents.guards.ranking import rank_by_guard
from cases.exchange import Allowance, Unanswered, Usage
from policy_store.loader import load_pack
from policy_store.rule import Rule
from tests.agents.guards.told import PLENTY, Weights, Words, case
from tests.policy_store.small_pack import small_pack

SMALL = small_pack()
PACK, ADS = load_pack("community"), load_pack("short-video-ads")
NO_ODDS, NO_WORDS = Weights({}), Words({})


def rules(*ids: str) -> list[Rule]:
    return [PACK.by_id[i] for i in ids]


def verdict(violation: int, *ids: str, confidence: str = "high") -> str:
    return json.dumps({"violation": violation, "rule_ids": ids, "confidence": confidence})


def test_all_rules_go_out_in_one_call_of_odds() -> None:
    told = Weights({"Threatens a person": {"Yes": 0.9, "No": 0.1}, "principle": {"Yes": 0.1, "No": 0.7, "I": 0.2}})
    asked = [SMALL.by_id["SC1"], SMALL.by_id["VI1"]]
    found = rank_by_guard(GUARDS["shieldgemma"], case(), asked, SMALL, told, NO_WORDS, PLENTY)
    assert [len(prompts) for prompts in told.asked] == [2] and "Yes" in told.tokens[0]
    assert found.probabilities == (("SC1", pytest.approx(0.125)), ("VI1", pytest.approx(0.9)))
    assert found.any == pytest.approx(0.9) and found.outside == pytest.approx(0.2)
    assert [(a.rule_id, round(a.odds.yes, 3)) for a in found.answers] == [("SC1", 0.1), ("VI1", 0.9)]
    assert (found.usage.calls, found.usage.seconds) == (2, 1.0)


@pytest.mark.parametrize("name", ["llama-guard-3-rules", "llama-guard-4-rules", "singguard"])
def test_guards_of_safe_and_unsafe_are_weighed_by_these_words(name: str) -> None:
    told = Weights({"Threatens a person": {"unsafe": 0.8, "safe": 0.2}, "policy": {"safe": 1.0}, "S1": {"safe": 1.0}})
    asked = [SMALL.by_id["VI1"], SMALL.by_id["SC1"]]
    found = rank_by_guard(GUARDS[name], case(), asked, SMALL, told, NO_WORDS, PLENTY)
    assert [p for _, p in found.probabilities] == pytest.approx([0.8, 0.0])
    assert "unsafe" in told.tokens[0]


def test_one_answer_in_words_ranks_every_rule_and_says_what_it_could_not_map() -> None:
    told = Words({"legs": "unsafe\nS1,S14"})
    found = rank_by_guard(GUARDS["llama-guard"], case(), rules("HR1", "HR2", "HS1"), PACK, NO_ODDS, told, PLENTY)
    assert dict(found.probabilities) == {"HR1": 0.5, "HR2": 0.9, "HS1": 0.1}
    assert (found.any, found.unmapped, found.unknown, found.answers) == (0.9, ("S14",), ("HR1",), ())
    assert len(told.asked) == 1 and NO_ODDS.asked == []


def test_several_policies_are_asked_at_once_and_share_the_tokens() -> None:
    told = Words({"HS1 Dehumanising": verdict(0), "HR2 ": verdict(1, "HR2", confidence="medium")})
    allowance = Allowance(seconds=30.0, tokens=9000)
    found = rank_by_guard(GUARDS["gpt-oss-safeguard"], case(), rules("HS1", "HR2"), PACK, NO_ODDS, told, allowance)
    assert dict(found.probabilities) == {"HS1": pytest.approx(0.1), "HR2": 0.75} and found.any == 0.75
    assert {(a.seconds, a.tokens) for a in told.allowances} == {(30.0, 4500)} and all(told.schemas)
    assert (found.usage.calls, found.usage.seconds) == (2, 0.5)


def test_the_order_of_the_rules_is_kept_whatever_comes_back_first() -> None:
    told = Words({"# Instruction": verdict(0)})
    ids = ["VI1", "HS1", "SC1", "HR2", "MI1"]
    found = rank_by_guard(GUARDS["gpt-oss-safeguard"], case(), rules(*ids), PACK, NO_ODDS, told, PLENTY)
    assert [i for i, _ in found.probabilities] == ids


def test_a_malformed_answer_names_model_and_adapter_and_what_was_spent() -> None:
    told = Words({"HS1 Dehumanising": verdict(0), "HR2 ": "I refuse."})
    with pytest.raises(Unanswered, match="told/words as gpt-oss-safeguard: the answer 'I refuse.' is not") as raised:
        rank_by_guard(GUARDS["gpt-oss-safeguard"], case(), rules("HS1", "HR2"), PACK, NO_ODDS, told, PLENTY)
    assert (raised.value.failure, raised.value.usage.calls) == ("malformed_answer", 2)


def test_odds_without_the_words_are_malformed_too() -> None:
    told = Weights({"principle": {"The": 1.0}})
    with pytest.raises(Unanswered, match="told/odds as shieldgemma: neither 'yes' nor 'no'") as raised:
        rank_by_guard(GUARDS["shieldgemma"], case(), [SMALL.by_id["VI1"]], SMALL, told, NO_WORDS, PLENTY)
    assert raised.value.usage.calls == 1


def test_a_policy_that_stays_without_an_answer_fails_the_ranking_with_the_cost_of_all() -> None:
    late = Unanswered("out_of_time", "told/words was late", Usage(calls=3, seconds=9.0))
    told = Words({"HS1 Dehumanising": verdict(0), "HR2 ": late})
    with pytest.raises(Unanswered, match="was late") as raised:
        rank_by_guard(GUARDS["gpt-oss-safeguard"], case(), rules("HS1", "HR2"), PACK, NO_ODDS, told, PLENTY)
    assert (raised.value.failure, raised.value.usage.calls, raised.value.usage.seconds) == ("out_of_time", 4, 9.0)


@pytest.mark.parametrize("name", GUARDS)
def test_every_guard_covers_every_rule_of_both_packs_and_reads_content_once_a_prompt(name: str) -> None:
    for pack in (PACK, ADS):
        prompts = GUARDS[name].prompts(case("Needle-in-hay."), pack.rules, pack)
        assert {i for p in prompts for i in p.rule_ids} == set(pack.by_id)
        assert all("\n".join(m.text for m in p.messages).count("Needle-in-hay.") == 1 for p in prompts)


@pytest.mark.parametrize("name", GUARDS)
def test_without_rules_nothing_is_asked(name: str) -> None:
    found = rank_by_guard(GUARDS[name], case(), [], PACK, NO_ODDS, NO_WORDS, PLENTY)
    assert (found.probabilities, found.any) == ((), 0.0)
