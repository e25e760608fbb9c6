"""The suites on a stream as platforms have it, mostly ordinary: `router`, `cost` and `guarantee`.

The stream is made of authored lines that no training saw, weighted by kind, not repeated: SHARES says how much of the
traffic each kind stands for. That mix is ours; a platform's own would give other numbers.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from agents.perceiver import perceive
from evals import resampling as over
from evals.judged import Proof
from evals.measure import Result, Tally, Traded, sheet
from evals.metrics import wilson
from evals.resampling import Floats
from evals.sets import AUTHORED, CLEAN, Missing, Row, capped, rows_digest
from evals.suite_dev import POLICY

Kind = Literal["violating", "near", "ordinary"]
# `near`: allowed lines written to look like a violation.
SHARES: dict[Kind, float] = {"violating": 0.03, "near": 0.07, "ordinary": 0.90}
MIX = "; ".join(f"{share:.0%} {kind}" for kind, share in SHARES.items())
RECALL = 0.97
RECALLS = (0.90, 0.95, 0.97, 0.99, 1.0)
COST_ROWS = 400
MAX_ERROR, CONFIDENCE, ROUNDS = 0.02, 0.95, 200
LIMITS = (MAX_ERROR, 0.05, 0.10)
SWEPT_ROWS = 1000


def router(proof: Proof) -> Result:
    """Measure how much of the stream the router drops while it keeps 97 % of the violating."""
    rows, kinds = _stream(proof)
    risk, cut = _risks(proof, rows)
    tally, w = Tally("router"), over.draws(len(rows), proof.rounds, groups=[row.family for row in rows])
    for recall in RECALLS:
        tally.add(f"dropped_at_recall_{recall * 100:.0f}", dropped(risk, kinds, w, recall), len(rows), MIX)
    shipped = (risk < cut).astype(np.float64)
    kept = 1 - _share(shipped, kinds, "violating", w)
    gone = _traffic(shipped, kinds, w)
    hits = kinds.count("violating")
    tally.add("recall_shipped", kept, hits, f"of {hits} violating, at the shipped cut {cut:.3f}")
    tally.add("dropped_shipped", gone, len(rows), MIX)
    cuts = np.unique(risk[np.isfinite(risk)])
    below = (risk[None, :] < cuts[:, None]).astype(np.float64)
    one = np.ones((1, len(rows)))
    curve = Traded(
        np.array([_traffic(b, kinds, one)[0] for b in below]),
        np.array([1 - _share(b, kinds, "violating", one)[0] for b in below]),
        (float(gone[0]), float(kept[0])),
    )
    lines = [[k, kinds.count(k), SHARES[k], float(_share(shipped, kinds, k, one)[0])] for k in SHARES]
    table = sheet("The stream", ["kind", "lines", "share of the traffic", "dropped at the shipped cut"], lines)
    return Result(POLICY, rows_digest(rows), len(rows), tally, (table,), (curve,))


def cost(proof: Proof) -> Result:
    """Measure which stage decides how much of the stream, and texts encoded against reasoning about every case."""
    every, _ = _stream(proof)
    rows = capped(every, proof.limit or COST_ROWS)
    kinds = _kinds(rows)
    stages, texts = _encoded(proof, rows, always=False)
    second, whole = _encoded(proof, rows, always=True)
    tally, w = Tally("cost"), over.draws(len(rows), proof.rounds, groups=[row.family for row in rows])
    for stage in ("router", "ranker", "reasoner"):
        decided = np.array([s == stage for s in stages], np.float64)
        tally.add(f"decided_by_{stage}", _traffic(decided, kinds, w), len(rows), MIX)
    ours, theirs = _traffic(texts, kinds, w), _traffic(whole, kinds, w)
    reasoned = float(np.mean([s == "reasoner" for s in second]))
    tally.add("texts_a_case", ours, len(rows), "texts that the model encoded")
    tally.add("texts_a_case_reasoning_always", theirs, len(rows), f"{reasoned:.0%} of the lines were reasoned about")
    tally.add("cost_share", over.ratio(ours, theirs), len(rows), "cascade / second stage on everything")
    return Result(POLICY, rows_digest(rows), len(rows), tally)


def guarantee(proof: Proof) -> Result:
    """Measure whether the bound on automatic errors holds: on unseen lines, and where the truth is known."""
    from agents.guarantee import Ladder
    from evals.guarantee import resampled_verdicts, simulated
    from graphs.sweep import Labelled, Sweep

    every, _ = _stream(proof)
    rows = capped(every, proof.limit or SWEPT_ROWS)
    deps = proof.desk(POLICY).deps
    sweep = Sweep(deps, Ladder(deps.calibration.thresholds))
    verdicts = sweep.judged([Labelled(case=row.case, violating=row.violating) for row in rows])
    tally = Tally("guarantee")
    for limit in LIMITS:
        found, known = (
            resampled_verdicts(verdicts, limit, CONFIDENCE, ROUNDS),
            simulated(limit, CONFIDENCE, rounds=ROUNDS),
        )
        said, tail = (
            f"error ≤ {limit:.0%} at {CONFIDENCE:.0%} confidence",
            "" if limit == MAX_ERROR else f"_{limit:.0%}",
        )
        # Rounds split the same lines again and again, so they are not independent and have no interval.
        for name, share, note in (
            ("automated", found.automated, f"{said}; share of the lines, 41 % of them violating"),
            ("holds", found.holds, f"{said}; errors counted on the other half of the lines, themselves a sample"),
            ("refuted", found.refuted, "rounds whose errors contradict the bound at the 5 % level"),
        ):
            tally.state(f"{name}{tail}", share, None, ROUNDS, note)
        kept = wilson(round(known.holds * ROUNDS), ROUNDS)
        tally.state(f"holds_simulated{tail}", known.holds, kept, ROUNDS, f"{said}; true error of a made population")
    return Result(POLICY, rows_digest(rows), len(rows), tally)


def dropped(risk: Floats, kinds: Sequence[Kind], w: Floats, recall: float) -> Floats:
    """Return the largest share of the traffic that a cut on risk drops while it keeps `recall` of the violating."""
    order = np.argsort(risk, kind="stable")
    last = np.append(np.flatnonzero(np.diff(risk[order])), len(risk) - 1)
    gone = np.zeros((len(w), len(last) + 1))
    lost = np.zeros_like(gone)
    for kind, share in SHARES.items():
        own = np.where(np.array([k == kind for k in kinds]), w, 0.0)[:, order]
        cumulated = over.ratio(np.cumsum(own, 1)[:, last], np.broadcast_to(own.sum(1)[:, None], (len(w), len(last))))
        gone[:, 1:] += share * cumulated
        if kind == "violating":
            lost[:, 1:] = cumulated
    # 1e-9: of 100 lines exactly 97 may be kept.
    allowed = lost <= 1 - recall + 1e-9
    return np.where(np.isnan(gone[:, -1]), np.nan, np.where(allowed, gone, 0.0).max(1))


def _stream(proof: Proof) -> tuple[list[Row], list[Kind]]:
    rows = [row for row in proof.sets.held_rows((*AUTHORED, CLEAN)) if row.label != "borderline"]
    rows = capped(rows, proof.limit)
    return rows, _kinds(rows)


def _kinds(rows: Sequence[Row]) -> list[Kind]:
    kinds: list[Kind] = ["violating" if r.violating else "near" if r.rule else "ordinary" for r in rows]
    for kind in SHARES:
        if kind not in kinds:
            raise Missing(
                f"{len(rows)} lines of the stream hold none that is {kind}; raise --limit or give other --data"
            )
    return kinds


def _risks(proof: Proof, rows: Sequence[Row]) -> tuple[Floats, float]:
    """Return the router's risk of each row, infinite where it must not drop, and the shipped cut."""
    from langgraph.runtime import Runtime

    from graphs import nodes

    deps = proof.desk(POLICY).deps
    plain = Runtime(context=deps)
    out = []
    for row in rows:
        seen = perceive(row.case)
        found = nodes.route({"case": row.case, "perception": seen}, runtime=plain)["route"]
        out.append(np.inf if seen.gaps else found.risk)
    return np.array(out, np.float64), deps.calibration.thresholds.router


def _encoded(proof: Proof, rows: Sequence[Row], *, always: bool) -> tuple[list[str], Floats]:
    """Return the stage that decided each row and how many texts it cost, in a home where nothing is remembered.

    `always` reasons about every case: no cut lets the router or the ranker be sure.
    """
    from graphs.desk import Desk
    from graphs.wiring import open_deps
    from policy_store.loader import load_pack

    with tempfile.TemporaryDirectory(prefix="precept-cost-") as home:
        with open_deps(proof.settings.model_copy(update={"home": Path(home)}), load_pack(POLICY)) as deps:
            deps.rules()
            if always:
                cuts = deps.calibration.thresholds.model_copy(update={"router": 0.0, "allow": -1.0, "act": 1.0})
                deps = replace(deps, calibration=deps.calibration.model_copy(update={"thresholds": cuts}))
            desk, stages, texts = Desk(deps), [], []
            for row in rows:
                before = deps.encoded()
                (decision,) = desk.decide_many([row.case])
                stages.append(str(decision.stage))
                texts.append(deps.encoded() - before)
    return stages, np.array(texts, np.float64)


def _share(values: Floats, kinds: Sequence[Kind], kind: Kind, w: Floats) -> Floats:
    at = np.array([i for i, k in enumerate(kinds) if k == kind], np.intp)
    return over.mean(values[at], w[:, at])


def _traffic(values: Floats, kinds: Sequence[Kind], w: Floats) -> Floats:
    """Return the mean of values [rows] over the traffic."""
    out = np.zeros(len(w))
    for kind, share in SHARES.items():
        out += share * _share(values, kinds, kind, w)
    return out
