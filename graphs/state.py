"""What is known about a case on its way through the graph: small immutable facts, no vectors, no clients."""

from typing import Literal, TypedDict

from pydantic import Field

from agents.depth import Doubt
from agents.perceiver import Perception
from agents.ranker import Ranking
from agents.reasoner import Draft
from agents.router import Route
from agents.sight import Viewed
from cases.case import Case
from cases.decision import Critique, Decision, Edit, Outcome, Spent
from cases.exchange import Usage
from cases.model import Fact
from policy_store.retrieval import Retrieved


class Answer(Fact):
    """What a person answers to a case that waits; the reason is required. `severity` is 0-100."""

    by: str = Field(pattern=r"\S")
    outcome: Literal["allow", "act"]
    rule_id: str | None = None
    severity: int | None = Field(default=None, ge=0, le=100)
    reason: str = Field(pattern=r"\S")


class State(TypedDict, total=False):
    """Facts of one case; each key is owned by the node that returns it.

    `usage` is what a node asked of language models; it goes into that node's line of `spent`.
    """

    case: Case
    decision_id: str
    waits: bool
    perception: Perception
    route: Route
    retrieved: tuple[Retrieved, ...]
    ranking: Ranking
    doubt: Doubt
    viewed: Viewed
    draft: Draft
    usage: Usage
    critiques: tuple[Critique, ...]
    spent: tuple[Spent, ...]
    decision: Decision
    answer: Answer
    edit: Edit


__all__ = ["Answer", "Outcome", "State"]
