"""Assembly of the fine-grained p and the overall q into one score (Filter-And-Refine, M5)."""

from typing import Literal, get_args

import numpy as np

from agents.vectors import Floats

Assembly = Literal["union", "maximum", "weighted", "bayes"]
ASSEMBLIES: tuple[Assembly, ...] = get_args(Assembly)


def assemble(p: Floats, q: Floats, how: Assembly, weight: float = 0.5, prior: float = 0.5) -> Floats:
    """Return the assembled score in [0, 1]; p and q broadcast. `weight` is p's share, `prior` that of bayes.

    >>> p, q = np.array([0.2]), np.array([0.5])
    >>> [round(float(assemble(p, q, how)[0]), 3) for how in ASSEMBLIES]
    [0.6, 0.5, 0.35, 0.2]
    """
    p, q = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(q, np.float64))
    if how == "union":
        return np.asarray(1 - (1 - p) * (1 - q))
    if how == "maximum":
        return np.maximum(p, q)
    if how == "weighted":
        return np.asarray(weight * p + (1 - weight) * q)
    # Two readings of one event share its prior, so one copy of the prior's odds is taken out.
    both = p * q * (1 - prior)
    neither = (1 - p) * (1 - q) * prior
    return np.asarray(both / np.maximum(both + neither, 1e-12))
