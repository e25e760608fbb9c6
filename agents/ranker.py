"""The ranker: a calibrated probability for every (case, rule), from vectors and n-grams. It makes no sense of words.

Template is the choice of what is compared, the embedded counterpart of Filter-And-Refine's four prompts (M4):
P1 the case with the overall question alone, shared out over rules; P2 each rule by itself and the overall
question separately; P3 in sequence, each rule given the overall answer; P4 definitions first (the rule's brief
takes the place of its bare statement). The two answers are assembled (M5), then calibrated.
"""

from collections.abc import Collection, Sequence

import numpy as np

from agents.assembly import Assembly, assemble
from agents.calibration import Calibration, Line, Template, Thresholds
from agents.lexicon import Words
from agents.rulebook import FEATURES, Rulebook
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


def compared(book: Rulebook, vectors: Vectors, calibration: Calibration, words: Words | None = None) -> Floats:
    """Return [n, rules, k] of texts and rules: the rulebook's cosines, and what each rule hears of naming and words."""
    columns, naming = [book.features(vectors)], calibration.naming
    if naming is not None:
        columns.append(book.heard(naming.laws).of(naming.log_shares(vectors))[..., None])
    if words is not None:
        columns.append(book.heard(words.laws).of(words.shares)[..., None])
    return np.concatenate(columns, axis=-1)


def heard(book: Rulebook, calibration: Calibration, words: Words | None = None) -> Floats:
    """Return by rule, in [0, 1], how far it is compared with what is heard beside what it says itself."""
    laws: list[Floats | Vectors] = [calibration.naming.laws] if calibration.naming else []
    laws += [words.laws] if words else []
    shares = [book.heard(law).share for law in laws]
    return np.asarray(np.min(shares, axis=0) if shares else np.zeros(len(book.rules)))


def fine_features(features: Floats, template: Template, hears: bool = False) -> Floats:
    """Return the features [..., rules, k] that a template compares; where it `hears`, with what is heard."""
    chosen = {"P1": [0], "P2": [0, 1, 2, 3, 4, 5], "P3": [0, 2, 3, 4, 5], "P4": [1, 2, 3, 4, 5]}[template]
    return features[..., [*chosen, *(range(len(FEATURES), features.shape[-1]) if hears else ())]]


def fine_logit(features: Floats, q: Floats, calibration: Calibration, template: Template, share: Floats) -> Floats:
    """Return log-odds [n, rules] of rules from features [n, rules, k], overall q [n, 1] and what rules hear [rules].

    By the line over what a rule says, and by the line that hears too, mixed by how much the rule hears.
    """
    given = np.broadcast_to(logit(q)[..., None], (*features.shape[:-1], 1)) if template == "P3" else None

    def stated(line: Line, hears: bool) -> Floats:
        chosen = fine_features(features, template, hears)
        return line.logit(chosen if given is None else np.concatenate([chosen, given], axis=-1))

    plain = stated(calibration.fine[template], False)
    line = calibration.heard.get(template)
    return plain if line is None else plain * (1 - share) + stated(line, True) * share


def nearest(
    book: Rulebook, vectors: Vectors, calibration: Calibration, keep: Collection[str], words: Words | None = None
) -> tuple[str, ...]:
    """Return the rules of `keep` by how well a case given as unit vectors [views, width] fits them, best view each."""
    if not len(vectors):
        return ()
    template: Template = "P2" if calibration.template == "P1" else calibration.template
    features, share = compared(book, vectors, calibration, words), heard(book, calibration, words)
    # Even odds of any violation: the order of rules is asked for, not their odds.
    fit = fine_logit(features, np.full((len(vectors), 1), 0.5), calibration, template, share).max(0)
    return tuple(book.rules[i].id for i in np.argsort(-fit, kind="stable") if book.rules[i].id in keep)


def overall_features(
    features: Floats, vectors: Vectors, calibration: Calibration, words: Words | None = None
) -> Floats:
    """Return [n, 4] of the overall question: reading of the whole vector, best rule, best example, its twin.

    Where words were read, [n, 5]: what they say of any violation follows.
    """
    reading = calibration.readings.scores(np.asarray(vectors, np.float64))[:, 0]
    best = features[..., 1].max(1)
    said = [] if words is None else [words.any]
    return np.stack([reading, best, features[..., 3].max(1), features[..., 4].max(1), *said], axis=-1)


def rank_views(
    book: Rulebook,
    vectors: Vectors,
    calibration: Calibration,
    template: Template | None = None,
    assembly: Assembly | None = None,
    words: Words | None = None,
) -> Floats:
    """Return calibrated probabilities [views, rules] of views given as unit vectors [views, width] and by words."""
    template = template or calibration.template
    assembly = assembly or calibration.assembly
    features = compared(book, vectors, calibration, words)
    q = calibration.overall.probability(overall_features(features, vectors, calibration, words))[:, None]
    p = fine_probability(features, q, calibration, template, heard(book, calibration, words))
    score = q * p if template == "P1" else assemble(p, q, assembly)
    return calibration.final[f"{template}/{assembly}"].probability(logit(score)[..., None])


def fine_probability(
    features: Floats, q: Floats, calibration: Calibration, template: Template, share: Floats
) -> Floats:
    """Return p [n, rules] before assembly, from features [n, rules, k], overall q [n, 1] and what rules hear."""
    if template == "P1":
        x = calibration.fine[template].logit(fine_features(features, template))
        odds = np.exp(x - x.max(1, keepdims=True))
        return np.asarray(odds / odds.sum(1, keepdims=True))
    return sigmoid(fine_logit(features, q, calibration, template, share))


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
