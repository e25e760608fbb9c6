"""Public sets as training samples, each under the rule whose words fit its label. Only sets whose licence allows it.

A set's "no" is a "no" to its own question alone, so it stands as an allowed line of that rule and of no other.
"""

import gzip
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cases.text import fold
from training.data import Label, Sample

Row = dict[str, Any]
MAX_SPAN_SHARE = 0.6
UNGRADED = -1

_CATQA = {
    "Drug": "IL2", "Weapon": "IL1", "Weapon making": "IL1", "Hazardous material handling": "IL1", "Cybercrime": "IL3",
    "Theft and Robbery": "IL5", "Racial or ethnic hate": "HS1", "Religious intolerance": "HS4", "Cyberbullying": "HR6",
    "Malicious software designed to spread and damage computers": "IL3", "Trojans": "IL3", "Spyware": "IL3",
    "Ransomware": "IL3", "Data theft": "IL3", "Self-harm": "SH2", "Assault and battery": "VI1",
    "Financial fraud": "IL4", "Identity theft": "IL4", "Counterfeiting": "IL4", "Scamming": "SC2",
    "Employment scams": "SC2", "Investment scams": "SC2", "Phishing": "SC1", "Doxxing": "HR4",
    "Tracking and location monitoring": "HR4", "Human Trafficking": "IL6", "Political misinformation": "MI3",
    "Terrorism and extremism": "VI4",
}  # fmt: skip


def public_samples(folder: Path, most: int = 1400, seed: int = 5) -> list[Sample]:
    """Return at most `most` samples a set, both labels in like number where a set has both; in a fixed order."""
    out: list[Sample] = []
    for name, read in READERS.items():
        path = folder / f"{name}.jsonl.gz"
        if not path.exists():
            raise FileNotFoundError(f"{path}: not there; pass the folder of public sets, or train without --public")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found = [s for s in (read(json.loads(line)) for line in file) if s and 3 < len(s.text) < 1200]
        random.Random(seed).shuffle(found)
        for label in ("violating", "allowed"):
            out += [s for s in found if s.label == label][: most // 2]
    return out


def _sample(row: Row, rule: str, violating: bool, evidence: tuple[str, ...] = (), family: str | None = None) -> Sample:
    label: Label = "violating" if violating else "allowed"
    return Sample(
        row["id"], fold(row["text"]), rule, None, label, UNGRADED, None, None, evidence, family or row["id"], "train",
        "comment",
    )  # fmt: skip


def _pick(row: Row, rules: tuple[str, ...]) -> str:
    return rules[int(hashlib.sha256(row["id"].encode()).hexdigest()[:4], 16) % len(rules)]


def _spans(row: Row) -> tuple[str, ...]:
    text = row["text"]
    spans = [(a, b) for a, b in row.get("rationale_spans") or () if b - a > 2]
    if not spans or sum(b - a for a, b in spans) > MAX_SPAN_SHARE * len(text):
        return ()
    return tuple(fold(text[a:b]) for a, b in spans)


def _edos(row: Row) -> Sample | None:
    if row["split"] != "train":
        return None
    if not row["violation"]:
        return _sample(row, _pick(row, ("HS1", "HS4", "HS2")), False)
    kind = row["category"][1][:3]
    rule = {"1": "HS3", "2": "HS1", "3": "HS4", "4": "HS2"}[kind[0]]
    return None if kind == "4.1" else _sample(row, rule, True)


def _hatexplain(row: Row) -> Sample | None:
    if row["split"] != "train" or row["category"] == ["offensive"]:
        return None
    return _sample(row, "HS1", bool(row["violation"]), _spans(row) if row["violation"] else ())


def _toxic_spans(row: Row) -> Sample | None:
    spans = _spans(row)
    return _sample(row, "HR1", True, spans) if row["split"] == "train" and spans else None


def _hatemoji(row: Row) -> Sample | None:
    if row["split"] != "train":
        return None
    rules = {"animosity": "HS4", "threateninglanguage": "HS3"}
    rule = rules.get((row["category"] or [""])[0], "HS1")
    return _sample(row, rule, bool(row["violation"]), family=f"hatemoji/{row['labels'].get('matched_id')}")


def _stormfront(row: Row) -> Sample | None:
    if row["violation"] is None or row.get("split") == "test":
        return None
    return _sample(row, "HS1" if row["violation"] else _pick(row, ("HS1", "HS2", "HS4")), bool(row["violation"]))


def _davidson(row: Row) -> Sample | None:
    if row["category"] == ["offensive_language"]:
        return None
    return _sample(row, "HS1", row["category"] == ["hate_speech"])


def _toxigen(row: Row) -> Sample | None:
    return _sample(row, "HS4", bool(row["violation"]))


def _surge(row: Row) -> Sample | None:
    return _sample(row, "HR1", bool(row["violation"]))


def _catqa(row: Row) -> Sample | None:
    rule = _CATQA.get(row["category"][-1]) if row["category"] and row["lang"] == "en" else None
    return _sample(row, rule, True) if rule else None


READERS: dict[str, Callable[[Row], Sample | None]] = {
    "edos_sexism": _edos,
    "hatexplain": _hatexplain,
    "toxic_spans_semeval2021": _toxic_spans,
    "hatemoji_build": _hatemoji,
    "stormfront_hate": _stormfront,
    "davidson_hate_offensive": _davidson,
    "toxigen_demonstrations": _toxigen,
    "surge_toxicity": _surge,
    "catqa": _catqa,
}


def counted(found: list[Sample]) -> Iterator[tuple[str, int]]:
    """Yield (rule, lines) of what was read, for the log."""
    for rule in sorted({s.rule or "-" for s in found}):
        yield rule, sum(s.rule == rule for s in found)
