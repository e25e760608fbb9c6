"""Fit every number of agents/calibration.py on authored lines that the encoder was not trained on.

Heads (readings of a vector) are fitted on the training split, whose labels they need in number; everything that
becomes a probability is fitted on the held-out split, on the shipped int8 form. The result goes into the weights.
Sentences with a slot for a group are among both, each about one group.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from sklearn.svm import SVC

from agents.assembly import ASSEMBLIES, assemble
from agents.calibration import READINGS, TEMPLATES, Calibration, Head, Line, Template, Thresholds
from agents.exceptions import features as exception_features
from agents.kernel import Kernel
from agents.perceiver import perceive
from agents.ranker import (
    any_probability,
    compared,
    fine_features,
    fine_probability,
    heard,
    overall_features,
    rank_views,
)
from agents.reading import Read
from agents.reasoner import SHOWN, Bench, adjudicated, best_sentence, reasoned_features, settled_features
from agents.router import seed_bank
from agents.rulebook import Rulebook, write_rulebook
from agents.scratch import bare_features, rule_vectors
from agents.severity import facts, share_of
from agents.vectors import Floats, Vectors, logit
from cases.case import Case, Part
from cases.finding import STANCES, Finding
from cases.view import View
from graphs.wiring import reading
from policy_store.loader import load_pack
from tools.encoder import WEIGHTS, OnnxEncoder
from tools.items import stored
from tools.reader import OnnxReader
from training.crossing import (
    UNFITTED,
    ask,
    first_of,
    fit_bare,
    fit_crossed,
    fit_mark,
    fit_offsets,
    fit_place,
    likely,
    line,
)
from training.cuts import cautious, thresholds
from training.data import Sample, samples
from training.export import carry
from training.lexicon import made
from training.mixture import annotated
from training.naming import name
from training.policies import prepare
from training.templates import template_samples

ROUTER_RECALL = 0.985
# Chosen on held-out lines: ROC .878 against .834 of a straight line (evals/LOG.md).
KERNEL_GAMMA, KERNEL_C, SEVERITY_RIDGE, VIOLATION_RIDGE = 1.0, 2.0, 0.5, 1.0
LANDMARKS = 4000
SEED = 7


@dataclass(frozen=True)
class Row:
    """A held-out line as the system sees it: its case, views and vectors."""

    sample: Sample
    case: Case
    views: tuple[View, ...]
    vectors: Vectors


def case_of(sample: Sample) -> Case:
    """Return the case that an authored line stands for."""
    named = sample.parts or (("text", sample.text),)
    parts = tuple(Part.model_validate({"id": name, "kind": name, "text": text}) for name, text in named)
    return Case.model_validate({"id": sample.id, "parts": parts, "surface": sample.surface})


def rows_of(data: Sequence[Sample], encode) -> list[Row]:  # type: ignore[no-untyped-def]
    """Return the lines with their views encoded in one call."""
    cases = [case_of(s) for s in data]
    seen = [perceive(c).views for c in cases]
    flat = encode([v.text for views in seen for v in views])
    cuts = np.cumsum([len(v) for v in seen])[:-1]
    return [Row(s, c, v, m) for s, c, v, m in zip(data, cases, seen, np.split(flat, cuts), strict=True)]


def heads(train: Sequence[Sample], vectors: Vectors) -> tuple[Kernel, Head]:
    """Return the readings of a vector: how violating and how severe by kernel, the stance by a line.

    Landmarks are the support vectors of a machine over all lines; where these are more than LANDMARKS, of a machine
    over a random share of the lines, and all lines then set the weights.
    """
    judged = np.array([i for i, s in enumerate(train) if not s.rule_text and s.label != "borderline"])
    wrong = np.array([train[i].label == "violating" for i in judged])
    some = np.random.default_rng(7).permutation(len(judged))[: LANDMARKS * 2]
    machine = SVC(C=KERNEL_C, gamma=KERNEL_GAMMA, cache_size=800).fit(vectors[judged[some]], wrong[some])
    # Support vectors come class by class: shuffled, so that no class is cut short.
    kept = np.random.default_rng(7).permutation(machine.support_)[:LANDMARKS]
    landmarks = vectors[judged[some]][kept]
    hit = [i for i, s in enumerate(train) if s.label == "violating" and s.rule and s.severity > 0]
    blank = Kernel.pack(("none",), KERNEL_GAMMA, landmarks, np.zeros((1, len(landmarks))), [0.0])
    # Ridge regression in the span of the landmarks: (K'K + r M) w = K'(y - 1/2).
    near = np.asarray(blank.near(vectors[hit]), np.float64)
    among = np.asarray(blank.near(landmarks), np.float64)
    grades = np.array([train[i].severity / 100 for i in hit]) - 0.5
    edge = 1e-6 * np.eye(len(among))
    graded = np.linalg.solve(near.T @ near + SEVERITY_RIDGE * among + edge, near.T @ grades)
    every = np.asarray(blank.near(vectors[judged]), np.float64)
    read = np.linalg.solve(every.T @ every + VIOLATION_RIDGE * among + edge, every.T @ np.where(wrong, 1.0, -1.0))
    readings = Kernel.pack(READINGS, KERNEL_GAMMA, landmarks, np.stack([read, graded]), [0.0, 0.5])
    said = [i for i, s in enumerate(train) if s.stance in STANCES]
    multi = LogisticRegression(C=3.0, max_iter=3000).fit(vectors[said], [STANCES.index(train[i].stance) for i in said])
    lines, bias = np.zeros((len(STANCES), vectors.shape[1])), np.full(len(STANCES), -20.0)
    lines[multi.classes_], bias[multi.classes_] = multi.coef_, multi.intercept_
    stances = Head(classes=STANCES, weights=tuple(tuple(map(float, w)) for w in lines), bias=tuple(map(float, bias)))
    return readings, stances


def pairs(rows: Sequence[Row], book: Rulebook) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]:
    """Return (row, rule, label) of what is known: siblings of a broken rule and borderline lines are not."""
    out: list[tuple[int, int, int]] = []
    for i, row in enumerate(rows):
        s = row.sample
        if s.label == "borderline":
            continue
        for j, rule in enumerate(book.rules):
            if s.label == "violating" and s.rule != rule.id:
                own = book.pack.by_id[s.rule or rule.id]
                if own.scene == rule.scene or bool(own.surfaces) != bool(rule.surfaces):
                    continue
            out.append((i, j, int(s.label == "violating" and s.rule == rule.id)))
    found = np.array(out)
    return found[:, 0], found[:, 1], found[:, 2]


def fit(encoder: OnnxEncoder, read: Read | None, public: Path | None) -> tuple[Calibration, dict[str, float]]:
    """Return the calibration of an encoder, with a reader that stands on it, and what the held-out split gave."""

    def encode(texts: Sequence[str]) -> Vectors:
        return stored(encoder.encode(texts))

    book = write_rulebook(load_pack("short-video-ads"), encode)
    bank = seed_bank(book)
    drawn = Random(SEED)
    authored = samples("train") + template_samples("train", drawn)
    train = authored + (annotated(public) if public else [])
    known = encode([s.text for s in train])
    readings, stances = heads(train, known)
    naming = name(authored, known[: len(authored)], book)
    lexicon, named = made(encoder.model.with_name("lexicon.npz"), train, authored, book)
    held = [s for s in samples("held") if not s.rule_text] + template_samples("held", drawn)
    rows = rows_of(held, encode)
    y = np.array([int(r.sample.label == "violating") for r in rows])
    clear = np.array([r.sample.label != "borderline" for r in rows])
    flat = np.concatenate([r.vectors for r in rows])
    words = lexicon.read([v.text for r in rows for v in r.views])
    ends = np.cumsum([len(r.vectors) for r in rows])
    spans = [slice(e - len(r.vectors), e) for r, e in zip(rows, ends, strict=True)]

    blank = Line(weights=(0.0,), bias=0.0)
    draft = Calibration(
        fine={}, router=blank, overall=blank, final={}, any=blank, reasoned=blank, exception=blank,
        bare=_bare(encode), readings=readings, stances=stances, naming=naming, lexicon=named,
        position=blank,
        thresholds=Thresholds(router=0, allow=0, act=1, final_allow=0, final_act=1),
    )  # fmt: skip
    features = compared(book, flat, draft, words)
    # The view that the bare comparison likes best stands for its case while lines are fitted.
    top = np.array([s.start + int(features[s][:, :, 3].max(1).argmax()) for s in spans])
    question = overall_features(features, flat, draft, words)
    draft = draft.model_copy(update={"overall": line(question[top][clear], y[clear])})
    q = draft.overall.probability(question)[:, None]

    near = (flat @ bank.vectors.T).max(1)
    own = (flat @ book.statements.T).max(1)
    signs = np.stack([question[:, 0], near, own, words.any], -1)
    router = line(signs[top][clear], y[clear])
    risk = np.array([router.probability(signs[s]).max() for s in spans])
    threshold = float(np.quantile(risk[y == 1], 1 - ROUTER_RECALL))

    at, rule, label = pairs(rows, book)
    fine: dict[Template, Line] = {}
    aware: dict[Template, Line] = {}
    share = heard(book, draft, words)
    final: dict[str, Line] = {}
    losses: dict[str, float] = {}
    for template in TEMPLATES:
        for lines, hears in ((fine, False), (aware, True)):
            x = fine_features(features, template, hears)
            if template == "P3":
                x = np.concatenate([x, np.broadcast_to(logit(q)[..., None], (*x.shape[:-1], 1))], -1)
            lines[template] = line(x[top[at], rule], label)
        if template == "P1":  # sharpness of the shares
            fine[template] = Line(weights=(20.0,), bias=0.0)
            del aware[template]
        draft = draft.model_copy(update={"fine": dict(fine), "heard": dict(aware)})
        p = fine_probability(features, q, draft, template, share)
        for how in ASSEMBLIES:
            score = q * p if template == "P1" else assemble(p, q, how)
            best = np.stack([logit(score[s]).max(0) for s in spans])
            platt = line(best[at, rule][:, None], label, c=100.0)
            final[f"{template}/{how}"] = platt
            losses[f"{template}/{how}"] = float(log_loss(label, platt.probability(best[at, rule][:, None])))
    winner = min((k for k in losses if k.startswith("P2")), key=lambda k: losses[k])
    draft = draft.model_copy(update={"final": final, "assembly": winner.split("/")[1], "router": router})

    probabilities = rank_views(book, flat, draft, words=words)
    best = np.stack([probabilities[s].max(0) for s in spans])
    two = np.sort(logit(best), 1)[:, ::-1][:, :2]
    draft = draft.model_copy(update={"any": line(two[clear], y[clear], c=100.0)})
    overall = np.array([any_probability(b, draft) for b in best])

    draft = draft.model_copy(update={"position": _position(draft, rows, spans, probabilities, book)})
    found = _second_stage(draft, rows, spans, probabilities, book, encode, read, lexicon)
    draft, extra = found.draft, found.report
    if read is not None:
        draft = draft.model_copy(update={"bare_read": fit_bare(encode, read)})
    cuts = thresholds(threshold, best.max(1), overall, y, clear, found.leading, found.truth, found.grave)
    first = np.array([book.rules[b.argmax()].scene for b in best])
    caution = cautious(cuts, (best.max(1)[clear], y[clear], first[clear]), (found.leading, found.truth, found.scene))
    draft = draft.model_copy(update={"thresholds": cuts.model_copy(update={"caution": caution})})
    rule_of = {r.id: i for i, r in enumerate(book.rules)}
    hits = [i for i in range(len(rows)) if y[i] and rows[i].sample.rule in rule_of]
    report = {
        "held_rows": float(len(rows)),
        "roc_any": float(roc_auc_score(y[clear], overall[clear])),
        "pr_any": float(average_precision_score(y[clear], overall[clear])),
        "rule_top1": float(np.mean([best[i].argmax() == rule_of[rows[i].sample.rule or ""] for i in hits])),
        "router_drops_allowed": float((risk[clear & (y == 0)] < threshold).mean()),
        "router_recall": float((risk[y == 1] >= threshold).mean()),
        **extra,
        **{f"log_loss {k}": v for k, v in losses.items()},
    }
    return draft, report


class Second(NamedTuple):
    """What the second stage gives: the draft; by clear case its leading rule's probability, truth, gravity, scene."""

    draft: Calibration
    leading: Floats
    truth: NDArray[np.int_]
    grave: NDArray[np.bool_]
    scene: NDArray[np.str_]
    report: dict[str, float]


def _second_stage(  # type: ignore[no-untyped-def]
    draft, rows, spans, probabilities, book, encode, read, lexicon
) -> Second:
    """Fit exceptions, the cross-encoder's lines, and the reasoner's on the rule of each line and the one looked at."""

    def score(texts: Sequence[str]) -> Floats:
        return rank_views(book, encode(texts), draft, words=lexicon.read(texts))

    x: list[Floats] = []
    holds: list[int] = []
    weight: list[float] = []
    for row, span in zip(rows, spans, strict=True):
        rule = book.pack.by_id.get(row.sample.rule or "")
        if rule is None or rule.id not in book.index or row.sample.label == "borderline":
            continue
        view = int(probabilities[span][:, book.index[rule.id]].argmax())
        _, shares = draft.stance(np.asarray(row.vectors[view : view + 1], np.float64))
        clauses = book.pack.exceptions_of(rule)
        for clause, f in zip(clauses, exception_features(book, rule, row.vectors[view], shares[0]), strict=True):
            mine = clause.id == row.sample.exception and row.sample.label == "allowed"
            x.append(f)
            holds.append(int(mine))
            weight.append(1.0 if mine or row.sample.label == "violating" else 0.3)
    draft = draft.model_copy(update={"exception": line(np.stack(x), np.array(holds), np.array(weight))})
    report: dict[str, float] = {}
    asking = draft.model_copy(update={"crossed": UNFITTED}) if read else draft
    asked = [
        ask(Bench(r.case, r.views, r.vectors, book, asking, score, "adult", read), r.sample, probabilities[s])
        for r, s in zip(rows, spans, strict=True)
    ]
    if read:
        mark, report["evidence_char_f1"] = fit_mark(asked, read)
        update = {"crossed": fit_crossed(asked), "place": fit_place(asked, draft), "mark": mark}
        draft = draft.model_copy(update=update)

    rx: list[Floats] = []
    ry: list[int] = []
    about: list[str] = []
    lead: list[int] = []  # the place of the rule looked at first, by line
    for one, row in zip(asked, rows, strict=True):
        s = one.sample
        first = book.pack.by_id[first_of(one, draft)]
        own = book.pack.by_id[s.rule] if s.rule in book.index else first
        for rule in {own.id: own, first.id: first}.values():
            column = book.index[rule.id]
            # An ad's rule on another surface is never looked at.
            if (score_of := next((k for k in one.ranking.scores if k.rule_id == rule.id), None)) is None:
                continue
            _, shares = draft.stance(np.asarray(row.vectors[score_of.view : score_of.view + 1], np.float64))
            vector = row.vectors[score_of.view]
            f = exception_features(book, rule, vector, shares[0])
            excepted = float(draft.exception.probability(f).max()) if len(f) else 0.0
            alone = best_sentence(one.bench, row.views[score_of.view], column)
            rx.append(
                reasoned_features(
                    book, rule, vector, score_of.probability, excepted, alone, shares[0], one.said.get(rule.id)
                )
            )
            wanted = s.label == "violating" and (rule.id == s.rule or rule is first and s.rule not in book.index)
            ry.append(-1 if s.label == "borderline" or (s.label == "violating" and not wanted) else int(wanted))
            about.append(rule.id)
            if rule is first:
                lead.append(len(rx) - 1)
    features, labels = np.stack(rx), np.array(ry)
    clear = labels >= 0
    reasoned = line(features[clear], labels[clear])
    offsets = fit_offsets(
        reasoned.logit(features)[clear], labels[clear], [a for a, c in zip(about, clear, strict=True) if c]
    )
    draft = draft.model_copy(update={"reasoned": reasoned, "offsets": offsets})
    p = np.array([adjudicated(draft, a, x) for a, x in zip(about, features, strict=True)])
    sure = np.array([one.sample.label != "borderline" for one in asked])
    truth = np.array([int(one.sample.label == "violating") for one in asked])
    if read:
        sx = np.stack([
            settled_features(max(p[n], *(v for r, v in likely(one, draft).items() if r != first_of(one, draft)), 0.0),
                             [one.said[s.rule_id].overall for s in one.ranking.scores[:SHOWN]])
            for one, n in zip(asked, lead, strict=True)
        ])  # fmt: skip
        settled = line(sx[sure], truth[sure])
        draft = draft.model_copy(update={"settled": settled})
        report["roc_settled"] = float(roc_auc_score(truth[sure], settled.probability(sx[sure])))
        hits = [one for one in asked if one.sample.label == "violating" and one.sample.rule in book.index]
        report["rule_top1_crossed"] = float(np.mean([first_of(one, draft) == one.sample.rule for one in hits]))
    # A case is let go or acted on by the rule that leads, whatever the label's own rule would have said.
    rules = [book.pack.by_id[about[n]] for n in lead]
    grave, scene = np.array([r.high_harm for r in rules]), np.array([r.scene for r in rules])
    return Second(draft, p[lead][sure], truth[sure], grave[sure], scene[sure], report)


def _bare(encode) -> Line:  # type: ignore[no-untyped-def]
    """Fit rules in plain words, on groups that the encoder never saw."""
    custom = [s for s in samples("held") if s.rule_text and s.label != "borderline"]
    laws = {text: rule_vectors(text, encode) for text in {s.rule_text or "" for s in custom}}
    vectors = encode([s.text for s in custom])
    x = [bare_features(laws[s.rule_text or ""], v[None])[0] for s, v in zip(custom, vectors, strict=True)]
    return line(np.stack(x), np.array([int(s.label == "violating") for s in custom]))


def _position(draft, rows, spans, probabilities, book) -> Line:  # type: ignore[no-untyped-def]
    """Fit the place in a rule's band, in [0, 1], to the weighted mean grade of violating lines."""
    shares, places = [], []
    for row, span in zip(rows, spans, strict=True):
        s = row.sample
        if s.label != "violating" or s.rule not in book.index:
            continue
        rule, column = book.pack.by_id[s.rule], book.index[s.rule]
        view = int(probabilities[span][:, column].argmax())
        finding = Finding(
            rule_id=rule.id, verdict="hit", probability=float(probabilities[span][view, column]), stance=s.stance
        )
        shares.append(share_of(facts(row.case, rule, finding, row.vectors[view], book, draft), book.pack))
        places.append(np.clip((s.severity - rule.band.low) / max(1, rule.band.high - rule.band.low), 0, 1))
    slope, start = np.polyfit(shares, places, 1)
    return Line(weights=(float(slope),), bias=float(start))


def main() -> None:
    """Calibrate the weights in place and print what was measured on the held-out split."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--weights", type=Path, default=WEIGHTS, help="the bi-encoder; the cross-encoder lies beside it")
    args.add_argument("--public", type=Path, help="folder of public sets, for the texts that we judged ourselves")
    opt = args.parse_args()
    encoder = OnnxEncoder(opt.weights)
    reader = OnnxReader(encoder, cross) if (cross := opt.weights.with_name("cross-encoder.onnx")).exists() else None
    calibration, report = fit(encoder, reading(reader) if reader else None, opt.public)
    carry(opt.weights, calibration=calibration.model_dump_json())
    prepare(opt.weights)
    print(json.dumps({**report, **calibration.thresholds.model_dump(), "assembly": calibration.assembly}, indent=1))


if __name__ == "__main__":
    main()
