"""A policy as another format has it: rules with clauses and texts, without what only a pack knows. Not a pack yet.

`files` turns it into a folder that loads: what a pack needs and the other format does not have is filled in by a plain
default, and every such default is said in a note, as is everything that was left behind.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from policy_store.pack import Pack
from policy_store.rule import Rule

BAND = (25, 75)
CATEGORY = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
STAND_IN = "stands in for an example, which the source does not give"
HARMLESS = "See you at lunch tomorrow, the usual place at noon."


class SketchError(ValueError):
    """A text that is not of its format; says the line, what is wrong and the fix."""


class Line(NamedTuple):
    """A clause or a definition: its id or term, and its text."""

    id: str
    text: str


class Shown(NamedTuple):
    """An example: its text, why, and the exception that saves it."""

    text: str
    why: str | None = None
    exception: str | None = None


@dataclass
class Sketch:
    """One rule on its way in."""

    id: str
    type: str
    statement: str = ""
    includes: list[Line] = field(default_factory=list)
    exceptions: list[Line] = field(default_factory=list)
    borrows: list[str] = field(default_factory=list)
    definitions: list[Line] = field(default_factory=list)
    violating: list[Shown] = field(default_factory=list)
    allowed: list[Shown] = field(default_factory=list)


@dataclass
class Outline:
    """A whole policy on its way in; `leads` are (winner, losers, why), `tests` are (text, rule or None for allowed)."""

    title: str
    scene: str
    rules: list[Sketch] = field(default_factory=list)
    common: list[Line] = field(default_factory=list)
    definitions: list[Line] = field(default_factory=list)
    allowed: list[Shown] = field(default_factory=list)
    leads: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    tests: list[tuple[str, str | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Carried(NamedTuple):
    """What came through: the files of a pack by name, and notes on what was filled in or left behind."""

    files: dict[str, str]
    notes: tuple[str, ...]


class Written(NamedTuple):
    """A policy in another format, and notes on what it cannot hold."""

    text: str
    notes: tuple[str, ...]


def files(outline: Outline, pack_id: str, head: Pack) -> Carried:
    """Return the files of a pack; tiers, profiles and rubric are those of `head`."""
    if not outline.rules:
        raise SketchError("no rule was found; a rule needs a heading with an id, such as '(SP2)' or '### (HS): Hate'")
    notes = list(outline.notes)
    own = {line.id for one in outline.rules for line in one.exceptions}
    outline.common = [line for line in outline.common if line.id not in own]
    for one in outline.rules:
        _complete(one, outline, notes)
    scenes = {scene_of(one.id, outline.scene): outline.title for one in outline.rules}
    body: dict[str, object] = {
        "id": pack_id, "version": "1.0.0", "title": outline.title,
        "scenes": [{"id": scene, "name": outline.title} for scene in scenes],
        "exceptions": [line._asdict() for line in outline.common],
        "tiers": [tier.model_dump() for tier in head.tiers],
        "profiles": [{"id": p.id, "text": p.text} for p in head.profiles],
        "precedence": [{"winner": w, "losers": list(losers), "why": why} for w, losers, why in outline.leads],
    }  # fmt: skip
    found = {
        "policy.yaml": dumped({k: v for k, v in body.items() if v}),
        f"rules/{outline.scene}.yaml": dumped([_rule(one, outline) for one in outline.rules]),
        "rubric.yaml": dumped(head.rubric.model_dump(mode="json")),
    }
    if outline.tests:
        found["cases.yaml"] = dumped([_test(i, text, rule) for i, (text, rule) in enumerate(outline.tests, 1)])
        notes.append(f"{len(outline.tests)} labelled texts became tests in cases.yaml")
    notes += [
        f"every rule has the severity band {BAND[0]}-{BAND[1]} and the DSA category {CATEGORY}: set your own",
        f"tiers, profiles and rubric are those of {head.id} {head.version}",
        "no rule has keywords or priors: it is found by meaning only until you add some",
    ]
    return Carried(found, tuple(notes))


def left_behind(pack: Pack, rules: Sequence[Rule], leads: bool) -> tuple[str, ...]:
    """Return notes on what no outside format holds of these rules; `leads` says that precedence was written."""
    notes = ["severity bands, tiers, rubric and priors are not carried: an outside judge gives no severity"]
    kinds: tuple[tuple[str, Iterable[Rule]], ...] = (
        ("keywords", (r for r in rules if r.keywords)),
        ("attributes and their combinations", (r for r in rules if r.products)),
        ("surfaces and modalities", (r for r in rules if r.surfaces or len(r.modalities) < 4)),
        ("maps to outside taxonomies", (r for r in rules if r.maps.openai or r.maps.mlcommons)),
        ("actions", (r for r in rules if r.action)),
    )
    for what, having in kinds:
        if names := [r.id for r in having]:
            notes.append(f"{what} of {', '.join(names[:8])}{' …' if len(names) > 8 else ''} are not carried")
    if len(pack.profiles) > 1:
        notes.append(f"profiles ({', '.join(p.id for p in pack.profiles)}) are not carried: it says what the rules say")
    if pack.precedence and not leads:
        notes.append("precedence between rules is not carried")
    return tuple(notes)


def chosen(pack: Pack, rule_ids: Sequence[str]) -> tuple[Rule, ...]:
    """Return the named rules, else all that are active; raise SketchError for an unknown one."""
    from policy_store.fault import suggest

    for name in rule_ids:
        if name not in pack.by_id:
            raise SketchError(f"{pack.id} has no rule {name!r}; {suggest(name, pack.by_id, 'rules')}")
    if rule_ids:
        return tuple(pack.by_id[name] for name in rule_ids)
    return tuple(rule for rule in pack.rules if rule.status == "active" and rule.raises is None)


def scene_of(rule_id: str, default: str) -> str:
    """Return the scene that a rule id speaks of: its leading letters."""
    found = re.match(r"[A-Z]+", rule_id)
    return found[0] if found else default


def dumped(value: object) -> str:
    """Return plain values as YAML that the loader reads back as they are."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=110)
    return text


def flat(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def plain(text: str) -> str:
    """Return a line of Markdown without its emphasis."""
    return flat(re.sub(r"(\*\*|__|(?<!\w)[*_`](?=\S)|(?<=\S)[*_`](?!\w))", "", text))


def _complete(one: Sketch, outline: Outline, notes: list[str]) -> None:
    if len(one.statement) < 10:
        one.statement = one.statement or f"Content of the kind: {one.type}."
        one.statement = one.statement if len(one.statement) >= 10 else f"Content that is {one.statement}."
    lent = {line.id for rule in outline.rules if rule is not one for line in rule.exceptions}
    wanted = [*one.borrows, *(shown.exception for shown in one.allowed if shown.exception)]
    one.borrows = list(dict.fromkeys(name for name in wanted if name in lent))
    if not one.includes:
        one.includes.append(Line(f"{one.id}.a", one.statement))
        notes.append(f"{one.id} has no clause of its own: its statement was taken for one")
    held = {shown.text for shown in one.allowed}
    one.allowed += [shown for shown in outline.allowed if shown.text not in held]
    if not one.violating:
        one.violating = [Shown(line.text, STAND_IN) for line in one.includes[:4]]
        notes.append(f"{one.id} has no violating example: its clauses stand in, replace them")
    if not one.allowed:
        saved = [*one.exceptions, *outline.common][:4]
        one.allowed = [Shown(line.text, STAND_IN, line.id) for line in saved] or [Shown(HARMLESS, STAND_IN)]
        notes.append(f"{one.id} has no allowed example: a text stands in, replace it")


def _rule(one: Sketch, outline: Outline) -> dict[str, object]:
    known = {line.id for line in (*one.exceptions, *outline.common)} | set(one.borrows)
    # In the words of its own rule; a term that the whole policy defines stands in each.
    terms = {line.id: line.text for line in (*outline.definitions, *one.definitions)}
    body: dict[str, object] = {
        "id": one.id, "scene": scene_of(one.id, outline.scene), "type": one.type, "statement": one.statement,
        "includes": [line._asdict() for line in one.includes],
        "exceptions": [line._asdict() for line in one.exceptions],
        "borrows": one.borrows,
        "definitions": [{"term": term, "text": text} for term, text in terms.items()],
        "examples": {
            "violating": [_example(f"{one.id}.v{i}", shown, ()) for i, shown in enumerate(one.violating, 1)],
            "allowed": [_example(f"{one.id}.n{i}", shown, known) for i, shown in enumerate(one.allowed, 1)],
        },
        "band": {"low": BAND[0], "high": BAND[1]},
        "maps": {"dsa": {"category": CATEGORY}},
    }  # fmt: skip
    return {k: v for k, v in body.items() if v}


def _example(name: str, shown: Shown, known: Iterable[str]) -> dict[str, str]:
    body = {"id": name, "text": shown.text}
    if shown.why:
        body["why"] = shown.why
    if shown.exception is not None and shown.exception in set(known):
        body["exception"] = shown.exception
    return body


def _test(number: int, text: str, rule: str | None) -> dict[str, object]:
    expect: dict[str, object] = {"outcome": "allow"} if rule is None else {"outcome": ["act", "review"], "rule": rule}
    return {"id": f"imported_{number}", "text": text, "expect": expect}
