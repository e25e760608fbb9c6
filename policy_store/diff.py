"""What changed between two versions of a pack, and which verdicts it can change. Not the replay of those verdicts.

Rules, clauses, examples and terms are aligned by their ids, never by likeness: a new id is one removed and one added.
Two packs of different digests always differ in at least one listed change.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, field_serializer

from policy_store.pack import Pack, Rubric
from policy_store.rule import Example, Label, Rule, Strict
from policy_store.wording import Span, spans

Kind = Literal["added", "removed", "changed"]
Field = Literal["statement", "includes", "exceptions", "definitions"]
T = TypeVar("T")

GRADING = {"band", "priors", "action", "raises"}
"""Fields of a rule that set its severity and leave the judgement of content alone."""

_LISTED = {"statement", "includes", "exceptions", "definitions", "examples", "id"}


class Version(Strict):
    """One side of a diff."""

    id: str
    version: str
    digest: str


class Change(Strict):
    """A field that differs, as `rule field` or `list.entry.field`; None: it is not there on that side."""

    field: str
    old: str | None
    new: str | None


class ClauseDiff(Strict):
    """A citable clause, or a definition (whose id is its term), that differs; `spans` are word-level."""

    id: str
    kind: Kind
    old_field: Field | None
    new_field: Field | None
    old: str
    new: str
    spans: tuple[Span, ...]


class ExampleDiff(Strict):
    """An example that differs; a change of label means that it changed sides."""

    id: str
    kind: Kind
    old: Example | None
    new: Example | None
    old_label: Label | None
    new_label: Label | None
    spans: tuple[Span, ...]


class RuleDiff(Strict):
    """What differs inside one rule that both versions have."""

    rule_id: str
    clauses: tuple[ClauseDiff, ...]
    examples: tuple[ExampleDiff, ...]
    changes: tuple[Change, ...]


class PackDiff(Strict):
    """What differs between two versions, old to new.

    `exceptions` are the common ones; `changes` are the other fields of the pack (title, scenes, tiers, profiles,
    precedence, rubric). `touched`: rules whose judgement of content can differ, added and removed ones included; their
    stored verdicts are stale. `regraded`: other rules of which only severity, tier, action or lead can differ.
    """

    old: Version
    new: Version
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[RuleDiff, ...]
    exceptions: tuple[ClauseDiff, ...]
    changes: tuple[Change, ...]
    touched: frozenset[str]
    regraded: frozenset[str]

    @property
    def empty(self) -> bool:
        """Return whether both versions say the same."""
        return not (self.added or self.removed or self.changed or self.exceptions or self.changes)

    @field_serializer("touched", "regraded")
    def _sorted(self, rules: frozenset[str]) -> list[str]:
        return sorted(rules)


def diff_packs(old: Pack, new: Pack) -> PackDiff:
    """Return what changed from `old` to `new`; rules come in the order of `new`."""
    both = [(old.by_id[rule.id], rule) for rule in new.rules if rule.id in old.by_id]
    added = tuple(rule.id for rule in new.rules if rule.id not in old.by_id)
    removed = tuple(rule.id for rule in old.rules if rule.id not in new.by_id)
    touched = {b.id for a, b in both if _judged(old, new, old, a) != _judged(old, new, new, b)} | {*added, *removed}
    return PackDiff(
        old=_version(old), new=_version(new), added=added, removed=removed,
        changed=tuple(_rule(a, b) for a, b in both if a.digest != b.digest),
        exceptions=_clauses({c.id: ("exceptions", c.text) for c in old.exceptions},
                            {c.id: ("exceptions", c.text) for c in new.exceptions}),
        changes=tuple(_pack_changes(old, new)), touched=frozenset(touched),
        regraded=frozenset(_regraded(old, new, both)) - touched,
    )  # fmt: skip


def _version(pack: Pack) -> Version:
    return Version(id=pack.id, version=pack.version, digest=pack.digest)


def _rule(old: Rule, new: Rule) -> RuleDiff:
    changes = list(_compare("", _scalars(old), _scalars(new)))
    for name, of in _ORDERED_IN_RULES.items():
        changes += _order(name, of(old), of(new))
    return RuleDiff(
        rule_id=new.id,
        clauses=_clauses(dict(_citable(old)), dict(_citable(new))),
        examples=_examples(dict(_labelled(old)), dict(_labelled(new))),
        changes=tuple(changes),
    )


def _citable(rule: Rule) -> Iterator[tuple[str, tuple[Field, str]]]:
    yield rule.id, ("statement", rule.statement)
    yield from ((c.id, ("includes", c.text)) for c in rule.includes)
    yield from ((c.id, ("exceptions", c.text)) for c in rule.exceptions)
    yield from ((d.term, ("definitions", d.text)) for d in rule.definitions)


def _clauses(old: dict[str, tuple[Field, str]], new: dict[str, tuple[Field, str]]) -> tuple[ClauseDiff, ...]:
    found = []
    for name in _union(old, new):
        if old.get(name) != new.get(name):
            old_field, before = old.get(name, (None, ""))
            new_field, after = new.get(name, (None, ""))
            found.append(
                ClauseDiff(id=name, kind=_kind(name in old, name in new), old_field=old_field, new_field=new_field,
                           old=before, new=after, spans=spans(before, after))
            )  # fmt: skip
    return tuple(found)


def _labelled(rule: Rule) -> Iterator[tuple[str, tuple[Label, Example]]]:
    yield from ((e.id, ("violating", e)) for e in rule.examples.violating)
    yield from ((e.id, ("allowed", e)) for e in rule.examples.allowed)


def _examples(old: dict[str, tuple[Label, Example]], new: dict[str, tuple[Label, Example]]) -> tuple[ExampleDiff, ...]:
    found = []
    for name in _union(old, new):
        if old.get(name) != new.get(name):
            old_label, before = old.get(name, (None, None))
            new_label, after = new.get(name, (None, None))
            words = spans(before.text if before else "", after.text if after else "")
            found.append(
                ExampleDiff(id=name, kind=_kind(name in old, name in new), old=before, new=after,
                            old_label=old_label, new_label=new_label, spans=words)
            )  # fmt: skip
    return tuple(found)


def _pack_changes(old: Pack, new: Pack) -> Iterator[Change]:
    for name in ("id", "version", "title"):
        yield from _compare(name, getattr(old, name), getattr(new, name))
    for name in ("scenes", "tiers", "profiles"):
        yield from _compare(name, _dump(getattr(old, name)), _dump(getattr(new, name)))
    yield from _precedence(old, new)
    yield from _compare("rubric", _anchors(old.rubric), _anchors(new.rubric))
    for name, of in _ORDERED_IN_PACKS.items():
        yield from _order(name, of(old), of(new))


_ORDERED_IN_RULES: dict[str, Callable[[Rule], Sequence[str]]] = {
    "includes": lambda r: [c.id for c in r.includes],
    "exceptions": lambda r: [c.id for c in r.exceptions],
    "definitions": lambda r: [d.term for d in r.definitions],
    "violating examples": lambda r: [e.id for e in r.examples.violating],
    "allowed examples": lambda r: [e.id for e in r.examples.allowed],
    "products": lambda r: [p.id for p in r.products],
    "attributes": lambda r: [f"{a.id}.{v.id}" for a in r.attributes for v in a.values],
}
_ORDERED_IN_PACKS: dict[str, Callable[[Pack], Sequence[str]]] = {
    "rules": lambda p: [r.id for r in p.rules],
    "scenes": lambda p: [s.id for s in p.scenes],
    "exceptions": lambda p: [c.id for c in p.exceptions],
    "tiers": lambda p: [t.id for t in p.tiers],
    "profiles": lambda p: [x.id for x in p.profiles],
    "rubric": lambda p: [d.id for d in p.rubric.dimensions],
}


def _judged(old: Pack, new: Pack, pack: Pack, rule: Rule) -> str:
    """Return everything of a rule that a judge of content can read or depend on, as one text."""
    body = rule.model_dump(mode="json", exclude=GRADING | {"maps", "common", "borrows", "exceptions"})
    for side in body["examples"].values():
        for example in side:
            del example["severity"]
    exceptions = [(c.id, c.text) for c in pack.exceptions_of(rule)]
    shared = {p.id for p in old.profiles} & {p.id for p in new.profiles}
    off = sorted(name for name in shared if rule.id in pack.profile(name).off)
    # a case without a profile is judged under the first
    first = pack.profiles[0]
    default = [rule.id in first.off, *(p.labels.get(first.id, p.labels.get("*")) for p in rule.products)]
    return json.dumps([body, exceptions, off, default], sort_keys=True)


def _regraded(old: Pack, new: Pack, both: Iterable[tuple[Rule, Rule]]) -> Iterator[str]:
    everywhere = old.tiers != new.tiers or old.rubric != new.rubric
    before, after = _leads(old), _leads(new)
    leading = {name for pair in before.keys() ^ after.keys() for name in pair.split(" > ")}
    for a, b in both:
        if everywhere or b.id in leading or _grading(a) != _grading(b):
            yield b.id


def _grading(rule: Rule) -> tuple[object, ...]:
    severities = tuple((e.id, e.severity) for _, (_, e) in _labelled(rule))
    return rule.band, rule.priors, rule.action, rule.raises, severities


def _leads(pack: Pack) -> dict[str, str]:
    """Return `winner > loser` with its reason; of two that contradict each other the first holds."""
    found: dict[str, str] = {}
    for entry in pack.precedence:
        for loser in entry.losers:
            if f"{loser} > {entry.winner}" not in found:
                found.setdefault(f"{entry.winner} > {loser}", entry.why)
    return found


def _precedence(old: Pack, new: Pack) -> Iterator[Change]:
    changes = list(_compare("precedence", _leads(old), _leads(new)))
    if not changes and old.precedence != new.precedence:
        before, after = ("; ".join(f"{e.winner} > {', '.join(e.losers)}" for e in p.precedence) for p in (old, new))
        changes = [Change(field="form of precedence", old=before, new=after)]
    yield from changes


def _anchors(rubric: Rubric) -> dict[str, object]:
    return {
        d.id: {"name": d.name, "weight": d.weight} | {f"level {i}": text for i, text in enumerate(d.levels)}
        for d in rubric.dimensions
    }


def _scalars(rule: Rule) -> dict[str, object]:
    return {name: value for name, value in rule.model_dump(mode="json").items() if name not in _LISTED}


def _dump(models: Sequence[BaseModel]) -> list[object]:
    return [model.model_dump(mode="json") for model in models]


def _compare(name: str, old: object, new: object) -> Iterator[Change]:
    before, after = dict(_leaves(name, old)), dict(_leaves(name, new))
    for field in _union(before, after):
        if before.get(field) != after.get(field):
            yield Change(field=field, old=before.get(field), new=after.get(field))


def _leaves(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Return the scalar fields of plain data by dotted name; entries go by id, lists of scalars are one field."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "id" or not name:
                yield from _leaves(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, item in enumerate(value, 1):
            entry = f"{name}.{item.get('id', item.get('label', place))}"
            yield from list(_leaves(entry, item)) or [(entry, "")]
    elif isinstance(value, list):
        yield name, ", ".join(f'"{item}"' if "," in str(item) else str(item) for item in value)
    elif value is not None:
        yield name, str(value)


def _order(name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    before, after = [i for i in old if i in new], [i for i in new if i in old]
    if before != after:
        yield Change(field=f"order of {name}", old=", ".join(before), new=", ".join(after))


def _kind(in_old: bool, in_new: bool) -> Kind:
    return "changed" if in_old and in_new else "added" if in_new else "removed"


def _union(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*new, *old)))
