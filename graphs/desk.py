"""The desk: decides cases, one by one through the graph or many at a time in vectors, and takes people's answers.

Both ways call the same nodes. In a batch only what is unsure enters the graph; only what waits is checkpointed.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import numpy as np

from agents.vectors import Floats, Vectors
from cases.case import Case
from cases.decision import Decision, Edit
from graphs.deps import Deps
from graphs.reach import worded
from graphs.retrieval import fused, read_of
from graphs.state import Answer, State

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.types import Durability

A = TypeVar("A")
B = TypeVar("B")
CHUNK = 256


class Progress(NamedTuple):
    """One step of a case on its way: the node that finished and the fields that it returned."""

    node: str
    fields: State


class NotWaiting(LookupError):
    """An answer to a case that does not wait for one."""

    def __str__(self) -> str:
        return str(self.args[0])


class Desk:
    """The running system for one policy."""

    def __init__(self, deps: Deps, checkpointer: "BaseCheckpointSaver[str] | None" = None) -> None:
        from graphs.moderation import build_graph

        self.deps = deps
        self.checkpointer = checkpointer
        self.graph = build_graph(checkpointer)

    def decide(self, case: Case) -> Decision:
        """Decide one case and record it; a case in review waits for `answer`."""
        decision: Decision | None = None
        for step in self.stream(case):
            decision = step.fields.get("decision", decision)
        assert decision is not None
        return decision

    def stream(self, case: Case, decision_id: str | None = None) -> Iterator[Progress]:
        """Decide one case, giving each node's fields as it finishes; the decision has a new id, or the one given."""
        self.deps.book.pack.profile(case.profile)
        yield from self._run({"case": case, "decision_id": decision_id or new_id()})

    def decide_many(
        self, cases: Iterable[Case], chunk: int = CHUNK, ids: Iterable[str] | None = None
    ) -> Iterator[Decision]:
        """Decide cases in order, a chunk at a time; memory stays flat. A chunk is recorded before it is given out.

        The decisions have new ids, or those given. Where it breaks off, some cases of a chunk may be on record.
        """
        rest = ((case, new_id()) for case in cases) if ids is None else zip(cases, ids, strict=True)
        while batch := list(islice(rest, chunk)):
            yield from self._chunk(batch)

    def answer(self, decision_id: str, answer: Answer) -> Edit:
        """Take a person's answer to a waiting case, also after a restart; raise NotWaiting where none waits."""
        from langgraph.types import Command

        thread, ahead = self._thread(decision_id), self._ahead(decision_id)
        if not ahead:
            raise NotWaiting(
                f"decision {decision_id!r} does not wait for an answer; `precept ledger pending` lists those that do"
            )
        if "await_person" in ahead:
            out = self.graph.invoke(Command(resume=answer.model_dump()), thread, context=self.deps)
        else:  # An answer was taken before and could not be recorded: this one stands in its place.
            self.graph.update_state(thread, {"answer": answer}, as_node="await_person")
            out = self.graph.invoke(None, thread, context=self.deps)
        edit: Edit = out["edit"]
        self._forget(decision_id)
        return edit

    def waiting(self, decision_id: str) -> bool:
        """Return whether the case of a decision waits for a person here."""
        return bool(self._ahead(decision_id))

    def _ahead(self, decision_id: str) -> set[str]:
        if self.checkpointer is None:
            return set()
        return {"await_person", "settle"} & set(self.graph.get_state(self._thread(decision_id)).next)

    def _run(self, state: State) -> Iterator[Progress]:
        state = {**state, "waits": self.checkpointer is not None}
        waits = False
        thread, durability = self._thread(state["decision_id"]), self._durability()
        for part in self.graph.stream(state, thread, context=self.deps, stream_mode="updates", durability=durability):
            for node, fields in part.items():
                waits = waits or node == "__interrupt__"
                if isinstance(fields, dict):
                    yield Progress(node, cast(State, fields))
        if not waits:
            self._forget(state["decision_id"])

    def _chunk(self, batch: Sequence[tuple[Case, str]]) -> Iterator[Decision]:
        from langgraph.runtime import Runtime

        from graphs import nodes
        from graphs.moderation import after_rank

        deps = self.deps
        plain = Runtime(context=deps)
        for case, _ in batch:
            deps.book.pack.profile(case.profile)
        states: list[State] = [{"case": c, "decision_id": i} for c, i in batch]
        for state in states:
            state.update(nodes.perceive(state, runtime=plain))
        vectors = deps.vectors_of([(s["case"].digest, s["perception"].views) for s in states])
        ends = np.cumsum([len(v) for v in vectors])
        flat = np.concatenate(vectors)
        risk = deps.risks(flat, [text for s in states for text in read_of(s["perception"].views)])
        for state, own, end in zip(states, vectors, ends, strict=True):
            state["route"] = nodes.routed(deps, state, own, risk[end - len(own) : end])
        going = [i for i, s in enumerate(states) if not s["route"].clear or s["route"].audit]
        if going:
            self._rank([states[i] for i in going], [vectors[i] for i in going])
        done: dict[int, Decision] = {}
        ready: list[tuple[Case, Decision]] = []
        for i, state in enumerate(states):
            if "ranking" in state and (after_rank(state) == "reason" or self._may_wait(state)):
                continue
            done[i] = nodes.decided(deps, state)
            ready.append((state["case"], done[i]))
        deps.record.record(ready)
        rest = [i for i in range(len(states)) if i not in done]
        done |= zip(rest, self._together(self._finish, [states[i] for i in rest]), strict=True)
        yield from (done[i] for i in range(len(states)))

    def _finish(self, state: State) -> Decision:
        # To the end: what stops halfway leaves its checkpoint behind.
        (decision,) = [p.fields["decision"] for p in self._run(state) if "decision" in p.fields]
        return decision

    def _together(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Do work on items, several at once where language models are waited for; what one raises is raised last."""
        models = self.deps.models
        if not models.any or models.in_flight == 1 or len(items) < 2:
            return [work(item) for item in items]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(models.in_flight, len(items)), "case") as pool:
            futures = [pool.submit(work, item) for item in items]
        return [future.result() for future in futures]

    def _rank(self, states: Sequence[State], vectors: Sequence[Vectors]) -> None:

        deps, pack = self.deps, self.deps.book.pack
        flat = np.concatenate(list(vectors))
        probabilities = deps.rank_views(flat, [text for s in states for text in read_of(s["perception"].views)])
        near = deps.rules().search(flat, deps.retrieve, None)
        ranked: list[tuple[State, Floats, Vectors]] = []
        end = 0
        for state, own in zip(states, vectors, strict=True):
            case = state["case"]
            start, end = end, end + len(own)
            allowed = worded(pack, case)
            hits = near[start:end]
            if any(h.rule_id not in allowed for row in hits for h in row):
                hits = deps.rules().search(own, deps.retrieve, allowed)
            state["retrieved"] = fused(deps, state, own, hits, allowed)
            ranked.append((state, probabilities[start:end], own))
        self._together(self._ranked, ranked)

    def _ranked(self, item: tuple[State, Floats, Vectors]) -> None:
        from graphs import nodes

        state, probabilities, own = item
        begun, before = time.perf_counter(), self.deps.encoded()
        out = nodes.ranked(self.deps, state, probabilities, own)
        if "usage" in out:
            out = nodes.costed(state, "rank_rules", out, time.perf_counter() - begun, self.deps.encoded() - before)
        state.update(out)

    def _may_wait(self, state: State) -> bool:
        return self.checkpointer is not None and bool(state["perception"].gaps)

    def _durability(self) -> "Durability | None":
        return "exit" if self.checkpointer is not None else None

    def _thread(self, decision_id: str) -> "RunnableConfig":
        return {"configurable": {"thread_id": decision_id}}

    def _forget(self, decision_id: str) -> None:
        if self.checkpointer is not None:
            self.checkpointer.delete_thread(decision_id)


def new_id() -> str:
    """Return a new decision id."""
    return f"d-{uuid.uuid4().hex[:16]}"
