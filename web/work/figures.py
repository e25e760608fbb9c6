"""What the charts show: volume, severity, the state of the queue, agreement by rule, and whether scores are true.

Counted from the docket, the appeals and the marks; nothing is judged here. Contract: what people looked at is no sample
of what came in (they see what was unsure, contested or drawn for audit), so agreement and reliability speak of that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import NamedTuple

import sqlalchemy as sa

from cases.decision import Outcome
from web.office import Office
from web.store.appeals import APPEALS
from web.store.database import moment
from web.store.docket import DOCKET

DAYS = 30
BINS = 10
Z = 1.96


class Day(NamedTuple):
    """One day: decisions by the outcome that holds, and by tier."""

    day: date
    outcomes: dict[Outcome, int]
    tiers: dict[str, int]


class Queue(NamedTuple):
    """The queue as it is: seconds are of waiting cases (oldest), and of those that people settled (median, 90 %)."""

    waiting: int
    escalated: int
    tiers: dict[str, int]
    oldest: float | None
    half_done_in: float | None
    most_done_in: float | None
    opened: tuple[tuple[date, int], ...]
    closed: tuple[tuple[date, int], ...]


class Share(NamedTuple):
    """A share of `of`, with Wilson's 95 % interval."""

    number: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Return the share in [0, 1], None of nothing."""
        return self.number / self.of if self.of else None


class OfRule(NamedTuple):
    """How people and the system see one rule that the system named first.

    `agreed` is the share of its own acts under the rule that people kept, where they looked; `followed` the share of
    cases it left to people in which they acted under that rule; `overturned` that of its appeals.
    """

    rule_id: str
    named: int
    agreed: Share
    followed: Share
    overturned: Share


class Bin(NamedTuple):
    """One bin of the reliability diagram: mean score, share that people found violating, and how many."""

    score: float
    violating: Share


class Reliability(NamedTuple):
    """Whether scores tell the truth where people looked; `ece` is the mean distance, weighted by count."""

    bins: tuple[Bin, ...]
    number: int
    ece: float | None


class Figures(NamedTuple):
    """All of it, over the days from `since` on."""

    since: date
    days: tuple[Day, ...]
    queue: Queue
    rules: tuple[OfRule, ...]
    automated: Share
    reliability: Reliability


class _Row(NamedTuple):
    at: datetime
    outcome: Outcome
    held: Outcome
    rule_id: str | None
    severity: int
    tier: str
    score: float
    state: str
    edited: datetime | None
    first_rule: str | None

    @property
    def kept(self) -> bool:
        """Return whether a person acted under the rule that the system named."""
        return self.held == "act" and self.rule_id == self.first_rule


def figures(office: Office, days: int = DAYS) -> Figures:
    """Return the figures of the last days; `days` is 1 to 366."""
    office.catch_up()
    today = office.clock().date()
    since = today - timedelta(days=days - 1)
    with office.store.reading("read the docket") as connection:
        fresh = DOCKET.c.at >= since.isoformat()
        open_ = DOCKET.c.state != "settled"
        c = DOCKET.c
        columns = (
            c.decision_id,
            c.at,
            c.outcome,
            c.held,
            c.rule_id,
            c.severity,
            c.tier,
            c.score,
            c.state,
            c.edited,
            c.first_rule,
        )
        rows = connection.execute(sa.select(*columns).where(fresh | open_)).all()
        appeals = connection.execute(
            sa.select(APPEALS.c.rule_id, APPEALS.c.state, sa.func.count())
            .where(APPEALS.c.filed >= since.isoformat())
            .group_by(APPEALS.c.rule_id, APPEALS.c.state)
        ).all()
    read = [
        _Row(moment(r.at), r.outcome, r.held, r.rule_id, r.severity, r.tier, r.score, r.state,
             moment(r.edited) if r.edited else None, r.first_rule)
        for r in rows
    ]  # fmt: skip
    recent = [r for r in read if r.at.date() >= since]
    return Figures(
        since=since,
        days=_days(recent, since, today),
        queue=_queue(read, recent, since, today, office.clock()),
        rules=_rules(recent, [(a[0], a[1], a[2]) for a in appeals]),
        automated=share(sum(r.outcome != "review" for r in recent), len(recent)),
        reliability=reliability([(r.score, r.held == "act") for r in recent if r.edited and r.held != "review"]),
    )


def share(count: int, of: int) -> Share:
    """Return a share with Wilson's 95 % interval (Wilson, 1927).

    >>> share(8, 10)[2:]
    (0.49, 0.943)
    """
    if not of:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = count / of, Z * Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * ((p * (1 - p) + z2 / (4 * of)) / of) ** 0.5 / (1 + z2 / of)
    return Share(count, of, round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3))


def reliability(found: Sequence[tuple[float, bool]], bins: int = BINS) -> Reliability:
    """Return scores against what people found, in bins of equal width.

    >>> reliability([(0.1, False), (0.9, True)]).ece
    0.1
    """
    by_bin: dict[int, list[tuple[float, bool]]] = {}
    for score, violating in found:
        by_bin.setdefault(min(bins - 1, int(score * bins)), []).append((score, violating))
    made = [
        Bin(sum(s for s, _ in held) / len(held), share(sum(v for _, v in held), len(held)))
        for _, held in sorted(by_bin.items())
    ]
    if not found:
        return Reliability((), 0, None)
    ece = sum(abs(b.score - (b.violating.value or 0.0)) * b.violating.of for b in made) / len(found)
    return Reliability(tuple(made), len(found), round(ece, 4))


def _days(rows: Iterable[_Row], since: date, today: date) -> tuple[Day, ...]:
    outcomes: dict[date, Counter[Outcome]] = {}
    tiers: dict[date, Counter[str]] = {}
    for r in rows:
        outcomes.setdefault(r.at.date(), Counter())[r.held] += 1
        tiers.setdefault(r.at.date(), Counter())[r.tier] += 1
    span = [since + timedelta(days=i) for i in range((today - since).days + 1)]
    return tuple(Day(d, dict(outcomes.get(d, {})), dict(tiers.get(d, {}))) for d in span)


def _queue(read: Sequence[_Row], recent: Sequence[_Row], since: date, today: date, at: datetime) -> Queue:
    waiting = [r for r in read if r.state != "settled"]
    took = sorted((r.edited - r.at).total_seconds() for r in recent if r.edited and r.outcome == "review")
    span = [since + timedelta(days=i) for i in range((today - since).days + 1)]
    opened = Counter(r.at.date() for r in recent if r.outcome == "review")
    closed = Counter(r.edited.date() for r in recent if r.edited and r.outcome == "review")
    return Queue(
        waiting=len(waiting),
        escalated=sum(r.state == "escalated" for r in waiting),
        tiers=dict(Counter(r.tier for r in waiting)),
        oldest=max(((at - r.at).total_seconds() for r in waiting), default=None),
        half_done_in=median(took) if took else None,
        most_done_in=took[min(len(took) - 1, int(len(took) * 0.9))] if took else None,
        opened=tuple((d, opened[d]) for d in span),
        closed=tuple((d, closed[d]) for d in span),
    )


def _rules(rows: Sequence[_Row], appeals: Sequence[tuple[str | None, str, int]]) -> tuple[OfRule, ...]:
    named = Counter(r.first_rule for r in rows if r.first_rule and r.outcome != "allow")
    looked = [r for r in rows if r.first_rule and r.edited and r.held != "review"]
    acts = [r for r in looked if r.outcome == "act"]
    left = [r for r in looked if r.outcome == "review"]
    acted, kept = Counter(r.first_rule for r in acts), Counter(r.first_rule for r in acts if r.kept)
    asked, followed = Counter(r.first_rule for r in left), Counter(r.first_rule for r in left if r.kept)
    ruled = Counter[str | None]()
    turned = Counter[str | None]()
    for rule_id, state, count in appeals:
        if state in ("upheld", "overturned", "changed"):
            ruled[rule_id] += count
            turned[rule_id] += count if state != "upheld" else 0
    return tuple(
        OfRule(rule, count, share(kept[rule], acted[rule]), share(followed[rule], asked[rule]),
               share(turned[rule], ruled[rule]))
        for rule, count in named.most_common()
        if rule is not None
    )  # fmt: skip
