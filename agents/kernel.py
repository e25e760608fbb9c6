"""Readings of a vector by its likeness to labelled lines: radial basis functions around landmarks.

A straight line through the vectors of an encoder cannot tell twins apart that lie close together; a kernel can, and
new labelled lines improve it without training the encoder again.
"""

import base64
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict

from agents.vectors import Floats, Vectors

STEPS = 127  # int8 on either side of zero
ROWS = 256  # at once: 8 MB a thousand landmarks


class Kernel(BaseModel):
    """Hold landmarks as int8 rows and one row of weights a class; base64, as it travels inside the weights file.

    A score is `sum_j weight_j * exp(-gamma * |x - landmark_j|^2) + bias` over unit vectors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    gamma: float
    width: int
    rows: str
    weights: str
    bias: tuple[float, ...]

    @classmethod
    def pack(
        cls, classes: tuple[str, ...], gamma: float, landmarks: Vectors, weights: ArrayLike, bias: ArrayLike
    ) -> Self:
        """Return the kernel of landmarks [m, width] (unit vectors) with weights [classes, m] and bias [classes]."""
        block = np.asarray(weights, np.float32)
        if block.shape != (len(classes), len(landmarks)):
            raise ValueError(f"weights have shape {block.shape}; pass {(len(classes), len(landmarks))}")
        scale = STEPS / np.abs(landmarks).max(1, keepdims=True)
        return cls(
            classes=classes,
            gamma=gamma,
            width=landmarks.shape[1],
            rows=base64.b64encode(np.rint(landmarks * scale).astype(np.int8).tobytes()).decode(),
            weights=base64.b64encode(block.astype("<f4").tobytes()).decode(),
            bias=tuple(float(b) for b in np.atleast_1d(np.asarray(bias))),
        )

    @cached_property
    def landmarks(self) -> Vectors:
        """Return the landmarks as unit vectors [m, width]."""
        rows = np.frombuffer(base64.b64decode(self.rows), np.int8).reshape(-1, self.width).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    @cached_property
    def matrix(self) -> Vectors:
        """Return the weights [m, classes]."""
        flat = np.frombuffer(base64.b64decode(self.weights), "<f4").reshape(len(self.classes), -1)
        return np.ascontiguousarray(flat.T, np.float32)

    def near(self, vectors: Floats | Vectors) -> Floats:
        """Return the likeness [n, m] in (0, 1] of unit vectors [n, width] to every landmark."""
        # In double precision: a product of single precision rounds a row otherwise when it has companions.
        cosine = np.asarray(vectors, np.float64) @ self._exact
        cosine -= 1
        cosine *= 2 * self.gamma
        return np.exp(cosine, out=cosine)

    def scores(self, vectors: Floats | Vectors) -> Floats:
        """Return [n, classes] from unit vectors [n, width]; a row's scores do not depend on the other rows."""
        found = np.zeros((len(vectors), len(self.classes)), np.float64)
        for start in range(0, len(vectors), ROWS):
            found[start : start + ROWS] = self.near(vectors[start : start + ROWS]) @ self.matrix
        return np.asarray(found + np.asarray(self.bias), np.float64)

    @cached_property
    def _exact(self) -> Floats:
        return np.asarray(self.landmarks.T, np.float64)
