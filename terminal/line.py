"""The JSON of a decision as programs read it: one line of a batch's output. Not the record; that is the ledger's.

The keys and their order are a contract: keys may be added behind them, none is taken away or renamed.
"""

import json

from agents.seen import seen
from cases.case import Case
from cases.decision import Decision
from cases.finding import Finding

Json = dict[str, object]


def line_of(decision: Decision) -> Json:
    """Return a decision as a line of output."""
    return {
        "id": decision.case_id,
        "decision_id": decision.id,
        "outcome": decision.outcome,
        "score": decision.score,
        "severity": decision.severity,
        "tier": decision.tier,
        "rule_id": decision.rule_id,
        "findings": [_finding(found) for found in decision.findings],
        "stage": decision.stage,
        "rationale": decision.rationale,
        "pack": decision.pack.model_dump(),
    }


def long_line_of(decision: Decision, case: Case) -> Json:
    """Return a decision as a line of output, followed by what else is worth knowing of a single one.

    Its findings have `attributes` and `sightings` behind their other keys: what was read of the attributes of a
    decomposed rule, and what was seen in the files of the case, which is given with what tools saw in them.
    """
    more = {
        "action", "causes", "depth", "audit", "grades", "precedents", "automation", "profile", "model_digest", "roles",
        "spent", "at",
    }  # fmt: skip
    findings = [_finding(found) | _seen(found, case) for found in decision.findings]
    return line_of(decision) | {"findings": findings} | decision.model_dump(mode="json", include=more)


def written(value: object) -> str:
    """Return a value as one line of JSON, without the line break."""
    return json.dumps(value, ensure_ascii=False)


def _finding(found: Finding) -> Json:
    return {
        "rule_id": found.rule_id,
        "verdict": found.verdict,
        "probability": found.probability,
        "citations": [c.model_dump() for c in found.citations],
        "evidence": [e.model_dump(exclude={"drop"}) for e in found.evidence],
    }


def _seen(found: Finding, case: Case) -> Json:
    shows = {s.region: s.shows for s in found.sightings}
    return {
        "attributes": [a.model_dump() for a in found.attributes],
        "sightings": [s.model_dump(mode="json") | {"shows": shows.get(s.region, "")} for s in seen(found, case)],
    }
