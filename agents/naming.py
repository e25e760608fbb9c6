"""Which known rule the violating lines nearest to a text were written for, bound to what those rules state.

Rules stay inputs: a rule that states what a known one states hears that one's share; the further its statement lies
from all known ones the less it hears, down to nothing, where it is compared as if no rule were known. So a new rule is
judged by what it says, and an id that another policy uses for something else means nothing.
"""

import base64
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from agents.vectors import Floats, Vectors

FLOOR = -8.0
# Cosine of two statements from which on one begins to speak for the other. Ours: reworded rules of the packs lie above.
ALIKE = 0.85


class Hearing(NamedTuple):
    """By rule: the known rule that it is likest, and in [0, 1] how much that one's share means for it."""

    known: NDArray[np.intp]
    share: Floats

    def of(self, log_shares: Floats) -> Floats:
        """Return by rule the log-share [n, rules] of the known rule that it is likest, of shares [n, k]."""
        return np.asarray(log_shares[:, self.known])


def hearing(statements: Vectors, laws: Floats | Vectors) -> Hearing:
    """Return what rules with statements [rules, width] hear of known ones that state `laws` [k, width]."""
    likeness = np.asarray(statements, np.float64) @ np.asarray(laws, np.float64).T
    return Hearing(likeness.argmax(1), np.clip((likeness.max(1) - ALIKE) / (1 - ALIKE), 0.0, 1.0))


class Naming(BaseModel):
    """Hold one line of weights a known rule beside the vector of its statement; base64, as it travels in the weights.

    The log-share of rule k for a unit vector x is `log softmax(weights x + bias)_k`, no lower than FLOOR.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[str, ...]
    statements: str
    weights: str
    bias: tuple[float, ...]

    @classmethod
    def pack(cls, rules: Sequence[str], statements: Vectors, weights: ArrayLike, bias: ArrayLike) -> Self:
        """Return the naming of rules with statements [k, width] (unit vectors), weights [k, width] and bias [k]."""
        blocks = [np.asarray(statements, np.float32), np.asarray(weights, np.float32)]
        if blocks[0].shape != blocks[1].shape or len(blocks[0]) != len(rules):
            raise ValueError(
                f"statements {blocks[0].shape} and weights {blocks[1].shape} for {len(rules)} rules; "
                "pass one row a rule in both"
            )
        laws, lines = (base64.b64encode(block.astype("<f4").tobytes()).decode() for block in blocks)
        return cls(rules=tuple(rules), statements=laws, weights=lines, bias=tuple(map(float, np.asarray(bias))))

    def log_shares(self, vectors: Floats | Vectors) -> Floats:
        """Return [n, known rules] of unit vectors [n, width]; a row does not depend on the other rows."""
        x = np.asarray(vectors, np.float64) @ self._lines.T + np.asarray(self.bias)
        x -= x.max(1, keepdims=True)
        return np.asarray(np.maximum(x - np.log(np.exp(x).sum(1, keepdims=True)), FLOOR))

    @cached_property
    def laws(self) -> Floats:
        """Return the vectors of what the known rules state [k, width]."""
        return self._rows(self.statements)

    @cached_property
    def _lines(self) -> Floats:
        return self._rows(self.weights)

    def _rows(self, packed: str) -> Floats:
        flat = np.frombuffer(base64.b64decode(packed), "<f4").astype(np.float64)
        return flat.reshape(len(self.rules), -1)
