"""The probability of Yes is summed over spellings, and an answer that holds neither word is no answer."""

from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.yesno import VARIANTS, bare, settled_early, variants, weigh_tokens
from cases.exchange import First, Token, Unanswered, Usage


def first(**shares: float) -> First:
    return First(tokens=tuple(Token(text=t, logprob=log(p) if p else -inf) for t, p in shares.items()), usage=Usage())


def test_all_spellings_of_a_word_count_together() -> None:
    found = weigh_tokens(
        first(**{"Yes": 0.3, " yes": 0.1, "YES": 0.05, "▁Yes": 0.05, "ĠNo": 0.2, '"no"': 0.05, "I": 0.2})
    )
    assert (round(found.yes, 6), round(found.no, 6)) == (0.5, 0.25)
    assert found.p == pytest.approx(2 / 3) and found.outside == pytest.approx(0.25)


@pytest.mark.parametrize("token", ["Yesterday", "None", "Not", "yes-no", "", "\n\n", "Y", "True"])
def test_a_token_that_only_looks_like_a_word_counts_for_neither(token: str) -> None:
    found = weigh_tokens(first(**{"Yes": 0.25, "No": 0.25, token: 0.5}))
    assert (found.p, found.outside) == (0.5, pytest.approx(0.5))


@pytest.mark.parametrize("shares", [{}, {"I": 0.9, "Sure": 0.1}, {"Yes": 0.0, "No": 0.0}])
def test_an_answer_without_either_word_is_malformed(shares: dict[str, float]) -> None:
    with pytest.raises(Unanswered, match="neither 'yes' nor 'no' is among the first tokens") as raised:
        weigh_tokens(first(**shares))
    assert raised.value.failure == "malformed_answer"


def test_two_words_that_hardly_ever_come_first_are_not_weighed_against_each_other() -> None:
    thinking = first(**{"<think>": 0.98, "Yes": 0.001, "No": 0.019})
    with pytest.raises(Unanswered, match="0.980 of the first token's weight is on neither 'yes' nor 'no', above 0.9"):
        weigh_tokens(thinking)
    assert weigh_tokens(thinking, most_outside=1.0).p == pytest.approx(0.05)


def test_what_came_instead_is_named() -> None:
    with pytest.raises(Unanswered, match=r": '<think>', 'Ok'$"):
        weigh_tokens(first(**{"<think>": 0.9, "Ok": 0.1}))


def test_other_pairs_of_words_are_weighed_alike() -> None:
    assert weigh_tokens(first(unsafe=0.6, safe=0.2), "unsafe", "safe").p == pytest.approx(0.75)


@given(st.floats(0, 1), st.floats(0, 1))
def test_shares_stay_between_zero_and_one(yes: float, no: float) -> None:
    if max(yes, no) < 1e-12:
        return
    found = weigh_tokens(first(Yes=yes, No=no), most_outside=1.0)
    assert all(0 <= share <= 1 for share in (found.p, found.yes, found.no, found.outside))
    assert (found.p >= 0.5) == (yes >= no) or found.p == pytest.approx(0.5)


def test_masses_that_round_above_one_leave_nothing_outside() -> None:
    assert weigh_tokens(first(Yes=0.7, yes=0.4, No=0.2)).outside == 0.0


def test_every_spelling_that_is_asked_for_is_read_back_as_its_word() -> None:
    assert {bare(spelled) for spelled in VARIANTS} == {"yes", "no"}
    assert len(set(variants("safe", "unsafe"))) == len(variants("safe", "unsafe")) == 12


@pytest.mark.parametrize(("p", "sure"), [(0.97, True), (0.03, True), (0.96, False), (0.5, False)])
def test_only_a_sure_first_token_settles_early(p: float, sure: bool) -> None:
    assert settled_early(p, 0.97) is sure
