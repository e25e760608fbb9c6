"""What a case would come to under every pair of levels of a ladder of thresholds, from one reading of it.

It asks the same nodes as the desk, with other cuts. The reasoner compares the cuts with the probabilities that it
found and with nothing else, so it is asked once for each order that they can stand in. Nothing is recorded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import numpy as np
from langgraph.runtime import Runtime

from agents.guarantee import ACTED, ALLOWED, REVIEW, Ladder, Verdicts, levels
from agents.novelty import novelty
from agents.onlooker import Judged
from agents.ranker import Ranking
from agents.reasoner import answered, candidates, crossed, reason
from agents.vectors import Floats, Vectors
from agents.verdict import led, outcome_of, sure
from cases.case import Case
from cases.decision import Outcome
from cases.model import Fact
from graphs import nodes
from graphs.deps import Deps
from graphs.moderation import after_critique
from graphs.retrieval import read_of
from graphs.state import State


class Labelled(Fact):
    """A case with what a person says of it; `rule_id` is the rule that it breaks, where that was said."""

    case: Case
    violating: bool
    rule_id: str | None = None


class Verdict(NamedTuple):
    """An outcome and the rule that it rests on."""

    outcome: Outcome
    rule_id: str | None


@dataclass(frozen=True)
class Knowing(Deps):
    """Deps that remember the scores of texts, on which no cut bears; for one case at a time."""

    known: dict[tuple[str, ...], Floats] = field(default_factory=dict)

    def score(self, texts: Sequence[str]) -> Floats:
        """Return the ranker's calibrated probabilities [texts, rules]."""
        key = tuple(texts)
        if key not in self.known:
            self.known[key] = super().score(texts)
        return self.known[key]


class Sweep:
    """Cases under every pair of levels of a ladder."""

    def __init__(self, plain: Deps, ladder: Ladder) -> None:
        deps = self.deps = Knowing(**{f.name: getattr(plain, f.name) for f in fields(plain)})
        self.cells = [
            (allow, act, replace(deps, calibration=deps.calibration.model_copy(update={"thresholds": cuts})))
            for allow, act, cuts in levels(ladder)
        ]
        self.size = len(ladder)

    def verdicts(self, case: Case) -> list[list[Verdict]]:
        """Return the verdict at each [allow level][act level]."""
        self.deps.known.clear()
        one = _One(self.deps, case)
        table = [[Verdict("review", None)] * self.size for _ in range(self.size)]
        for allow, act, deps in self.cells:
            table[allow][act] = one.verdict(deps, act)
        return table

    def judged(
        self, cases: Sequence[Labelled], strict: bool = False, told: Callable[[int], None] = lambda done: None
    ) -> Verdicts:
        """Return [cases, allow levels, act levels] as agents.guarantee.choose reads it; `told` hears of each case.

        Where `strict`, an act under another rule than the label's is wrong too.
        """
        out = np.zeros((len(cases), self.size, self.size), np.int8)
        for row, one in enumerate(cases):
            out[row] = [[code(v, one, strict) for v in line] for line in self.verdicts(one.case)]
            told(row + 1)
        return out


def code(verdict: Verdict, label: Labelled, strict: bool) -> int:
    """Return REVIEW, ALLOWED or ACTED, negative where the label says otherwise."""
    if verdict.outcome == "review":
        return REVIEW
    if verdict.outcome == "allow":
        return -ALLOWED if label.violating else ALLOWED
    other = strict and label.rule_id is not None and verdict.rule_id != label.rule_id
    return ACTED if label.violating and not other else -ACTED


class _One:
    """One case: what does not depend on the cuts, and what was found for each way that they can fall."""

    def __init__(self, deps: Deps, case: Case) -> None:
        plain = Runtime(context=deps)
        self.case = case
        self.state: State = {"case": case, "decision_id": f"sweep-{case.digest[:8]}"}
        self.state.update(nodes.perceive(self.state, runtime=plain))
        self.state.update(nodes.retrieve(self.state, runtime=plain))
        views = self.state["perception"].views
        self.vectors: Vectors = deps.vectors(case.digest, views)
        texts = read_of(views)
        self.risk = deps.risks(self.vectors, texts)
        self.probabilities = deps.rank_views(self.vectors, texts)
        # Words that speak to a judge are heard or not depending on the act cut, the context is weighed by both.
        self.spoken = any(v.spoken for v in views)
        # No cut of the ladder bears on what is judged by sight.
        self.seen = nodes.looked(deps, self.state)
        self.routes: dict[object, bool] = {}
        self.ranks: dict[object, State] = {}
        self.found: dict[object, Verdict] = {}
        self.values: dict[object, tuple[tuple[float, str], ...]] = {}

    def verdict(self, deps: Deps, act: int) -> Verdict:
        cuts = deps.calibration.thresholds
        heard = act if self.spoken else None
        if self._clear(deps, (cuts.router, heard)):
            return Verdict("allow", None)
        ranked = self._ranked(deps, heard)
        ranking, causes = ranked["ranking"], ranked["doubt"].causes
        doubt = nodes.doubted(deps, self.case, ranking, "cross_modal_contradiction" in causes)
        state: State = {**self.state, "ranking": ranking, "doubt": doubt}
        if doubt.depth != "none" and ranking.scores:
            values = self._values(deps, state, (heard, doubt.rivals))
            below = sum(v <= cuts.final_allow for v, _ in values)
            feared = sum(v <= cuts.final_allow_high_harm for v, _ in values)
            above = sum(v >= cuts.final_act_in(scene) for v, scene in values)
            key: object = (heard, doubt.depth, doubt.rivals, doubt.causes, below, above, feared)
            if key not in self.found:
                self.found[key] = _reasoned(deps, state, self._foreign(deps, ranking), self.seen)
        else:
            scenes = deps.book.pack.by_id
            hits = sum(s.probability >= cuts.act_in(scenes[s.rule_id].scene) for s in ranking.scores)
            key = (heard, doubt.depth, hits)
            if key not in self.found:
                lead = led(sure(nodes.bench(deps, state), ranking, cuts), self.seen, deps.book.pack)
                outcome, _ = outcome_of(
                    lead.outcome, doubt, state["perception"], (), reasoned=False,
                    foreign=not lead.by_sight and self._foreign(deps, ranking),
                )  # fmt: skip
                self.found[key] = Verdict(outcome, lead.rule_id)
        return self.found[key]

    def _foreign(self, deps: Deps, ranking: Ranking) -> bool:
        reach = novelty(deps.book, self.vectors, [s.rule_id for s in ranking.scores], None)
        return "out_of_distribution" in reach

    def _clear(self, deps: Deps, key: object) -> bool:
        if key not in self.routes:
            route = nodes.routed(deps, self.state, self.vectors, self.risk)
            self.routes[key] = route.clear and not route.audit
        return self.routes[key]

    def _ranked(self, deps: Deps, key: object) -> State:
        if key not in self.ranks:
            self.ranks[key] = nodes.ranked(deps, self.state, self.probabilities, self.vectors)
        return self.ranks[key]

    def _values(self, deps: Deps, state: State, key: object) -> tuple[tuple[float, str], ...]:
        if key not in self.values:
            desk, ranking, rivals = nodes.bench(deps, state), state["ranking"], state["doubt"].rivals
            values = [(f.rule_id, f.probability) for f in reason(desk, ranking, rivals, "full").findings]
            looked, rules = candidates(ranking, rivals), deps.book.pack.by_id
            if any(rules[r].high_harm for r in looked):  # read less closely, a rule stands elsewhere
                values += crossed(desk, ranking, answered(desk, ranking, looked)).items()
                values += [(r, ranking.probability(r)) for r in looked]
            self.values[key] = tuple((p, rules[r].scene) for r, p in values)
        return self.values[key]


def _reasoned(deps: Deps, state: State, foreign: bool, seen: Judged | None) -> Verdict:
    plain = Runtime(context=deps)
    while True:
        state = {**state, **nodes.reason_about(state, runtime=plain)}
        state = {**state, **nodes.critique(state, runtime=plain)}
        if after_critique(state) != "reason":
            break
    draft, critiques = state["draft"], state["critiques"]
    lead = led(draft, seen, deps.book.pack)
    outcome, _ = outcome_of(
        lead.outcome, state["doubt"], state["perception"], critiques, reasoned=True,
        foreign=foreign and not lead.by_sight,
    )  # fmt: skip
    return Verdict(outcome, lead.rule_id)
