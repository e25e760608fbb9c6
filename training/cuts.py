"""Cuts whose stated error holds on held-out lines: when to let go, when to act, and where to act more cautiously.

Pure functions of probabilities and truths; what is held out, and how it is read, is training/calibrate.py's.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from agents.calibration import Thresholds
from agents.vectors import Floats, logit

ACT_PRECISION, ALLOW_MISS = 0.9, 0.06
FINAL_PRECISION, FINAL_MISS = 0.8, 0.12
HIGH_HARM_MISS = 0.06
SHOWN_WORSE, NEVER = 0.1, 0.9999
Truth = NDArray[np.int_]
Scenes = NDArray[np.str_]


def thresholds(router, top, overall, y, clear, leading, truth, grave) -> Thresholds:  # type: ignore[no-untyped-def]
    """Return the cuts whose stated error holds on the held-out lines."""
    return Thresholds(
        router=router,
        allow=_allow(overall[clear], y[clear], ALLOW_MISS),
        act=_act(top[clear], y[clear], ACT_PRECISION),
        final_allow=_allow(leading, truth, FINAL_MISS),
        final_act=_act(leading, truth, FINAL_PRECISION),
        final_allow_high_harm=_allow(leading[grave], truth[grave], HIGH_HARM_MISS),
    )


def cautious(cuts: Thresholds, *stages: tuple[Floats, Truth, Scenes]) -> dict[str, float]:
    """Return by scene how far, in log-odds, both act cuts go up where its acts are shown to be less right than stated.

    A stage, ranker then reasoner, is (probability of the leading rule, truth, its scene) by case. A scene keeps the
    cuts of all unless a binomial test rejects their precision at SHOWN_WORSE: few acts show nothing.
    """
    found: dict[str, float] = {}
    for (p, y, scene), cut, precision in zip(
        stages, (cuts.act, cuts.final_act), (ACT_PRECISION, FINAL_PRECISION), strict=True
    ):
        for name in sorted(set(scene.tolist())):
            own, truth = p[scene == name], y[scene == name]
            acts = truth[own >= cut]
            if len(acts) and binom.cdf(acts.sum(), len(acts), precision) < SHOWN_WORSE:
                wanted = min(max(_act(own, truth, precision), cut), NEVER)
                found[name] = max(found.get(name, 0.0), float(logit(np.array(wanted)) - logit(np.array(cut))))
    # Rounded down, so that what the cut was found on still reaches it.
    return {name: math.floor(by * 1e4) / 1e4 for name, by in found.items() if by > 0}


def _act(p: Floats, y: Truth, precision: float) -> float:
    order = np.sort(p)
    good = [t for t in order if y[p >= t].mean() >= precision]
    return float(good[0]) if good else 1.0


def _allow(p: Floats, y: Truth, miss: float) -> float:
    order = np.sort(p)[::-1]
    good = [t for t in order if y[p <= t].mean() <= miss]
    return float(good[0]) if good else 0.0
