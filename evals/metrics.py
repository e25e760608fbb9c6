"""Metrics as pure functions over numbers. They know nothing of cases or packs.

Labels are 0 or 1, scores any real numbers of which higher means "more likely 1". A metric that is not defined (no
positive label, nothing to compare) raises ValueError: a silent 0 would be read as a bad result.
"""

from math import exp, fsum, lgamma, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def mcnemar_p(worse: int, better: int) -> float:
    """Return the two-sided exact p of McNemar's test, from how many cases got worse and how many better.

    Under no difference each case that changed is as likely one as the other: Binomial(worse + better, 1/2)
    (McNemar, Psychometrika 1947, in the exact form).

    >>> round(mcnemar_p(1, 8), 4)
    0.0391
    >>> mcnemar_p(0, 0)
    1.0
    """
    if worse < 0 or better < 0:
        raise ValueError(f"counts are {worse!r} and {better!r}; pass 0 or more")
    changed = worse + better
    every = lgamma(changed + 1) - changed * log(2)  # logarithms, as the binomials of many cases overflow
    tail = fsum(exp(every - lgamma(k + 1) - lgamma(changed - k + 1)) for k in range(min(worse, better) + 1))
    return min(1.0, 2 * tail)


def wilson(hits: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the interval of a share (Wilson, JASA 1927), at 95 % by default; (0, 1) where nothing was seen.

    >>> tuple(round(end, 4) for end in wilson(2, 10))
    (0.0567, 0.5098)
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits!r} of {total!r} is no share; pass 0 <= hits <= total")
    if total == 0:
        return 0.0, 1.0
    share, extra = hits / total, z * z / total
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * sqrt(share * (1 - share) / total + extra / (4 * total))
    # Rounding would leave 1e-18 at the ends where the formula gives exactly 0 and 1.
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == total else middle + half)


def kendall_tau_b(x: ArrayLike, y: ArrayLike) -> float:
    """Return Kendall's tau-b of two rankings, in [-1, 1]; ties are allowed (Kendall, Biometrika 1945).

    >>> round(kendall_tau_b([1, 2, 3, 4], [1, 3, 2, 4]), 4)
    0.6667
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"rankings have shapes {a.shape!r} and {b.shape!r}; pass two rows of one length")
    agreeing = in_a = in_b = 0.0
    for i in range(len(a) - 1):
        signs, others = np.sign(a[i + 1 :] - a[i]), np.sign(b[i + 1 :] - b[i])
        agreeing += float((signs * others).sum())
        in_a += float(np.abs(signs).sum())
        in_b += float(np.abs(others).sum())
    if not in_a or not in_b:
        raise ValueError("a ranking that holds one value alone orders nothing; tau is not defined")
    return agreeing / sqrt(in_a * in_b)


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the share of (positive, negative) pairs in which the positive scores higher; ties count half.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    y, s = _labelled(labels, scores)
    positive = int(y.sum())
    negative = len(y) - positive
    if not positive or not negative:
        raise ValueError(f"{positive} positive and {negative} negative labels; ROC AUC needs both")
    _, place, counts = np.unique(s, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    return float((ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the steps of precision over recall: the sum of (R_n - R_n-1) * P_n over the cuts.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    precision, recall, _ = _curve(labels, scores)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def max_f1(labels: ArrayLike, scores: ArrayLike) -> tuple[float, float]:
    """Return the highest F1 that a cut reaches, and that cut: what scores at or above it is called positive.

    >>> f1, cut = max_f1([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(f1, 4), cut
    (0.8, 0.35)
    """
    precision, recall, cuts = _curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(f1.argmax())
    return float(f1[best]), float(cuts[best])


def _curve(labels: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and the cut, from the highest cut down; equal scores fall together."""
    y, s = _labelled(labels, scores)
    if not y.any():
        raise ValueError("no positive label; precision and recall are not defined")
    order = np.argsort(-s, kind="stable")
    y, s = y[order], s[order]
    last = np.append(np.flatnonzero(np.diff(s)), len(s) - 1)
    found = np.cumsum(y)[last].astype(np.float64)
    return found / (last + 1), found / y.sum(), s[last]


def _labelled(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int_], Floats]:
    y, s = np.asarray(labels, np.int_), np.asarray(scores, np.float64)
    if y.ndim != 1 or y.shape != s.shape:
        raise ValueError(f"labels have shape {y.shape!r}, scores {s.shape!r}; pass two rows of one length")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"labels hold {sorted(set(y.tolist()) - {0, 1})!r}; they are 0 or 1")
    if np.isnan(s).any():
        raise ValueError(f"score {int(np.isnan(s).argmax())} is not a number; leave such rows out and say so")
    return y, s
