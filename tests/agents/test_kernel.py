"""A kernel reads a vector by its likeness to labelled lines, the same alone and among others."""

import numpy as np
import pytest

from agents.kernel import Kernel
from agents.vectors import Vectors


def unit(rows: int, width: int = 24, seed: int = 3) -> Vectors:
    raw = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


LANDMARKS = unit(40)
WEIGHTS = np.random.default_rng(4).normal(size=(2, 40)).astype(np.float32)
KERNEL = Kernel.pack(("violating", "severity"), 1.5, LANDMARKS, WEIGHTS, [0.25, -1.0])


def test_scores_are_weighted_sums_of_the_likeness_to_landmarks() -> None:
    texts = unit(7, seed=8)
    distance = ((texts[:, None] - KERNEL.landmarks[None]) ** 2).sum(-1)
    expected = np.exp(-1.5 * distance) @ WEIGHTS.T + [0.25, -1.0]
    assert KERNEL.scores(texts) == pytest.approx(expected, abs=1e-4)


def test_landmarks_survive_eight_bits_almost_unchanged() -> None:
    assert float((KERNEL.landmarks * LANDMARKS).sum(1).min()) > 0.9995


def test_a_row_scores_the_same_alone_and_among_others() -> None:
    texts = unit(50, seed=9)
    together = KERNEL.scores(texts)
    alone = np.concatenate([KERNEL.scores(t[None]) for t in texts])
    # Twelve digits: far below what any rounding that people see could tell.
    assert np.abs(together - alone).max() < 1e-12


def test_a_kernel_travels_through_json_unchanged() -> None:
    again = Kernel.model_validate_json(KERNEL.model_dump_json())
    texts = unit(5, seed=10)
    assert (again.scores(texts) == KERNEL.scores(texts)).all()


def test_no_rows_give_no_scores() -> None:
    assert KERNEL.scores(np.zeros((0, 24), np.float32)).shape == (0, 2)


def test_weights_of_the_wrong_shape_are_refused_with_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"\(2, 39\).*\(2, 40\)"):
        Kernel.pack(("violating", "severity"), 1.0, LANDMARKS, WEIGHTS[:, :39], [0, 0])
