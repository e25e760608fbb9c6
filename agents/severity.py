"""Severity from rubric grades: six dimensions, 0-4 each, then one calibrated place inside the rule's band.

A grade is the rule's prior for that dimension, moved by what was measured in this case; its reason says by what.
No grade is a language model's opinion.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agents import markers
from agents.calibration import Calibration
from agents.markers import quoted
from agents.rulebook import Rulebook
from agents.vectors import Floats, Vectors
from cases.case import Case
from cases.decision import Grade
from cases.finding import Finding
from cases.model import Fact
from policy_store.pack import Dimension, Pack
from policy_store.rule import Rule

SWING = 1.5
PRIOR = 2
NEAREST = 3

_SURFACE_REACH = {"prompt": -1.0, "message": -0.6, "chat": -0.4, "profile": 0.0, "comment": 0.0, "review": 0.2,
                  "listing": 0.3, "post": 0.4, "ad": 1.0}  # fmt: skip


class Severity(Fact):
    """The grades, and severity 0-100 inside the band of the rule that leads."""

    value: int
    grades: tuple[Grade, ...]
    position: float


@dataclass(frozen=True)
class Facts:
    """What severity is graded from: the leading finding, the vector of its view, and its nearest examples."""

    case: Case
    rule: Rule
    finding: Finding
    vector: Vectors
    nearest: tuple[tuple[float, int], ...]
    reading: float
    read: float | None = None


def facts(
    case: Case, rule: Rule, finding: Finding, vector: Vectors, book: Rulebook, calibration: Calibration,
    read: float | None = None,
) -> Facts:  # fmt: skip
    """Return the facts of one finding; `nearest` are (similarity, severity) of the rule's closest examples.

    `read` in [0, 1] is the severity that a cross-encoder gave the case under this rule.
    """
    rows = book.violating_columns[book.index[rule.id]]
    near = book.violating[rows] @ vector
    middle = (rule.band.low + rule.band.high) // 2
    pairs = [
        (float(near[i]), e if (e := book.violating_list[int(rows[i])][1].severity) is not None else middle)
        for i in np.argsort(-near, kind="stable")[:NEAREST]
    ]
    reading = float(calibration.readings.scores(np.asarray(vector[None], np.float64))[0, 1]) * 100
    return Facts(case, rule, finding, vector, tuple(pairs), reading, read)


def grade(known: Facts, pack: Pack, calibration: Calibration) -> Severity:
    """Return grades and severity; the dimensions' weights and anchors are the pack's rubric."""
    marks = [_mark(d, known) for d in pack.rubric.dimensions]
    weights = np.array([d.weight for d in pack.rubric.dimensions])
    share = float((weights * [m[0] for m in marks]).sum() / (4 * weights.sum()))
    # Where a cross-encoder read the case its line is used, else the one that knows the grades alone.
    line = calibration.place if known.read is not None and calibration.place else calibration.position
    x = place_features(known, share) if line is calibration.place else np.array([share])
    return _placed(marks, float(line.logit(x)), known.rule, pack)


def grade_levels(marks: Sequence[tuple[float, str]], rule: Rule, pack: Pack, calibration: Calibration) -> Severity:
    """Return grades and severity from (level 0-4, reason) of each rubric dimension, in the rubric's order."""
    weights = np.array([d.weight for d in pack.rubric.dimensions])
    share = float((weights * [m[0] for m in marks]).sum() / (4 * weights.sum()))
    return _placed(marks, float(calibration.position.logit(np.array([share]))), rule, pack)


def grade_seen(
    rule: Rule, probability: float, values: Sequence[tuple[str, str, float]], surface: str, pack: Pack,
    calibration: Calibration,
) -> Severity:  # fmt: skip
    """Return grades and severity of what was seen in a picture: no words are read for it.

    `values` are (attribute, value, place): the likeliest value of each attribute that is read by sight, and its place
    from the plainest, 0, to the furthest, 1. Dimensions that a picture says nothing of keep the rule's prior.
    """
    place = max((p for _, _, p in values), default=0.0)
    told = ", ".join(f"{a} is {v}" for a, v, _ in values) or "no attribute is read by sight"
    reach = _SURFACE_REACH.get(surface, 0.0)
    moved = {
        "explicitness": (float(np.clip(2 * place - 1, -1, 1)), f"by sight, {told}"),
        "harm": (float(np.clip((probability - 0.6) * 1.5, -1, 1)), f"the share of what violates is {probability:.2f}"),
        "reach": (reach, f"surface {surface}"),
    }
    marks = []
    for dimension in pack.rubric.dimensions:
        prior = rule.priors.get(dimension.id, PRIOR)
        signal, why = moved.get(dimension.id, (0.0, "nothing seen moves it"))
        marks.append((float(np.clip(prior + SWING * signal, 0, 4)), f"{rule.id} starts at {prior}; {why}"))
    return grade_levels(marks, rule, pack, calibration)


def _placed(marks: Sequence[tuple[float, str]], place: float, rule: Rule, pack: Pack) -> Severity:
    position = float(np.clip(place, 0.0, 1.0))
    band = rule.band
    grades = tuple(
        Grade(
            dimension=d.id, level=(level := round(value)), value=round(value, 2), anchor=d.levels[level], reason=reason
        )
        for d, (value, reason) in zip(pack.rubric.dimensions, marks, strict=True)
    )
    return Severity(value=round(band.low + position * (band.high - band.low)), grades=grades, position=position)


def place_features(known: Facts, share: float) -> Floats:
    """Return [3]: the mean grade, and the places in the band of the vector's severity and the cross-encoder's."""
    band = known.rule.band
    spread = max(1, band.high - band.low)
    places = [(s - band.low) / spread for s in (known.reading, 100 * (known.read or 0.0))]
    return np.array([share, *np.clip(places, -0.5, 1.5)])


def share_of(known: Facts, pack: Pack) -> float:
    """Return the weighted mean grade in [0, 1]: what the place in the band is calibrated from."""
    weights = np.array([d.weight for d in pack.rubric.dimensions])
    return float((weights * [_mark(d, known)[0] for d in pack.rubric.dimensions]).sum() / (4 * weights.sum()))


def raised(severity: int, rule: Rule, points: int) -> int:
    """Return the severity raised by a modifier, at most to the top of the rule's band."""
    return min(severity + points, max(severity, rule.band.high))


def _mark(dimension: Dimension, known: Facts) -> tuple[float, str]:
    prior = known.rule.priors.get(dimension.id, PRIOR)
    signal, why = SIGNALS.get(dimension.id, _nothing)(known)
    value = float(np.clip(prior + SWING * signal, 0, 4))
    start = f"{known.rule.id} starts at {prior}"
    return value, f"{start}; {why}" if why else f"{start}; nothing measured moves it"


def _nothing(known: Facts) -> tuple[float, str]:
    return 0.0, ""


def _explicitness(known: Facts) -> tuple[float, str]:
    p = known.finding.probability
    text = known.case.text.casefold()
    phrase = next((k for k in known.rule.keywords if k.casefold() in text), None)
    signal = (p - 0.6) * 1.5 + (0.5 if phrase else 0.0)
    said = f", and the rule's phrase {phrase!r} is said outright" if phrase else ""
    return float(np.clip(signal, -1, 1)), f"the words match the rule at {p:.2f}{said}"


def _harm(known: Facts) -> tuple[float, str]:
    band = known.rule.band
    half = max(1.0, (band.high - band.low) / 2)
    middle = band.low + half
    weights = np.array([max(s, 0.01) ** 4 for s, _ in known.nearest])
    near = float((weights * [v for _, v in known.nearest]).sum() / weights.sum())
    signal = 0.5 * np.clip((near - middle) / half, -1, 1) + 0.5 * np.clip((known.reading - middle) / half, -1, 1)
    return float(
        signal
    ), f"nearest examples of the rule are graded {near:.0f}, the whole text reads {known.reading:.0f}"


def _credibility(known: Facts) -> tuple[float, str]:
    text = known.case.text
    marks = {
        "time": quoted(markers.TIME, text),
        "place": quoted(markers.PLACE, text),
        "means": quoted(markers.MEANS, text),
    }
    named = {k: v for k, v in marks.items() if v}
    hedge = quoted(markers.HEDGE, text)
    unreal = known.finding.stance in ("joke", "fiction", "quote")
    signal = 0.45 * len(named) - 0.3 - (0.5 if hedge else 0) - (0.5 if unreal else 0)
    why = ", ".join(f"{k} {v!r}" for k, v in named.items()) or "no time, place or means is named"
    why += f", softened by {hedge!r}" if hedge else ""
    why += f", stance {known.finding.stance}" if unreal else ""
    return float(np.clip(signal, -1, 1)), why


def _vulnerability(known: Facts) -> tuple[float, str]:
    text = known.case.text
    young, frail, person = quoted(markers.YOUNG, text), quoted(markers.FRAIL, text), quoted(markers.PERSON, text)
    signal = (0.7 if young else 0) + (0.5 if frail else 0) + (0.2 if person else -0.2)
    named = [f"{v!r}" for v in (young, frail) if v] + ([f"a person is addressed ({person!r})"] if person else [])
    return float(np.clip(signal, -1, 1)), ", ".join(named) or "nobody is addressed and no vulnerable target is named"


def _actionability(known: Facts) -> tuple[float, str]:
    text = known.case.text
    marks = {
        "contact": quoted(markers.CONTACT, text),
        "a request": quoted(markers.ASKS, text),
        "a call": quoted(markers.CALL, text),
    }
    named = {k: v for k, v in marks.items() if v}
    signal = 0.4 * len(named) - 0.3
    why = ", ".join(f"{k} ({v!r})" for k, v in named.items()) or "no contact, request or call to act"
    return float(np.clip(signal, -1, 1)), why


def _reach(known: Facts) -> tuple[float, str]:
    spread = quoted(markers.SPREAD, known.case.text)
    signal = _SURFACE_REACH.get(known.case.surface, 0.0) + (0.4 if spread else 0)
    return float(np.clip(signal, -1, 1)), f"surface {known.case.surface}" + (
        f", asks to spread ({spread!r})" if spread else ""
    )


SIGNALS: dict[str, Callable[[Facts], tuple[float, str]]] = {
    "explicitness": _explicitness, "harm": _harm, "credibility": _credibility,
    "vulnerability": _vulnerability, "actionability": _actionability, "reach": _reach,
}  # fmt: skip
