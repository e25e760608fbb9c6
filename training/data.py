"""Authored examples as training samples. No public set is read here.

A sample belongs to one side of one split: lines that form a pair (or custom groups of one family) never part.
`dev_other_author.jsonl` is for evaluation alone; `samples` refuses to give it unless it is asked for by name.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from cases.text import fold
from cases.view import joined
from policy_store.rule import Example, Rule

AUTHORED = Path(__file__).parent / "data" / "authored"
# Half of what no training sees is for calibration, half for measuring: a number fitted on a line flatters it.
TEST_SHARE, HELD_SHARE = 0.06, 0.12
Split = Literal["train", "held", "test", "dev"]
Label = Literal["violating", "allowed", "borderline"]


class Sample(NamedTuple):
    """One authored line: `rule` is a pack rule id, or None; a custom line carries its own `rule_text`."""

    id: str
    text: str
    rule: str | None
    rule_text: str | None
    label: Label
    severity: int
    stance: str | None
    exception: str | None
    evidence: tuple[str, ...]
    family: str
    split: Split
    surface: str
    parts: tuple[tuple[str, str], ...] = ()


def samples(split: Split, folder: Path = AUTHORED) -> list[Sample]:
    """Return the samples of one split, in file order; raise FileNotFoundError where the folder has none."""
    found = [s for path in sorted(folder.glob("*.jsonl")) for s in _read(path) if s.split == split]
    if not found:
        raise FileNotFoundError(f"{folder}: no authored lines of split {split!r}; pass the folder of *.jsonl files")
    return found


def pack_samples(rules: Iterable[Rule]) -> list[Sample]:
    """Return the examples of rules as training samples: the only lines for rules that no author covered."""
    found = []
    for rule in rules:
        sides: tuple[tuple[Label, tuple[Example, ...]], ...] = (
            ("violating", rule.examples.violating),
            ("allowed", rule.examples.allowed),
        )
        for label, examples in sides:
            for e in examples:
                severity = e.severity if e.severity is not None else (rule.band.low if label == "violating" else 0)
                found.append(
                    Sample(e.id, fold(e.text), rule.id, None, label, severity, None, e.exception, (), f"pack/{e.id}",
                           "train", "post")
                )  # fmt: skip
    return found


def _read(path: Path) -> Iterator[Sample]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        parts = tuple((k, v) for k, v in row.get("parts", {}).items() if v)
        text = joined(parts) if parts else row["text"]
        group = row.get("group")
        family = f"{group[:5]}" if group else f"{path.stem}/{row.get('pair') or row['id']}"
        yield Sample(
            row["id"], fold(text) if not parts else text, row.get("rule"), row.get("rule_text"), row["label"],
            int(row["sev"]), row.get("stance"), row.get("exc"), tuple(fold(e) for e in row.get("evidence", ())), family,
            "dev" if path.stem.startswith("dev_") else split_of(family), row.get("surface", "post"), parts,
        )  # fmt: skip


def split_of(family: str) -> Split:
    """Return the side of the split on which a family of lines stands."""
    share = int(hashlib.sha256(family.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if share < TEST_SHARE else "held" if share < HELD_SHARE else "train"


def main() -> None:
    """Print the authored lines of splits, as they are written: what other commands are given as a file of lines."""
    parser = argparse.ArgumentParser(description="Print the authored lines of splits.")
    parser.add_argument("splits", nargs="+", choices=("train", "held", "test"))
    parser.add_argument("--files", nargs="+", default=["*"], help="names of files without .jsonl; may hold a *")
    given = parser.parse_args()
    ids = {s.id for split in given.splits for s in samples(split)}
    for path in sorted({p for name in given.files for p in AUTHORED.glob(f"{name}.jsonl")}):
        for line in path.read_text(encoding="utf-8").splitlines():
            if json.loads(line)["id"] in ids:
                print(line)


if __name__ == "__main__":
    main()
