"""The suites on public sets. Each says which rules stand for the set's label; nothing is fitted to a set here."""

import numpy as np

from evals import resampling as over
from evals.judged import Judged, Proof, characters, shown
from evals.measure import Graded, Result, Sheet, Tally, sheet
from evals.resampling import Floats
from evals.sets import Row, capped, rows_digest
from evals.suite_dev import char_f1
from evals.worded import add_worded, add_worded_spans

POLICY = "community"
# HateCheck calls hateful what is aimed at a protected group: the scene HS. Abuse of anybody else breaks HR or VI.
HATE_SCENES, ABUSE_SCENES = ("HS",), ("HS", "HR", "VI")
LIMITS = {"hatecheck": 3728, "edos_sexism": 4000, "toxic_spans_semeval2021": 2000}


def openai_moderation(proof: Proof) -> Result:
    """Measure "violates anything" on the samples of Markov et al. (AAAI 2023)."""
    rows = [r for r in proof.sets.rows("openai_moderation") if r.violation is not None and (r.text or "").strip()]
    judged = proof.judge(rows := capped(rows, proof.limit), POLICY)
    tally, w = Tally("openai_moderation"), over.draws(len(rows), proof.rounds)
    y, s, n = judged.violating, judged.scores, len(rows)
    tally.add("pr_auc", over.average_precision(y, s, w), n)
    tally.add("max_f1", over.max_f1(y, s, w), n, "the cut is chosen on the rows themselves")
    tally.add("f1_shipped", over.f1(y, judged.acted, w), n, "outcome act; a review says nothing")
    tally.add("roc_auc", over.roc_auc(y, s, w), n)
    tally.add("ece", over.calibration_error(y, s, w), n)
    return Result(POLICY, rows_digest(rows), n, tally, (_flow(judged),), (Graded("Any violation", y, s, judged.cut),))


def hatecheck(proof: Proof) -> Result:
    """Measure hateful or not on the functional tests of Röttger et al. (ACL 2021), by the rules on hate."""
    rows = _capped(proof, "hatecheck", proof.sets.rows("hatecheck"))
    judged = proof.judge(rows, POLICY)
    s = judged.scene(HATE_SCENES)
    tally = _binary("hatecheck", judged, s, proof.rounds)
    w, abuse = over.draws(len(rows), proof.rounds), judged.scene(ABUSE_SCENES)
    tally.add(
        "abuse_roc_auc", over.roc_auc(judged.violating, abuse, w), len(rows), "rules on harassment and violence too"
    )
    best = _best_cut(judged.violating, s)
    names = [str(row.labels.get("functionality", "?")) for row in rows]
    lines = []
    for name in dict.fromkeys(names):
        at = [i for i, other in enumerate(names) if other == name]
        y = judged.violating[at]
        gold = "hateful" if y.all() else "not hateful" if not y.any() else "both"
        right = [float(((s[at] >= cut) == y).mean()) for cut in (judged.cut, best)]
        lines.append([name, len(at), gold, *right, float(s[at].mean())])
    columns = ["functionality", "cases", "gold", f"right at {judged.cut:.2f}", f"right at {best:.2f} (best)"]
    table = sheet("By functionality", [*columns, "mean probability"], lines)
    drawn = (Graded("Hateful", judged.violating, s, judged.cut),)
    return Result(POLICY, rows_digest(rows), len(rows), tally, (table, _flow(judged)), drawn)


def edos(proof: Proof) -> Result:
    """Measure sexist or not on the test split of Kirk et al. (SemEval 2023 task 10), by the rules on hate."""
    every = proof.sets.rows("edos_sexism")
    rows = [row for row in every if row.split == "test"]
    judged = proof.judge(rows := _capped(proof, "edos_sexism", rows), POLICY)
    s = judged.scene(("HS",))
    tally = _binary("edos", judged, s, proof.rounds)
    add_worded(tally, proof, "edos_sexism", rows, [row for row in every if row.split == "dev"])
    drawn = (Graded("Sexist", judged.violating, s, judged.cut),)
    return Result(POLICY, rows_digest(rows), len(rows), tally, (_flow(judged),), drawn)


def toxic_spans(proof: Proof) -> Result:
    """Measure evidence against the toxic spans of Pavlopoulos et al. (SemEval 2021 task 5), test split.

    What is scored is the evidence of the finding that a reader would be shown; a case without one told nothing.
    """
    every = proof.sets.rows("toxic_spans_semeval2021")
    rows = [row for row in every if row.split == "test"]
    judged = proof.judge(rows := _capped(proof, "toxic_spans_semeval2021", rows), POLICY)
    tally, w = Tally("toxic_spans"), over.draws(len(rows), proof.rounds)
    gold = [{("text", n) for a, b in row.rationale_spans or () for n in range(a, b)} for row in rows]
    found = [shown(decision) for decision in judged.decisions]
    told = [characters(f.evidence) if f else set() for f in found]
    each = np.array([char_f1(g, t) for g, t in zip(gold, told, strict=True)])
    tally.add("evidence_char_f1", over.mean(each, w), len(rows), "0 where a post with spans was given no evidence")
    answered = np.array([i for i, t in enumerate(told) if t], np.intp)
    if len(answered):
        tally.add("evidence_char_f1_where_given", over.mean(each[answered], w[:, answered]), len(answered))
    tally.add("evidence_given", over.mean([bool(t) for t in told], w), len(rows), "share of posts")
    marked = [(len(g & t), len(t), len(g)) for g, t in zip(gold, told, strict=True)]
    both, said, true = (w @ np.array(marked, np.float64)).T
    tally.add("evidence_precision_pooled", over.ratio(both, said), len(rows), "over all characters")
    tally.add("evidence_recall_pooled", over.ratio(both, true), len(rows), "over all characters")
    others = [row for row in every if row.split == "trial"]
    add_worded_spans(tally, proof, "toxic_spans_semeval2021", rows, others)
    return Result(POLICY, rows_digest(rows), len(rows), tally, (_flow(judged),))


def _binary(suite: str, judged: Judged, s: Floats, rounds: int) -> Tally:
    tally, w = Tally(suite), over.draws(len(judged.rows), rounds)
    y, n = judged.violating, len(judged.rows)
    tally.add("roc_auc", over.roc_auc(y, s, w), n)
    tally.add("pr_auc", over.average_precision(y, s, w), n)
    tally.add("macro_f1", over.macro_f1(y, s >= judged.cut, w), n, f"probability ≥ {judged.cut:.2f}")
    tally.add("macro_f1_best", over.max_macro_f1(y, s, w), n, "the cut is chosen on the rows themselves")
    tally.add("ece", over.calibration_error(y, s, w), n)
    return tally


def _best_cut(y: Floats, s: Floats) -> float:
    one, zero, cuts = over.f1_at_cuts(y, s, np.ones((1, len(y))))
    return float(cuts[int((one + zero)[0].argmax())])


def _capped(proof: Proof, name: str, rows: list[Row]) -> list[Row]:
    return capped(rows, proof.limit or LIMITS[name])


def _flow(judged: Judged) -> Sheet:
    names: list[tuple[str, str]] = [(d.stage, d.outcome) for d in judged.decisions]
    stages, outcomes = ("router", "ranker", "reasoner"), ("allow", "review", "act")
    lines = [[stage, *(names.count((stage, o)) / len(names) for o in outcomes)] for stage in stages]
    return sheet("Share of cases by stage and outcome", ["stage", *outcomes], lines)
