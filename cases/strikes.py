"""Strikes of an account: its violations of late, weighed, and the measure that this many recommend. It acts on nothing.

Not a record: it is counted anew each time from what holds, so that a decision that was overruled or overturned on
appeal counts no more. Contract: a case counts once, however often it was judged: what a person decided goes before what
the system did, then the newest. What waits for a person (review, escalated, a second opinion) never counts.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from cases.decision import Outcome
from cases.model import Fact

NONE = "none"
PLAIN = 1  # what a violation weighs whose tier has no weight of its own
MOST = 10_000
_NAME = re.compile(r"^[a-z][a-z0-9 _-]{0,39}$")


class Weight(Fact):
    """How many strikes a violation of this tier is; 0 is none."""

    tier: str
    strikes: int = Field(ge=0, le=MOST)


class Step(Fact):
    """A measure that is recommended from so many strikes on."""

    measure: str
    strikes: int = Field(ge=1, le=MOST)


class Scale(Fact):
    """How strikes are counted: `days` back, by tier, and the steps that they lead up, lowest first."""

    days: int = Field(default=90, ge=1, le=36_500)
    weights: tuple[Weight, ...] = (
        Weight(tier="low", strikes=1), Weight(tier="medium", strikes=2), Weight(tier="high", strikes=4),
        Weight(tier="critical", strikes=8),
    )  # fmt: skip
    steps: tuple[Step, ...] = (
        Step(measure="warn", strikes=1), Step(measure="limit", strikes=4), Step(measure="suspend", strikes=8),
    )  # fmt: skip

    def of(self, tier: str | None) -> int:
        """Return what a violation of a tier weighs."""
        return next((w.strikes for w in self.weights if w.tier == tier), PLAIN)


class Past(Fact):
    """One decision about the account as it holds now. `tier` is None where nobody stated how severe it is.

    `settled` is false where it waits for a person; `person` says that one decided it; `spared` that its rule offers
    support and restricts nothing, for which nobody gets a strike.
    """

    decision_id: str
    case_id: str
    at: datetime
    outcome: Outcome
    settled: bool
    person: bool
    tier: str | None
    spared: bool = False


class Strikes(Fact):
    """The strikes of an account. `counted` are the decisions that they come from, newest first.

    `next_threshold` is where `next_measure` begins; both are None where the last step is reached.
    """

    total: int
    counted: tuple[str, ...]
    days: int
    recommended: str
    next_threshold: int | None
    next_measure: str | None
    message: str


def strikes(past: Iterable[Past], at: datetime, scale: Scale) -> Strikes:
    """Return the strikes that decisions about one account add up to at a time.

    >>> day = datetime(2026, 11, 28, tzinfo=UTC)
    >>> one = Past(decision_id="d", case_id="c", at=day, outcome="act", settled=True, person=False, tier="medium")
    >>> strikes([one], day, Scale()).message
    '2 strikes in the last 90 days, from 1 case. Recommended: warn. 2 more reach limit.'
    """
    since = at - timedelta(days=scale.days)
    held = [p for p in standing(past) if p.outcome == "act" and not p.spared and p.at >= since]
    broken = [p for p in held if scale.of(p.tier)]
    total = sum(scale.of(p.tier) for p in broken)
    reached = [s for s in scale.steps if s.strikes <= total]
    ahead = next((s for s in scale.steps if s.strikes > total), None)
    recommended = reached[-1].measure if reached else NONE
    return Strikes(
        total=total, counted=tuple(p.decision_id for p in broken), days=scale.days, recommended=recommended,
        next_threshold=ahead.strikes if ahead else None, next_measure=ahead.measure if ahead else None,
        message=_message(total, len(broken), scale.days, recommended, ahead),
    )  # fmt: skip


def standing(past: Iterable[Past]) -> list[Past]:
    """Return the one decision that stands for each case that is settled, newest first."""
    held: dict[str, Past] = {}
    for one in past:
        other = held.get(one.case_id)
        if one.settled and one.outcome != "review" and (other is None or _rank(one) > _rank(other)):
            held[one.case_id] = one
    return sorted(held.values(), key=lambda p: (p.at, p.decision_id), reverse=True)


def weights(text: str) -> tuple[Weight, ...]:
    """Return the weights of a setting; raise ValueError for one that cannot be read.

    >>> weights("low=0, high=3")
    (Weight(tier='low', strikes=0), Weight(tier='high', strikes=3))
    """
    return tuple(Weight(tier=tier, strikes=n) for tier, n in _pairs(text, "low=1, high=4", least=0))


def steps(text: str) -> tuple[Step, ...]:
    """Return the steps of a setting; raise ValueError where they cannot be read, or do not rise.

    >>> steps("warn=2, suspend for a week=6")[-1].measure
    'suspend for a week'
    """
    found = tuple(Step(measure=measure, strikes=n) for measure, n in _pairs(text, "warn=1, limit=4", least=1))
    for one, other in zip(found, found[1:], strict=False):
        if one.strikes >= other.strikes:
            raise ValueError(f"{other.measure}={other.strikes} does not come after {one.measure}={one.strikes}; "
                             "let each step need more strikes than the one before")  # fmt: skip
    if any(s.measure == NONE for s in found):
        raise ValueError(f"{NONE!r} is what is recommended below the first step; leave it out")
    return found


def _rank(one: Past) -> tuple[bool, datetime, str]:
    return one.person, one.at, one.decision_id


def _message(total: int, cases: int, days: int, recommended: str, ahead: Step | None) -> str:
    span = "day" if days == 1 else f"{days} days"
    if not total:
        return f"No strikes in the last {span}: nothing is recommended."
    told = (
        f"{total} strike{'s' if total != 1 else ''} in the last {span}, from {cases} case{'s' if cases != 1 else ''}."
    )
    told += f" Recommended: {recommended}."
    if ahead is None:
        return told
    left = ahead.strikes - total
    return f"{told} {left} more reach{'es' if left == 1 else ''} {ahead.measure}."


def _pairs(text: str, example: str, least: int) -> Sequence[tuple[str, int]]:
    found: dict[str, int] = {}
    for piece in text.split(","):
        name, _, number = (part.strip() for part in piece.partition("="))
        if not _NAME.match(name) or not re.fullmatch(r"\d{1,5}", number) or not least <= int(number) <= MOST:
            raise ValueError(f"{piece.strip()!r} is no NAME=NUMBER ({least} to {MOST:,}); write it as {example!r}")
        if name in found:
            raise ValueError(f"{name!r} is given twice; keep one of them")
        found[name] = int(number)
    return list(found.items())


__all__ = ["NONE", "Past", "Scale", "Step", "Strikes", "Weight", "standing", "steps", "strikes", "weights"]
