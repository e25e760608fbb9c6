"""What a suite finds: measures with intervals and targets, tables, and what the report draws. It measures nothing.

Replicates are kept with each measure: two runs over the same rows share their resamples, so a difference between them
is taken resample by resample (paired), which is far sharper than two intervals side by side.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import yaml

from cases.model import Fact
from evals.resampling import Floats, interval

Label = Literal["violating", "allowed", "borderline"]
DIGITS = 5


class Target(Fact):
    """The bound that a measure should hold; exactly one is set."""

    at_least: float | None = None
    at_most: float | None = None

    def met(self, value: float) -> bool:
        """Return whether a value holds the bound."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def __str__(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


class Measure(Fact):
    """One number with its bootstrap interval; None where it is not defined. `rows` is how many lines it rests on."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int
    target: Target | None = None
    note: str = ""
    replicates: tuple[float | None, ...] = ()

    @property
    def met(self) -> bool | None:
        """Return whether the target is met, None without a target; what is not defined meets none."""
        if self.target is None:
            return None
        return self.value is not None and self.target.met(self.value)


class Sheet(Fact):
    """A table of a suite, as text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Graded(NamedTuple):
    """Labels 0 or 1 with scores in [0, 1], for a precision-recall curve and a reliability diagram; `cut` is shipped."""

    title: str
    labels: Floats
    scores: Floats
    cut: float


class Severities(NamedTuple):
    """Severity 0-100, gold against given."""

    gold: Floats
    given: Floats


class Confused(NamedTuple):
    """How often what stands in the row was called what stands in the column."""

    names: tuple[str, ...]
    counts: Floats


class Placed(NamedTuple):
    """Vectors of cases [n, width] with scene, label and score, for the projection."""

    vectors: Floats
    scenes: tuple[str, ...]
    labels: tuple[Label, ...]
    scores: Floats
    cut: float


class Traded(NamedTuple):
    """What the router drops of the traffic against what it keeps of the violating, both shares, and the shipped cut."""

    dropped: Floats
    recall: Floats
    shipped: tuple[float, float]


Drawing = Graded | Severities | Confused | Placed | Traded


class Found(Fact):
    """The result of one suite. `digest` names its rows: equal digests can be compared row by row."""

    suite: str
    about: str
    policy: str
    rows: int
    digest: str
    seconds: float
    measures: tuple[Measure, ...]
    sheets: tuple[Sheet, ...] = ()


class Skipped(Fact):
    """A suite that could not run, and what to do about it."""

    suite: str
    why: str


class Made(Fact):
    """What the numbers hold for. `weights` is the digest of the weights; None where git is not at hand."""

    commit: str | None
    packs: dict[str, str]
    weights: str
    machine: str
    at: datetime
    rounds: int


class Record(Fact):
    """One saved run."""

    made: Made
    found: tuple[Found, ...]
    skipped: tuple[Skipped, ...] = ()


class Tally:
    """Collects the measures of one suite, with their targets."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.measures: list[Measure] = []

    def add(self, name: str, replicates: Floats, rows: int, note: str = "") -> None:
        """Take a measure from [value, replicates...]."""
        value, drawn = float(replicates[0]), np.asarray(replicates[1:], np.float64)
        ends = interval(drawn) if np.isfinite(value) else None
        self.measures.append(
            Measure(
                name=name, value=_known(value), low=_known(ends[0]) if ends else None,
                high=_known(ends[1]) if ends else None, rows=rows, target=targets().get(self.suite, {}).get(name),
                note=note, replicates=tuple(_known(float(v)) for v in drawn),
            )
        )  # fmt: skip

    def state(self, name: str, value: float, ends: tuple[float, float] | None, rows: int, note: str = "") -> None:
        """Take a measure whose interval is known by a formula, or that has none."""
        low, high = ends or (float("nan"), float("nan"))
        self.measures.append(
            Measure(
                name=name, value=_known(value), low=_known(low), high=_known(high), rows=rows,
                target=targets().get(self.suite, {}).get(name), note=note,
            )
        )  # fmt: skip


class Result(NamedTuple):
    """What a suite gives back; `digest` names the rows in their order."""

    policy: str
    digest: str
    rows: int
    tally: Tally
    sheets: tuple[Sheet, ...] = ()
    drawings: tuple[Drawing, ...] = ()


@cache
def targets() -> dict[str, dict[str, Target]]:
    """Return the targets by suite and measure (targets.yaml)."""
    told = yaml.safe_load((Path(__file__).parent / "targets.yaml").read_text(encoding="utf-8"))
    return {suite: {name: Target(**bound) for name, bound in lines.items()} for suite, lines in told.items()}


def sheet(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Sheet:
    """Return a table; shares are written with three digits."""
    told = tuple(tuple(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row) for row in rows)
    return Sheet(title=title, columns=tuple(columns), rows=told)


def _known(value: float) -> float | None:
    return round(value, DIGITS) if np.isfinite(value) else None
