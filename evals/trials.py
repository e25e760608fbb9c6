"""Trials of rules in plain words on many contents: one JSON line in, one out. The judging is agents/scratch.py's.

A line is one of a batch file with a `rule` beside its text. One that cannot be tried gives an error in its place and
the run goes on, so that the lines stay aligned.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from agents.calibration import Calibration
from agents.perceiver import perceive
from agents.rationale import WHY
from agents.reading import Read
from agents.scratch import Trial, try_rule
from agents.vectors import Encode, Vectors
from cases.case import Case
from cases.finding import Evidence
from cases.intake import EXTRA, BadLine, quoted, read_line
from cases.model import Fact
from cases.text import sentences

REMEMBERED = 1024


class Tried(Fact):
    """The outcome of one line; `probability` in [0, 1]."""

    id: str
    probability: float
    verdict: Literal["hit", "not_hit"]
    evidence: tuple[Evidence, ...]
    rationale: str


def run_trials(
    lines: Iterable[bytes], encode: Encode, calibration: Calibration, read: Read | None = None
) -> Iterator[Tried | BadLine]:
    """Yield one outcome a line, in order."""
    kept = Remembering(encode)
    for number, raw in enumerate(lines, start=1):
        line = read_trial(raw, number)
        if isinstance(line, BadLine):
            yield line
            continue
        case, rule = line
        trial = try_on(rule, case, kept, calibration, read)
        yield Tried(
            id=case.id, probability=trial.probability, verdict=trial.verdict, evidence=trial.evidence,
            rationale=trial.rationale,
        )  # fmt: skip


def try_on(rule: str, case: Case, encode: Encode, calibration: Calibration, read: Read | None = None) -> Trial:
    """Return the trial of one case; its rationale also says what of the case was not read."""
    seen = perceive(case)
    if not seen.views:
        raise ValueError(f"case {case.id!r} holds no text; a rule in plain words is tried on text")
    trial = try_rule(rule, case, seen.views, encode, calibration, read)
    unread = "".join(f" {WHY[gap]}" for gap in seen.gaps)
    return trial.model_copy(update={"rationale": trial.rationale + unread})


def read_trial(raw: bytes, number: int) -> tuple[Case, str] | BadLine:
    """Return the case and the rule of a line; what is wrong with a line is a value too."""
    case = read_line(raw, number, EXTRA | {"rule"})
    if isinstance(case, BadLine):
        return case
    rule = json.loads(raw.removeprefix(b"\xef\xbb\xbf")).get("rule")
    why = None
    if not isinstance(rule, str):
        why = "it is missing" if rule is None else f"{quoted(rule)} is no text"
    elif any("\ud800" <= ch <= "\udfff" for ch in rule):
        why = f"{quoted(rule)} holds half a surrogate pair"
    elif not sentences(rule):
        why = f"{quoted(rule)} says nothing"
    elif not case.parts:
        why = "there is no text to try it on"
    if why is not None:
        return BadLine(id=case.id, line=number, error=f"line {number}, key 'rule': {why}; write what violates it")
    return case, str(rule)


class Remembering:
    """An encoder that remembers its last calls, so that lines which share a rule encode it once."""

    def __init__(self, encode: Encode) -> None:
        self.encode = encode
        self.known: dict[tuple[str, ...], Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return what the encoder gives."""
        key = tuple(texts)
        if key not in self.known:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            self.known[key] = self.encode(texts)
        return self.known[key]
