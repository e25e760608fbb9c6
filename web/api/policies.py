"""`/v1/policies`: policies and their versions: read, linted, compared, tested, and what a change would flip."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from cases.model import Fact
from policy_store.checked import MOST_CHARS, MOST_FILES, TooLarge, check
from policy_store.diff import PackDiff, Version, diff_packs
from policy_store.exchange import Format, SketchError, export_policy
from policy_store.fault import Fault
from policy_store.lint import Remark
from policy_store.pack import Pack
from policy_store.rule import Rule
from web.api.caller import calls
from web.identity import Actor, office_of
from web.problem import Problem
from web.store.gold import Side
from web.store.jobs import Job
from web.work import drafts, impact, steering, suites
from web.work.impact import FlipRow, Judgement, Report

router = APIRouter(prefix="/v1/policies", tags=["policies"])
Reader = Annotated[Actor, Depends(calls("policies.read"))]
Writer = Annotated[Actor, Depends(calls("policies.write"))]
Ref = Annotated[str, Path(max_length=120, description="A pack's id, id@version, id@shipped, or the id of a draft.")]
Named = Annotated[str, Query(max_length=120, description="A pack's id, id@version, id@shipped, or the id of a draft.")]
JobId = Annotated[str, Path(pattern=r"^j-[0-9a-f]{16}$")]


class Shelf(Fact):
    """A pack: the version in force wherever it is named, and those that can be put in force."""

    id: str
    live: str
    versions: tuple[str, ...]
    served: bool


class Files(Fact):
    """The files of a pack by name: policy.yaml, rubric.yaml, cases.yaml, CHANGES.md, rules/NAME.yaml."""

    files: dict[str, Annotated[str, Field(max_length=MOST_CHARS)]] = Field(
        max_length=MOST_FILES,
        examples=[{"policy.yaml": "id: shop\nversion: 1.0.0\ntitle: Shop\nextends: community\n"}],
    )


class Linted(Fact):
    """What a lint says: faults keep a pack from loading (`pack` is then null), remarks make its verdicts worse."""

    pack: Version | None
    rules: int
    tests: int
    faults: tuple[Fault, ...]
    remarks: tuple[Remark, ...]


class Exported(Fact):
    """Rules in an outside format, and what it cannot hold."""

    text: str
    notes: tuple[str, ...]


class Comparison(Fact):
    """What to compare over which cases. `query` is a search as in the console; `ruled`: what people ruled is right."""

    old: str = Field(max_length=120, examples=["community"])
    new: str = Field(max_length=120, examples=["p-0123456789ab"])
    query: str = Field(default="", max_length=500, examples=["rule:HR2 at:>2026-01-01"])
    ruled: bool = True
    limit: int = Field(default=impact.MOST, ge=1, le=impact.MOST)


class Impacted(Fact):
    """An impact run: the job, and once it is done its report with the labels of this moment."""

    job: Job
    report: Report | None = None
    judgement: Judgement | None = None


class Marked(Fact):
    """Which side of a flip is right: a label for later runs, no decision."""

    right: Side


class Subject(Fact):
    """Whose tests to run: a pack or a draft."""

    policy: str = Field(max_length=120, examples=["community"])


class Tested(Fact):
    """A run of tests: the job, and once it is done its results and coverage."""

    job: Job
    suite: suites.Suite | None = None


class Steering(Fact):
    """One content, and two profiles of a policy."""

    policy: str = Field(max_length=120, examples=["community"])
    text: str = Field(min_length=1, max_length=steering.LONGEST)
    one: str = Field(max_length=80, examples=["R1"])
    two: str = Field(max_length=80, examples=["R2"])


class Turned(Fact):
    """What came out under one of two profiles."""

    profile: str
    outcome: str
    rule_id: str | None
    severity: int
    tier: str


class Steered(Fact):
    """One content under two profiles; `flips` where outcome, rule or tier differ."""

    flips: bool
    verdicts: tuple[Turned, ...]


@router.get("")
def shelves(request: Request, actor: Reader) -> list[Shelf]:
    """List the packs of this server with their versions."""
    return [
        Shelf(id=s.pack_id, live=s.live, versions=s.versions, served=s.served)
        for s in drafts.shelves(office_of(request))
    ]


@router.post("/lint")
def lint(request: Request, actor: Reader, body: Files) -> Linted:
    """Check files without keeping them: faults with file, line, column and hint; remarks."""
    try:
        found = check(body.files)
    except TooLarge as error:
        raise Problem(422, str(error), param="files", code="too_large") from None
    pack = found.pack
    ref = Version(id=pack.id, version=pack.version, digest=pack.digest) if pack else None
    rules = len(pack.rules) if pack else 0
    return Linted(pack=ref, rules=rules, tests=len(found.tests), faults=found.faults, remarks=found.remarks)


@router.get("/diff")
def diff(request: Request, actor: Reader, old: Named, new: Named) -> PackDiff:
    """Compare two versions clause by clause, word by word."""
    office = office_of(request)
    return diff_packs(drafts.pack_at(office, old), drafts.pack_at(office, new))


@router.post("/impact", status_code=202)
def start_impact(request: Request, actor: Writer, body: Comparison) -> Job:
    """Start a run of what a change would flip on the cases of this server; poll it by its id."""
    return impact.start(office_of(request), actor, body.old, body.new, body.query, ruled=body.ruled, limit=body.limit)


@router.get("/impact/{job_id}")
def read_impact(request: Request, actor: Reader, job_id: JobId) -> Impacted:
    """Return how far a run is, and its report; texts and reasons only to those who may read cases."""
    office = office_of(request)
    job, report = impact.report(office, actor, job_id)
    bare = _own(job, actor).model_copy(update={"result": None})
    if report is None:
        return Impacted(job=bare)
    if "read" not in actor.may:
        report = report.model_copy(update={"flips": tuple(_covered(f) for f in report.flips)})
    return Impacted(job=bare, report=report, judgement=impact.judged(office, report))


@router.put("/impact/{job_id}/flips/{decision_id}")
def mark(
    request: Request, actor: Writer, job_id: JobId, decision_id: Annotated[str, Path(max_length=64)], body: Marked
) -> Judgement:
    """Say which side of a flip is right; `neither` takes a label back."""
    office = office_of(request)
    impact.mark(office, actor, job_id, decision_id, body.right)
    _, report = impact.report(office, actor, job_id)
    assert report is not None
    return impact.judged(office, report)


@router.post("/tests", status_code=202)
def start_tests(request: Request, actor: Writer, body: Subject) -> Job:
    """Start the tests of a pack or draft."""
    return suites.start(office_of(request), actor, body.policy)


@router.get("/tests/{job_id}")
def read_tests(request: Request, actor: Reader, job_id: JobId) -> Tested:
    """Return how far tests are, and how they went."""
    job, suite = suites.suite(office_of(request), actor, job_id)
    return Tested(job=_own(job, actor).model_copy(update={"result": None}), suite=suite)


@router.post("/steering")
def steer(request: Request, actor: Writer, body: Steering) -> Steered:
    """Judge one content under two profiles: a policy that steers answers differently where they differ."""
    found = steering.profiles(office_of(request), actor, body.policy, body.text, body.one, body.two)
    verdicts = tuple(
        Turned(profile=name, outcome=d.outcome, rule_id=d.rule_id, severity=d.severity, tier=d.tier)
        for name, d in found.decisions
    )
    return Steered(flips=found.flips, verdicts=verdicts)


@router.get("/{ref}")
def read(request: Request, actor: Reader, ref: Ref) -> Pack:
    """Return a pack: everything that decisions cite."""
    return drafts.pack_at(office_of(request), ref)


@router.get("/{ref}/rules/{rule_id}")
def read_rule(request: Request, actor: Reader, ref: Ref, rule_id: Annotated[str, Path(max_length=40)]) -> Rule:
    """Return one rule."""
    pack = drafts.pack_at(office_of(request), ref)
    if rule_id not in pack.by_id:
        raise Problem(404, f"{pack.id} {pack.version} has no rule {rule_id!r}.", param="rule_id", code="unknown_rule")
    return pack.by_id[rule_id]


@router.get("/{ref}/export")
def export(
    request: Request, actor: Reader, ref: Ref, format: Format,
    rule: Annotated[list[str] | None, Query(max_length=50)] = None,
) -> Exported:  # fmt: skip
    """Return rules in an outside format, and what could not be carried."""
    try:
        written = export_policy(drafts.pack_at(office_of(request), ref), format, rule or ())
    except SketchError as error:
        raise Problem(404, str(error), param="rule", code="unknown_rule") from None
    return Exported(text=written.text, notes=written.notes)


def _own(job: Job, actor: Actor) -> Job:
    return job if actor.person or job.by == actor.id else job.model_copy(update={"by": ""})


def _covered(flip: FlipRow) -> FlipRow:
    bare = {"rationale": "", "words": ()}
    return flip.model_copy(
        update={"text": "", "old": flip.old.model_copy(update=bare), "new": flip.new.model_copy(update=bare)}
    )
