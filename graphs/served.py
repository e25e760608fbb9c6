"""The moderation graph as a LangGraph server runs it (langgraph.json): JSON in, JSON out, the server's own checkpoints.

Not another way to decide: its first node asks the desk. The desk keeps no paused runs here; a case in review waits at
this graph's interrupt, and is resumed with {"by", "outcome", "rule_id", "severity", "reason"}. The state holds JSON
alone, so that any checkpointer can keep it. As in a batch, so many cases are in work at once as PRECEPT_IN_FLIGHT says
where language models are waited for, else one; the others wait for a place.
"""

import json
from contextlib import ExitStack
from functools import cache
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from cases.decision import Decision
from cases.intake import BadLine, IntakeError, read_line
from graphs import nodes
from graphs.settings import read_settings
from graphs.state import Answer, State
from graphs.wiring import open_desk

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

    from graphs.desk import Desk

    Served = CompiledStateGraph["Talk", None, "Talk", "Talk"]

Json = dict[str, Any]
_opening = Lock()


class Counter(NamedTuple):
    """The desk, a place at it for each case that may be in work, and what keeps it open."""

    desk: "Desk"
    places: BoundedSemaphore
    stack: ExitStack


class Talk(TypedDict, total=False):
    """What goes over the wire: `case` as a line of a batch file, `decision`, `answer` and `edit` as on record."""

    case: Json
    decision: Json
    answer: Json
    edit: Json


def make_graph(config: "RunnableConfig") -> "Served":
    """Return the graph that a server is to run; the settings are read from the environment on its first case."""
    graph = StateGraph(Talk)
    graph.add_node("decide", decide)
    graph.add_node("await_person", await_person)
    graph.add_node("settle", settle)
    graph.add_edge(START, "decide")
    graph.add_conditional_edges("decide", after_decide, {"await_person": "await_person", "end": END})
    graph.add_edge("await_person", "settle")
    graph.add_edge("settle", END)
    return graph.compile()


def decide(state: Talk) -> Talk:
    """Decide the case and record it; raise IntakeError for one that cannot be taken in."""
    case = read_line(json.dumps(state["case"]).encode(), 1)
    if isinstance(case, BadLine):
        raise IntakeError(case.error)
    at = counter()
    with at.places:
        return {"decision": at.desk.decide(case).model_dump(mode="json")}


def after_decide(state: Talk) -> Literal["await_person", "end"]:
    """Wait only for what is in review."""
    return "await_person" if state["decision"]["outcome"] == "review" else "end"


def await_person(state: Talk) -> Talk:
    """Wait, and do nothing else: this node starts anew when the answer comes."""
    asked = ("id", "case_id", "rule_id", "severity", "causes", "rationale")
    return {"answer": interrupt({key: state["decision"][key] for key in asked})}


def settle(state: Talk) -> Talk:
    """Record what the person answered, beside the decision."""
    facts: State = {
        "answer": Answer.model_validate(state["answer"]),
        "decision": Decision.model_validate(state["decision"]),
    }
    done = nodes.settle(facts, runtime=Runtime(context=counter().desk.deps))
    return {"edit": done["edit"].model_dump(mode="json")}


def counter() -> Counter:
    """Return the desk and its places; a server calls nodes from many threads, and the first one opens them."""
    with _opening:
        return _opened()


@cache
def _opened() -> Counter:
    # Held for the life of the server: a stack that nobody holds closes what it opened.
    stack = ExitStack()
    desk = stack.enter_context(open_desk(read_settings(), waits=False))
    desk.deps.rules()  # opened on first use, which two cases at once must not be
    return Counter(desk, BoundedSemaphore(desk.deps.models.in_flight), stack)
