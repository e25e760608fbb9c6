"""What judgements need from an encoder, and the arithmetic on its unit vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


class Encode(Protocol):
    """Turn texts into unit vectors [n, width], float32, one a text and in their order."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Encode the texts."""
        ...


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow.

    >>> [round(float(v), 3) for v in sigmoid(np.array([-1000.0, 0.0, 2.0]))]
    [0.0, 0.5, 0.881]
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), np.float64)


def logit(p: Floats) -> Floats:
    """Return log(p / (1 - p)), with p kept inside [1e-6, 1 - 1e-6].

    >>> [round(float(v), 3) for v in logit(np.array([0.5, 0.881]))]
    [0.0, 2.002]
    """
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float64)


def top_mean(similarities: NDArray[np.floating], columns: Sequence[NDArray[np.intp]], k: int) -> Floats:
    """Return [n, groups]: for each group of columns the mean of its k largest entries in each row."""
    out = np.empty((similarities.shape[0], len(columns)))
    for j, group in enumerate(columns):
        block = similarities[:, group]
        if block.shape[1] > k:
            block = -np.partition(-block, k - 1, axis=1)[:, :k]
        out[:, j] = block.mean(1) if block.shape[1] else -1.0
    return out
