"""A review says when the policy hardly speaks of such content, and an unlike one that nothing of the policy is near."""

import numpy as np

from agents.novelty import novelty
from agents.rulebook import Rulebook, write_rulebook
from agents.vectors import Vectors
from tests.policy_store.small_pack import bag_of_words, make_pack, make_rule

THREATS = ["i will break your legs", "i will break your arm", "i will break your car", "we will break your legs"]


def book() -> Rulebook:
    rules = [
        make_rule("VI2", "Threatens a person with harm.", THREATS),
        make_rule("SC1", "Lures people to give codes.", ["enter the card number", "enter the card pin"], scene="SC"),
    ]
    return write_rulebook(make_pack(rules), bag_of_words)


def read(text: str) -> Vectors:
    return bag_of_words([text])


def test_what_the_examples_are_like_is_no_news() -> None:
    assert novelty(book(), read("i will break your legs"), ["VI2", "SC1"], "VI2") == ()


def test_what_is_near_to_no_rule_in_play_is_out_of_distribution() -> None:
    assert novelty(book(), read("zebras graze quietly"), ["VI2", "SC1"], "VI2") == ("out_of_distribution",)


def test_one_near_view_is_enough() -> None:
    seen = np.concatenate([read("zebras graze quietly"), read("i will break your legs")])
    assert novelty(book(), seen, ["VI2", "SC1"], "VI2") == ()


def test_a_leading_rule_without_near_examples_is_thin() -> None:
    assert novelty(book(), read("i will break your legs"), ["VI2", "SC1"], "SC1") == ("thin_policy",)


def test_without_a_rule_in_play_there_is_nothing_to_measure() -> None:
    assert novelty(book(), read("zebras graze quietly"), [], None) == ()
