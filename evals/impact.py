"""What a change of policy flips: outcome, leading rule or tier of known cases; with gold labels, for better or worse.

Without labels nobody knows which verdict is right, so nothing here is then called an error: a report says what the
new policy would do, not what it would get wrong. Nothing is recorded; both policies see the same cases.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from cases.case import Case
from cases.decision import Outcome
from cases.model import Fact
from evals.metrics import mcnemar_p, wilson
from evals.nearest import Nearest
from graphs.deps import Deps
from graphs.kept import Gist
from graphs.replay import Replayed, replay
from graphs.settings import Settings
from policy_store.diff import PackDiff, Version, diff_packs
from policy_store.pack import Pack

if TYPE_CHECKING:
    from policy_store.index import RuleVectors

What = Literal["outcome", "rule", "tier"]
Bucket = Literal["regressed", "fixed", "still failing", "still right"]
EXACT = 5000  # voting entries up to which rules are searched in memory; above, the index answers
EXCERPT = 160
VERBS: dict[Outcome, str] = {"act": "act on", "review": "ask a person about", "allow": "allow"}


class Gold(Fact):
    """What is right for a case. Without `rule` any rule is right; `{"outcome": "allow"}` wants no rule anyway.

    Without `tier` any tier is right.
    """

    outcome: Outcome
    rule: str | None = None
    tier: str | None = None


class Flip(Fact):
    """A case whose verdict differs, in what, and how that stands to its gold label where it has one."""

    case_id: str
    text: str
    changed: tuple[What, ...]
    old: Gist
    new: Gist
    gold: Gold | None = None
    bucket: Bucket | None = None


class Direction(Fact):
    """How many flips went the same way. `rule` is the one that leads now, else the one that led before."""

    rule: str | None
    old: Outcome
    new: Outcome
    changed: tuple[What, ...]
    count: int


class Judged(Fact):
    """The labelled cases: what became of them, and the exact p that the change made no difference (McNemar)."""

    labelled: int
    regressed: int
    fixed: int
    still_failing: int
    still_right: int
    p: float


class Spared(Fact):
    """What the comparison cost. `again` needed the reasoner under the new policy, `replayed` did not.

    `first` are cases that had not been decided under the old policy before.
    """

    cases: int
    replayed: int
    again: int
    first: int
    seconds: float = 0.0


class Impact(Fact):
    """What flips between two versions. `interval` is the 95 % interval of `share`, both in [0, 1]."""

    old: Version
    new: Version
    touched: tuple[str, ...]
    regraded: tuple[str, ...]
    flips: tuple[Flip, ...]
    directions: tuple[Direction, ...]
    share: float
    interval: tuple[float, float]
    judged: Judged | None
    says: tuple[str, ...]
    spared: Spared


def impact(
    old: Pack, new: Pack, cases: Iterable[Case], settings: Settings, gold: Mapping[str, Gold] | None = None
) -> Impact:
    """Return what flips from `old` to `new`; vectors and verdicts are kept in the settings' home.

    `gold` are labels by case id; a label has to be there once its case was given out, not before.
    """
    from graphs.wiring import open_deps, open_model
    from tools.ledger import Ledger

    begun = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="precept-") as folder,
        Ledger.open(Path(folder) / "ledger.db") as ledger,
        open_model(settings) as model,
        open_deps(settings, old, ledger=ledger, model=model) as before,
        open_deps(settings, new, ledger=ledger, model=model) as after,
    ):
        seen = replay(in_memory(before), in_memory(after), cases, model.store)
        found = compared(diff_packs(old, new), seen, {} if gold is None else gold)
    seconds = round(time.perf_counter() - begun, 3)
    return found.model_copy(update={"spared": found.spared.model_copy(update={"seconds": seconds})})


def in_memory(deps: Deps) -> Deps:
    """Return deps that search a small policy in memory, so that no index is built for an edit."""
    book = deps.book
    if sum(map(len, (book.statements, book.clauses, book.violating, book.allowed))) > EXACT:
        return deps
    nearest = cast("RuleVectors", Nearest(book))  # one method, and the same one
    return replace(deps, rules=lambda: nearest)


def compared(diff: PackDiff, seen: Iterable[Replayed], gold: Mapping[str, Gold]) -> Impact:
    """Return the impact of a change from cases under both policies; of those that do not flip only counts are kept."""
    flips: list[Flip] = []
    went: Counter[tuple[Outcome, Outcome]] = Counter()
    buckets: Counter[Bucket] = Counter()
    counts = {"cases": 0, "again": 0, "first": 0}
    for one in seen:
        label = gold.get(one.case.id)
        if flip := flip_of(one, label):
            flips.append(flip)
        if label:
            buckets[bucket(one.was, one.now, label)] += 1
        went[one.was.outcome, one.now.outcome] += 1
        counts["cases"] += 1
        counts["again"] += one.again
        counts["first"] += one.fresh
    total, judged = counts["cases"], _judged(buckets)
    return Impact(
        old=diff.old,
        new=diff.new,
        touched=tuple(sorted(diff.touched)),
        regraded=tuple(sorted(diff.regraded)),
        flips=tuple(flips),
        directions=_directions(flips),
        share=len(flips) / total if total else 0.0,
        interval=wilson(len(flips), total),
        judged=judged,
        says=tuple(says(went, judged)),
        spared=Spared(cases=total, replayed=total - counts["again"], again=counts["again"], first=counts["first"]),
    )


def flip_of(one: Replayed, gold: Gold | None) -> Flip | None:
    """Return how a case's verdict differs, None where outcome, leading rule and tier are the same."""
    old, new = one.was, one.now
    pairs: tuple[tuple[What, bool], ...] = (
        ("outcome", old.outcome != new.outcome), ("rule", old.rule != new.rule), ("tier", old.tier != new.tier)
    )  # fmt: skip
    changed = tuple(what for what, differs in pairs if differs)
    if not changed:
        return None
    return Flip(
        case_id=one.case.id, text=excerpt(one.case), changed=changed, old=old, new=new, gold=gold,
        bucket=bucket(old, new, gold) if gold else None,
    )  # fmt: skip


def bucket(old: Gist, new: Gist, gold: Gold) -> Bucket:
    """Return what became of a labelled case."""
    if right(old, gold):
        return "still right" if right(new, gold) else "regressed"
    return "fixed" if right(new, gold) else "still failing"


def right(verdict: Gist, gold: Gold) -> bool:
    """Return whether a verdict is the right one; a case in review is right only where review is what is wanted."""
    if verdict.outcome != gold.outcome:
        return False
    if gold.outcome == "allow":
        return True
    return gold.rule in (None, verdict.rule) and gold.tier in (None, verdict.tier)


def says(went: Mapping[tuple[Outcome, Outcome], int], judged: Judged | None) -> Iterator[str]:
    """Yield what the comparison shows, in sentences that claim no more than is known."""
    total = sum(went.values())
    if not total:
        yield "There are no cases to compare."
        return
    for outcome, verb in VERBS.items():
        more = sum(count for (old, new), count in went.items() if new == outcome != old)
        fewer = sum(count for (old, new), count in went.items() if old == outcome != new)
        if more or fewer:
            yield f"The new policy would {verb} {more} more and {fewer} fewer of {total} cases."
    if judged is None:
        yield "The cases carry no gold labels: this says what would change, not which verdicts are right."
    else:
        yield (
            f"Of {judged.labelled} labelled cases {judged.fixed} become right and {judged.regressed} become wrong "
            f"(exact McNemar p = {judged.p:.3g})."
        )


def excerpt(case: Case) -> str:
    """Return the beginning of a case's text on one line."""
    flat = " ".join(case.text.split())
    return flat if len(flat) <= EXCERPT else f"{flat[: EXCERPT - 1].rstrip()}…"


def _judged(buckets: Mapping[Bucket, int]) -> Judged | None:
    if not buckets:
        return None
    regressed, fixed = buckets.get("regressed", 0), buckets.get("fixed", 0)
    return Judged(
        labelled=sum(buckets.values()), regressed=regressed, fixed=fixed,
        still_failing=buckets.get("still failing", 0), still_right=buckets.get("still right", 0),
        p=mcnemar_p(regressed, fixed),
    )  # fmt: skip


def _directions(flips: Iterable[Flip]) -> tuple[Direction, ...]:
    ways = Counter((f.new.rule or f.old.rule, f.old.outcome, f.new.outcome, f.changed) for f in flips)
    return tuple(
        Direction(rule=rule, old=old, new=new, changed=changed, count=count)
        for (rule, old, new, changed), count in sorted(ways.items(), key=lambda w: (-w[1], w[0][0] or "", w[0][1:]))
    )
