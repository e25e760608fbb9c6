"""The router: is a case near enough to the seed bank to be worth judging? (Filter-And-Refine, M1.)

It only ever drops. What it drops is final, so a random audit sample of the dropped goes on all the same.
The bank is unsupervised and hot: new seeds take effect with no training.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from agents.calibration import Calibration
from agents.lexicon import Words
from agents.rulebook import Rulebook
from agents.vectors import Floats, Vectors, sigmoid
from cases.model import Fact

AUDIT_RATE = 0.005
CLUSTERS_PER_SCENE = 4
SEEDS_PER_CLUSTER = 2


class Route(Fact):
    """Where a case goes. `risk` is a score in [0, 1], not calibrated; `seed` the nearest of the bank."""

    clear: bool
    risk: float
    seed: str | None
    similarity: float
    audit: bool = False


@dataclass(frozen=True)
class SeedBank:
    """High-risk seeds: unit vectors [n, width] with their ids."""

    ids: tuple[str, ...]
    vectors: Vectors

    def with_seeds(self, ids: tuple[str, ...], vectors: Vectors) -> "SeedBank":
        """Return a bank that also holds these seeds."""
        return SeedBank(self.ids + ids, np.concatenate([self.vectors, vectors]))


def seed_bank(book: Rulebook, seed: int = 0) -> SeedBank:
    """Return the pack's own bank: examples nearest to their scene's cluster centres, and every golden one."""
    chosen: set[int] = {i for i, (_, e) in enumerate(book.violating_list) if e.golden}
    scenes = np.array([book.rules[book.index[r]].scene for r, _ in book.violating_list])
    for scene in dict.fromkeys(scenes.tolist()):
        rows = np.flatnonzero(scenes == scene)
        for centre in _centres(book.violating[rows], CLUSTERS_PER_SCENE, seed):
            near = np.argsort(-(book.violating[rows] @ centre), kind="stable")[:SEEDS_PER_CLUSTER]
            chosen |= {int(rows[i]) for i in near}
    picked = sorted(chosen)
    return SeedBank(tuple(book.violating_list[i][1].id for i in picked), book.violating[picked])


def risks(
    bank: SeedBank, book: Rulebook, vectors: Vectors, calibration: Calibration, words: Words | None = None
) -> tuple[Floats, Floats]:
    """Return the risk [n] in [0, 1] of views [n, width] and their similarity to the nearest seed [n].

    Risk is the reading of the whole vector and of its words, raised by nearness to a seed or to a rule's statement.
    """
    near = (vectors @ bank.vectors.T).max(1)
    rule = (vectors @ book.statements.T).max(1)
    reading = calibration.readings.scores(np.asarray(vectors, np.float64))[:, 0]
    said = [] if words is None else [words.any]
    x = calibration.router.logit(np.stack([reading, near, rule, *said], axis=-1).astype(np.float64))
    return sigmoid(x), np.asarray(near, np.float64)


def route(
    bank: SeedBank,
    case_digest: str,
    vectors: Vectors,
    risk: Floats,
    threshold: float,
    audit_rate: float = AUDIT_RATE,
) -> Route:
    """Return the route of one case from its views' vectors [views, width] and risks [views]."""
    worst = int(risk.argmax())
    nearest = vectors[worst] @ bank.vectors.T
    seed = int(nearest.argmax())
    clear = bool(risk[worst] < threshold)
    return Route(
        clear=clear,
        risk=float(risk[worst]),
        seed=bank.ids[seed],
        similarity=float(nearest[seed]),
        audit=clear and audited(case_digest, audit_rate),
    )


def audited(case_digest: str, rate: float) -> bool:
    """Return whether a dropped case is in the audit sample: by its digest, so that a replay samples the same."""
    return int(hashlib.sha256(f"audit/{case_digest}".encode()).hexdigest()[:12], 16) / 16**12 < rate


def _centres(points: Vectors, k: int, seed: int, rounds: int = 12) -> Vectors:
    rng = np.random.default_rng(seed)
    centres = points[rng.permutation(len(points))[: min(k, len(points))]]
    for _ in range(rounds):
        owner = (points @ centres.T).argmax(1)
        sums = np.stack([points[owner == c].sum(0) if (owner == c).any() else centres[c] for c in range(len(centres))])
        centres = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return centres


__all__ = ["AUDIT_RATE", "Route", "SeedBank", "audited", "risks", "route", "seed_bank"]
