"""Fit what belongs to the cross-encoder, on held-out lines and the shipped int8 form: see agents/calibration.py.

Every number here stands on the first stage's ranking, so it is fitted after it (training/calibrate.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from agents.calibration import Calibration, Line
from agents.highlight import spans
from agents.ranker import Ranking, Score
from agents.reading import Read, law_text
from agents.reasoner import SHOWN, Answered, Bench, answered, crossed_features
from agents.scratch import bare_features, rule_vectors
from agents.severity import facts, place_features, share_of
from agents.vectors import Encode, Floats, sigmoid
from cases.finding import Finding
from cases.text import fold
from policy_store.rule import Rule
from training.data import Sample, samples

OFFSET_SPREAD = 0.5
CUTS = tuple(np.round(np.arange(0.15, 0.75, 0.05), 2))
# Answers one half, so that the cross-encoder is asked before its line is fitted.
UNFITTED = Line(weights=(0.0, 0.0, 0.0), bias=0.0)


class Asked(NamedTuple):
    """A held-out line with what the cross-encoder said of the rules near it, and of its own."""

    bench: Bench
    sample: Sample
    ranking: Ranking
    said: dict[str, Answered]


def line(x: Floats, y: NDArray[np.int_], weight: Floats | None = None, c: float = 1.0) -> Line:
    """Return a logistic line fitted to features [n, k] and labels [n]."""
    fit = LogisticRegression(C=c, max_iter=2000).fit(x, y, sample_weight=weight)
    return Line(weights=tuple(map(float, fit.coef_[0])), bias=float(fit.intercept_[0]))


def ask(bench: Bench, sample: Sample, probabilities: Floats) -> Asked:
    """Ask about a line's likeliest rules and its own; `probabilities` [views, rules] are the ranker's."""
    book = bench.book
    best, views = probabilities.max(0), probabilities.argmax(0)
    order = [j for j in np.argsort(-best, kind="stable") if _applies(book.rules[j], sample.surface)]
    scores = tuple(
        Score(rule_id=book.rules[j].id, probability=float(best[j]), view=int(views[j])) for j in order
    )  # fmt: skip
    ranking = Ranking(scores=scores, any=0.0)
    near = [s.rule_id for s in scores[:SHOWN]]
    own = [sample.rule] if sample.rule in book.index and sample.rule not in near else []
    return Asked(bench, sample, ranking, answered(bench, ranking, [*near, *own]))


def fit_crossed(lines: Sequence[Asked]) -> Line:
    """Return the line from ranker and cross-encoder to a rule's probability; siblings of a broken rule are unknown."""
    x, y = [], []
    for one in lines:
        s, pack = one.sample, one.bench.book.pack
        if s.label == "borderline":
            continue
        for rule_id, answer in one.said.items():
            own = s.label == "violating" and rule_id == s.rule
            if s.label == "violating" and not own and pack.by_id[rule_id].scene == pack.by_id[s.rule or rule_id].scene:
                continue
            x.append(crossed_features(one.ranking.probability(rule_id), answer))
            y.append(int(own))
    return line(np.stack(x), np.array(y))


def fit_place(lines: Sequence[Asked], draft: Calibration) -> Line:
    """Return the line from grades and severities read to the place in a rule's band, by least squares."""
    x, places = [], []
    for one in lines:
        s, book = one.sample, one.bench.book
        if s.label != "violating" or s.rule not in one.said:
            continue
        rule = book.pack.by_id[s.rule]
        score = next(k for k in one.ranking.scores if k.rule_id == s.rule)
        finding = Finding(rule_id=rule.id, verdict="hit", probability=score.probability, stance=s.stance)  # type: ignore[arg-type]
        known = facts(
            one.bench.case, rule, finding, one.bench.vectors[score.view], book, draft, one.said[s.rule].severity
        )
        x.append([*place_features(known, share_of(known, book.pack)), 1.0])
        places.append(np.clip((s.severity - rule.band.low) / max(1, rule.band.high - rule.band.low), 0, 1))
    found, *_ = np.linalg.lstsq(np.array(x), np.array(places), rcond=None)
    return Line(weights=tuple(map(float, found[:-1])), bias=float(found[-1]))


def fit_mark(lines: Sequence[Asked], read: Read) -> tuple[float, float]:
    """Return the share from which a word is quoted, by the mean F1 of characters on held-out evidence, and that F1."""
    scored: list[list[float]] = []
    for one in lines:
        s = one.sample
        if s.parts or s.label != "violating" or not s.evidence or s.rule not in one.bench.book.index:
            continue
        gold = {n for e in s.evidence if (at := s.text.find(e)) >= 0 for n in range(at, at + len(e))}
        (marks,) = read(s.text, [law_text(one.bench.book.pack.by_id[s.rule])]).marks
        row = []
        for cut in CUTS:
            told = {n for _, a, b in spans(s.text, marks, cut) for n in range(a, b)}
            row.append(2 * len(gold & told) / (len(gold) + len(told)) if told else 0.0)
        scored.append(row)
    mean = np.mean(scored, 0)
    return float(CUTS[int(mean.argmax())]), float(mean.max())


def fit_bare(encode: Encode, read: Read) -> Line:
    """Return the line of rules in plain words, fitted on rules that no training saw."""
    custom = [s for s in samples("held") if s.rule_text and s.label != "borderline"]
    laws = {text: rule_vectors(text, encode) for text in {s.rule_text or "" for s in custom}}
    vectors = encode([s.text for s in custom])
    x = [
        [*bare_features(laws[s.rule_text or ""], v[None])[0], read(s.text, [fold(s.rule_text or "")]).hit[0]]
        for s, v in zip(custom, vectors, strict=True)
    ]
    return line(np.array(x), np.array([int(s.label == "violating") for s in custom]))


def fit_offsets(logits: Floats, labels: NDArray[np.int_], rule_ids: Sequence[str]) -> dict[str, float]:
    """Return by rule what to add to its log-odds: the most likely offset under a normal prior of OFFSET_SPREAD.

    The prior is what keeps a rule with few lines, or none, at the common line.
    """
    out: dict[str, float] = {}
    names = np.array(rule_ids)
    for rule_id in sorted(set(rule_ids)):
        own = names == rule_id
        x, y, b = logits[own], labels[own], 0.0
        for _ in range(20):  # Newton's method on a strictly concave function of one variable
            p = sigmoid(x + b)
            b += float((y - p).sum() - b / OFFSET_SPREAD**2) / float((p * (1 - p)).sum() + 1 / OFFSET_SPREAD**2)
        out[rule_id] = round(b, 4)
    return out


def first_of(one: Asked, draft: Calibration) -> str:
    """Return the rule that the reasoner would look at first."""
    if draft.crossed is None or not one.said:
        return one.ranking.scores[0].rule_id
    near = [s.rule_id for s in one.ranking.scores[:SHOWN]]
    x = np.stack([crossed_features(one.ranking.probability(r), one.said[r]) for r in near])
    return near[int(draft.crossed.probability(x).argmax())]


def _applies(rule: Rule, surface: str) -> bool:
    return not rule.surfaces or surface in rule.surfaces


def likely(one: Asked, draft: Calibration) -> dict[str, float]:
    """Return the probability of each rule that the reasoner would ask about."""
    assert draft.crossed is not None
    near = [s.rule_id for s in one.ranking.scores[:SHOWN]]  # a label's own rule may lie beyond what is ever asked
    x = np.stack([crossed_features(one.ranking.probability(r), one.said[r]) for r in near])
    return dict(zip(near, map(float, draft.crossed.probability(x)), strict=True))
