"""Rows of a set as the desk judges them: decisions, and what it says of every rule. Nothing here decides differently.

The desk reports findings on the rules that matter to a case. Where it reports none on a rule, its own ranker is asked,
so that every rule has a probability; rules that do not apply to a case have 0.
"""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.evidence import MASK
from agents.perceiver import perceive
from agents.whatif import masked
from cases.case import Case, Part
from cases.decision import Decision
from cases.finding import Evidence, Finding
from evals.resampling import ROUNDS, Floats
from evals.sets import Row, SetError, Sets
from graphs.settings import Settings
from policy_store.pack import Pack
from policy_store.retrieval import applicable

if TYPE_CHECKING:
    from graphs.deps import Deps
    from graphs.desk import Desk
    from graphs.wiring import Embedded

Places = NDArray[np.intp]
CHUNK = 256


@dataclass
class Judged:
    """Decisions [rows] and probabilities [rows, rules] of one set, with the desk that made them."""

    rows: list[Row]
    cases: list[Case]
    decisions: list[Decision]
    deps: "Deps"

    @property
    def pack(self) -> Pack:
        """Return the policy."""
        return self.deps.book.pack

    @property
    def cut(self) -> float:
        """Return the probability from which a violation is likelier than not. No outcome hangs on it."""
        return 0.5

    @cached_property
    def acted(self) -> Floats:
        """Return 1 for each row that was acted on [rows], 0 for what was allowed or left to a person."""
        return np.array([d.outcome == "act" for d in self.decisions], np.float64)

    @cached_property
    def scores(self) -> Floats:
        """Return the probability [rows] that any rule is violated."""
        return np.array([d.score for d in self.decisions], np.float64)

    @cached_property
    def violating(self) -> Floats:
        """Return labels [rows], 1 for violating."""
        return np.array([row.violating for row in self.rows], np.float64)

    @cached_property
    def clear(self) -> Places:
        """Return the places of the rows that are not borderline."""
        return np.array([i for i, row in enumerate(self.rows) if row.label != "borderline"], np.intp)

    @cached_property
    def probabilities(self) -> Floats:
        """Return [rows, rules], columns as in the rulebook."""
        return probabilities(self.deps, self.cases, self.decisions)

    def scene(self, scenes: Collection[str]) -> Floats:
        """Return the probability [rows] of the likeliest rule of some scenes."""
        columns = [self.deps.book.index[r.id] for r in self.deps.book.rules if r.scene in scenes]
        return np.asarray(self.probabilities[:, columns].max(1), np.float64)


@dataclass
class Proof:
    """What suites share: the sets, the open desks of each policy, and how much to measure.

    Everything is kept in a throw-away home, so that no earlier run helps and no ledger remembers.
    """

    sets: Sets
    settings: Settings
    limit: int | None = None
    rounds: int = ROUNDS
    stack: ExitStack = field(default_factory=ExitStack)
    desks: "dict[str, Desk]" = field(default_factory=dict)
    known: dict[tuple[str, str], Decision] = field(default_factory=dict)

    @cached_property
    def model(self) -> "Embedded":
        """Return the encoder that all desks share."""
        from graphs.wiring import open_model

        return self.stack.enter_context(open_model(self.settings))

    def desk(self, policy: str) -> "Desk":
        """Return the desk of a policy; opened once."""
        if policy not in self.desks:
            from graphs.desk import Desk
            from graphs.wiring import open_deps
            from policy_store.loader import load_pack

            deps = open_deps(self.settings, load_pack(policy), model=self.model)
            self.desks[policy] = Desk(self.stack.enter_context(deps))
        return self.desks[policy]

    def judge(self, rows: Sequence[Row], policy: str) -> Judged:
        """Return rows as the desk of a policy judges them, in one go; raise SetError for a set without rows.

        What one suite had decided is not decided again for the next.
        """
        if not rows:
            raise SetError("no row to judge: the set holds none of the split that is measured")
        desk = self.desk(policy)
        cases = [row.case for row in rows]
        fresh = {case.digest: case for case in cases if (policy, case.digest) not in self.known}
        for digest, decision in zip(fresh, desk.decide_many(fresh.values()), strict=True):
            self.known[(policy, digest)] = decision
        return Judged(list(rows), cases, [self.known[(policy, case.digest)] for case in cases], desk.deps)


@contextmanager
def proving(sets: Sets, settings: Settings, limit: int | None = None, rounds: int = ROUNDS) -> Iterator[Proof]:
    """Open a throw-away home for the length of a `with` block; of the settings only template and limits count."""
    with tempfile.TemporaryDirectory(prefix="precept-eval-") as home, ExitStack() as stack:
        own = settings.model_copy(update={"home": Path(home), "ledger": None, "chroma": None})
        yield Proof(sets, own, limit, rounds, stack)


def probabilities(deps: "Deps", cases: Sequence[Case], decisions: Sequence[Decision | None]) -> Floats:
    """Return [cases, rules]: what the decision says of a rule, else the ranker's best view.

    Without a decision the ranker alone speaks, so that two texts are measured by one and the same scorer.
    """
    pack, index = deps.book.pack, deps.book.index
    out = np.zeros((len(cases), len(deps.book.rules)))
    for start in range(0, len(cases), CHUNK):
        batch = list(zip(cases, decisions, strict=True))[start : start + CHUNK]
        seen = [perceive(case).views for case, _ in batch]
        vectors = deps.vectors_of([(case.digest, views) for (case, _), views in zip(batch, seen, strict=True)])
        for row, ((case, decision), own, views) in enumerate(zip(batch, vectors, seen, strict=True), start=start):
            allowed = applicable(pack, case.profile, case.surface, {"text"})
            columns = [index[r] for r in allowed if pack.by_id[r].status == "active"]
            if len(own):
                out[row, columns] = deps.rank_views(own, [v.text for v in views])[:, columns].max(0)
            # A modifier (`raises`) is found beside rules and is none of the book.
            for finding in (f for f in (decision.findings if decision else ()) if f.rule_id in index):
                out[row, index[finding.rule_id]] = finding.probability
    return out


def named(decision: Decision) -> str | None:
    """Return the rule that a decision is about: the one that leads, else the likeliest that was looked at."""
    return next(iter(leaders(decision)), None)


def leaders(decision: Decision) -> list[str]:
    """Return the rules of a decision: the one that leads, then the others by falling probability."""
    first = [decision.rule_id] if decision.rule_id else [f.rule_id for f in decision.findings[:1]]
    rest = sorted(decision.findings, key=lambda f: -f.probability)
    return list(dict.fromkeys([*first, *(f.rule_id for f in rest)]))


def shown(decision: Decision) -> Finding | None:
    """Return the finding whose evidence a reader would be shown: the leading rule's, else the likeliest with any."""
    order = {rule_id: i for i, rule_id in enumerate(leaders(decision))}
    found = [f for f in decision.findings if f.evidence]
    return min(found, key=lambda f: order[f.rule_id], default=None)


def characters(evidence: Sequence[Evidence]) -> set[tuple[str, int]]:
    """Return the characters that evidence covers, as (part, offset)."""
    return {(e.part, n) for e in evidence for n in range(e.start, e.end)}


def without(case: Case, evidence: Sequence[Evidence]) -> Case | None:
    """Return the case with the evidence masked, None where nothing else is left."""
    hidden = masked(case, evidence)
    return hidden if any(ch.isalnum() for part in hidden.parts for ch in part.text) else None


def only(case: Case, evidence: Sequence[Evidence]) -> Case:
    """Return the case with nothing but the evidence."""
    parts = []
    for part in case.parts:
        quotes = [e.quote for e in evidence if e.part == part.id]
        if quotes:
            parts.append(part.model_copy(update={"text": f" {MASK} ".join(quotes)}))
    return _with(case, parts)


def _with(case: Case, parts: Sequence[Part]) -> Case:
    # Built anew: a copy would take the old digest along.
    return Case.model_validate(case.model_dump() | {"parts": tuple(parts)})
