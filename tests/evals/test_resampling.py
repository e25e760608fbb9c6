"""Metrics over resamples agree with the plain ones, with scikit-learn and with scipy, and vary as a bootstrap does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import metrics
from evals import resampling as over

pytest.importorskip("sklearn", reason="the extra `evals` is not installed")
from scipy.stats import kendalltau  # noqa: E402
from sklearn import metrics as known  # noqa: E402

LABELLED = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40).filter(
    lambda rows: len({y for y, _ in rows}) == 2
)


def both(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([int(y) for y, _ in rows]), np.array([s / 9 for _, s in rows])


@settings(deadline=None, max_examples=60)
@given(LABELLED)
def test_the_set_itself_gives_what_scikit_learn_gives(rows: list[tuple[bool, int]]) -> None:
    y, s = both(rows)
    w = np.ones((1, len(y)))
    assert over.roc_auc(y, s, w)[0] == pytest.approx(known.roc_auc_score(y, s))
    assert over.average_precision(y, s, w)[0] == pytest.approx(known.average_precision_score(y, s))
    assert over.f1(y, s >= 0.5, w)[0] == pytest.approx(known.f1_score(y, s >= 0.5, zero_division=0))
    assert over.macro_f1(y, s >= 0.5, w)[0] == pytest.approx(
        known.f1_score(y, s >= 0.5, average="macro", labels=[0, 1], zero_division=0)
    )
    cuts = [known.f1_score(y, s >= cut, average="macro", labels=[0, 1], zero_division=0) for cut in set(s.tolist())]
    assert over.max_macro_f1(y, s, w)[0] == pytest.approx(max(cuts))


@settings(deadline=None, max_examples=40)
@given(LABELLED)
def test_a_weight_counts_as_that_many_copies_of_a_row(rows: list[tuple[bool, int]]) -> None:
    y, s = both(rows)
    times = np.random.default_rng(len(rows)).integers(1, 4, len(y))
    w = times[None].astype(np.float64)
    copied_y, copied_s = np.repeat(y, times), np.repeat(s, times)
    one = np.ones((1, len(copied_y)))
    assert over.roc_auc(y, s, w)[0] == pytest.approx(metrics.roc_auc(copied_y, copied_s))
    assert over.average_precision(y, s, w)[0] == pytest.approx(metrics.average_precision(copied_y, copied_s))
    assert over.max_f1(y, s, w)[0] == pytest.approx(metrics.max_f1(copied_y, copied_s)[0])
    assert over.calibration_error(y, s, w)[0] == pytest.approx(over.calibration_error(copied_y, copied_s, one)[0])
    assert over.ordered_pairs(s, y, w, 0.1)[0] == pytest.approx(over.ordered_pairs(copied_s, copied_y, one, 0.1)[0],
                                                               nan_ok=True)  # fmt: skip


def test_severity_orders_are_scored_by_scipy_and_by_hand() -> None:
    gold, given_ = [10, 30, 50, 90], [20, 10, 60, 80]
    w = np.ones((1, 4))
    assert over.tau_b(gold, given_, w)[0] == pytest.approx(kendalltau(gold, given_).statistic)
    # Gaps of gold: 20 (wrong), 20 (right), 40 three times (right), 60, 80.
    assert over.ordered_pairs(gold, given_, w, 10, 25)[0] == pytest.approx(0.5)
    assert over.ordered_pairs(gold, given_, w, 25)[0] == 1.0
    assert over.ndcg(gold, gold, w, 3)[0] == pytest.approx(1.0)


def test_perfect_calibration_has_no_error_and_a_boast_has_its_size() -> None:
    y = [1, 0, 1, 0]
    assert over.calibration_error(y, [0.5] * 4, np.ones((1, 4)))[0] == pytest.approx(0.0)
    assert over.calibration_error(y, [1.0] * 4, np.ones((1, 4)))[0] == pytest.approx(0.5)


def test_few_rows_of_a_perfect_judge_seem_to_err_and_many_do_not() -> None:
    told = np.random.default_rng(1).random(20_000)
    few, many = over.calibration_by_chance(told[:100], 200), over.calibration_by_chance(told, 200)
    assert few[0] == pytest.approx(few[1:].mean()) and len(few) == 201
    assert 0.05 < few[0] < 0.12 and many[0] < 0.01
    assert over.calibration_by_chance([0.0, 1.0], 50).max() == 0.0  # who is certain and right errs by no draw


def test_an_interval_of_a_share_is_near_the_one_by_formula() -> None:
    values = np.array([1.0] * 60 + [0.0] * 140)
    found = over.mean(values, over.draws(len(values), 1000, seed=3))
    low, high = over.interval(found[1:]) or (0.0, 0.0)
    assert found[0] == pytest.approx(0.3)
    assert (low, high) == pytest.approx(metrics.wilson(60, 200), abs=0.02)


def test_draws_are_the_same_in_every_run_and_keep_the_size_of_the_set() -> None:
    assert (over.draws(7, 20) == over.draws(7, 20)).all()
    assert set(over.draws(7, 20).sum(1).tolist()) == {7.0}
    with pytest.raises(ValueError, match="0 rows"):
        over.draws(0)


def test_what_is_not_defined_is_nan_and_has_no_interval() -> None:
    only_positive = over.roc_auc([1, 1], [0.2, 0.4], over.draws(2, 10))
    assert np.isnan(only_positive).all()
    assert over.interval(only_positive[1:]) is None


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="score 1 is not a number"):
        over.roc_auc([0, 1], [0.1, float("nan")], np.ones((1, 2)))
