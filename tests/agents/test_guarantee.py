"""Thresholds are chosen so that the error they stand for was shown, and by tests that hold together."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from agents.calibration import Thresholds
from agents.guarantee import (
    ACTED,
    ALLOWED,
    PILOT,
    Ladder,
    Verdicts,
    binomial_tail,
    certify,
    choose,
    count,
    levels,
    needed,
    upper_bound,
)

SHIPPED = Thresholds(router=0.1, allow=0.2, act=0.7, final_allow=0.3, final_act=0.8)


def side(wrong: list[int], right: list[int], max_error: float = 0.1, delta: float = 0.05):  # type: ignore[no-untyped-def]
    """Certify levels at which so many tested verdicts are wrong and right; the pilot sees the same cases."""
    cases = max(a + b for a, b in zip(wrong, right, strict=True))
    bad = np.array([[row < w for w in wrong] for row in range(cases)])
    good = np.array([[w <= row < w + r for w, r in zip(wrong, right, strict=True)] for row in range(cases)])
    pilot = np.arange(2 * cases) < cases
    return certify(np.concatenate([bad, bad]), np.concatenate([good, good]), pilot, max_error, delta)


def table(allow: int, allow_wrong: int, review: int = 0) -> Verdicts:
    """Return verdicts of cases that level 1 of allow lets go, whatever the other side does."""
    one = np.zeros((allow + allow_wrong + review, 2, 2), np.int8)
    one[:allow, 1] = ALLOWED
    one[allow : allow + allow_wrong, 1] = -ALLOWED
    return one


@pytest.mark.parametrize(("errors", "cases", "rate"), [(0, 10, 0.1), (3, 40, 0.25), (7, 9, 0.5), (2, 500, 0.01)])
def test_the_p_value_is_the_exact_binomial_sum(errors: int, cases: int, rate: float) -> None:
    p = Fraction(rate)
    exact = sum(comb(cases, x) * p**x * (1 - p) ** (cases - x) for x in range(errors + 1))
    assert binomial_tail(errors, cases, rate) == pytest.approx(float(exact), rel=1e-9)


def test_the_bound_and_the_test_agree() -> None:
    for errors, cases in ((0, 50), (2, 120), (30, 1000)):
        bound = upper_bound(errors, cases, 0.025)
        assert binomial_tail(errors, cases, bound) == pytest.approx(0.025, abs=1e-6)
        assert errors / cases < bound


@pytest.mark.parametrize("errors", [0, 1, 4])
def test_one_case_fewer_than_needed_shows_nothing(errors: int) -> None:
    enough = needed(0.05, 0.025, errors)
    assert binomial_tail(errors, enough, 0.05) <= 0.025 < binomial_tail(errors, enough - 1, 0.05)


def test_the_last_level_before_the_first_that_fails_is_chosen() -> None:
    found = side([0, 0, 1, 40, 0], [0, 60, 90, 100, 900])
    assert (found.level, found.cases, found.errors) == (2, 91, 1)
    assert found.bound <= 0.1


def test_where_the_first_level_fails_nothing_is_automatic_and_its_errors_are_told() -> None:
    found = side([0, 20, 0], [0, 60, 900])
    assert (found.level, found.cases, found.errors) == (0, 80, 20)
    assert found.bound > 0.1


def test_too_few_cases_automate_nothing_and_say_how_many_are_needed() -> None:
    found = side([0, 0], [0, 28])
    assert (found.level, found.cases, found.needed) == (0, 28, 29)


def test_levels_without_cases_enough_are_not_where_the_tests_begin() -> None:
    assert side([0, 0, 0, 0], [0, 2, 5, 60]).level == 3


def test_the_pilot_is_not_tested() -> None:
    chosen = choose(table(1000, 0), 0.05, 0.95)
    assert chosen.allow.cases == round(1000 * (1 - PILOT))


def test_both_sides_share_the_error_probability() -> None:
    chosen = choose(table(1000, 0), 0.05, 0.9)
    assert (chosen.allow.needed, chosen.act.needed) == (needed(0.05, 0.05), needed(0.05, 0.05))


def test_a_verdict_that_one_level_of_the_other_side_spoils_counts_as_wrong_and_a_taken_one_not_at_all() -> None:
    verdicts = table(100, 0)
    verdicts[:40, 1, 1] = -ALLOWED
    verdicts[40:60, 1, 1] = ACTED
    found = choose(verdicts, 0.5, 0.9).allow
    assert 0 < found.errors < 40  # some are in the pilot
    assert found.cases < 80


def test_what_a_pair_of_levels_does_is_counted() -> None:
    found = count(table(5, 2, 3), 1, 0)
    assert (found.cases, found.allowed, found.allowed_wrong, found.acted) == (10, 7, 2, 0)


@pytest.mark.parametrize(("limit", "sure"), [(0.0, 0.95), (1.0, 0.95), (0.02, 95), (-1, 0.5)])
def test_a_limit_that_is_no_share_is_refused(limit: float, sure: float) -> None:
    with pytest.raises(ValueError, match="is not between 0 and 1; give a share"):
        choose(table(10, 0), limit, sure)


def test_level_zero_trusts_no_score_and_the_shipped_cuts_are_on_the_ladder() -> None:
    ladder = Ladder(SHIPPED)
    off = ladder.cuts(0, 0)
    assert (off.router, off.allow < 0, off.final_allow < 0, off.act > 1, off.final_act > 1) == (
        0,
        True,
        True,
        True,
        True,
    )
    near = [c.model_dump(exclude={"caution"}).values() for _, _, c in levels(ladder)]
    assert any(list(one) == pytest.approx(list(SHIPPED.model_dump(exclude={"caution"}).values())) for one in near)


def test_a_level_keeps_the_caution_of_a_scene() -> None:
    ladder = Ladder(SHIPPED.model_copy(update={"caution": {"HS": 1.0}}))
    for _, act, cuts in levels(ladder):
        assert cuts.final_act_in("SC") == cuts.final_act
        assert (cuts.final_act_in("HS") > cuts.final_act) == (act > 0)


def test_each_level_is_more_lenient_than_the_one_before_and_moves_its_own_side_alone() -> None:
    ladder = Ladder(SHIPPED)
    for level in range(1, len(ladder)):
        before, after = ladder.cuts(level - 1, level - 1), ladder.cuts(level, level)
        assert before.router < after.router and before.allow < after.allow and before.final_allow < after.final_allow
        assert before.act > after.act and before.final_act > after.final_act
        assert ladder.cuts(level, 3).act == ladder.cuts(1, 3).act
