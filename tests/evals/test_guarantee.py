"""The guarantee holds where the truth is known, and its tests can tell when one does not."""

import numpy as np
import pytest

from evals.guarantee import judged, resampled, resampled_verdicts, simulated


@pytest.mark.parametrize(("limit", "skew"), [(0.05, 1.0), (0.1, 1.3)])
def test_the_true_error_stays_within_the_limit_as_often_as_promised(limit: float, skew: float) -> None:
    found = simulated(limit, 0.9, cases=800, rounds=100, skew=skew, seed=3)
    # Three standard errors of a share of 0.9 in 100 rounds.
    assert found.holds >= 0.9 - 0.09
    assert found.automated > 0.1


def test_a_model_that_knows_nothing_automates_nothing() -> None:
    rng = np.random.default_rng(0)
    found = resampled(rng.random(600), rng.random(600) < 0.5, 0.05, rounds=20)
    assert (found.idle, found.automated, found.holds) == (1.0, 0.0, 1.0)


def test_a_model_that_knows_everything_automates_nearly_all() -> None:
    labels = np.arange(1000) % 2 == 0
    found = resampled(np.where(labels, 0.995, 0.005), labels, 0.05, rounds=20)
    assert (found.holds, found.allow_error, found.act_error) == (1.0, 0.0, 0.0)
    assert found.automated > 0.95
    assert float(found) == found.holds


def test_errors_that_the_limit_cannot_explain_are_called_so() -> None:
    # The labels of the half that is not calibrated on are turned over; seed 0 and one round, as below.
    table = judged(np.full(400, 0.001), np.zeros(400, np.bool_))
    spoilt = table.copy()
    spoilt[np.random.default_rng(0).permutation(400)[200:]] *= -1
    assert resampled_verdicts(table, 0.05, rounds=1).refuted == 0.0
    assert resampled_verdicts(spoilt, 0.05, rounds=1).refuted == 1.0


def test_the_same_seed_gives_the_same_numbers() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(0.4, 0.9, 800)
    y = rng.random(800) < p
    assert resampled(p, y, 0.1, rounds=10, seed=4) == resampled(p, y, 0.1, rounds=10, seed=4)


def test_scores_without_their_labels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) scores and \(2,\) labels; give one list of each"):
        resampled([0.1, 0.2, 0.3], [True, False], 0.05)
