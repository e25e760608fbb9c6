"""The answer to a question about a decision, and the desk that answers are made at. Not how a question is read.

An answer is made of the record, the case, the policy and, where given, a fresh measurement; it never guesses. Its text
is plain text: whoever shows it as HTML or Markdown escapes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from agents.excerpt import shortened
from agents.standing import Standing
from cases.case import Case
from cases.decision import Decision, Edit, Precedent
from cases.finding import Citation, Evidence, Finding
from cases.model import Fact
from policy_store.pack import Pack
from policy_store.rule import Rule

Kind = Literal[
    "why", "why_not", "what_would_change", "similar", "considered", "severity", "exceptions", "evidence", "who",
    "yes_no", "choice", "unknown",
]  # fmt: skip
MAX_QUOTED = 160


class Rescore(Protocol):
    """Score texts anew: for each text the calibrated probability in [0, 1] of every rule id."""

    def __call__(self, texts: Sequence[str]) -> Sequence[Mapping[str, float]]:
        """Score the texts, in their order."""
        ...


class Similar(Protocol):
    """Find known examples or decided cases near a text."""

    def __call__(self, text: str, count: int) -> Sequence[Precedent]:
        """Return the nearest, at most `count`, nearest first."""
        ...


class Reply(Fact):
    """An answer: `text` is plain, `citations` and `evidence` are what it rests on, verbatim.

    The text of a yes_no answer begins with Y or N, that of a choice with its letter.
    """

    kind: Kind
    text: str
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Docket:
    """Everything that one answer may draw on."""

    decision: Decision
    case: Case
    pack: Pack
    edits: tuple[Edit, ...]
    held: Standing
    rescore: Rescore | None
    similar: Similar | None

    @property
    def main(self) -> Finding | None:
        """Return the finding that the record turns on: of the rule that holds, of the system's own, or the first."""
        for rule_id in (self.held.rule_id, self.decision.rule_id):
            if rule_id and (found := self.finding(rule_id)):
                return found
        return self.decision.findings[0] if self.decision.findings else None

    @property
    def rule(self) -> Rule | None:
        """Return the rule that holds, else that of the main finding; None for a case that no rule was ranked for."""
        if self.held.rule_id in self.pack.by_id:
            return self.pack.by_id[self.held.rule_id]
        return self.pack.by_id.get(self.main.rule_id) if self.main else None

    def finding(self, rule_id: str) -> Finding | None:
        """Return the finding on a rule, None when the record has none."""
        return next((f for f in self.decision.findings if f.rule_id == rule_id), None)

    def title(self, rule_id: str) -> str:
        """Return a rule's id with its title."""
        rule = self.pack.by_id.get(rule_id)
        return f"{rule_id} ({rule.type})" if rule else rule_id


def statement_of(rule: Rule) -> Citation:
    """Return the statement of a rule as a citation."""
    return Citation(clause_id=rule.id, quote=rule.statement)


def cited(citations: Sequence[Citation]) -> str:
    """Return citations as a sentence each."""
    return " ".join(f"{c.clause_id}: “{c.quote}”" for c in citations)


def quoted(evidence: Sequence[Evidence]) -> str:
    """Return quotes with their places."""
    return ", ".join(f"“{shortened(e.quote, MAX_QUOTED)}” ({e.part} {e.start}-{e.end})" for e in evidence)


def sentence(*parts: str) -> str:
    """Return the parts that say something as one line of text."""
    return " ".join(p for p in parts if p)
