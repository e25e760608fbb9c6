"""Decisions that an interrupted batch put on record and did not get to write out, taken over as they are.

A chunk is in the ledger before its lines are in the output, so a kill between the two leaves decisions without lines.
To decide those cases again would put them on record, and before a person, twice.
"""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from agents.perceiver import as_given
from cases.case import Case
from cases.decision import Decision

if TYPE_CHECKING:
    from tools.ledger import Ledger


def orphans(
    ledger: "Ledger", cases: Mapping[int, Case], since: datetime, written: Container[str], pack: str, model: str
) -> dict[int, Decision]:
    """Return, by the line of their case, decisions made `since` under this pack and model that no line names.

    `written` holds the decisions that have a line. A decision is taken over once.
    """
    found: dict[int, Decision] = {}
    taken: set[str] = set()
    for line, case in cases.items():
        for made in ledger.decisions(case_id=case.id, newest_first=True):
            if made.at < since:
                break
            same = (made.pack.digest, made.model_digest) == (pack, model) and _is_of(ledger, made, case)
            if same and made.id not in taken and made.id not in written:
                found[line] = made
                taken.add(made.id)
                break
    return found


def _is_of(ledger: "Ledger", made: Decision, case: Case) -> bool:
    """Return whether a decision is about a case; one with files is on record with what was seen in them."""
    if made.case_digest == case.digest or not case.media:
        return made.case_digest == case.digest
    return as_given(ledger.case(made.case_digest)).digest == case.digest
