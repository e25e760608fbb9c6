"""The moderation graph: perceive, route, retrieve, rank, then reason and critique where the ranker is unsure.

Routes are pure functions of state. The revise loop is bounded by the critic, who sends nothing back after
MAX_ROUNDS. A case that waits is on record before it waits.
"""

from typing import TYPE_CHECKING, Literal

from langgraph.graph import END, START, StateGraph

from graphs import nodes
from graphs.deps import Deps
from graphs.state import State

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    Graph = CompiledStateGraph[State, Deps, State, State]


def build_graph(checkpointer: "BaseCheckpointSaver[str] | None" = None) -> "Graph":
    """Return the compiled graph; waiting for a person needs a checkpointer."""
    graph = StateGraph(State, context_schema=Deps)
    graph.add_node("perceive", nodes.perceive)
    graph.add_node("route", nodes.route)
    graph.add_node("retrieve", nodes.retrieve)
    graph.add_node("rank", nodes.rank_rules)
    graph.add_node("reason", nodes.reason_about)
    graph.add_node("critique", nodes.critique)
    graph.add_node("record", nodes.record)
    graph.add_node("await_person", nodes.await_person)
    graph.add_node("settle", nodes.settle)

    graph.add_conditional_edges(START, begin, {"perceive": "perceive", "reason": "reason", "record": "record"})
    graph.add_edge("perceive", "route")
    graph.add_conditional_edges("route", after_route, {"retrieve": "retrieve", "record": "record"})
    graph.add_edge("retrieve", "rank")
    graph.add_conditional_edges("rank", after_rank, {"reason": "reason", "record": "record"})
    graph.add_conditional_edges("reason", after_reason, {"critique": "critique", "record": "record"})
    graph.add_conditional_edges("critique", after_critique, {"reason": "reason", "record": "record"})
    graph.add_conditional_edges("record", after_record, {"await_person": "await_person", "end": END})
    graph.add_edge("await_person", "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=checkpointer)


def begin(state: State) -> Literal["perceive", "reason", "record"]:
    """A case that a batch has ranked already goes on from there."""
    return after_rank(state) if "ranking" in state else "perceive"


def after_route(state: State) -> Literal["retrieve", "record"]:
    """Only a clear case outside the audit sample is done."""
    route = state["route"]
    return "record" if route.clear and not route.audit else "retrieve"


def after_rank(state: State) -> Literal["reason", "record"]:
    """Reason about what is in doubt, where there is a rule to reason about and the ranker did not fail."""
    doubt = state["doubt"]
    return "reason" if doubt.depth != "none" and state["ranking"].scores and not doubt.failed else "record"


def after_reason(state: State) -> Literal["critique", "record"]:
    """A draft that stands in for a model's is a person's to judge, not the critic's."""
    return "record" if state["draft"].failure else "critique"


def after_critique(state: State) -> Literal["reason", "record"]:
    """Follow the critic's last ruling."""
    return "reason" if state["critiques"][-1].ruling == "revise" else "record"


def after_record(state: State) -> Literal["await_person", "end"]:
    """Wait only for what is in review, and only where somebody can answer."""
    return "await_person" if state["decision"].outcome == "review" and state.get("waits", False) else "end"
