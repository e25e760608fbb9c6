"""Labelled cases for `precept calibrate`: lines of a batch with what a person says of each. It decides nothing.

`label` is violating, allowed or borderline; `rule` names the rule that is broken, where that is known. A line with a
rule in plain words is about no policy and is passed over, as are borderline lines: neither side of them is an error.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple

from cases.case import Case
from cases.intake import EXTRA, BadLine, quoted, read_line
from graphs.sweep import Labelled
from policy_store.fault import suggest
from policy_store.pack import Pack
from terminal.errors import Refused
from terminal.opening import unknown_profile

LABELS = ("violating", "allowed", "borderline")
# What lines of our own authored form say beside the case.
AUTHORED = frozenset({"rule", "rule_text", "sev", "stance", "evidence", "exc", "pair", "group", "xm"})


class Labels(NamedTuple):
    """The cases of a file, each content once, and how many lines were passed over for what reason."""

    cases: list[Labelled]
    lines: int
    borderline: int
    plain_words: int
    repeated: int

    @property
    def digest(self) -> str:
        """Return the sha256 (hex) of contents and labels, in any order."""
        rows = sorted(f"{c.case.digest} {c.violating} {c.rule_id or ''}" for c in self.cases)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def read_labels(lines: Iterable[tuple[int, bytes]], name: str, pack: Pack) -> Labels:
    """Return the labelled cases of numbered lines; raise Refused where any line cannot be used."""
    found: dict[str, tuple[int, Labelled]] = {}
    total = borderline = plain_words = repeated = 0
    wrong: list[str] = []
    for number, raw in lines:
        total += 1
        said = read_line(raw, number, EXTRA | AUTHORED)
        if isinstance(said, BadLine):
            wrong.append(said.error)
            continue
        keys = json.loads(raw.removeprefix(b"\xef\xbb\xbf"))
        if keys.get("rule_text") is not None:
            plain_words += 1
            continue
        if fault := _fault(said, keys.get("label"), keys.get("rule"), pack):
            wrong.append(f"line {number}, {fault}")
            continue
        if keys["label"] == "borderline":
            borderline += 1
            continue
        one = Labelled(case=said, violating=keys["label"] == "violating", rule_id=keys.get("rule"))
        first, earlier = found.setdefault(said.digest, (number, one))
        if earlier.violating != one.violating:
            wrong.append(f"line {number}, key 'label': it says {keys['label']} of what line {first} says otherwise of")
        repeated += first != number
    if wrong:
        raise Refused(
            f"{name}: {len(wrong):,} of {total:,} lines cannot be used, so nothing was decided; {wrong[0]}"
            f"{'' if len(wrong) == 1 else '; ' + wrong[1]}; mend or remove them"
        )
    return Labels([one for _, one in found.values()], total, borderline, plain_words, repeated)


def _fault(case: Case, label: object, rule: object, pack: Pack) -> str | None:
    if label not in LABELS:
        why = "it is missing" if label is None else f"{quoted(label)} is no label"
        return f"key 'label': {why}; use one of {', '.join(LABELS)}"
    if rule is not None and (not isinstance(rule, str) or rule not in pack.by_id):
        hint = suggest(rule, list(pack.by_id), "rules") if isinstance(rule, str) else "give the id of a rule"
        return f"key 'rule': {quoted(rule)} is no rule of the policy {pack.id}; {hint}"
    wrong = unknown_profile(case.profile, pack) if case.profile is not None else None
    return f"key 'profile': {wrong}" if wrong else None
