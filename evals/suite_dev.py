"""The suites on our own authored lines: `dev`, by another author than all training lines, and `scenes`."""

import numpy as np

from agents.perceiver import perceive
from cases.finding import Evidence
from evals import resampling as over
from evals.judged import Judged, Places, Proof, characters, leaders, named, only, probabilities, shown, without
from evals.measure import Confused, Graded, Placed, Result, Severities, Tally, sheet
from evals.resampling import Floats
from evals.sets import AUTHORED, CLEAN, DEV, Row, capped, rows_digest

# The policy that has all rules of the authored lines.
POLICY = "short-video-ads"
K = 8
NDCG_K = 50
GAPS = ((10, 25), (25, 50), (50, np.inf))
FEWEST = 5
NONE = "none"


def dev(proof: Proof) -> Result:
    """Measure everything that authored lines allow."""
    rows = capped(proof.sets.rows(DEV), proof.limit)
    judged = proof.judge(rows, POLICY)
    tally, w = Tally("dev"), over.draws(len(rows), proof.rounds, groups=[row.family for row in rows])
    clear = judged.clear
    hits = np.array([i for i in clear if rows[i].violating], np.intp)
    y, s = judged.violating[clear], judged.scores[clear]
    tally.add("roc_auc", over.roc_auc(y, s, w[:, clear]), len(clear))
    tally.add("pr_auc", over.average_precision(y, s, w[:, clear]), len(clear))
    _rules(tally, judged, hits, w)
    tally.add(f"retrieval_recall_{K}", over.mean(_retrieved(judged, hits), w[:, hits]), len(hits))
    _severity(tally, judged, hits, w)
    _calibration(tally, judged, w)
    said = judged.acted
    tally.add("f1_shipped", over.f1(y, said[clear], w[:, clear]), len(clear), "outcome act; a review says nothing")
    right = said == judged.violating
    strict = [ok and (not row.violating or named(d) == row.rule)
              for ok, row, d in zip(right, rows, judged.decisions, strict=True)]  # fmt: skip
    tally.add("accuracy_strict", over.mean(np.array(strict)[clear], w[:, clear]), len(clear))
    tally.add("accuracy_wide", over.mean(right[clear], w[:, clear]), len(clear))
    _outcomes(tally, judged, w)
    _evidence(tally, judged, hits, w)
    _faithful(tally, judged, hits, w)
    confused = _confused(judged, hits)
    names = [*confused.names]
    table = sheet("Scene (gold) by scene (decision)", ["gold", *names],
                  [[n, *(int(v) for v in line)] for n, line in zip(names, confused.counts, strict=True)])  # fmt: skip
    return Result(POLICY, rows_digest(rows), len(rows), tally, (table,), (
        Graded("Any violation", y, s, judged.cut),
        Severities(np.array([rows[i].sev for i in hits], np.float64), _given(judged, hits)),
        confused, _placed(judged),
    ))  # fmt: skip


def scenes(proof: Proof) -> Result:
    """Measure each scene on lines that no training saw: told from all lines, and from its own allowed ones (within)."""
    rows = capped([*proof.sets.rows(DEV), *proof.sets.held_rows((*AUTHORED, CLEAN))], proof.limit)
    judged = proof.judge(rows, POLICY)
    tally, w, clear = (
        Tally("scenes"),
        over.draws(len(rows), proof.rounds, groups=[row.family for row in rows]),
        judged.clear,
    )
    gold = np.array([_scene(judged, rows[i].rule) or NONE for i in clear])
    each, within, table = [], [], []
    for scene in dict.fromkeys(rule.scene for rule in judged.deps.book.rules):
        own = gold == scene
        y = judged.violating[clear] * own
        hits, others = int(y.sum()), int(own.sum() - y.sum())
        if min(hits, others) < FEWEST:
            continue
        s, drawn = judged.scene([scene])[clear], w[:, clear]
        each.append(over.roc_auc(y, s, drawn))
        within.append(over.roc_auc(y[own], s[own], drawn[:, own]))
        tally.add(f"roc_auc_{scene}", each[-1], len(clear), f"{hits} violating of {len(y)}")
        tally.add(f"roc_auc_within_{scene}", within[-1], hits + others, f"{hits} violating, {others} allowed")
        table.append([scene, hits, others, float(each[-1][0]), float(within[-1][0])])
    if each:
        tally.add("roc_auc_mean", np.mean(each, axis=0), len(clear), f"over {len(each)} scenes")
        tally.add("roc_auc_within_mean", np.mean(within, axis=0), len(clear), f"over {len(each)} scenes")
    columns = ["scene", "violating", "allowed", "ROC AUC, all lines", "ROC AUC, own lines"]
    return Result(POLICY, rows_digest(rows), len(rows), tally, (sheet("By scene", columns, table),))


def _rules(tally: Tally, judged: Judged, hits: Places, w: Floats) -> None:
    gold = [judged.rows[i].rule for i in hits]
    told = [[r for r in leaders(judged.decisions[i]) if r in judged.deps.book.index] for i in hits]
    own = w[:, hits]
    tally.add("rule_top1", over.mean([g in t[:1] for g, t in zip(gold, told, strict=True)], own), len(hits))
    tally.add("rule_top3", over.mean([g in t[:3] for g, t in zip(gold, told, strict=True)], own), len(hits))
    first = [_scene(judged, t[0] if t else None) for t in told]
    tally.add("scene_top1", over.mean([f == _scene(judged, g) for f, g in zip(first, gold, strict=True)], own),
              len(hits))  # fmt: skip


def _retrieved(judged: Judged, hits: Places) -> list[bool]:
    """Return whether the first K retrieved rules hold the right one, also for what the router dropped."""
    from langgraph.runtime import Runtime

    from graphs import nodes

    plain = Runtime(context=judged.deps)
    out = []
    for i in hits:
        case = judged.cases[i]
        found = nodes.retrieve({"case": case, "perception": perceive(case)}, runtime=plain)["retrieved"]
        out.append(judged.rows[i].rule in [r.rule_id for r in found[:K]])
    return out


def _given(judged: Judged, places: Places) -> Floats:
    return np.array([judged.decisions[i].severity for i in places], np.float64)


def _severity(tally: Tally, judged: Judged, hits: Places, w: Floats) -> None:
    every = np.arange(len(judged.rows))
    gold = np.array([row.sev for row in judged.rows], np.float64)
    given = _given(judged, every)
    own = w[:, hits]
    tally.add("severity_tau_b_violating", over.tau_b(gold[hits], given[hits], own), len(hits))
    tally.add("severity_tau_b_all", over.tau_b(gold, given, w), len(every))
    for low, high in GAPS:
        name = f"severity_pairs_gap_{low}" + (f"_{high:g}" if np.isfinite(high) else "_up")
        tally.add(name, over.ordered_pairs(gold[hits], given[hits], own, low, high), len(hits), "violating")
    tally.add(f"severity_ndcg_{NDCG_K}", over.ndcg(gold, given, w, NDCG_K), len(every))
    order = [tier.id for tier in judged.pack.tiers]
    apart = [abs(order.index(judged.pack.tier(judged.rows[i].sev).id) - order.index(judged.decisions[i].tier))
             for i in hits]  # fmt: skip
    tally.add("tier_within_one", over.mean([gap <= 1 for gap in apart], own), len(hits), "violating")


def _calibration(tally: Tally, judged: Judged, w: Floats) -> None:
    clear = judged.clear
    own = w[:, clear]
    tally.add("ece_any", over.calibration_error(judged.violating[clear], judged.scores[clear], own), len(clear))
    tally.add("ece_any_by_chance", over.calibration_by_chance(judged.scores[clear], max(1, len(w) - 1)), len(clear),
              "what perfect probabilities would show on so few rows")  # fmt: skip
    each = []
    for scene in dict.fromkeys(rule.scene for rule in judged.deps.book.rules):
        y = np.array([judged.rows[i].violating and _scene(judged, judged.rows[i].rule) == scene for i in clear])
        each.append(over.calibration_error(y, judged.scene([scene])[clear], own))
        tally.add(f"ece_{scene}", each[-1], len(clear))
    tally.add("ece_scene_mean", np.mean(each, axis=0), len(clear), "small, as most lines are of other scenes")


def _outcomes(tally: Tally, judged: Judged, w: Floats) -> None:
    for outcome, name in (("act", "act_precision"), ("allow", "allow_miss_rate")):
        places = [int(i) for i in judged.clear if judged.decisions[i].outcome == outcome]
        if places:
            tally.add(name, over.mean(judged.violating[places], w[:, places]), len(places), "violating among them")
    places = [i for i, row in enumerate(judged.rows) if row.label == "borderline"]
    if places:
        review = [judged.decisions[i].outcome == "review" for i in places]
        tally.add("borderline_to_review", over.mean(review, w[:, places]), len(places))


def _evidence(tally: Tally, judged: Judged, hits: Places, w: Floats) -> None:
    places = [i for i in hits if _gold(judged.rows[i])]
    if not places:
        return
    pairs = [(_gold(judged.rows[i]), characters(_told(judged, i))) for i in places]
    tally.add("evidence_char_f1", over.mean([char_f1(g, t) for g, t in pairs], w[:, places]), len(places))
    tally.add("evidence_iou", over.mean([len(g & t) / len(g | t) for g, t in pairs], w[:, places]), len(places))


def _faithful(tally: Tally, judged: Judged, hits: Places, w: Floats) -> None:
    """Measure how the ranker's probability falls without the evidence, and with it alone (DeYoung et al., ACL 2020)."""
    book = judged.deps.book.index
    shown_by = {int(i): f for i in hits if (f := shown(judged.decisions[i])) and f.rule_id in book}
    if not shown_by:
        return
    places = list(shown_by)
    columns = [book[shown_by[i].rule_id] for i in places]
    at, none = np.arange(len(places)), [None] * len(places)
    full = probabilities(judged.deps, [judged.cases[i] for i in places], none)[at, columns]
    bare = [without(judged.cases[i], shown_by[i].evidence) for i in places]
    kept = [only(judged.cases[i], shown_by[i].evidence) for i in places]
    rest = [case for case in bare if case is not None]
    left = np.zeros(len(places))
    if rest:
        p = probabilities(judged.deps, rest, none[: len(rest)])
        there = [n for n, case in enumerate(bare) if case is not None]
        left[there] = p[np.arange(len(rest)), [columns[n] for n in there]]
    alone = probabilities(judged.deps, kept, none)[at, columns]
    own = w[:, places]
    tally.add(
        "comprehensiveness", over.mean(full - left, own), len(places), "fall without the evidence; more is better"
    )
    tally.add("sufficiency", over.mean(full - alone, own), len(places), "fall with it alone; less is better")


def char_f1(gold: set[tuple[str, int]], told: set[tuple[str, int]]) -> float:
    """Return the F1 of character offsets of one text; 1 where both are empty, 0 where one is (SemEval 2021 task 5).

    >>> char_f1({("text", 1), ("text", 2)}, {("text", 2), ("text", 3)})
    0.5
    """
    if not gold or not told:
        return float(gold == told)
    return 2 * len(gold & told) / (len(gold) + len(told))


def _gold(row: Row) -> set[tuple[str, int]]:
    found = set()
    for part in row.case.parts:
        for quote in row.evidence:
            start = part.text.find(quote)
            found |= {(part.id, n) for n in range(start, start + len(quote)) if start >= 0}
    return found


def _told(judged: Judged, place: int) -> tuple[Evidence, ...]:
    finding = shown(judged.decisions[place])
    return finding.evidence if finding else ()


def _scene(judged: Judged, rule_id: str | None) -> str | None:
    return judged.pack.by_id[rule_id].scene if rule_id in judged.pack.by_id else None


def _confused(judged: Judged, hits: Places) -> Confused:
    gold = [_scene(judged, judged.rows[i].rule) or NONE for i in hits]
    told = [_scene(judged, named(judged.decisions[i])) or NONE for i in hits]
    used = {*gold, *told}
    names = [s.id for s in judged.pack.scenes if s.id in used] + ([NONE] if NONE in used else [])
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, ([names.index(g) for g in gold], [names.index(t) for t in told]), 1)
    return Confused(tuple(names), counts)


def _placed(judged: Judged) -> Placed:
    seen = [(case.digest, perceive(case).views) for case in judged.cases]
    vectors = np.stack([v.mean(0) for v in judged.deps.vectors_of(seen)]).astype(np.float64)
    return Placed(
        vectors, tuple(_scene(judged, row.rule) or NONE for row in judged.rows),
        tuple(row.label or ("violating" if row.violating else "allowed") for row in judged.rows),
        judged.scores, judged.cut,
    )  # fmt: skip
