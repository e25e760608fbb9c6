import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import metrics
from evals.metrics import average_precision, kendall_tau_b, max_f1, mcnemar_p, roc_auc, wilson

# Few distinct scores, so that ties are common.
rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=30)


def both(found: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [label for label, _ in found], [score for _, score in found]


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(metrics).failed == 0


@given(st.integers(0, 12), st.integers(0, 12))
def test_mcnemar_counts_every_coin_that_fell_as_unevenly(worse: int, better: int) -> None:
    changed = worse + better
    falls = [bin(coins).count("1") for coins in range(2**changed)] if changed <= 12 else None
    if falls is not None:
        odd = sum(abs(2 * heads - changed) >= abs(worse - better) for heads in falls)
        assert mcnemar_p(worse, better) == pytest.approx(odd / len(falls))
    assert mcnemar_p(worse, better) == mcnemar_p(better, worse)


def test_mcnemar_takes_counts_of_any_size() -> None:
    assert mcnemar_p(50_000, 50_000) == pytest.approx(1.0)
    assert mcnemar_p(10_000, 20_000) < 1e-300


def test_the_wilson_interval_holds_the_share_and_stays_inside_zero_and_one() -> None:
    for total in (1, 3, 10, 1000):
        for hits in range(0, total + 1, max(1, total // 10)):
            low, high = wilson(hits, total)
            assert 0 <= low <= hits / total <= high <= 1
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 50)[0] == 0.0 and wilson(50, 50)[1] == 1.0


@given(rows)
def test_roc_auc_is_the_share_of_pairs_in_order(found: list[tuple[int, int]]) -> None:
    labels, scores = both(found)
    pairs = [(a > b) + 0.5 * (a == b) for x, a in found for y, b in found if x and not y]
    if pairs:
        assert roc_auc(labels, scores) == pytest.approx(sum(pairs) / len(pairs))
    else:
        with pytest.raises(ValueError, match="needs both"):
            roc_auc(labels, scores)


@given(rows)
def test_average_precision_and_f1_follow_from_every_cut(found: list[tuple[int, int]]) -> None:
    labels, scores = both(found)
    positive = sum(labels)
    if not positive:
        with pytest.raises(ValueError, match="no positive label"):
            average_precision(labels, scores)
        return
    area, before, best = 0.0, 0.0, 0.0
    for cut in sorted(set(scores), reverse=True):
        taken = [label for label, score in found if score >= cut]
        precision, recall = sum(taken) / len(taken), sum(taken) / positive
        area += (recall - before) * precision
        before = recall
        best = max(best, 2 * precision * recall / (precision + recall)) if precision else best
    assert average_precision(labels, scores) == pytest.approx(area)
    f1, at = max_f1(labels, scores)
    assert f1 == pytest.approx(best)
    taken = [label for label, score in found if score >= at]
    assert f1 == pytest.approx(2 * sum(taken) / (len(taken) + positive))


@given(rows)
def test_tau_counts_pairs_that_agree_less_pairs_that_do_not(found: list[tuple[int, int]]) -> None:
    x, y = both(found)
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i in range(len(x)) for j in range(i)]
    in_x, in_y = sum(a != 0 for a, _ in signs), sum(b != 0 for _, b in signs)
    if not in_x or not in_y:
        with pytest.raises(ValueError, match="orders nothing"):
            kendall_tau_b(x, y)
    else:
        assert kendall_tau_b(x, y) == pytest.approx(sum(a * b for a, b in signs) / (in_x * in_y) ** 0.5)


def test_what_cannot_be_measured_is_refused() -> None:
    for wrong in ([0, 2], [1]):
        with pytest.raises(ValueError):
            roc_auc(wrong, [0.1, 0.2])
    with pytest.raises(ValueError, match="score 1 is not a number"):
        average_precision([0, 1], [0.1, float("nan")])
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)
