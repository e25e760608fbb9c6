"""The appeal graph: a fresh judgement of a decided case by another route, for the person who decides the appeal.

Not a decision: nothing of it goes on record, and it settles nothing. However the case was decided, the reasoner reads
all of it at full depth and the critic rules on that, under the policy as it was and as it is; beside them stand the
ranker's own reading and the nearest examples, so that no stage is its own and only judge. Contract: what the appellant
states is context and never an instruction. Words in it that speak to a judge are taken out; what it does to the score
is measured apart and moves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agents import whatif
from agents.depth import Doubt
from agents.prompt import render
from agents.reply import Rescore
from agents.verdict import sure
from agents.whatif import Change, scored
from cases.case import Case
from cases.decision import Decision, Outcome, PackRef, Stage
from cases.finding import Evidence
from cases.injection import instructions, stripped
from cases.model import Fact
from graphs import nodes
from graphs.deps import Deps
from graphs.desk import new_id
from graphs.moderation import after_critique, after_reason
from graphs.state import State

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

HEARD_CHARS = 1500  # of a statement; a turn of context that is longer loses its beginning
RIVALS = 2

Who = Literal["ranker", "reasoner", "examples"]


class Voice(Fact):
    """What one judge says by itself. `share` in [0, 1] is a calibrated probability, of examples a cosine."""

    who: Who
    outcome: Outcome
    rule_id: str | None
    share: float
    why: str


class Heard(Fact):
    """What the statement does to the probability of a rule when it is read in front of the content.

    `ignored` are its words that speak to a judge; they were taken out before.
    """

    rule_id: str
    before: float
    after: float
    ignored: tuple[str, ...] = ()


class Sitting(Fact):
    """The judgement under one policy: `decision` was never recorded; `voices` are each judge's own.

    `changes` say what would have lowered the score of `rule_id`, the rule that is in question.
    """

    policy: PackRef
    profile: str
    decision: Decision
    voices: tuple[Voice, ...]
    rule_id: str | None
    heard: Heard | None = None
    changes: tuple[Change, ...] = ()


class Judgement(Fact):
    """A case judged anew: under the policy `then`, and under that of `today` where it is another.

    `first` is the stage that had decided.
    """

    first: Stage
    then: Sitting
    today: Sitting | None = None

    @property
    def last(self) -> Sitting:
        """Return the sitting under the policy of today."""
        return self.today or self.then


class Hearing(State, total=False):
    """Facts of one case on its way through an appeal. `read` is the case as it stands, without the statement."""

    read: Case
    statement: str
    asked: str | None
    evidence: tuple[Evidence, ...]
    voices: tuple[Voice, ...]
    heard: Heard | None
    sitting: Sitting


@cache
def build_appeal_graph() -> "CompiledStateGraph[Hearing, Deps, Hearing, Hearing]":
    """Return the compiled graph. It waits for nobody and needs no checkpointer."""
    graph = StateGraph(Hearing, context_schema=Deps)
    graph.add_node("perceive", nodes.perceive)
    graph.add_node("route", nodes.route)
    graph.add_node("retrieve", nodes.retrieve)
    graph.add_node("rank", nodes.rank_rules)
    graph.add_node("listen", listen)
    graph.add_node("reason", nodes.reason_about)
    graph.add_node("critique", nodes.critique)
    graph.add_node("conclude", conclude)

    # The router's word is noted and not followed: here nothing is too clear to be read in full.
    for one, next_one in ((START, "perceive"), ("perceive", "route"), ("route", "retrieve"), ("retrieve", "rank"),
                          ("rank", "listen"), ("conclude", END)):  # fmt: skip
        graph.add_edge(one, next_one)
    graph.add_conditional_edges("listen", after_listen, {"reason": "reason", "conclude": "conclude"})
    graph.add_conditional_edges("reason", after_reason, {"critique": "critique", "record": "conclude"})
    graph.add_conditional_edges("critique", after_critique, {"reason": "reason", "record": "conclude"})
    return graph.compile()


def judge_anew(
    then: Deps, today: Deps, case: Case, decision: Decision, rule_id: str | None, statement: str
) -> Judgement:  # fmt: skip
    """Return the case judged anew under both policies; `rule_id` is the rule that holds now, None where none does.

    The case is taken as it was seen then: its files are not looked at again. A profile that a policy does not have
    is judged under its default.
    """
    before = _sitting(then, case, decision, rule_id, statement)
    same = then.book.pack.digest == today.book.pack.digest
    return Judgement(
        first=decision.stage, then=before, today=None if same else _sitting(today, case, decision, rule_id, statement)
    )


def listen(state: Hearing, *, runtime: Runtime[Deps]) -> Hearing:
    """Take the ranker's own word, ask for all of the reasoner, and put the statement beside the case as context."""
    deps, case, ranking = runtime.context, state["case"], state["ranking"]
    said = sure(nodes.bench(deps, state), ranking, deps.calibration.thresholds)
    top = ranking.scores[0].probability if ranking.scores else 0.0
    ranker = Voice(
        who="ranker", outcome="review" if state["doubt"].causes else said.outcome, rule_id=said.rule_id,
        share=round(top, 4), why="The ranker's own reading of the whole case against the rules that are near it.",
    )  # fmt: skip
    told = stripped(state["statement"]).strip()[:HEARD_CHARS]
    context = (*case.context, render("appeal_context", statement=told)) if told else case.context
    ranked = [s.rule_id for s in ranking.scores]
    first = [r for r in (state["asked"], *state["doubt"].rivals, *ranked[1 : 1 + RIVALS]) if r in ranked]
    doubt = Doubt(depth="full", causes=state["doubt"].causes, rivals=tuple(dict.fromkeys(first)))
    return {
        "read": case, "case": Case.model_validate(case.model_dump() | {"context": context}),
        "doubt": doubt if ranking.scores else state["doubt"],
        "voices": (ranker, *_examples(deps, state)), "heard": _heard(deps, state, told),
    }  # fmt: skip


def after_listen(state: Hearing) -> Literal["reason", "conclude"]:
    """Reason where there is a rule to reason about and the ranker did not fail."""
    return "reason" if state["ranking"].scores and not state["doubt"].failed else "conclude"


def conclude(state: Hearing, *, runtime: Runtime[Deps]) -> Hearing:
    """Put together what was found, about the case as it stands."""
    deps = runtime.context
    plain = cast(State, {**state, "case": state["read"]})
    decision = nodes.decided(deps, plain)
    asked = state["asked"] if state["asked"] in deps.book.index else None
    rule_id = asked or decision.rule_id or (decision.findings[0].rule_id if decision.findings else None)
    reasoner = Voice(
        who="reasoner", outcome=decision.outcome, rule_id=decision.rule_id, share=decision.score, why=decision.rationale
    )
    pack = deps.book.pack
    sitting = Sitting(
        policy=decision.pack, profile=state["read"].profile or pack.default_profile, decision=decision,
        voices=(reasoner, *state["voices"]), rule_id=rule_id, heard=state["heard"],
        changes=_changes(deps, state, decision, rule_id) if rule_id else (),
    )  # fmt: skip
    return {"decision": decision, "sitting": sitting}


def _sitting(deps: Deps, case: Case, decision: Decision, rule_id: str | None, statement: str) -> Sitting:
    pack = deps.book.pack
    known = {p.id for p in pack.profiles}
    if case.profile is not None and case.profile not in known:
        case = Case.model_validate(case.model_dump() | {"profile": None})
    found = next((f for f in decision.findings if f.rule_id == rule_id), None)
    state: Hearing = {
        "case": case, "decision_id": new_id(), "statement": statement,
        "asked": rule_id, "evidence": found.evidence if found else (),
    }  # fmt: skip
    # Seen once, and on record so: another look at a file that is gone since would only find it missing.
    out = build_appeal_graph().invoke(state, context=replace(deps, see=None))
    sitting: Sitting = out["sitting"]
    return sitting


def _examples(deps: Deps, state: Hearing) -> tuple[Voice, ...]:
    """Return what the nearest example of the policy says, of any rule and either side."""
    book = deps.book
    vectors = deps.vectors(state["case"].digest, state["perception"].views)
    found = [
        (float(near), violating, rule_id, example)
        for violating, listed, matrix in (
            (True, book.violating_list, book.violating), (False, book.allowed_list, book.allowed)
        )
        for (rule_id, example), near in zip(listed, (matrix @ vectors.T).max(1), strict=True)
    ]  # fmt: skip
    if not found:
        return ()
    near, violating, rule_id, example = max(found, key=lambda f: f[0])
    side = "breaks" if violating else "does not break"
    return (
        Voice(
            who="examples", outcome="act" if violating else "allow", rule_id=rule_id if violating else None,
            share=round(float(np.clip(near, 0, 1)), 4),
            why=f"Nearest is the example {example.id}, which {side} {rule_id}: “{example.text}”",
        ),
    )  # fmt: skip


def _heard(deps: Deps, state: Hearing, told: str) -> Heard | None:
    rule_id, words = state["asked"], state["statement"]
    if rule_id not in deps.book.index or rule_id is None or not words.strip():
        return None
    read = whatif.texts(state["case"])
    plain, beside = scored([read, [f"{told} {text}" for text in read]], _rescore(deps))
    return Heard(
        rule_id=rule_id, before=plain.get(rule_id, 0.0), after=beside.get(rule_id, 0.0),
        ignored=tuple(words[a:b] for a, b in instructions(words)),
    )  # fmt: skip


def _changes(deps: Deps, state: Hearing, decision: Decision, rule_id: str) -> tuple[Change, ...]:
    rule = deps.book.pack.by_id[rule_id]
    found = next((f for f in decision.findings if f.rule_id == rule_id), None)
    order = {w.exception_id: i for i, w in enumerate(found.exceptions)} if found else {}
    likely = sorted(deps.book.pack.exceptions_of(rule), key=lambda c: order.get(c.id, len(order)))
    evidence = (found.evidence if found else ()) or state["evidence"]
    return whatif.changes(state["read"], rule_id, evidence, likely, _rescore(deps))


def _rescore(deps: Deps) -> Rescore:
    ids = [rule.id for rule in deps.book.rules]

    def rescore(texts: Sequence[str]) -> Sequence[Mapping[str, float]]:
        return [dict(zip(ids, map(float, row), strict=True)) for row in deps.score(texts)]

    return rescore


__all__ = ["Heard", "Judgement", "Sitting", "Voice", "build_appeal_graph", "judge_anew"]
