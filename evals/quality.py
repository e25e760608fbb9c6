"""Measure the shipped weights on evaluation sets, through the desk itself. No set ships with Precept.

`python -m evals.quality authored FILE` reads lines of our own authored form, `… moderation FILE` the public
moderation set (id, text, violation). Numbers are of whole decisions, not of the bare encoder.
"""

import argparse
import gzip
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cases.case import Case, Part
from cases.decision import Decision
from evals.metrics import average_precision, kendall_tau_b, max_f1, roc_auc
from graphs.settings import Settings
from graphs.wiring import open_desk
from policy_store.loader import load_pack
from policy_store.pack import Pack


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file, plain or gzipped."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def case_of(row: dict[str, Any]) -> Case:
    """Return the case of an evaluation line."""
    parts = tuple(Part(id=k, kind=k, text=v) for k, v in row.get("parts", {}).items() if v)
    whole = (Part(id="text", kind="text", text=row.get("text") or ""),)
    return Case(id=str(row["id"]), parts=parts or whole, surface=row.get("surface") or "post")


def decisions(cases: list[Case], pack: Pack) -> tuple[list[Decision], float]:
    """Return the decision of each case, on a throw-away ledger, and the seconds taken."""
    with tempfile.TemporaryDirectory() as home, open_desk(Settings(home=Path(home)), pack, waits=False) as desk:
        begun = time.perf_counter()
        return list(desk.decide_many(cases)), time.perf_counter() - begun


def flow(found: list[Decision]) -> dict[str, float]:
    """Return the share of each stage and of each outcome."""
    counts = Counter(f"stage {d.stage}" for d in found) + Counter(f"outcome {d.outcome}" for d in found)
    return {name: round(count / len(found), 4) for name, count in sorted(counts.items())}


def citations_hold(found: list[Decision], cases: list[Case], pack: Pack) -> bool:
    """Return whether every clause and every quote of every decision is verbatim, and every rule id known."""
    for decision, case in zip(found, cases, strict=True):
        for finding in decision.findings:
            if finding.rule_id not in pack.by_id:
                return False
            if any(
                pack.clauses[c.clause_id].text != c.quote for c in finding.citations if c.clause_id != finding.rule_id
            ):
                return False
            if any(case.part(e.part).text[e.start : e.end] != e.quote for e in finding.evidence):
                return False
    return True


def authored(path: Path) -> dict[str, object]:
    """Return what the authored form allows to measure: ROC, rule and scene, severity, errors of automatic outcomes."""
    lines = list(rows(path))
    pack = load_pack("short-video-ads")
    cases = [case_of(r) for r in lines]
    found, seconds = decisions(cases, pack)
    clear = [i for i, r in enumerate(lines) if r["label"] != "borderline"]
    y = np.array([lines[i]["label"] == "violating" for i in clear])
    score = np.array([found[i].score for i in clear])
    hits = [i for i in clear if lines[i]["label"] == "violating"]
    named = {i: found[i].rule_id or (found[i].findings[0].rule_id if found[i].findings else None) for i in hits}

    def scene(rule_id: str | None) -> str | None:
        return pack.by_id[rule_id].scene if rule_id in pack.by_id else None

    acted = [i for i in clear if found[i].outcome == "act"]
    allowed = [i for i in clear if found[i].outcome == "allow"]
    return {
        "rows": len(lines),
        "roc_auc": round(roc_auc(y, score), 4),
        "pr_auc": round(average_precision(y, score), 4),
        "rule_top1": round(float(np.mean([named[i] == lines[i]["rule"] for i in hits])), 4),
        "scene_top1": round(float(np.mean([scene(named[i]) == scene(lines[i]["rule"]) for i in hits])), 4),
        "severity_tau_b_violating": round(
            kendall_tau_b(np.array([found[i].severity for i in hits]), np.array([lines[i]["sev"] for i in hits])), 4
        ),
        "severity_tau_b_all": round(
            kendall_tau_b(np.array([d.severity for d in found]), np.array([r["sev"] for r in lines])), 4
        ),
        "act_precision": round(float(np.mean([lines[i]["label"] == "violating" for i in acted])), 4) if acted else None,
        "allow_miss_rate": round(float(np.mean([lines[i]["label"] == "violating" for i in allowed])), 4),
        "router_recall": round(float(np.mean([found[i].stage != "router" for i in hits])), 4),
        "borderline_to_review": round(
            float(
                np.mean(
                    [d.outcome == "review" for d, r in zip(found, lines, strict=True) if r["label"] == "borderline"]
                )
            ),
            4,
        ),
        "verbatim": citations_hold(found, cases, pack),
        "cases_per_second": round(len(cases) / seconds, 1),
        **flow(found),
    }


def moderation(path: Path) -> dict[str, object]:
    """Return PR-AUC, Max-F1 and ROC of "violates anything" on a set with a `violation` field."""
    lines = [r for r in rows(path) if r.get("violation") is not None and (r.get("text") or "").strip()]
    pack = load_pack("community")
    cases = [case_of(r) for r in lines]
    found, seconds = decisions(cases, pack)
    score, y = np.array([d.score for d in found]), np.array([bool(r["violation"]) for r in lines])
    return {
        "rows": len(lines),
        "pr_auc": round(average_precision(y, score), 4),
        "max_f1": round(max_f1(y, score)[0], 4),
        "roc_auc": round(roc_auc(y, score), 4),
        "verbatim": citations_hold(found, cases, pack),
        "cases_per_second": round(len(cases) / seconds, 1),
        **flow(found),
    }


def main() -> None:
    """Measure one set and print a JSON object."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("kind", choices=("authored", "moderation"))
    args.add_argument("file", type=Path)
    opt = args.parse_args()
    print(json.dumps(authored(opt.file) if opt.kind == "authored" else moderation(opt.file), indent=1))


if __name__ == "__main__":
    main()
