"""Cases and decisions for the ledger's tests, and a writer that the tests run as a process of its own.

Run as `ledger_samples.py LEDGER NAME COUNT SIZE`: record COUNT batches of SIZE decisions, a line on stdout after each.
"""

import sys
from datetime import UTC, datetime

from cases.case import Case, Part
from cases.decision import Decision, Edit, Outcome, PackRef
from cases.finding import Evidence, Finding
from tools.ledger import Ledger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def case(name: str, text: str | None = None) -> Case:
    """Return a case of one text."""
    return Case(id=name, parts=(Part(id="text", kind="text", text=text or f"text of {name} 🙂 'quoted' \x00"),))


def decision(
    about: Case, name: str, *, outcome: Outcome = "act", rule_id: str | None = "HR2", severity: int = 60
) -> Decision:
    """Return a decision about a case, under the id `decision-<name>`."""
    quote = about.text[:4]
    found = Finding(
        rule_id="HR2",
        verdict="hit",
        probability=0.1 + 0.2,
        evidence=(Evidence(part="text", start=0, end=len(quote), quote=quote),),
    )
    return Decision(
        id=f"decision-{name}",
        case_id=about.id,
        case_digest=about.digest,
        outcome=outcome,
        score=0.875,
        severity=severity,
        tier="high",
        action="remove",
        rule_id=rule_id,
        findings=(found,),
        stage="ranker",
        rationale="It threatens a group of people.",
        pack=PackRef(id="community", version="1.0.0", digest="p" * 64),
        model_digest="m" * 64,
        at=NOON,
    )


def pair(
    name: str, *, outcome: Outcome = "act", rule_id: str | None = "HR2", severity: int = 60
) -> tuple[Case, Decision]:
    """Return a case of its own text and a decision about it."""
    about = case(f"case-{name}")
    return about, decision(about, name, outcome=outcome, rule_id=rule_id, severity=severity)


def edit(of: Decision, name: str, outcome: Outcome, severity: int | None = None) -> Edit:
    """Return what a person did to a decision."""
    rule_id = None if outcome == "allow" else of.rule_id
    return Edit(
        id=name, decision_id=of.id, by="ana", outcome=outcome, rule_id=rule_id, severity=severity, reason="r", at=NOON
    )


def main(place: str, name: str, count: str, size: str) -> None:
    """Record batches, saying so after each."""
    with Ledger.open(place) as ledger:
        for batch in range(int(count)):
            ledger.record([pair(f"{name}-{batch}-{n}") for n in range(int(size))])
            print(batch, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
