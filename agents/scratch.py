"""An author's scratchpad: judge content against a rule in plain words that no pack has.

The same encoder, evidence and counterfactual as any rule; without examples the comparison is coarser, and its
calibration (`bare`) was fitted on rules that the encoder had never seen.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from agents.calibration import Calibration
from agents.evidence import measured, without_evidence
from agents.excerpt import shortened
from agents.reading import Read
from agents.vectors import Encode, Floats, Vectors, logit
from cases.case import Case
from cases.finding import Evidence
from cases.model import Fact
from cases.text import fold, sentences
from cases.view import View

MAX_QUOTED = 160


class Trial(Fact):
    """The verdict on one (rule in plain words, content); `probability` in [0, 1] is calibrated on unseen rules."""

    probability: float
    verdict: Literal["hit", "not_hit"]
    unsure: bool
    evidence: tuple[Evidence, ...]
    rationale: str


def rule_vectors(rule: str, encode: Encode) -> Vectors:
    """Return [1 + sentences, width]: the whole rule, then its sentences."""
    return encode([fold(rule), *(fold(rule[a:b]) for a, b in sentences(rule))])


def bare_features(rule: Vectors, vectors: Vectors) -> Floats:
    """Return [n, 2]: cosine to the whole rule, and to the nearest of its sentences."""
    near = vectors @ rule.T
    return np.stack([near[:, 0], near[:, 1:].max(1) if near.shape[1] > 1 else near[:, 0]], -1).astype(np.float64)


def try_rule(
    rule: str, case: Case, views: Sequence[View], encode: Encode, calibration: Calibration, read: Read | None = None
) -> Trial:
    """Return the trial of one case; raise ValueError for a rule without a word."""
    if not sentences(rule):
        raise ValueError(f"rule {rule!r} says nothing; write what violates it in a sentence")
    laws = rule_vectors(rule, encode)
    line = calibration.bare_read if read else None

    def score(texts: Sequence[str]) -> Floats:
        x = bare_features(laws, encode(texts))
        if read is None or line is None:
            return calibration.bare.probability(x)[:, None]
        hits = np.array([[read(text, [fold(rule)]).hit[0]] for text in texts])
        return line.probability(np.concatenate([x, hits], 1))[:, None]

    found = score([v.text for v in views])[:, 0]
    view = views[int(found.argmax())]
    p = float(found.max())
    evidence = measured(case, view, 0, score)
    left = float(score([without_evidence(case, view, evidence)])[0, 0])
    drop = float(logit(np.array([p]))[0] - logit(np.array([left]))[0])
    hit = p >= 0.5
    unsure = abs(p - 0.5) < 0.15 or (hit and drop <= 0)
    words = ", ".join(f"“{shortened(e.quote, MAX_QUOTED)}”" for e in evidence)
    lean = "meets" if hit else "does not meet"
    why = f"The words nearest to the rule are {words}; without them the probability goes from {p:.2f} to {left:.2f}."
    doubt = " This is close: write an example on each side of the line and try again." if unsure else ""
    return Trial(
        probability=round(p, 4), verdict="hit" if hit else "not_hit", unsure=unsure,
        evidence=evidence if hit else (), rationale=f"The content {lean} the rule. {why}{doubt}",
    )  # fmt: skip
