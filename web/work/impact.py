"""What a policy would change on the cases of this ledger: a run as a job, its flips, and who says which side is right.

Without labels nobody knows which verdict is right, and the report says so. A label is a mark of a person on a flip,
or, where that is wished, the ruling that a person made on the case.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import sqlalchemy as sa
from pydantic import JsonValue, ValidationError

from cases.case import Case
from cases.decision import Decision, Outcome
from cases.model import Fact
from evals.impact import Bucket, Gold, Judged, bucket, excerpt, flip_of, says
from evals.metrics import mcnemar_p, wilson
from graphs.deps import Deps
from graphs.kept import Gist
from graphs.replay import Replayed, replay
from policy_store.diff import Version, diff_packs
from policy_store.pack import Pack
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import gold as labels
from web.store import jobs, journal
from web.store.docket import Entry
from web.store.gold import Label, Side
from web.store.jobs import Job
from web.work import search
from web.work.drafts import pack_at
from web.work.jobs import Progress
from web.work.jobs import read as read_job
from web.work.jobs import start as start_job
from web.work.trying import tried

KIND = "policy.impact"
MOST, CHUNK, MOST_FLIPS, MOST_ERRORS = 20_000, 32, 2000, 200
Show = Literal["all", "changed", "regressed", "fixed", "still", "errors"]


class Seen(Fact):
    """One side of a flip. `cites` are the clauses with what they quote, `words` the evidence."""

    outcome: Outcome
    rule: str | None
    severity: int
    tier: str
    score: float
    rationale: str
    cites: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()


class FlipRow(Fact):
    """A case whose verdict would be another. `ruled` is the label that came of a person's ruling before the run."""

    decision_id: str
    case_digest: str
    text: str
    surface: str
    changed: tuple[str, ...]
    old: Seen
    new: Seen
    ruled: Gold | None = None


class Broken(Fact):
    """A case that could not be decided under both."""

    decision_id: str
    why: str


class RunHead(NamedTuple):
    """A run without its report."""

    id: str
    subject: str
    by: str
    state: str
    done: int
    total: int
    at: str


class Report(Fact):
    """What came of a run. `went` counts cases by (old, new) outcome; `still` are labelled ones that do not flip."""

    old: Version
    new: Version
    query: str
    ruled: bool
    cases: int
    flipped: int
    flips: tuple[FlipRow, ...]
    errors: tuple[Broken, ...]
    went: tuple[tuple[Outcome, Outcome, int], ...]
    still: dict[Bucket, int]
    touched: tuple[str, ...]
    regraded: tuple[str, ...]
    again: int
    first: int
    seconds: float


class Judgement(Fact):
    """A report with the labels of this moment. `buckets` by decision; `says` claims no more than is known."""

    buckets: dict[str, Bucket]
    judged: Judged | None
    says: tuple[str, ...]
    share: float
    interval: tuple[float, float]


def start(
    office: Office, actor: Actor, old: str, new: str, query: str = "", *, ruled: bool = True, limit: int = MOST
) -> Job:
    """Start a run from one policy to another over the cases that a search finds."""
    before, after = pack_at(office, old), pack_at(office, new)
    if before.digest == after.digest:
        raise Problem(
            422, f"{old!r} and {new!r} say the same; change something first.", param="new", code="nothing_changed"
        )
    found = _found(office, query, min(limit, MOST))
    if not found:
        raise Problem(
            422, f"No case is found by {query!r}; leave the search empty for all.", param="query", code="no_cases"
        )

    def work(progress: Progress) -> JsonValue:
        return run(office, before, after, found, query, ruled, progress).model_dump(mode="json")

    return start_job(office, actor, KIND, new, work)


def run(
    office: Office, old: Pack, new: Pack, found: Sequence[Entry], query: str, ruled: bool, progress: Progress
) -> Report:
    """Return what would change; nothing is recorded."""
    begun = time.perf_counter()
    by_id = {entry.decision_id: entry for entry in found}
    flips: list[FlipRow] = []
    errors: list[Broken] = []
    went: Counter[tuple[Outcome, Outcome]] = Counter()
    still: Counter[Bucket] = Counter()
    done = again = first = flipped = 0
    with tried(office, old, new) as (before, after):
        for batch in _batches(found):
            cases = [c for entry in batch if (c := _case(office, entry, (old, new), errors)) is not None]
            for one in _compared(before, after, cases, office, errors):
                entry = by_id[one.case.id]
                label = _ruling(entry) if ruled else None
                went[one.was.outcome, one.now.outcome] += 1
                again, first = again + one.again, first + one.fresh
                flip = flip_of(one, label)
                if flip is None:
                    if label:
                        still[bucket(one.was, one.now, label)] += 1
                    continue
                flipped += 1
                if len(flips) < MOST_FLIPS:
                    flips.append(_row(one, entry, flip.changed, label))
            done += len(batch)
            progress(done, len(found))
    diff = diff_packs(old, new)
    return Report(
        old=diff.old, new=diff.new, query=query, ruled=ruled, cases=sum(went.values()), flipped=flipped,
        flips=tuple(sorted(flips, key=lambda f: -max(f.old.severity, f.new.severity))),
        errors=tuple(errors[:MOST_ERRORS]), went=tuple((a, b, n) for (a, b), n in sorted(went.items())),
        still=dict(still), touched=tuple(sorted(diff.touched)), regraded=tuple(sorted(diff.regraded)), again=again,
        first=first, seconds=round(time.perf_counter() - begun, 2),
    )  # fmt: skip


def report(office: Office, actor: Actor, job_id: str) -> tuple[Job, Report | None]:
    """Return a run and its report, None while it goes on; raise Problem 404."""
    job = read_job(office, actor, job_id)
    if job.kind != KIND:
        raise Problem(404, f"Job {job_id!r} is no impact run.", param="job_id", code="unknown_job")
    if job.state != "done":
        return job, None
    try:
        return job, Report.model_validate(job.result)
    except ValidationError:
        raise Problem(
            404, f"The report of {job_id!r} is of another release; run it again.", code="old_report"
        ) from None


def judged(office: Office, found: Report) -> Judgement:
    """Return a report as the labels of this moment judge it: marks come before rulings."""
    marks = labels.labels(office.store, found.old.id, [f.case_digest for f in found.flips])
    buckets: dict[str, Bucket] = {}
    for flip in found.flips:
        if label := _label(flip, marks):
            buckets[flip.decision_id] = bucket(_gist(flip.old), _gist(flip.new), label)
    counts = Counter(buckets.values())
    regressed, fixed = counts["regressed"], counts["fixed"]
    total = len(buckets) + sum(found.still.values())
    told = None
    if total:
        told = Judged(
            labelled=total, regressed=regressed, fixed=fixed,
            still_failing=counts["still failing"] + found.still.get("still failing", 0),
            still_right=counts["still right"] + found.still.get("still right", 0), p=mcnemar_p(regressed, fixed),
        )  # fmt: skip
    went = {(a, b): n for a, b, n in found.went}
    share = found.flipped / found.cases if found.cases else 0.0
    return Judgement(
        buckets=buckets, judged=told, says=tuple(says(went, told)), share=share,
        interval=wilson(found.flipped, found.cases),
    )  # fmt: skip


def shown(found: Report, judgement: Judgement, show: Show) -> tuple[FlipRow, ...]:
    """Return the flips of a filter; `changed` are those whose outcome differs."""
    wanted: dict[Show, tuple[str, ...]] = {
        "regressed": ("regressed",), "fixed": ("fixed",), "still": ("still failing", "still right"),
    }  # fmt: skip
    if show == "all":
        return found.flips
    if show == "changed":
        return tuple(f for f in found.flips if "outcome" in f.changed)
    if show == "errors":
        return ()
    return tuple(f for f in found.flips if judgement.buckets.get(f.decision_id) in wanted[show])


def mark(office: Office, actor: Actor, job_id: str, decision_id: str, side: Side) -> Label | None:
    """Mark which side of a flip is right; `neither` takes a mark back. It is a label, and changes no decision."""
    _, found = report(office, actor, job_id)
    flip = next((f for f in found.flips if f.decision_id == decision_id), None) if found else None
    if found is None or flip is None:
        raise Problem(404, f"The run has no flip {decision_id!r}.", param="decision_id", code="unknown_flip")
    right = flip.old if side == "old" else flip.new
    with office.store.writing("mark a flip") as connection:
        if side == "neither":
            labels.remove(connection, flip.case_digest, found.old.id)
        else:
            rule = right.rule if right.outcome == "act" else None
            # The tier is meant only where nothing else tells the two sides apart.
            tier = right.tier if flip.changed == ("tier",) else None
            labels.put(connection, flip.case_digest, found.old.id, right.outcome, rule, actor.id, job_id, tier)
        journal.note(office.store, actor.id, "gold.mark", decision_id, {"run": job_id, "right": side}, connection)
    return labels.labels(office.store, found.old.id, [flip.case_digest]).get(flip.case_digest)


def marked(office: Office, found: Report) -> dict[str, Side]:
    """Return by decision which side people marked as right; a mark that fits neither, or both, is left out."""
    marks = labels.labels(office.store, found.old.id, [f.case_digest for f in found.flips])
    out: dict[str, Side] = {}
    for flip in found.flips:
        if label := marks.get(flip.case_digest):
            sides: tuple[tuple[Side, Seen], ...] = (("old", flip.old), ("new", flip.new))
            fits = [side for side, seen in sides if _meant(label, seen)]
            if len(fits) == 1:
                out[flip.decision_id] = fits[0]
    return out


def _meant(label: Label, seen: Seen) -> bool:
    rule = seen.rule if seen.outcome == "act" else None
    return (seen.outcome, rule) == (label.outcome, label.rule_id) and label.tier in (None, seen.tier)


def runs(office: Office, subject: str | None = None, limit: int = 20) -> list[RunHead]:
    """Return the last runs, newest first, without their reports."""
    query = sa.select(*(jobs.JOBS.c[name] for name in RunHead._fields)).where(jobs.JOBS.c.kind == KIND)
    if subject is not None:
        query = query.where(jobs.JOBS.c.subject == subject)
    with office.store.reading("read the runs") as connection:
        return [RunHead(*row) for row in connection.execute(query.order_by(jobs.JOBS.c.at.desc()).limit(limit))]


def _found(office: Office, query: str, limit: int) -> list[Entry]:
    office.catch_up()
    wanted = search.parse(query)
    found: dict[str, Entry] = {}
    after: str | None = None
    while len(found) < limit:
        page = search.find(office, wanted, sort="-at", after=after, limit=search.MOST)
        for entry in page:
            found.setdefault(entry.case_digest, entry)  # the newest decision stands for a content
        if len(page) < search.MOST:
            break
        after = search.cursor(page[-1], "-at")
    return list(found.values())[:limit]


def _batches(found: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    yield from (found[i : i + CHUNK] for i in range(0, len(found), CHUNK))


def _case(office: Office, entry: Entry, packs: Iterable[Pack], errors: list[Broken]) -> Case | None:
    case = office.ledger.case(entry.case_digest).model_copy(update={"id": entry.decision_id})
    for pack in packs:
        if case.profile is not None and case.profile not in {p.id for p in pack.profiles}:
            why = f"{pack.id} {pack.version} has no profile {case.profile!r}"
            errors.append(Broken(decision_id=entry.decision_id, why=why))
            return None
    return case


def _compared(
    before: Deps, after: Deps, cases: Sequence[Case], office: Office, errors: list[Broken]
) -> Iterator[Replayed]:
    store = office.desks.model.store
    try:
        yield from list(replay(before, after, cases, store, chunk=CHUNK))
    except Exception as error:  # one case must not end the run of thousands: each by itself, the bad one is told
        if len(cases) > 1:
            for case in cases:
                yield from _compared(before, after, [case], office, errors)
        elif cases:
            errors.append(Broken(decision_id=cases[0].id, why=f"{type(error).__name__}: {error}"[:300]))


def _row(one: Replayed, entry: Entry, changed: Sequence[str], label: Gold | None) -> FlipRow:
    return FlipRow(
        decision_id=entry.decision_id, case_digest=entry.case_digest, text=excerpt(one.case), surface=entry.surface,
        changed=tuple(changed), old=_seen(one.old), new=_seen(one.new), ruled=label,
    )  # fmt: skip


def _seen(decision: Decision) -> Seen:
    lead = next((f for f in decision.findings if f.rule_id == decision.rule_id), None)
    return Seen(
        outcome=decision.outcome, rule=decision.rule_id, severity=decision.severity, tier=decision.tier,
        score=round(decision.score, 4), rationale=decision.rationale,
        cites=tuple((c.clause_id, c.quote) for c in lead.citations) if lead else (),
        words=tuple(e.quote for e in lead.evidence) if lead else (),
    )  # fmt: skip


def _ruling(entry: Entry) -> Gold | None:
    if entry.by is None or entry.held == "review":
        return None
    return Gold(outcome=entry.held, rule=entry.rule_id if entry.held == "act" else None)


def _label(flip: FlipRow, marks: Mapping[str, Label]) -> Gold | None:
    mark = marks.get(flip.case_digest)
    return Gold(outcome=mark.outcome, rule=mark.rule_id, tier=mark.tier) if mark else flip.ruled


def _gist(seen: Seen) -> Gist:
    return Gist(
        outcome=seen.outcome, rule=seen.rule, severity=seen.severity, tier=seen.tier, score=seen.score,
        rationale=seen.rationale,
    )  # fmt: skip
