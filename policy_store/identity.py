"""The ids inside a pack: each stands for one thing, and names the rule it belongs to. Not what refers to them.

One function per check, named as what must hold; each yields the faults of a draft. A fault says where the first stands.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from policy_store.draft import Draft, Entry, M, ids
from policy_store.fault import Fault
from policy_store.rule import Example, Rule, Strict
from policy_store.source import Steps

Place = tuple[Entry[Strict], Steps]


def ids_of_a_list_are_unique(draft: Draft) -> Iterator[Fault]:
    """Check scenes, common exceptions, rules, tiers and profiles."""
    yield from _unique("scene", draft.scenes)
    yield from _unique("exception", draft.exceptions)
    yield from _unique("rule", draft.rules)
    yield from _unique("tier", draft.tiers)
    yield from _unique("profile", draft.profiles)


def dimensions_are_unique(draft: Draft) -> Iterator[Fault]:
    """Check the ids of the rubric's dimensions."""
    if draft.rubric is not None and draft.rubric.value is not None:
        names = [d.id for d in draft.rubric.value.dimensions]
        yield from _repeats("dimension", draft.rubric, ((n, ("dimensions", i, "id")) for i, n in enumerate(names)))


def rule_parts_are_unique(draft: Draft) -> Iterator[Fault]:
    """Check attributes, their values, products and defined terms of each rule."""
    for entry, rule in draft.sound_rules:
        attributes, products, terms = enumerate(rule.attributes), enumerate(rule.products), enumerate(rule.definitions)
        yield from _repeats("attribute", entry, ((a.id, ("attributes", i, "id")) for i, a in attributes))
        yield from _repeats("product", entry, ((p.id, ("products", i, "id")) for i, p in products))
        yield from _repeats("term", entry, ((d.term, ("definitions", i, "term")) for i, d in terms))
        for i, attribute in enumerate(rule.attributes):
            values = ((v.id, ("attributes", i, "values", j, "id")) for j, v in enumerate(attribute.values))
            yield from _repeats("value", entry, values)


def clause_ids_start_with_the_rule_id(draft: Draft) -> Iterator[Fault]:
    """Check includes (`HR2.a`) and own exceptions (`HR2-BANTER`)."""
    for entry, rule in draft.sound_rules:
        for field, clauses in (("includes", rule.includes), ("exceptions", rule.exceptions)):
            for i, clause in enumerate(clauses):
                if _belongs(clause.id, rule):
                    continue
                hint = f"name it {rule.id}.{clause.id.rpartition('.')[2] or 'a'}"
                if field == "exceptions":
                    hint = f"name it {rule.id}-…, or take another rule's exception with `borrows: [{clause.id}]`"
                yield entry.fault(f"clause {clause.id!r} does not start with {rule.id!r}", hint, field, i, "id")


def example_ids_start_with_the_rule_id(draft: Draft) -> Iterator[Fault]:
    """Check the ids of examples (`HR2.v1`, `HR2.n1`)."""
    for entry, rule in draft.sound_rules:
        for steps, example in examples_of(rule):
            if not _belongs(example.id, rule):
                hint = f"name it {rule.id}.{example.id.rpartition('.')[2]}"
                yield entry.fault(f"example {example.id!r} does not start with {rule.id!r}", hint, *steps, "id")


def citable_ids_are_unique(draft: Draft) -> Iterator[Fault]:
    """Check rules, clauses and exceptions of the whole pack: each id is cited as one text."""
    first: dict[str, Place] = {entry.id: (entry, ("id",)) for entry in chain(draft.rules, draft.exceptions)}
    for common in draft.exceptions:
        if common.id in ids(draft.rules):
            yield common.fault(f"exception {common.id!r} has the id of a rule", "give it an id of its own", "id")
    for entry, rule in draft.sound_rules:
        for field, clauses in (("includes", rule.includes), ("exceptions", rule.exceptions)):
            named = ((c.id, (field, i, "id")) for i, c in enumerate(clauses))
            yield from _repeats("clause", entry, named, first)


def example_ids_are_unique(draft: Draft) -> Iterator[Fault]:
    """Check the examples of the whole pack, both sides together."""
    first: dict[str, Place] = {}
    for entry, rule in draft.sound_rules:
        yield from _repeats("example", entry, ((e.id, (*steps, "id")) for steps, e in examples_of(rule)), first)


def examples_of(rule: Rule) -> Iterator[tuple[Steps, Example]]:
    """Return the examples of both sides, each with the steps that lead to it."""
    for i, example in enumerate(rule.examples.violating):
        yield ("examples", "violating", i), example
    for i, example in enumerate(rule.examples.allowed):
        yield ("examples", "allowed", i), example


def _belongs(name: str, rule: Rule) -> bool:
    return name.startswith((f"{rule.id}.", f"{rule.id}-"))


def _unique(what: str, found: Iterable[Entry[M]]) -> Iterator[Fault]:
    first: dict[str, Place] = {}
    for entry in found:
        if entry.id:
            yield from _repeats(what, entry, [(entry.id, ("id",))], first)


def _repeats(
    what: str, entry: Entry[M], named: Iterable[tuple[str, Steps]], first: dict[str, Place] | None = None
) -> Iterator[Fault]:
    first = {} if first is None else first
    for name, steps in named:
        if name in first:
            other, at = first[name]
            problem = f"{what} id {name!r} is taken; the first stands at {other.place(*at)}"
            yield entry.fault(problem, "give it an id of its own", *steps)
        else:
            first[name] = (entry, steps)
