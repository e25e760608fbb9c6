"""Sentences with a slot for a group, filled: so that the name of a group decides nothing and the rest everything.

Each sentence is authored, as is the list of groups; a program joins them. A set of sentences that differ in a word or
two is one family and stays on one side of a split. A group that nobody is protected as turns hate into an allowed
line under the same rule, but for HS3: violence against any group is another rule's matter.
"""

import json
import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cases.text import fold
from training.data import Label, Sample, Split, split_of

TEMPLATES = Path(__file__).parent / "data" / "templates"
GROUPS = "groups.jsonl"
UNPROTECTED = 0.12
_SLOT = re.compile(r"\{(groups|Groups|a_group|A_group|adj)\}")


class Group(NamedTuple):
    """A group by its forms: "Muslims", "a Muslim", "Muslim"; `adj` is None where no such word stands before a noun."""

    groups: str
    a_group: str
    adj: str | None
    protected: bool


class Template(NamedTuple):
    """A sentence with slots and what it means of a protected group."""

    id: str
    family: str
    rule: str
    label: Label
    severity: int
    stance: str
    text: str
    evidence: tuple[str, ...]
    exception: str | None
    split: Split


@cache
def groups(folder: Path = TEMPLATES) -> tuple[Group, ...]:
    """Return the groups, protected ones first."""
    rows = [json.loads(line) for line in (folder / GROUPS).read_text(encoding="utf-8").splitlines()]
    found = [Group(r["groups"], r["a_group"], r["adj"], r["kind"] == "protected") for r in rows]
    return tuple(sorted(found, key=lambda g: not g.protected))


@cache
def templates(split: Split, folder: Path = TEMPLATES) -> tuple[Template, ...]:
    """Return the sentences of one split, in file order; raise FileNotFoundError where the folder has none."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.name == GROUPS:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            family = f"templates/{row['set']}"
            found.append(
                Template(row["id"], family, row["rule"], row["label"], int(row["sev"]), row["stance"], row["text"],
                         tuple(row["evidence"]), row["exc"], split_of(family))
            )  # fmt: skip
    if not found:
        raise FileNotFoundError(f"{folder}: no sentences with slots; pass the folder of *.jsonl files")
    return tuple(t for t in found if t.split == split)


def filled(template: Template, group: Group) -> Sample | None:
    """Return a sentence about a group, or None where they do not go together.

    >>> t = Template("x", "f", "HS2", "violating", 50, "direct", "{Groups} out!", ("{Groups} out",), None, "train")
    >>> filled(t, Group("Poles", "a Pole", "Polish", True)).text
    'Poles out!'
    """
    if group.adj is None and "{adj}" in template.text:
        return None
    label, severity, exception, evidence = template.label, template.severity, template.exception, template.evidence
    if not group.protected and label != "allowed":
        if template.rule == "HS3" or label == "borderline":
            return None
        label, severity, exception, evidence = "allowed", min(15, severity // 5), "HS1-NONGROUP", ()
    name, family = f"{template.id}/{group.groups}", f"{template.family}/{group.groups}"
    text, spans = fold(_said(template.text, group)), tuple(fold(_said(e, group)) for e in evidence)
    return Sample(name, text, template.rule, None, label, severity, template.stance, exception, spans, family,
                  template.split, "post")  # fmt: skip


def template_samples(split: Split, rng: random.Random, times: int = 1) -> list[Sample]:
    """Return every sentence of a split, `times` over, each about a group drawn at random; a set shares its group."""
    protected = [g for g in groups() if g.protected]
    others = [g for g in groups() if not g.protected]
    sets: dict[str, list[Template]] = {}
    for t in templates(split):
        sets.setdefault(t.family, []).append(t)
    out = []
    for members in sets.values():
        for _ in range(times):
            group = rng.choice(others if rng.random() < UNPROTECTED else protected)
            out += [s for t in members if (s := filled(t, group))]
    return out


def _said(text: str, group: Group) -> str:
    forms = {"groups": group.groups, "a_group": group.a_group, "adj": group.adj or "",
             "Groups": _capital(group.groups), "A_group": _capital(group.a_group)}  # fmt: skip
    return _SLOT.sub(lambda found: forms[found[1]], text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


__all__: Sequence[str] = ("Group", "Template", "filled", "groups", "template_samples", "templates")
