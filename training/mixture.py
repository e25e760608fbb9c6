"""What the network learns from: authored lines, our judgements on public texts, public labels. Each under a rule text.

An item says which laws are known for a text. A law is named by a key: a pack's rule id, OVERALL, `set:NAME` for the
question that a public set asks, or the rule in plain words itself.
"""

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents import reading
from agents.rulebook import statement_text
from cases.text import fold
from policy_store import questions
from policy_store.rule import Rule
from training.data import Sample
from training.public import UNGRADED, public_samples

ANNOTATIONS = Path(__file__).parent / "data" / "annotations"
OVERALL = "overall"
MOST = 9000
# An epoch's share of each set: as large as its own question needs, small beside our own lines.
QUOTA = {"edos_sexism": 2600, "toxic_spans_semeval2021": 3000, "hatexplain": 1000, "hatemoji_build": 1000,
         "stormfront_hate": 300, "davidson_hate_offensive": 300, "surge_toxicity": 200}  # fmt: skip
SLOW = ("groups_", "quiet_", "voices_")  # authored files that differ in a word or two, or in who speaks
QUESTIONS = {OVERALL: reading.OVERALL} | {f"set:{name}": text for name, text in questions.QUESTIONS.items()}


class Item(NamedTuple):
    """A text with what is known: `truths` by law in [0, 1]; `known` where every other pack rule is not broken."""

    text: str
    truths: dict[str, float]
    severity: int
    stance: str | None
    evidence: tuple[str, ...]
    family: str
    topic: str
    known: bool
    weight: float = 1.0


def authored_items(data: Iterable[Sample]) -> list[Item]:
    """Return authored lines; a line with a rule of its own knows nothing of the packs.

    Lines with one text under variants of a rule become one item, so that the variants are read side by side.
    """
    out: list[Item] = []
    place: dict[tuple[str, str], int] = {}
    for s in data:
        truth = {"violating": 1.0, "allowed": 0.0, "borderline": 0.5}[s.label]
        if s.rule_text and (at := place.setdefault((s.family, s.text), len(out))) < len(out):
            was = out[at]
            evidence = was.evidence or s.evidence
            out[at] = was._replace(truths={**was.truths, s.rule_text: truth}, evidence=evidence,
                                   severity=max(was.severity, s.severity))  # fmt: skip
            continue
        if s.rule_text:
            out.append(Item(s.text, {s.rule_text: truth}, s.severity, None, s.evidence, s.family, "custom", False))
            continue
        truths = {OVERALL: truth} | ({s.rule: truth} if s.rule else {})
        topic = (s.rule or "none")[:2]
        out.append(Item(s.text, truths, s.severity, s.stance, s.evidence, s.family, topic, True))
    return out


def repeated(own: Iterable[Item], insisted: Sequence[str] = ()) -> list[Item]:
    """Return what an epoch holds beside one copy of each authored line: what is learnt slowly, more often.

    That is reading a rule, and who is spoken of how; and families whose names start as one of `insisted`, six times.
    """
    out = []
    for item in own:
        times = (
            (item.topic == "custom") + 2 * item.family.startswith(SLOW) + 6 * item.family.startswith(tuple(insisted))
        )
        out += [item] * times
    return out


def set_items(folder: Path) -> dict[str, list[Item]]:
    """Return public labels by set, under the question of their set and under the rule that is nearest."""
    out: dict[str, list[Item]] = {}
    for s in public_samples(folder, MOST):
        name = s.id.split(":")[0]
        if not s.rule:
            continue
        truth = float(s.label == "violating")
        # A set's "no" is a "no" to its own question; what else the text breaks is unknown.
        truths = ({q: truth} if (q := f"set:{name}") in QUESTIONS else {}) | {s.rule: truth}
        truths |= {OVERALL: 1.0} if truth else {}
        out.setdefault(name, []).append(Item(s.text, truths, UNGRADED, None, s.evidence, s.family, "set", False, 0.6))
    return out


def round_of(sets: dict[str, list[Item]], rng: random.Random) -> list[Item]:
    """Return what one epoch takes of the sets, at most QUOTA of each."""
    return [item for name, items in sets.items() for item in rng.sample(items, min(len(items), QUOTA.get(name, 400)))]


def annotated_items(folder: Path) -> list[Item]:
    """Return public texts that we judged against all rules ourselves; the texts stay in their sets."""
    texts = _texts(folder)
    out = []
    for row in _annotations():
        truth = {"violating": 1.0, "allowed": 0.0, "borderline": 0.5}[row["label"]]
        truths = {OVERALL: truth} | {r: truth for r in row["rules"]}
        topic = (row["rules"] or ["none"])[0][:2]
        sev = row["sev"] if row["label"] != "borderline" else UNGRADED
        out.append(Item(texts[row["id"]], truths, sev, None, (), row["id"], topic, True))
    return out


def annotated(folder: Path) -> list[Sample]:
    """Return the same judgements as samples, each under its leading rule, for what is fitted on vectors."""
    texts, out = _texts(folder), []
    for row in _annotations():
        rule = (row["rules"] or [None])[0]
        own = row["id"]
        out.append(
            Sample(own, texts[own], rule, None, row["label"], row["sev"], None, None, (), own, "train", "comment")
        )
    return out


def batches(data: list[Item], size: int, rng: random.Random) -> list[list[Item]]:
    """Return batches of like length and few topics, families side by side, in random order."""
    families: dict[str, list[Item]] = {}
    for item in data:
        families.setdefault(item.family, []).append(item)
    groups: list[list[Item]] = []
    for members in families.values():
        rng.shuffle(members)
        groups += [members[i : i + 4] for i in range(0, len(members), 4)]
    groups.sort(key=lambda g: max(len(i.text) for i in g) * rng.uniform(0.9, 1.1))
    out: list[list[Item]] = []
    window = 10 * size
    held: list[list[Item]] = []
    for g in [*groups, None]:
        if g is None or sum(map(len, held)) >= window:
            order = {t: rng.random() for t in {h[0].topic for h in held}}
            held.sort(key=lambda h: order[h[0].topic])
            flat = [item for h in held for item in h]
            step = max(6, min(size, 14000 // (max((len(i.text) for i in flat), default=1) + 40)))
            out += [flat[i : i + step] for i in range(0, len(flat), step)]
            held = []
        if g is not None:
            held.append(g)
    rng.shuffle(out)
    return [b for b in out if len(b) > 3]


def apart(
    scene: str, rules: dict[str, Rule], own: list[Item], sets: dict[str, list[Item]]
) -> tuple[dict[str, Rule], list[Item], dict[str, list[Item]]]:
    """Return rules and items without those of a scene; raise ValueError where no rule is of it."""
    gone = {r.id for r in rules.values() if r.scene == scene}
    if not gone:
        raise ValueError(f"no rule of scene {scene!r}; scenes are {sorted({r.scene for r in rules.values()})}")

    def other(item: Item) -> bool:
        return item.topic != scene and not gone & item.truths.keys()

    return (
        {k: r for k, r in rules.items() if k not in gone}, [item for item in own if other(item)],
        {name: kept for name, items in sets.items() if (kept := [item for item in items if other(item)])},
    )  # fmt: skip


def law_text(key: str, rules: dict[str, Rule], rng: random.Random | None = None) -> str:
    """Return a law as the network reads it; with `rng`, a rule in one of the forms that it learns from."""
    if key in QUESTIONS:
        return QUESTIONS[key]
    if key not in rules:
        return key
    rule = rules[key]
    exceptions = [c.text for c in rule.exceptions]
    if rng:
        form = rng.random()
        if form < 0.2:
            return statement_text(rule)
        if form < 0.3:
            return rule.statement
        if form < 0.45:
            return f"{statement_text(rule)} {rng.choice(rule.includes).text}" if rule.includes else rule.statement
        if form < 0.6:
            rng.shuffle(exceptions)
        return statement_text(rule) + (f" Not when: {' '.join(exceptions)}" if exceptions else "")
    return reading.law_text(rule)


def _annotations() -> list[dict[str, Any]]:
    files = sorted(ANNOTATIONS.glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


@cache
def _texts(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row: dict[str, Any] = json.loads(line)
                found[row["id"]] = fold(said(row))
    return found


def said(row: dict[str, Any]) -> str:
    """Return what was judged of a public row: its text, or what the person last said to an assistant."""
    if row["id"].startswith("hh_harmless_pairs"):
        asked = [turn["text"] for turn in row["context"] or () if turn["role"] == "human"]
        return str(asked[-1] if asked else row["text"]).strip()
    return str(row["text"])
