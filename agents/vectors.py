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
    width = max((len(group) for group in columns), default=0)
    if not width:
        return np.full((len(similarities), len(columns)), -1.0)
    # Groups are padded with a column of minus infinity, so that all of them are gathered and cut at once.
    places = np.full((len(columns), width), similarities.shape[1], np.intp)
    for row, group in zip(places, columns, strict=True):
        row[: len(group)] = group
    blank = np.full((len(similarities), 1), -np.inf, similarities.dtype)
    block = np.concatenate([similarities, blank], axis=1)[:, places]
    if k == 1:
        block = block.max(2, keepdims=True)
    elif width > k:
        block = -np.partition(-block, k - 1, axis=2)[:, :, :k]
    sizes = np.array([len(group) for group in columns])
    means = np.where(np.isfinite(block), block, 0).sum(2, dtype=np.float64) / np.clip(sizes, 1, k)
    return np.asarray(np.where(sizes > 0, means, -1.0), np.float64)
