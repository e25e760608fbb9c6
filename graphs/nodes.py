"""The nodes of the moderation graph. A node reads state, calls one judgement, returns the fields that it owns.

The batch path calls the same functions, so there is one way to decide a case.
"""

import time
from functools import partial, wraps
from typing import Protocol, cast

import numpy as np
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from numpy.typing import NDArray

from agents.attributes import read, violating_share
from agents.chain import reason_by_model
from agents.critic import MAX_ROUNDS, criticise, measure
from agents.critique import criticise_by_model
from agents.depth import Doubt, depth
from agents.exhibit import all_seen
from agents.framing import cut
from agents.modality import Contradiction, contradicted
from agents.onlooker import Judged, judge
from agents.perceiver import Perception
from agents.perceiver import perceive as perceive_case
from agents.ranker import UNSURE, Ranking, Score, rank
from agents.reasoner import Bench, reason
from agents.router import Route
from agents.router import route as route_case
from agents.sight import NOBODY
from agents.vectors import Floats, Vectors
from agents.verdict import cleared, settled
from agents.witness import ask_witness
from cases.case import Case
from cases.decision import Cause, Decision, Edit, Spent
from cases.exchange import Allowance, Failure, Unanswered, Usage
from cases.text import fold
from cases.view import View
from graphs.deps import Deps
from graphs.reach import sighted, told_by_sight, worded
from graphs.retrieval import fused, read_of
from graphs.state import Answer, State
from policy_store.pack import Pack

NOTED = 0.2  # of a first token outside of both answers


class Node(Protocol):
    """A step of the graph: reads state, reaches clients through the runtime, returns the fields that it owns."""

    def __call__(self, state: State, *, runtime: Runtime[Deps]) -> State:
        """Run the step."""
        ...


def timed(node: Node) -> Node:
    """Add what the node cost to `spent`."""

    stage = getattr(node, "__name__", "node")

    @wraps(node)
    def run(state: State, *, runtime: Runtime[Deps]) -> State:
        begun, before = time.perf_counter(), runtime.context.encoded()
        out = node(state, runtime=runtime)
        return costed(state, stage, out, time.perf_counter() - begun, runtime.context.encoded() - before)

    return run


def costed(state: State, stage: str, out: State, seconds: float, encoded: int) -> State:
    """Return a node's fields with its line of `spent` in place of its `usage`."""
    fields = dict(out)
    line = Spent(
        stage=stage, seconds=round(seconds, 5), encoded=encoded, models=cast(Usage | None, fields.pop("usage", None))
    )
    return cast(State, {**fields, "spent": (*state.get("spent", ()), line)})


def left(deps: Deps, state: State) -> Allowance:
    """Return what language models may still spend on a case: its allowance less what its stages took so far.

    Looking at files has a limit of its own, and minutes of film must not use up the seconds of who judges it.
    """
    out = deps.models.allowance
    for line in (one for one in state.get("spent", ()) if one.stage != "perceive"):
        tokens = line.models.tokens if line.models else 0
        out = Allowance(seconds=max(0.0, out.seconds - line.seconds), tokens=max(0, out.tokens - tokens))
    return out


@timed
def perceive(state: State, *, runtime: Runtime[Deps]) -> State:
    """Look at the files of a case where there are tools for it, and find what can be read."""
    case, see = state["case"], runtime.context.see
    if see is not None:
        case = see(case)
    seen = perceived(runtime.context.book.pack, case)
    if runtime.context.models.any and cut(case) and "too_long" not in seen.gaps:
        seen = seen.model_copy(update={"gaps": (*seen.gaps, "too_long")})  # a model does not read it to its end
    return {"case": case, "perception": seen}


@timed
def route(state: State, *, runtime: Runtime[Deps]) -> State:
    """Drop what is far from every seed; the audit sample goes on."""
    deps = runtime.context
    views = state["perception"].views
    vectors = deps.vectors(state["case"].digest, views)
    return {"route": routed(deps, state, vectors, deps.risks(vectors, read_of(views)))}


@timed
def retrieve(state: State, *, runtime: Runtime[Deps]) -> State:
    """Find the rules that matter to the case."""
    deps, case = runtime.context, state["case"]
    vectors = deps.vectors(case.digest, state["perception"].views)
    allowed = worded(deps.book.pack, case)
    hits = deps.rules().search(vectors, deps.retrieve, allowed)
    return {"retrieved": fused(deps, state, vectors, hits, allowed)}


@timed
def rank_rules(state: State, *, runtime: Runtime[Deps]) -> State:
    """Score every retrieved rule, and name what makes the scores doubtful."""
    deps, case = runtime.context, state["case"]
    vectors = deps.vectors(case.digest, state["perception"].views)
    return ranked(deps, state, deps.rank_views(vectors, read_of(state["perception"].views)), vectors)


@timed
def reason_about(state: State, *, runtime: Runtime[Deps]) -> State:
    """Draft a verdict from measured evidence, or by a model; after a critique, with what the critic asked for."""
    deps, doubt, ranking = runtime.context, state["doubt"], state["ranking"]
    last = state["critiques"][-1] if state.get("critiques") else None
    fixes, desk, models = last.fixes if last else (), bench(deps, state), deps.models
    if models.writer is None:
        return {"draft": reason(desk, ranking, doubt.rivals, doubt.depth, fixes)}
    draft, usage = reason_by_model(
        desk, ranking, doubt.rivals, doubt.depth, left(deps, state), models.writer, fixes, last.notes if last else ()
    )
    usage = taken_over(usage, draft.failure)
    if draft.failure and "reasoner" in models.spare:
        draft = draft.model_copy(update={"failure": None})
    return {"draft": draft, "usage": usage}


@timed
def critique(state: State, *, runtime: Runtime[Deps]) -> State:
    """Rule on the draft."""
    deps, past, draft = runtime.context, state.get("critiques", ()), state["draft"]
    retrieved = frozenset(r.rule_id for r in state["retrieved"])
    desk, critic = bench(deps, state), deps.models.critic
    embedded = partial(criticise, desk, draft, state["ranking"], retrieved, len(past) + 1)
    if not critic:
        return {"critiques": (*past, embedded())}
    measured = measure(desk, draft.findings[0])
    one, usage = criticise_by_model(desk, draft, retrieved, len(past) + 1, critic, left(deps, state), measured)
    usage = taken_over(usage, one.failure)
    if one.failure and "critic" in deps.models.spare:
        one = embedded()
    return {"critiques": (*past, one), "usage": usage}


def record(state: State, *, runtime: Runtime[Deps]) -> State:
    """Write the decision to the ledger; a case that waits is on record before anybody is asked."""
    deps, case = runtime.context, state["case"]
    decision = decided(deps, state)
    deps.record.record([(case, decision)])
    return {"decision": decision}


def await_person(state: State, *, runtime: Runtime[Deps]) -> State:
    """Wait, and do nothing else: this node starts anew when the answer comes."""
    decision = state["decision"]
    asked = {
        "decision_id": decision.id,
        "case_id": decision.case_id,
        "rule_id": decision.rule_id,
        "causes": decision.causes,
    }
    return {"answer": Answer.model_validate(interrupt(asked))}


def settle(state: State, *, runtime: Runtime[Deps]) -> State:
    """Record what the person answered, beside the decision."""
    deps, answer, decision = runtime.context, state["answer"], state["decision"]
    edit = Edit(
        id=f"e-{decision.id}", decision_id=decision.id, by=answer.by, outcome=answer.outcome,
        rule_id=answer.rule_id or (decision.rule_id if answer.outcome == "act" else None),
        severity=answer.severity, reason=answer.reason, at=deps.clock(),
    )  # fmt: skip
    deps.record.edit(edit)
    return {"edit": edit}


def routed(deps: Deps, state: State, vectors: Vectors, risk: Floats) -> Route:
    """Return the route of one case; one that could not be fully read, or is judged by sight, never leaves here."""
    views = state["perception"].views
    unread = bool(state["perception"].gaps or sighted(deps.book.pack, state["case"]))
    threshold = 0.0 if unread else deps.calibration.thresholds.router
    if any(v.spoken for v in views):
        risk = np.where(unheard(deps, views, deps.rank_views(vectors, read_of(views))), 0.0, risk)
    return route_case(deps.bank, state["case"].digest, vectors, risk, threshold, deps.audit_rate)


def unheard(deps: Deps, views: tuple[View, ...], probabilities: Floats) -> NDArray[np.bool_]:
    """Return [views]: words that speak to a judge count only where they break a rule themselves, and surely."""
    quiet = probabilities.max(1) < deps.calibration.thresholds.act
    spoken: NDArray[np.bool_] = np.array([v.spoken for v in views], np.bool_)
    out: NDArray[np.bool_] = np.logical_and(spoken, quiet)
    return out


def ranked(deps: Deps, state: State, probabilities: Floats, vectors: Vectors) -> State:
    """Return ranking and doubt of one case from its views' probabilities [views, rules]."""
    case, book = state["case"], deps.book
    scaled = weighed(deps, state, probabilities, vectors)
    ranking = rank(book, scaled, deps.calibration, [r.rule_id for r in state["retrieved"]])
    state, usage = witnessed(deps, state)
    said = state.get("viewed", NOBODY)
    odd = odd_parts(bench(deps, state), ranking, scaled, looked(deps, state)) is not None
    failed: tuple[Cause, ...] = (said.failure,) if said.failure else ()
    told: State = {"viewed": said, "usage": usage} if "viewed" in state else {}
    if deps.models.rank is None or not ranking.scores:
        causes = (*failed, *unjudged(deps, state, ranking))
        return {**told, "ranking": ranking, "doubt": doubted(deps, case, ranking, odd, causes)}
    asked_of, cost, causes = asked(deps, state, ranking, vectors, left(deps, state).less(usage))
    causes = (*failed, *(c for c in causes if c not in failed))
    spoken = any(v.spoken for v in state["perception"].views)
    top, was = asked_of.scores[0].probability, ranking.scores[0].probability
    if not asked_of.calibrated and top < 1 - UNSURE and (spoken or was >= deps.calibration.thresholds.act):
        causes = (*causes, "ambiguous")  # words to the judge, or two rankers at odds: one model alone lets nothing go
    causes = (*causes, *unjudged(deps, state, asked_of))
    doubt = doubted(deps, case, asked_of, odd, causes)
    return {**told, "ranking": asked_of, "doubt": doubt, "usage": usage + cost}


def witnessed(deps: Deps, state: State) -> tuple[State, Usage]:
    """Return the state with what a model that sees makes of the pictures, where one is bound and rules are for it."""
    case, models = state["case"], deps.models
    rules = sighted(deps.book.pack, case) if models.witnesses else ()
    if not rules:
        return state, Usage()
    said, usage = ask_witness(bench(deps, state), rules, models.witnesses, left(deps, state))
    return {**state, "viewed": said}, taken_over(usage, said.failure)


def unjudged(deps: Deps, state: State, ranking: Ranking) -> tuple[Cause, ...]:
    """Return why a case is to be reasoned about whatever the ranker says: it was blind, and the reasoner sees."""
    eyes, writer = deps.models.eyes, deps.models.writer
    sees = eyes is not None and writer is not None and any(chat.name in eyes.names for chat in writer.chats)
    if not sees or "picture_not_judged" not in state["perception"].gaps or all_seen(state["case"], ranking.saw):
        return ()
    return ("picture_not_judged",)


def asked(
    deps: Deps, state: State, ranking: Ranking, vectors: Vectors, allowance: Allowance
) -> tuple[Ranking, Usage, tuple[Cause, ...]]:
    """Return the ranking by a language model over the rules of an embedded one, its cost, and what is wrong with it.

    Where it fails the embedded ranking comes back, and the failure unless embedded is the role's last backend. What a
    guard model finds under no rule of ours is a policy that is too thin for the case.
    """
    case, pack, rank_by = state["case"], deps.book.pack, deps.models.rank
    assert rank_by is not None
    profile = case.profile or pack.default_profile
    rules = [pack.by_id[s.rule_id] for s in ranking.scores]
    try:
        found = rank_by(case, rules, profile, allowance, [s.probability for s in ranking.scores])
    except Unanswered as error:
        causes: tuple[Cause, ...] = () if "ranker" in deps.models.spare else (error.failure,)
        return ranking, taken_over(error.usage, error.failure), causes
    views = {s.rule_id: s.view for s in ranking.scores}
    scores = []
    for rule_id, p in found.probabilities:
        rule = pack.by_id[rule_id]
        if rule.products:
            p *= violating_share(rule, read(rule, deps.book.value_vectors(rule), vectors[views[rule_id]]), profile)
        scores.append(Score(rule_id=rule_id, probability=round(p, 6), view=views[rule_id]))
    scores.sort(key=lambda s: -s.probability)
    notes = [f"{found.outside:.2f} of a first token was neither answer"] if found.outside >= NOTED else []
    notes += [f"found {', '.join(found.unmapped)}, for which no rule was retrieved"] if found.unmapped else []
    usage = found.usage.model_copy(update={"notes": (*found.usage.notes, *notes)})
    thin: tuple[Cause, ...] = ("thin_policy",) if found.unmapped else ()
    return Ranking(scores=tuple(scores), any=round(found.any, 6), calibrated=False, saw=found.saw), usage, thin


def taken_over(usage: Usage, failure: Failure | None) -> Usage:
    """Return usage with the failure that another backend, or a person, has to make up for."""
    return usage if failure is None else usage.model_copy(update={"notes": (*usage.notes, f"failed: {failure}")})


def doubted(deps: Deps, case: Case, ranking: Ranking, contradicts: bool, failures: tuple[Cause, ...] = ()) -> Doubt:
    """Return what makes a ranking doubtful, under the cuts in force."""
    return depth(
        ranking, deps.book.pack, deps.calibration.thresholds,
        contradiction=contradicts, context_shift=_shifted(deps, case, ranking), extra=failures,
    )  # fmt: skip


def weighed(deps: Deps, state: State, probabilities: Floats, vectors: Vectors) -> Floats:
    """Return probabilities [views, rules] as this case counts them.

    Decomposed rules are scaled by how the profile labels what was read; words to the judge are left out.
    """
    book, scaled = deps.book, probabilities.copy()
    profile = state["case"].profile or book.pack.default_profile
    found = {r.rule_id for r in state["retrieved"]}
    for rule in book.rules:
        if rule.products and rule.id in found:
            for row in range(len(scaled)):
                reading = read(rule, book.value_vectors(rule), vectors[row])
                scaled[row, book.index[rule.id]] *= violating_share(rule, reading, profile)
    scaled[unheard(deps, state["perception"].views, probabilities)] = 0.0
    return scaled


def decided(deps: Deps, state: State) -> Decision:
    """Return the decision that the state amounts to."""
    case, spent = state["case"], state.get("spent", ())
    if "ranking" not in state:
        frame = deps.frame.for_profile(case.profile)
        return cleared(frame, case, state["decision_id"], state["route"], deps.book.pack, deps.clock(), spent)
    work = bench(deps, state)
    seen, odd = looked(deps, state), None
    if len(case.parts) > 1 or seen:
        probabilities = weighed(deps, state, deps.rank_views(work.vectors, read_of(work.views)), work.vectors)
        odd = odd_parts(work, state["ranking"], probabilities, seen)
    return settled(
        deps.frame.for_profile(case.profile), work, state["decision_id"], state["perception"], state["route"],
        state["ranking"], state["doubt"], odd, deps.clock(), spent, state.get("draft"), state.get("critiques", ()),
        seen,
    )  # fmt: skip


def perceived(pack: Pack, case: Case) -> Perception:
    """Return what can be read of a case; pictures that a policy judges by sight alone are no gap."""
    seen = perceive_case(case)
    if not told_by_sight(pack, case):
        return seen
    return seen.model_copy(update={"gaps": tuple(g for g in seen.gaps if g != "picture_not_judged")})


def odd_parts(work: Bench, ranking: Ranking, probabilities: Floats, seen: Judged | None) -> Contradiction | None:
    """Return how the parts of a case contradict each other, what its pictures show among them."""
    looks = seen.looks if seen else ()
    return contradicted(work.case, work.views, work.vectors, probabilities, ranking, work.book, looks)


def looked(deps: Deps, state: State) -> Judged | None:
    """Return what the files of a case come to by sight, None where there is nothing to judge so."""
    rules = sighted(deps.book.pack, state["case"])
    return judge(bench(deps, state), rules, state.get("viewed", NOBODY)) if rules else None


def bench(deps: Deps, state: State) -> Bench:
    """Return what agents need on the desk for this case."""
    case, views = state["case"], state["perception"].views
    profile = case.profile or deps.book.pack.default_profile
    return Bench(
        case, views, deps.vectors(case.digest, views), deps.book, deps.calibration, deps.score, profile, deps.read,
        deps.models.eyes,
    )  # fmt: skip


def _shifted(deps: Deps, case: Case, ranking: Ranking) -> bool:
    if not case.context or not ranking.scores:
        return False
    together = fold(" ".join((*case.context[-3:], case.text)))
    first = ranking.scores[0]
    columns = [deps.book.index[s.rule_id] for s in ranking.scores]
    cuts = deps.calibration.thresholds
    after = float(deps.score([together])[0, columns].max())
    return (first.probability <= cuts.allow and after >= cuts.act) or (
        first.probability >= cuts.act and after <= cuts.allow
    )


__all__ = [
    "MAX_ROUNDS",
    "await_person",
    "critique",
    "perceive",
    "rank_rules",
    "reason_about",
    "record",
    "retrieve",
    "route",
    "settle",
]
