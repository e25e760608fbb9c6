"""Metrics over many resamples of the same rows at once, for bootstrap intervals. The plain ones are evals/metrics.py.

A resample is how often each row was drawn: `draws` gives [1 + rounds, rows], of which the first line is 1 everywhere,
so the first value of every metric is that of the set itself. A resample in which a metric is not defined gives nan.
Labels y are 0 or 1; scores s are any reals, higher meaning "more likely 1".
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
ROUNDS = 1000
BINS = 10


def draws(rows: int, rounds: int = ROUNDS, seed: int = 0, groups: Sequence[str] | None = None) -> Floats:
    """Return [1 + rounds, rows]: one line of ones, then bootstrap resamples with replacement (Efron, 1979).

    With `groups`, one name a row, whole groups are drawn: rows that were written together are not independent.
    """
    if rows < 1:
        raise ValueError(f"{rows!r} rows: there is nothing to draw from; measure a set that has rows")
    if groups is not None:
        names = list(dict.fromkeys(groups))
        place = {name: i for i, name in enumerate(names)}
        return draws(len(names), rounds, seed)[:, [place[g] for g in groups]]
    drawn = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=rounds)
    return np.concatenate([np.ones((1, rows)), drawn.astype(np.float64)])


def interval(replicates: Floats, level: float = 0.95) -> tuple[float, float] | None:
    """Return the percentile interval of replicates, None where fewer than half of them are defined."""
    known = replicates[np.isfinite(replicates)]
    if 2 * len(known) < len(replicates) or not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean(values: ArrayLike, w: Floats) -> Floats:
    """Return the mean of values [rows] in each resample.

    >>> mean([0, 1, 1], np.array([[1, 1, 1], [2, 1, 0]])).round(4).tolist()
    [0.6667, 0.3333]
    """
    return ratio(w @ np.asarray(values, np.float64), w.sum(1))


def roc_auc(y: ArrayLike, s: ArrayLike, w: Floats) -> Floats:
    """Return the share of (positive, negative) pairs ordered right; ties count half.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], np.ones((1, 4))).tolist()
    [0.75]
    """
    positive, negative, _ = _grouped(y, s, w)
    below = np.cumsum(negative, 1) - negative
    pairs = positive.sum(1) * negative.sum(1)
    return ratio((positive * (below + negative / 2)).sum(1), pairs)


def average_precision(y: ArrayLike, s: ArrayLike, w: Floats) -> Floats:
    """Return the sum of (R_n - R_n-1) * P_n over the cuts."""
    positive, negative, _ = _grouped(y, s, w)
    positive, found, wrong = positive[:, ::-1], np.cumsum(positive[:, ::-1], 1), np.cumsum(negative[:, ::-1], 1)
    return ratio((positive * ratio(found, found + wrong, 0.0)).sum(1), positive.sum(1))


def f1_at_cuts(y: ArrayLike, s: ArrayLike, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (F1 of label 1, F1 of label 0, cuts): F1 is [resamples, cuts]; scores at or above a cut are called 1."""
    positive, negative, cuts = _grouped(y, s, w)
    found, wrong = np.cumsum(positive[:, ::-1], 1), np.cumsum(negative[:, ::-1], 1)
    missed, left = positive.sum(1)[:, None] - found, negative.sum(1)[:, None] - wrong
    return (
        ratio(2 * found, 2 * found + wrong + missed, 0.0),
        ratio(2 * left, 2 * left + wrong + missed, 0.0),
        cuts[::-1],
    )


def max_f1(y: ArrayLike, s: ArrayLike, w: Floats) -> Floats:
    """Return the highest F1 that a cut reaches; the cut is chosen anew in each resample."""
    one, _, _ = f1_at_cuts(y, s, w)
    return np.where((w @ np.asarray(y, np.float64)) > 0, one.max(1), np.nan)


def max_macro_f1(y: ArrayLike, s: ArrayLike, w: Floats) -> Floats:
    """Return the highest mean of both labels' F1 that a cut reaches; chosen on the rows that it is measured on."""
    one, zero, _ = f1_at_cuts(y, s, w)
    best: Floats = ((one + zero) / 2).max(1)
    return best


def f1(y: ArrayLike, said: ArrayLike, w: Floats) -> Floats:
    """Return 2 TP / (2 TP + FP + FN) of what was said, 0 or 1 a row."""
    true, called = np.asarray(y, np.float64), np.asarray(said, np.float64)
    return ratio(2 * (w @ (true * called)), w @ (true + called))


def macro_f1(y: ArrayLike, said: ArrayLike, w: Floats) -> Floats:
    """Return the mean of both labels' F1."""
    true, called = np.asarray(y, np.float64), np.asarray(said, np.float64)
    return (f1(true, called, w) + f1(1 - true, 1 - called, w)) / 2


def calibration_error(y: ArrayLike, p: ArrayLike, w: Floats, bins: int = BINS) -> Floats:
    """Return the expected calibration error: mean |share of 1 - mean p| over bins of equal width (Naeini et al., 2015).

    >>> calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], np.ones((1, 4)), bins=2).tolist()
    [0.25]
    """
    true, told = np.asarray(y, np.float64), np.asarray(p, np.float64)
    place = np.minimum((told * bins).astype(np.intp), bins - 1)
    gaps = np.zeros((len(told), bins))
    gaps[np.arange(len(told)), place] = true - told
    # |sum of gaps| of a bin = its size times |share - mean p|.
    return ratio(np.abs(w @ gaps).sum(1), w.sum(1))


def calibration_by_chance(p: ArrayLike, rounds: int = ROUNDS, seed: int = 0, bins: int = BINS) -> Floats:
    """Return [1 + rounds] calibration errors of labels drawn from stated probabilities, the mean of all first.

    What a perfectly calibrated judge of as many rows would seem to err: no measured error can be told from below it.
    """
    told = np.asarray(p, np.float64)
    drawn = np.random.default_rng(seed).random((rounds, len(told))) < told
    ones = np.ones((1, len(told)))
    each = [float(calibration_error(y, told, ones, bins)[0]) for y in drawn]
    return np.array([np.mean(each), *each])


def ordered_pairs(gold: ArrayLike, given: ArrayLike, w: Floats, low: float, high: float = np.inf) -> Floats:
    """Return the share of pairs with low <= gap of gold < high that `given` orders as gold does; ties count half."""
    a, b = np.asarray(gold, np.float64), np.asarray(given, np.float64)
    gap = a[:, None] - a[None, :]
    counted = ((gap >= low) & (gap < high)).astype(np.float64)
    right = counted * (np.sign(b[:, None] - b[None, :]) + 1) / 2
    return ratio(((w @ right) * w).sum(1), ((w @ counted) * w).sum(1))


def each(metric: Callable[[Floats, Floats], float], a: ArrayLike, b: ArrayLike, w: Floats) -> Floats:
    """Return a metric of two rows of numbers, resample by resample: for those that have no weighted form."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    out = np.full(len(w), np.nan)
    for i, line in enumerate(w):
        drawn = np.repeat(np.arange(len(first)), line.astype(np.intp))
        if len(drawn) > 1:
            out[i] = metric(first[drawn], second[drawn])
    return out


def tau_b(gold: ArrayLike, given: ArrayLike, w: Floats) -> Floats:
    """Return Kendall's tau-b, in [-1, 1]."""
    from scipy.stats import kendalltau

    return each(lambda a, b: float(kendalltau(a, b, variant="b").statistic), gold, given, w)


def ndcg(gold: ArrayLike, given: ArrayLike, w: Floats, k: int) -> Floats:
    """Return NDCG@k with gold >= 0 as the gain (Järvelin and Kekäläinen, 2002)."""
    from sklearn.metrics import ndcg_score

    return each(lambda a, b: float(ndcg_score(a[None], b[None], k=k)), gold, given, w)


def _grouped(y: ArrayLike, s: ArrayLike, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the weight of positives and of negatives at each distinct score [resamples, scores], and the scores."""
    true, scores = np.asarray(y, np.float64), np.asarray(s, np.float64)
    if np.isnan(scores).any():
        raise ValueError(f"score {int(np.isnan(scores).argmax())} is not a number; leave such rows out and say so")
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) != 0)
    drawn, true = w[:, order], true[order]
    found = np.add.reduceat(drawn * true, starts, axis=1)
    return found, np.add.reduceat(drawn * (1 - true), starts, axis=1), scores[order][starts]


def ratio(above: Floats, below: Floats, empty: float = np.nan) -> Floats:
    """Return above / below, `empty` where below is not positive."""
    out: Floats = np.divide(above, below, out=np.full(np.shape(above), empty), where=np.asarray(below) > 0)
    return out
