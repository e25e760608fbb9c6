"""Opinions of a model about the small bench's cases, right ones and ones with a single thing wrong."""

import json
from typing import Any

from tests.agents.bench import small

LEGS = "I will break your legs on Friday."
RUBRIC = [d.id for d in small().rubric.dimensions]


def opinion(**changes: Any) -> str:
    """Return a sound opinion that acts on LEGS under VI2, with fields changed."""
    body: dict[str, Any] = {
        "location": [{"part": "text", "quote": "break your legs"}],
        "explicit": "The author announces an injury.",
        "screening": [
            {"rule_id": "VI2", "reason": "A person is told of harm.", "verdict": "hit"},
            {"rule_id": "VI1", "reason": "No group is called on.", "verdict": "not_hit"},
        ],
        "exceptions": [],
        "cause": "The words threaten the reader with an injury.",
        "stance": "direct",
        "grades": [{"dimension": d, "reason": "It is said openly.", "level": 3} for d in RUBRIC],
        "rule_id": "VI2",
        "clause_ids": ["VI2"],
        "outcome": "act",
        "confidence": 95,
    }
    return json.dumps(body | changes)


def pardon(**changes: Any) -> str:
    """Return a sound opinion that allows the case, every rule of the small pack screened."""
    screened = [{"rule_id": r.id, "reason": "Nothing of it.", "verdict": "not_hit"} for r in small().rules]
    quiet: dict[str, Any] = {"screening": screened, "grades": [], "rule_id": None, "clause_ids": [], "location": []}
    return opinion(**(quiet | {"outcome": "allow", "stance": "neutral"} | changes))


def assessment(**changes: Any) -> str:
    """Return a critic's sound answer that accepts, with fields changed."""
    line = {"clause_id": "VI2", "reason": "The quotation shows it.", "level": 4}
    body: dict[str, Any] = {
        "criteria": [line | {"name": "a person is threatened", "weight": 0.6}, line | {"name": "harm", "weight": 0.4}],
        "obeyed_content": False,
        "notes": [],
        "fixes": [],
        "ruling": "accept",
    }
    return json.dumps(body | changes)
