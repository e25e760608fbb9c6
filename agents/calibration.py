"""The numbers that turn similarities into probabilities. Fitted by training/calibrate.py, carried by the weights.

They belong to one encoder: a weights file without its own calibration does not load.
"""

import math
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from agents.assembly import Assembly
from agents.kernel import Kernel
from agents.naming import Naming
from agents.vectors import Floats, sigmoid
from cases.finding import Stance

Template = Literal["P1", "P2", "P3", "P4"]
TEMPLATES: tuple[Template, ...] = ("P1", "P2", "P3", "P4")


class Fit(BaseModel):
    """Hold fitted numbers; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(Fit):
    """A logistic line: sigmoid(features . weights + bias)."""

    weights: tuple[float, ...]
    bias: float

    def logit(self, features: Floats) -> Floats:
        """Return features [..., n] . weights + bias."""
        return np.asarray(features @ np.asarray(self.weights) + self.bias, np.float64)

    def probability(self, features: Floats) -> Floats:
        """Return the probability in [0, 1] of features [..., n]."""
        return sigmoid(self.logit(features))


class Head(Fit):
    """Linear readings of a vector: one row of weights a class."""

    classes: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    def scores(self, vectors: Floats) -> Floats:
        """Return [n, classes] from vectors [n, width]."""
        return np.asarray(vectors @ np.asarray(self.weights).T + np.asarray(self.bias), np.float64)


READINGS = ("violating", "severity")


class Thresholds(Fit):
    """Cuts on calibrated probabilities.

    `allow` cuts the probability that any rule is violated, `act` that of one rule, both by the ranker; between them
    the reasoner looks, and what it leaves between `final_allow` and `final_act` waits for a person. A rule of high harm
    is let go, by ranker or reasoner, at or below `final_allow_high_harm` only; where that was not fitted, never.
    `caution` moves both cuts for acting up for the rules of a scene, in log-odds: scenes whose acts were shown to be
    less often right than the cuts promise (decision 0018).
    """

    router: float
    allow: float
    act: float
    final_allow: float
    final_act: float
    final_allow_high_harm: float = -1e-9
    caution: dict[str, float] = {}

    def act_in(self, scene: str) -> float:
        """Return from which probability on the ranker acts under a rule of a scene."""
        return raised(self.act, self.caution.get(scene, 0.0))

    def final_act_in(self, scene: str) -> float:
        """Return from which probability on the reasoner acts under a rule of a scene."""
        return raised(self.final_act, self.caution.get(scene, 0.0))


def raised(cut: float, by: float) -> float:
    """Return a cut moved up by log-odds; one that nothing reaches stays so.

    >>> round(raised(0.5, 1.0), 3), raised(1.0, 1.0), raised(0.5, 0.0)
    (0.731, 1.0, 0.5)
    """
    if by <= 0 or not 0 < cut < 1:
        return cut
    return 1 / (1 + (1 - cut) / cut * math.exp(-by))


class Calibration(Fit):
    """All fitted numbers of one encoder. `fine` and `final` are keyed by template and `template/assembly`.

    `heard` holds where `fine` does, for rules that naming and words know: what these say stands beside the cosines.

    `readings` gives READINGS of a vector: how violating it reads (unbounded) and its severity as a share of 100.
    `crossed`, `settled`, `place` and `bare_read` hold where a cross-encoder is asked; a word counts as evidence from
    a share of `mark` on. `naming` says which known rule a text is like; without one the ranker compares texts alone.
    `lexicon` names the file of n-grams that all was fitted with; without one no words are read.
    `offsets` move the log-odds of what is adjudicated by rule id; a rule without one has 0.
    """

    fine: dict[Template, Line]
    heard: dict[Template, Line] = {}
    router: Line
    overall: Line
    final: dict[str, Line]
    any: Line
    reasoned: Line
    exception: Line
    bare: Line
    readings: Head | Kernel
    stances: Head
    position: Line
    thresholds: Thresholds
    crossed: Line | None = None
    settled: Line | None = None
    place: Line | None = None
    bare_read: Line | None = None
    mark: float = 0.5
    naming: Naming | None = None
    lexicon: str | None = None
    offsets: dict[str, float] = {}
    template: Template = "P2"
    assembly: Assembly = "bayes"

    def stance(self, vectors: Floats) -> tuple[list[Stance], Floats]:
        """Return the likeliest stance of each vector [n, width] and all probabilities [n, stances]."""
        scores = self.stances.scores(vectors)
        odds = np.exp(scores - scores.max(1, keepdims=True))
        shares = odds / odds.sum(1, keepdims=True)
        names: list[Stance] = [self.stances.classes[int(i)] for i in shares.argmax(1)]  # type: ignore[misc]
        return names, shares
