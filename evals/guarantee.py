"""Does the guarantee of agents/guarantee.py hold? Three tests, and what each of them can show.

- `simulated`: cases drawn from a population whose risk at every threshold is known. It alone tests the promise itself,
  which is about the true error: it must be kept in at least `confidence` of the rounds.
- `resampled`: real scores, thresholds from a random half, errors counted on the other. The other half is a sample too,
  so its realised error may pass the limit where the true one does not: `holds` may lie below the confidence without
  a broken promise, `refuted` (more errors than the limit explains, at the 5 % level) should be rare. It shows whether
  the method survives real scores, ties and sizes.
- `resampled_verdicts`: the same with the whole cascade in place of one score, on what `graphs.sweep` gives.

None of them shows that future traffic is like the cases: that is assumed.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.guarantee import ACTED, ALLOWED, Verdicts, binomial_tail, check, choose, count
from agents.vectors import Floats, sigmoid
from cases.decision import Decision
from cases.model import Fact

LOG_ODDS = np.arange(-6.0, 1.01, 0.25)  # how far a score may be from certain, strict to lenient
NULL = 0.05
ROUNDS = 200
FINE = 20_001


class Resampling(Fact):
    """What came of repeated calibration; all values but `rounds` and `cases` are shares in [0, 1].

    `holds`: rounds in which neither side erred more often than the limit. `automated`: mean share of cases decided
    automatically; `allowed` and `acted` are its sides, `allow_error` and `act_error` what was wrong among them in all
    rounds together. `refuted`: rounds whose errors contradict the limit at the 5 % level on one of the sides. `idle`:
    rounds in which nothing could be automated.
    """

    rounds: int
    cases: int
    holds: float
    automated: float
    allowed: float
    acted: float
    allow_error: float
    act_error: float
    refuted: float
    idle: float

    def __float__(self) -> float:
        return self.holds


class Simulation(Fact):
    """What came of calibration on samples of a known population: shares of rounds, and means over them.

    `holds`: both true errors within the limit; it must not fall below the confidence by more than chance.
    """

    rounds: int
    cases: int
    holds: float
    allow_holds: float
    act_holds: float
    automated: float
    worst_error: float


def resampled(
    scores: Sequence[float] | Floats,
    labels: Sequence[bool] | NDArray[np.bool_],
    max_error: float,
    confidence: float = 0.95,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Resampling:
    """Return how a threshold on each side of one score fares on cases that it was not chosen on.

    `scores` are probabilities of a violation, `labels` true where there is one. Raise ValueError where there are not
    four cases, or not a label for each.
    """
    p, y = np.asarray(scores, np.float64), np.asarray(labels, np.bool_)
    if p.shape != y.shape or p.ndim != 1 or len(p) < 4:
        raise ValueError(f"{p.shape} scores and {y.shape} labels; give one list of each, of equal length, 4 or more")
    return resampled_verdicts(judged(p, y), max_error, confidence, rounds, seed)


def resampled_decisions(
    pairs: Iterable[tuple[Decision, bool]], max_error: float, confidence: float = 0.95, seed: int = 0
) -> Resampling:
    """Return the same for decisions with what a person says of each: true where there is a violation."""
    known = [(decision.score, violating) for decision, violating in pairs]
    return resampled([p for p, _ in known], [y for _, y in known], max_error, confidence, seed=seed)


def resampled_verdicts(
    verdicts: Verdicts, max_error: float, confidence: float = 0.95, rounds: int = ROUNDS, seed: int = 0
) -> Resampling:
    """Return the same for verdicts [cases, allow levels, act levels] as `graphs.sweep` judges them."""
    check(max_error, confidence)
    rng = np.random.default_rng(seed)
    holds = refuted = idle = total = 0
    sums = np.zeros(4, np.int64)
    for number in range(rounds):
        order = rng.permutation(len(verdicts))
        half = len(order) // 2
        chosen = choose(verdicts[order[:half]], max_error, confidence, seed=number)
        c = count(verdicts[order[half:]], chosen.allow.level, chosen.act.level)
        sides = ((c.allowed_wrong, c.allowed), (c.acted_wrong, c.acted))
        holds += all(wrong <= max_error * n for wrong, n in sides)
        refuted += any(wrong and binomial_tail(wrong - 1, n, max_error) >= 1 - NULL for wrong, n in sides)
        idle += not (chosen.allow.level or chosen.act.level)
        sums += (c.allowed, c.allowed_wrong, c.acted, c.acted_wrong)
        total += c.cases
    allowed, allowed_wrong, acted, acted_wrong = (int(s) for s in sums)
    return Resampling(
        rounds=rounds, cases=len(verdicts), holds=holds / rounds, automated=(allowed + acted) / total,
        allowed=allowed / total, acted=acted / total, allow_error=allowed_wrong / max(1, allowed),
        act_error=acted_wrong / max(1, acted), refuted=refuted / rounds, idle=idle / rounds,
    )  # fmt: skip


def simulated(
    max_error: float,
    confidence: float = 0.95,
    *,
    cases: int = 1000,
    rounds: int = ROUNDS,
    seed: int = 0,
    base: tuple[float, float] = (0.4, 1.2),
    skew: float = 1.3,
) -> Simulation:
    """Return how often the promise is kept where the truth is known.

    Scores follow a beta distribution `base`; a score p is a violation with probability sigmoid(logit(p) / `skew`), so
    a skew above 1 is a model that is too sure of itself. The risk at a threshold is an integral over FINE quantiles.
    """
    check(max_error, confidence)
    rng = np.random.default_rng(seed)
    grid = np.quantile(rng.beta(*base, size=50 * FINE), np.linspace(0, 1, FINE))
    truth = _truth(grid, skew)
    low, high = _cuts()
    kept: list[tuple[bool, bool]] = []
    shares: list[float] = []
    worst = 0.0
    for number in range(rounds):
        # Drawn from the very quantiles that the risk is counted on: the population is these FINE scores.
        drawn = rng.integers(0, FINE, cases)
        chosen = choose(judged(grid[drawn], rng.random(cases) < truth[drawn]), max_error, confidence, seed=number)
        acted = grid >= high[chosen.act.level]
        allowed = (grid <= low[chosen.allow.level]) & ~acted
        errors = (_mean(truth[allowed]), _mean(1 - truth[acted]))
        kept.append((errors[0] <= max_error, errors[1] <= max_error))
        shares.append(float((allowed | acted).mean()))
        worst = max(worst, *errors)
    pairs = np.array(kept)
    return Simulation(
        rounds=rounds, cases=cases, holds=float(pairs.all(1).mean()), allow_holds=float(pairs[:, 0].mean()),
        act_holds=float(pairs[:, 1].mean()), automated=float(np.mean(shares)), worst_error=worst,
    )  # fmt: skip


def judged(scores: Floats, labels: NDArray[np.bool_]) -> Verdicts:
    """Return the verdicts [cases, allow levels, act levels] of a cut on each side of one score; act goes first."""
    low, high = _cuts()
    act = scores[:, None, None] >= high[None, None, :]
    allow = (scores[:, None, None] <= low[None, :, None]) & ~act
    right = np.where(labels, ACTED, -ACTED)[:, None, None] * act
    return np.asarray(right + np.where(labels, -ALLOWED, ALLOWED)[:, None, None] * allow, np.int8)


def _cuts() -> tuple[Floats, Floats]:
    return (
        np.concatenate([[-1.0], sigmoid(LOG_ODDS)]),
        np.concatenate([[2.0], sigmoid(-LOG_ODDS)]),
    )


def _truth(p: Floats, skew: float) -> Floats:
    inside = np.clip(p, 1e-9, 1 - 1e-9)
    return sigmoid((np.log(inside) - np.log1p(-inside)) / skew)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
