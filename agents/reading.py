"""What the reasoner needs from a cross-encoder: one text read together with the words of a few rules."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from agents.rulebook import statement_text
from agents.vectors import Floats
from policy_store.rule import Rule

# The question that no rule asks alone (M4): does the text break any rule at all.
OVERALL = (
    "Any violation: breaks a rule on hate, harassment, violence, self-harm, sexual content, illicit acts, "
    "scams, harmful misinformation or regulated goods."
)


class Mark(NamedTuple):
    """A word of the text, by offsets, and the share in [0, 1] to which it is evidence."""

    start: int
    end: int
    share: float


class Reading(NamedTuple):
    """Answers to one text, one a law: log-odds of a violation, severity in [0, 1], and marks on the words."""

    hit: Floats
    severity: Floats
    marks: tuple[tuple[Mark, ...], ...]


class Read(Protocol):
    """Read a text with each of some laws, in their order. A law's answer depends on that text and law alone."""

    def __call__(self, text: str, laws: Sequence[str]) -> Reading:
        """Read them."""
        ...


def law_text(rule: Rule) -> str:
    """Return a rule as the cross-encoder reads it: its statement, then its own exceptions."""
    exceptions = " ".join(c.text for c in rule.exceptions)
    return f"{statement_text(rule)} Not when: {exceptions}" if exceptions else statement_text(rule)
