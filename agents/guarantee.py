"""Choose thresholds whose error is bounded with a stated confidence: Learn-then-Test, in pure arithmetic.

Angelopoulos et al. 2021 ("Learn then Test"), sections 2-3: each level of a fixed ladder from strict to lenient is a
null hypothesis "its error is above the limit", with an exact binomial p-value; fixed-sequence testing stops at the
first level that is not rejected, so all rejected ones hold together. Where the sequence begins is read off a pilot of
the cases that no test sees. The two sides, allow and act, share the error probability (Bonferroni). Nothing is assumed
of the scores; the cases must be exchangeable with those to come.

One side's cuts move which cases are left for the other. A side is therefore tested as if the other stood at its worst:
a wrong verdict counts where any level of the other side gives it, a right one only where every level does. The bound
then holds for each pair of levels.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agents.calibration import Thresholds
from agents.vectors import logit, sigmoid
from cases.model import Fact

PILOT = 0.2
STEP = 0.25
STRICT, LENIENT = 4.0, 1.0
# An allow cut below every probability and an act cut above every one.
NEVER_ALLOW, NEVER_ACT = -1e-9, 1.0 + 1e-9
REVIEW, ALLOWED, ACTED = 0, 1, 2

Bools = NDArray[np.bool_]
Verdicts = NDArray[np.int8]


class Side(Fact):
    """What was shown for one side. `level` 0 automates nothing.

    `cases` and `errors` are those tested at the chosen level, or, where nothing could be shown, at the level that was
    tried first; `bound` is the upper Clopper-Pearson bound on their error at the side's confidence. `needed` is how
    many verdicts without an error a level must give before anything can be shown.
    """

    level: int
    cases: int
    errors: int
    bound: float
    needed: int


class Choice(Fact):
    """The levels chosen for a limit on the error, in (0, 1), and a confidence that both sides hold together."""

    max_error: float
    confidence: float
    allow: Side
    act: Side


class Count(Fact):
    """What a pair of levels does to labelled cases: how many there are, are automated, and are so wrongly."""

    cases: int
    allowed: int
    allowed_wrong: int
    acted: int
    acted_wrong: int


class Ladder:
    """Levels of thresholds from strict to lenient, each side by itself: level 0 is off.

    A level moves all cuts of its side together, by the same number of log-odds from the shipped ones, so router,
    ranker and reasoner become stricter or more lenient in step. It depends on no label and on no case.
    """

    def __init__(self, shipped: Thresholds) -> None:
        self.shipped = shipped
        self.moves = tuple(float(m) for m in np.arange(STRICT, -LENIENT - STEP / 2, -STEP))

    def __len__(self) -> int:
        return len(self.moves) + 1

    def cuts(self, allow: int, act: int) -> Thresholds:
        """Return the thresholds of a level of each side."""
        base = self.shipped
        if allow:
            down = -self.moves[allow - 1]
            router, low, final_low = (_moved(c, down) for c in (base.router, base.allow, base.final_allow))
            grave = _moved(base.final_allow_high_harm, down) if base.final_allow_high_harm > 0 else NEVER_ALLOW
        else:
            router, low, final_low, grave = 0.0, NEVER_ALLOW, NEVER_ALLOW, NEVER_ALLOW
        if act:
            high, final_high = (_moved(c, self.moves[act - 1]) for c in (base.act, base.final_act))
        else:
            high, final_high = NEVER_ACT, NEVER_ACT
        return Thresholds(
            router=router, allow=low, act=high, final_allow=final_low, final_act=final_high,
            final_allow_high_harm=grave, caution=base.caution,
        )  # fmt: skip


def choose(verdicts: Verdicts, max_error: float, confidence: float, seed: int = 0) -> Choice:
    """Return the most lenient level of each side that is shown to hold.

    `verdicts` [cases, allow levels, act levels] holds REVIEW, ALLOWED or ACTED, negative where that is wrong.
    """
    check(max_error, confidence)
    delta = (1 - confidence) / 2
    pilot = np.random.default_rng(seed).permutation(len(verdicts)) < round(PILOT * len(verdicts))
    allow = certify((verdicts == -ALLOWED).any(2), (verdicts == ALLOWED).all(2), pilot, max_error, delta)
    act = certify((verdicts == -ACTED).any(1), (verdicts == ACTED).all(1), pilot, max_error, delta)
    return Choice(max_error=max_error, confidence=confidence, allow=allow, act=act)


def certify(wrong: Bools, right: Bools, pilot: Bools, max_error: float, delta: float) -> Side:
    """Return the last level of one side that the sequence of tests rejects at `delta`.

    `wrong` and `right` are [cases, levels], `pilot` [cases] names those that only choose where to begin.
    """
    bad, all_ = wrong[~pilot].sum(0), (wrong | right)[~pilot].sum(0)
    first = _begin((wrong | right)[pilot].sum(0) * ((~pilot).sum() / max(1, pilot.sum())), max_error, delta)
    shown = 0
    for level in range(first, len(all_)):
        if binomial_tail(int(bad[level]), int(all_[level]), max_error) > delta:
            break
        shown = level
    told = shown or first
    n, k = int(all_[told]), int(bad[told])
    return Side(level=shown, cases=n, errors=k, bound=upper_bound(k, n, delta), needed=needed(max_error, delta))


def count(verdicts: Verdicts, allow: int, act: int) -> Count:
    """Return what a pair of levels does to all the cases."""
    given = verdicts[:, allow, act]
    return Count(
        cases=len(given),
        allowed=int((abs(given) == ALLOWED).sum()), allowed_wrong=int((given == -ALLOWED).sum()),
        acted=int((abs(given) == ACTED).sum()), acted_wrong=int((given == -ACTED).sum()),
    )  # fmt: skip


def binomial_tail(errors: int, cases: int, rate: float) -> float:
    """Return P(X <= errors), X binomial: the exact p-value of "the error rate is above `rate`".

    >>> round(binomial_tail(0, 59, 0.05), 4), round(binomial_tail(1, 3, 0.5), 4), binomial_tail(0, 0, 0.1)
    (0.0485, 0.5, 1.0)
    """
    if errors >= cases:
        return 1.0
    up, down = math.log(rate), math.log1p(-rate)
    whole = math.lgamma(cases + 1)
    terms = (
        math.exp(whole - math.lgamma(x + 1) - math.lgamma(cases - x + 1) + x * up + (cases - x) * down)
        for x in range(errors + 1)
    )
    return min(1.0, math.fsum(terms))


def upper_bound(errors: int, cases: int, delta: float) -> float:
    """Return the upper Clopper-Pearson bound, in [0, 1]: the rate at which so few errors have probability `delta`.

    >>> round(upper_bound(0, 59, 0.05), 4), round(upper_bound(3, 100, 0.05), 4), upper_bound(0, 0, 0.05)
    (0.0495, 0.0757, 1.0)
    """
    if errors >= cases:
        return 1.0
    low, high = errors / cases, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if binomial_tail(errors, cases, middle) > delta else (low, middle)
    return high


def needed(max_error: float, delta: float, errors: int = 0) -> int:
    """Return how many cases with so many errors among them show at `delta` that the error is at most `max_error`.

    >>> needed(0.05, 0.05), needed(0.02, 0.025), needed(0.05, 0.05, 1)
    (59, 183, 93)
    """
    cases = max(errors + 1, math.ceil(math.log(delta) / math.log1p(-max_error)))
    while binomial_tail(errors, cases, max_error) > delta:
        cases += 1
    return cases


def check(max_error: float, confidence: float) -> None:
    """Raise ValueError for a limit or a confidence that is none."""
    for name, value in (("max-error", max_error), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} {value!r} is not between 0 and 1; give a share, such as 0.02 or 0.95")


def _begin(expected: NDArray[np.float64], max_error: float, delta: float) -> int:
    """Return the strictest level that may give verdicts enough for one error, or for none, or gives the most."""
    for enough in (needed(max_error, delta, 1), needed(max_error, delta)):
        reached = np.flatnonzero(expected[1:] >= enough)
        if len(reached):
            return int(reached[0]) + 1
    return int(expected[1:].argmax()) + 1


def _moved(cut: float, by: float) -> float:
    return float(sigmoid(logit(np.array([cut])) + by)[0])


def levels(ladder: Ladder) -> Iterator[tuple[int, int, Thresholds]]:
    """Yield every pair of levels with its thresholds."""
    for allow in range(len(ladder)):
        for act in range(len(ladder)):
            yield allow, act, ladder.cuts(allow, act)
