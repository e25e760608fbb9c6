"""Fit the lexicon (agents/lexicon.py): linear readings of hashed n-grams, by lines with labels. No network is needed.

Any violation is fitted on all lines that say yes or no, rules on violating authored lines, one against the rest.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import normalize

from agents.lexicon import BUCKETS, Lexicon, grams
from agents.rulebook import Rulebook
from agents.vectors import Floats, Vectors
from graphs.wiring import lexicon_of
from tools.lexicon import LexiconFile
from training.data import Sample

# Chosen on held-out lines among 3e-6, 1e-5 and 3e-5 (evals/LOG.md).
ALPHA, ROUNDS, SEED = 1e-5, 12, 1
STEPS = 127


def fit(lines: Sequence[Sample], authored: Sequence[Sample], rules: Sequence[str], laws: Vectors) -> Lexicon:
    """Return the lexicon of `rules` with statements `laws` [rules, width]; `authored` are the lines that name rules."""
    judged = [s for s in lines if not s.rule_text and s.label != "borderline"]
    blocks = _blocks([s.text for s in judged])
    held_in = np.stack([np.bincount(b.indices, minlength=BUCKETS) for b in blocks])
    rarity = np.log((1 + len(judged)) / (1 + held_in)) + 1
    violating = np.array([s.label == "violating" for s in judged])
    columns = [_line(_placed(blocks, rarity), violating)]
    named = [s for s in authored if s.label == "violating" and s.rule in rules]
    x, y = _placed(_blocks([s.text for s in named]), rarity), np.array([s.rule for s in named])
    columns += [_line(x, y == rule) for rule in rules]
    weights = np.stack([w for w, _ in columns], 1)
    scale = np.abs(weights).max(0) / STEPS
    whole = np.rint(weights / scale).astype(np.int8)
    bias = np.array([b for _, b in columns])
    return Lexicon(rarity.astype(np.float32).ravel(), whole, scale, bias, tuple(rules), laws)


def _line(x: csr_matrix, y: NDArray[np.bool_]) -> tuple[Floats, float]:
    fitted = SGDClassifier(loss="log_loss", alpha=ALPHA, max_iter=ROUNDS, tol=None, random_state=SEED).fit(x, y)
    return np.asarray(fitted.coef_[0], np.float64), float(fitted.intercept_[0])


def _blocks(texts: Sequence[str]) -> list[csr_matrix]:
    """Return a matrix [texts, BUCKETS] of what each text holds, a block."""
    found = [grams(text) for text in texts]
    out = []
    for block in range(2):
        rows = [g[block] for g in found]
        ends = np.cumsum([0, *map(len, rows)])
        flat = np.concatenate([*rows, np.zeros(0, np.intp)])
        out.append(csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(texts), BUCKETS)))
    return out


def _placed(blocks: Sequence[csr_matrix], rarity: Floats) -> csr_matrix:
    """Return [texts, 2 * BUCKETS] of blocks at unit length."""
    return csr_matrix(hstack([normalize(b.multiply(r[None]).tocsr()) for b, r in zip(blocks, rarity, strict=True)]))


def write(path: Path, lexicon: Lexicon) -> None:
    """Write a lexicon, whole or not at all."""
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, rarity=lexicon.rarity.astype(np.float16), weights=lexicon.weights, scale=lexicon.scale,
        bias=lexicon.bias, rules=np.array(lexicon.rules), laws=lexicon.laws.astype(np.float32),
    )  # fmt: skip
    part.replace(path)


def made(path: Path, lines: Sequence[Sample], authored: Sequence[Sample], book: Rulebook) -> tuple[Lexicon, str]:
    """Fit the lexicon, write it beside the weights, and return it as it was written, with its digest."""
    written = {s.rule for s in authored if s.label == "violating"}
    rules = [r.id for r in book.rules if r.id in written]
    write(path, fit(lines, authored, rules, book.statements[[book.index[r] for r in rules]]))
    file = LexiconFile(path)
    return lexicon_of(file), file.digest
