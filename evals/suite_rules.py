"""The suite `custom_rules`: rules in plain words that no pack has, tried as `precept policy try` does."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from evals import resampling as over
from evals.judged import Proof
from evals.measure import Graded, Result, Tally, sheet
from evals.resampling import Floats
from evals.sets import CUSTOM, Row, capped, rows_digest
from evals.trials import Remembering, try_on

SHIPPED_CUT = 0.5  # agents/scratch.py calls it a hit from here on


def custom_rules(proof: Proof) -> Result:
    """Measure rules whose group no training saw, and contradictory variants of one rule over the same text."""
    rows = capped(proof.sets.held_rows((CUSTOM,)), proof.limit)
    model = proof.model
    encode = Remembering(model.encode)
    p = np.array(
        [try_on(row.rule_text or "", row.case, encode, model.calibration, model.read).probability for row in rows]
    )
    tally, w = Tally("custom_rules"), over.draws(len(rows), proof.rounds, groups=[row.family for row in rows])
    clear = np.array([i for i, row in enumerate(rows) if row.label != "borderline"], np.intp)
    y = np.array([row.violating for row in rows], np.float64)
    own = w[:, clear]
    groups = len({row.group for row in rows})
    tally.add("roc_auc", over.roc_auc(y[clear], p[clear], own), len(clear), f"{groups} rules in plain words")
    tally.add("pr_auc", over.average_precision(y[clear], p[clear], own), len(clear))
    tally.add("accuracy", over.mean((p >= SHIPPED_CUT)[clear] == y[clear], own), len(clear), f"at {SHIPPED_CUT}")
    tally.add("ece", over.calibration_error(y[clear], p[clear], own), len(clear))
    within = [over.roc_auc(y[at], p[at], w[:, at]) for at in _groups(rows) if 0 < y[at].sum() < len(at)]
    if within:
        tally.add("roc_auc_within_rule", _mean(within), len(clear), f"mean over {len(within)} rules")
    pairs = contradictory(rows)
    if pairs:
        right = [(np.sign(p[a] - p[b]) + 1) / 2 for a, b in pairs]
        again = over.draws(len(pairs), proof.rounds, groups=[rows[a].family for a, _ in pairs])
        tally.add("contradictory_pairs", over.mean(right, again), len(pairs),
                  "same text, violating under one variant and allowed under the other")  # fmt: skip
    lines = [[rows[at[0]].group, len(at), float(p[at][y[at] == 1].mean()) if y[at].any() else "",
              float(p[at][y[at] == 0].mean()) if not y[at].all() else ""] for at in _groups(rows)]  # fmt: skip
    table = sheet("By rule", ["group", "lines", "mean of violating", "mean of the others"], lines)
    drawn = (Graded("Rules in plain words", y[clear], p[clear], SHIPPED_CUT),)
    return Result("rules in plain words", rows_digest(rows), len(rows), tally, (table,), drawn)


def contradictory(rows: list[Row]) -> list[tuple[int, int]]:
    """Return places (violating, allowed) of lines with the same text under two variants of one rule."""
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.group.endswith(tuple("abcdef")):
            shared[(row.group[:-1], row.text or "")].append(i)
    return [
        (a, b)
        for places in shared.values()
        for a in places
        for b in places
        if rows[a].group != rows[b].group and rows[a].label == "violating" and rows[b].label == "allowed"
    ]


def _mean(rows: Sequence[Floats]) -> Floats:
    """Return the mean of what is defined in each resample: a small group may be drawn with one label alone."""
    every = np.array(rows)
    return over.ratio(np.nansum(every, 0), np.isfinite(every).sum(0).astype(np.float64))


def _groups(rows: list[Row]) -> list[list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.label != "borderline":
            found[row.group].append(i)
    return list(found.values())
