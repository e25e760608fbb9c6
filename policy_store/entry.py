"""The texts that stand for a pack in the rule index: several entries a rule. Not the index, and no vectors.

An entry's id is `rule_id/kind/clause_id`; neither part holds a slash, so `parse` gives back what `entries` put in.
Retired and draft rules have no entries. Shadow rules have them, marked: they are judged and never enforced.
"""

from typing import Literal, cast

from policy_store.pack import Pack
from policy_store.rule import Rule, Strict

Kind = Literal["statement", "clause", "exception", "violating", "allowed"]
VOTING: frozenset[Kind] = frozenset({"statement", "clause", "violating", "allowed"})


class Entry(Strict):
    """One text of a rule. `clause_id` is the citable clause or the example; a common exception has rule_id ""."""

    id: str
    rule_id: str
    kind: Kind
    clause_id: str
    text: str
    shadow: bool = False


def in_force(rule: Rule) -> bool:
    """Say whether a rule is looked up at all: it is active or in shadow."""
    return rule.status in ("active", "shadow")


def entries(pack: Pack) -> tuple[Entry, ...]:
    """Return the entries of a pack in its own order, the common exceptions last."""
    found = [entry for rule in pack.rules if in_force(rule) for entry in _of(rule)]
    found += [_entry("", "exception", clause.id, clause.text) for clause in pack.exceptions]
    return tuple(found)


def parse(entry_id: str) -> tuple[str, Kind, str]:
    """Return (rule_id, kind, clause_id) of an entry's id; raise ValueError when it is none."""
    parts = entry_id.split("/")
    if len(parts) != 3:
        raise ValueError(f"entry id {entry_id!r} is not rule_id/kind/clause_id; rebuild the rule index")
    return parts[0], cast(Kind, parts[1]), parts[2]


def _of(rule: Rule) -> list[Entry]:
    shadow = rule.status == "shadow"
    examples = rule.examples
    return [
        _entry(rule.id, "statement", rule.id, f"{rule.type}: {rule.statement}", shadow),
        *(_entry(rule.id, "clause", clause.id, clause.text, shadow) for clause in rule.includes),
        *(_entry(rule.id, "exception", clause.id, clause.text, shadow) for clause in rule.exceptions),
        *(_entry(rule.id, "violating", example.id, example.text, shadow) for example in examples.violating),
        *(_entry(rule.id, "allowed", example.id, example.text, shadow) for example in examples.allowed),
    ]


def _entry(rule_id: str, kind: Kind, clause_id: str, text: str, shadow: bool = False) -> Entry:
    return Entry(
        id=f"{rule_id}/{kind}/{clause_id}", rule_id=rule_id, kind=kind, clause_id=clause_id, text=text, shadow=shadow
    )
