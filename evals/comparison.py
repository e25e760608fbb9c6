"""A run against a saved one, measure by measure. Paired where both hold the same rows and rounds."""

from pathlib import Path

import numpy as np
from pydantic import ValidationError

from cases.model import Fact
from evals.measure import DIGITS, Found, Measure, Record
from evals.resampling import Floats, interval


class BaselineError(ValueError):
    """A saved run that cannot be compared with; the text says what is wrong with it."""


class Change(Fact):
    """One measure now and then. `difference` is now - then, with its 95 % interval; `paired` over the same rows."""

    suite: str
    name: str
    now: float
    then: float
    difference: float
    low: float | None = None
    high: float | None = None
    paired: bool

    @property
    def clear(self) -> bool:
        """Return whether the interval leaves 0 out."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def load(path: Path) -> Record:
    """Return a saved run; raise BaselineError where the file holds none."""
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise BaselineError(f"{path} is no saved run: {said}; give a file that `precept eval … --out` wrote") from None


def changes(now: Record, then: Record) -> tuple[Change, ...]:
    """Return what changed in every measure that both runs have."""
    before = {found.suite: found for found in then.found}
    out = []
    for found in now.found:
        old = before.get(found.suite)
        known = {m.name: m for m in old.measures} if old else {}
        for measure in found.measures:
            past = known.get(measure.name)
            if old and past and measure.value is not None and past.value is not None:
                out.append(_change(found, old, measure, past))
    return tuple(out)


def _change(found: Found, old: Found, now: Measure, then: Measure) -> Change:
    assert now.value is not None and then.value is not None
    new, past = _replicates(now), _replicates(then)
    paired = found.digest == old.digest and len(new) == len(past)
    ends = None
    if len(new) and len(past):
        if not paired:
            # Resample k of one set has nothing to do with resample k of another.
            past = np.random.default_rng(0).permutation(np.resize(past, len(new)))
        ends = interval(new - past)
    return Change(
        suite=found.suite, name=now.name, now=now.value, then=then.value,
        difference=round(now.value - then.value, DIGITS), low=round(ends[0], DIGITS) if ends else None,
        high=round(ends[1], DIGITS) if ends else None, paired=paired,
    )  # fmt: skip


def _replicates(measure: Measure) -> Floats:
    return np.array([np.nan if v is None else v for v in measure.replicates], np.float64)
