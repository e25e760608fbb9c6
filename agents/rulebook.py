"""A pack as vectors: what a ranker compares a case with. Rules are inputs, never output classes.

Built from any encoder, one row a text; a changed or added rule needs new rows and no training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agents.naming import Hearing, hearing
from agents.vectors import Encode, Floats, Vectors, top_mean
from policy_store.pack import Pack
from policy_store.rule import Clause, Example, Rule

FEATURES = ("statement", "brief", "clause", "violating", "allowed", "exception")
NEAREST = 2


def statement_text(rule: Rule) -> str:
    """Return the rule in one sentence, as encoders read it."""
    return f"{rule.type}: {rule.statement}"


def brief_text(rule: Rule) -> str:
    """Return the rule with what it includes and when it does not hold, as encoders read it."""
    parts = [rule.statement, *(c.text for c in rule.includes)]
    if rule.exceptions:
        parts += ["Not when:", *(c.text for c in rule.exceptions)]
    return " ".join(parts)


@dataclass(frozen=True)
class Rulebook:
    """Vectors of a set of rules, and which rows belong to which rule."""

    pack: Pack
    rules: tuple[Rule, ...]
    statements: Vectors
    briefs: Vectors
    clauses: Vectors
    violating: Vectors
    allowed: Vectors
    exceptions: Vectors
    values: Vectors

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the column of each rule id."""
        return {rule.id: i for i, rule in enumerate(self.rules)}

    @cached_property
    def clause_columns(self) -> list[NDArray[np.intp]]:
        """Return the rows of `clauses` of each rule."""
        return _columns([len(rule.includes) for rule in self.rules])

    @cached_property
    def violating_columns(self) -> list[NDArray[np.intp]]:
        """Return the rows of `violating` of each rule."""
        return _columns([len(rule.examples.violating) for rule in self.rules])

    @cached_property
    def allowed_columns(self) -> list[NDArray[np.intp]]:
        """Return the rows of `allowed` of each rule."""
        return _columns([len(rule.examples.allowed) for rule in self.rules])

    @cached_property
    def exception_list(self) -> tuple[Clause, ...]:
        """Return the exceptions in the order of the rows of `exceptions`, each once."""
        return unique_exceptions(self.pack, self.rules)

    @cached_property
    def exception_columns(self) -> list[NDArray[np.intp]]:
        """Return the rows of `exceptions` that hold for each rule."""
        place = {c.id: i for i, c in enumerate(self.exception_list)}
        return [np.array([place[c.id] for c in self.pack.exceptions_of(r)], np.intp) for r in self.rules]

    def value_vectors(self, rule: Rule) -> Vectors:
        """Return the vectors of a rule's attribute values, in order of attributes and values."""
        sizes = [sum(len(a.values) for a in r.attributes) for r in self.rules]
        end = sum(sizes[: self.index[rule.id] + 1])
        return self.values[end - sizes[self.index[rule.id]] : end]

    @cached_property
    def violating_list(self) -> tuple[tuple[str, Example], ...]:
        """Return (rule id, example) in the order of the rows of `violating`."""
        return tuple((r.id, e) for r in self.rules for e in r.examples.violating)

    @cached_property
    def allowed_list(self) -> tuple[tuple[str, Example], ...]:
        """Return (rule id, example) in the order of the rows of `allowed`."""
        return tuple((r.id, e) for r in self.rules for e in r.examples.allowed)

    def heard(self, laws: Floats | Vectors) -> Hearing:
        """Return what the rules hear of known ones that state `laws` [k, width]; worked out once for the same array."""
        known = self._hearings.get(id(laws))
        if known is None:
            known = self._hearings[id(laws)] = (laws, hearing(self.statements, laws))
        return known[1]

    @cached_property
    def _hearings(self) -> dict[int, tuple[Floats | Vectors, Hearing]]:
        return {}  # with the array itself, so that its id stays its own

    def features(self, vectors: Vectors) -> Floats:
        """Return [n, rules, FEATURES] of cosines between n texts and every rule.

        In double precision: a product of single precision rounds a row otherwise when it has companions, and a case
        must be decided alike alone and in a batch.
        """
        x, (statements, briefs, clauses, violating, allowed, exceptions) = np.asarray(vectors, np.float64), self._exact
        columns = [
            x @ statements,
            x @ briefs,
            top_mean(x @ clauses, self.clause_columns, 1),
            top_mean(x @ violating, self.violating_columns, NEAREST),
            top_mean(x @ allowed, self.allowed_columns, NEAREST),
            top_mean(x @ exceptions, self.exception_columns, 1),
        ]
        return np.stack(columns, axis=-1)

    @cached_property
    def _exact(self) -> tuple[Floats, ...]:
        every = (self.statements, self.briefs, self.clauses, self.violating, self.allowed, self.exceptions)
        return tuple(np.asarray(m.T, np.float64) for m in every)


def unique_exceptions(pack: Pack, rules: Sequence[Rule]) -> tuple[Clause, ...]:
    """Return every exception of the rules once, in order of first use."""
    return tuple({c.id: c for rule in rules for c in pack.exceptions_of(rule)}.values())


def write_rulebook(pack: Pack, encode: Encode, rules: Sequence[Rule] | None = None) -> Rulebook:
    """Encode the rules that judge on their own (all active and shadow ones when `rules` is None)."""
    chosen = tuple(rules if rules is not None else judging(pack))
    texts = [
        [statement_text(r) for r in chosen],
        [brief_text(r) for r in chosen],
        [c.text for r in chosen for c in r.includes],
        [e.text for r in chosen for e in r.examples.violating],
        [e.text for r in chosen for e in r.examples.allowed],
        [c.text for c in unique_exceptions(pack, chosen)],
        [v.text for r in chosen for a in r.attributes for v in a.values],
    ]
    vectors = encode([text for group in texts for text in group])
    cuts = np.cumsum([len(group) for group in texts])[:-1]
    return Rulebook(pack, chosen, *np.split(vectors, cuts))


def judging(pack: Pack) -> tuple[Rule, ...]:
    """Return the rules that can lead a decision or run in its shadow: no modifiers, drafts or retired ones."""
    return tuple(r for r in pack.rules if r.raises is None and r.status in ("active", "shadow"))


def _columns(sizes: Sequence[int]) -> list[NDArray[np.intp]]:
    ends = np.cumsum(sizes)
    return [np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)]
