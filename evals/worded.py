"""Public sets judged by their own question, which the cross-encoder was trained to answer on the train splits.

A policy's rules ask something else than a set's label does, so a set has a question of its own, in words. This measures
how well it was learnt, on other rows; rules that nobody trained on are measured by the suite `custom_rules`. Cuts are
chosen on rows that are neither trained on nor measured.
"""

from collections.abc import Sequence

import numpy as np

from agents.highlight import spans
from agents.reading import Mark, Read
from cases.text import fold
from evals import resampling as over
from evals.judged import Proof
from evals.measure import Tally
from evals.resampling import Floats
from evals.sets import Row, capped
from policy_store.questions import QUESTIONS

CUTS = tuple(np.round(np.arange(0.1, 0.9, 0.05), 2))
ROWS_FOR_CUTS = 1000


def add_worded(tally: Tally, proof: Proof, name: str, rows: Sequence[Row], others: Sequence[Row]) -> None:
    """Add ROC and macro F1 of `rows` under the set's own question, at the cut that is best on `others`."""
    read = proof.model.read
    if read is None or not others:
        return
    w, y = over.draws(len(rows), proof.rounds), np.array([r.violating for r in rows], np.float64)
    s = _hits(read, rows, QUESTIONS[name])
    chosen = capped(others, ROWS_FOR_CUTS)
    truth, known = np.array([r.violating for r in chosen], np.float64), _hits(read, chosen, QUESTIONS[name])
    one, zero, cuts = over.f1_at_cuts(truth, known, np.ones((1, len(known))))
    cut = float(cuts[int((one + zero)[0].argmax())])
    tally.add("trained_question_roc_auc", over.roc_auc(y, s, w), len(rows), "the set's own question")
    tally.add(
        "trained_question_macro_f1", over.macro_f1(y, s >= cut, w), len(rows), f"cut from {len(chosen)} rows of dev"
    )


def add_worded_spans(tally: Tally, proof: Proof, name: str, rows: Sequence[Row], others: Sequence[Row]) -> None:
    """Add the F1 of characters that are marked under the set's own question, at the cut that is best on `others`."""
    read = proof.model.read
    if read is None or not others:
        return
    known = capped(others, ROWS_FOR_CUTS)
    found = _marks(read, known, QUESTIONS[name])
    cut = max(CUTS, key=lambda c: float(np.mean([_f1(r, m, c) for r, m in zip(known, found, strict=True)])))
    marks = _marks(read, rows, QUESTIONS[name])
    each = np.array([_f1(r, m, cut) for r, m in zip(rows, marks, strict=True)])
    tally.add(
        "trained_question_char_f1", over.mean(each, over.draws(len(rows), proof.rounds)), len(rows),
        f"words from a share of {cut:.2f}, chosen on {len(known)} rows of trial",
    )  # fmt: skip


def _hits(read: Read, rows: Sequence[Row], question: str) -> Floats:
    return np.array([read(fold(row.text or ""), [question]).hit[0] for row in rows], np.float64)


def _marks(read: Read, rows: Sequence[Row], question: str) -> list[tuple[Mark, ...]]:
    return [read(row.text or "", [question]).marks[0] for row in rows]


def _f1(row: Row, marks: Sequence[Mark], cut: float) -> float:
    gold = {n for a, b in row.rationale_spans or () for n in range(a, b)}
    told = {n for _, a, b in spans(row.text or "", marks, cut) for n in range(a, b)}
    if not gold or not told:
        return float(gold == told)
    return 2 * len(gold & told) / (len(gold) + len(told))
