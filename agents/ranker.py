"""The ranker: a calibrated probability for every (case, rule), from vectors alone. It reads no words.

Template is the choice of what is compared, the embedded counterpart of Filter-And-Refine's four prompts (M4):
P1 the case with the overall question alone, shared out over rules; P2 each rule by itself and the overall
question separately; P3 in sequence, each rule given the overall answer; P4 definitions first (the rule's brief
takes the place of its bare statement). The two answers are assembled (M5), then calibrated.
"""

from collections.abc import Sequence

import numpy as np

from agents.assembly import Assembly, assemble
from agents.calibration import Calibration, Template, Thresholds
from agents.rulebook import Rulebook
from agents.vectors import Floats, Vectors, logit, sigmoid
from cases.model import Fact
from policy_store.rule import Rule

VIOLATION_TOP = 2
UNSURE = 0.05


class Score(Fact):
    """One rule's calibrated probability in [0, 1], and the view of the case that gave it."""

    rule_id: str
    probability: float
    view: int


class Ranking(Fact):
    """Scores in falling order; `any` is the calibrated probability that at least one rule is violated.

    `calibrated` is False for a language model's scores, which nobody fitted to labels. `saw` are the files that the
    model was shown as a whole.
    """

    scores: tuple[Score, ...]
    any: float
    calibrated: bool = True
    saw: tuple[str, ...] = ()

    def probability(self, rule_id: str) -> float:
        """Return a rule's probability, 0.0 when it was not ranked."""
        return next((s.probability for s in self.scores if s.rule_id == rule_id), 0.0)


def cuts_for(ranking: Ranking, cuts: Thresholds) -> Thresholds:
    """Return the cuts for a ranking: one that nobody calibrated is believed near 0 and 1 alone."""
    return cuts if ranking.calibrated else cuts.model_copy(update={"allow": UNSURE, "act": 1 - UNSURE, "caution": {}})


def fine_features(features: Floats, template: Template) -> Floats:
    """Return the features [..., rules, k] that a template compares."""
    chosen = {"P1": [0], "P2": [0, 1, 2, 3, 4, 5], "P3": [0, 2, 3, 4, 5], "P4": [1, 2, 3, 4, 5]}[template]
    return features[..., chosen]


def overall_features(features: Floats, vectors: Vectors, calibration: Calibration) -> Floats:
    """Return [n, 4] of the overall question: reading of the whole vector, best rule, best example, its twin."""
    reading = calibration.readings.scores(np.asarray(vectors, np.float64))[:, 0]
    best = features[..., 1].max(1)
    return np.stack([reading, best, features[..., 3].max(1), features[..., 4].max(1)], axis=-1)


def rank_views(
    book: Rulebook,
    vectors: Vectors,
    calibration: Calibration,
    template: Template | None = None,
    assembly: Assembly | None = None,
) -> Floats:
    """Return calibrated probabilities [views, rules] of views given as unit vectors [views, width]."""
    template = template or calibration.template
    assembly = assembly or calibration.assembly
    features = book.features(vectors)
    q = calibration.overall.probability(overall_features(features, vectors, calibration))[:, None]
    p = fine_probability(features, q, calibration, template)
    score = q * p if template == "P1" else assemble(p, q, assembly)
    return calibration.final[f"{template}/{assembly}"].probability(logit(score)[..., None])


def fine_probability(features: Floats, q: Floats, calibration: Calibration, template: Template) -> Floats:
    """Return p [n, rules] before assembly, from features [n, rules, k] and overall q [n, 1]."""
    line = calibration.fine[template]
    chosen = fine_features(features, template)
    if template == "P1":
        x = line.logit(chosen)
        odds = np.exp(x - x.max(1, keepdims=True))
        return np.asarray(odds / odds.sum(1, keepdims=True))
    if template == "P3":
        given = np.broadcast_to(logit(q)[..., None], (*chosen.shape[:-1], 1))
        chosen = np.concatenate([chosen, given], axis=-1)
    return sigmoid(line.logit(chosen))


def rank(
    book: Rulebook, probabilities: Floats, calibration: Calibration, keep: Sequence[str], shadow: bool = False
) -> Ranking:
    """Return the ranking of one case from its views' probabilities [views, rules], over the rules of `keep`.

    A case violates a rule when one of its views does, so a rule's score is its best view's.
    """
    columns = [
        book.index[r] for r in keep if r in book.index and (shadow or book.rules[book.index[r]].status == "active")
    ]
    if not columns:
        return Ranking(scores=(), any=0.0)
    block = probabilities[:, columns]
    views = block.argmax(0)
    best = block.max(0)
    order = np.argsort(-best, kind="stable")
    scores = tuple(
        Score(rule_id=book.rules[columns[i]].id, probability=float(best[i]), view=int(views[i])) for i in order
    )
    return Ranking(scores=scores, any=any_probability(best, calibration))


def any_probability(best: Floats, calibration: Calibration) -> float:
    """Return the calibrated probability that at least one rule is violated, from the rules' scores [rules]."""
    top = np.sort(logit(best))[::-1][:VIOLATION_TOP]
    pair = np.pad(top, (0, VIOLATION_TOP - len(top)), constant_values=-8.0)
    return float(calibration.any.probability(pair))


def rule_row(rule: Rule, book: Rulebook) -> int:
    """Return the row of a rule in the book; raise KeyError with the known ids when it has none."""
    try:
        return book.index[rule.id]
    except KeyError:
        raise KeyError(f"rule {rule.id!r} is not in the rulebook; it holds {sorted(book.index)}") from None
