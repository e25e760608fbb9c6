"""Running a policy's own tests as a job: PASS, FAIL, ERROR or SKIPPED, and the clauses that they reach."""

from collections.abc import Sequence

from pydantic import JsonValue, ValidationError

from cases.model import Fact
from evals.policy_tests import Result, Run, run_tests
from graphs.desk import Desk
from policy_store.checked import check, read_files
from policy_store.diff import Version
from policy_store.pack import Pack
from policy_store.suite import PackTest
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import drafts as kept
from web.store import jobs
from web.store.jobs import Job
from web.work.drafts import checked, draft, loaded, source_of
from web.work.jobs import Progress
from web.work.jobs import read as read_job
from web.work.jobs import start as start_job
from web.work.trying import tried

KIND = "policy.test"


class Suite(Fact):
    """A run of tests, of which policy, and of which version of a draft."""

    pack: Version
    draft_version: int | None
    run: Run


def start(office: Office, actor: Actor, ref: str) -> Job:
    """Start the tests of a draft (its id) or of a policy; raise Problem 422 where there are none."""
    found = kept.draft(office.store, ref) and draft(office, ref)
    if found:
        pack, tests, version = loaded(found), checked(found).tests, found.version
    else:
        result = check(read_files(source_of(office, ref)))
        if result.pack is None:
            raise Problem(422, str(result.faults[0]), param="policy", code="bad_policy")
        pack, tests, version = result.pack, result.tests, None
    if not tests:
        raise Problem(422, "There are no tests; write cases.yaml beside policy.yaml.", param="files", code="no_tests")

    def work(progress: Progress) -> JsonValue:
        return run(office, pack, tests, version, progress).model_dump(mode="json")

    return start_job(office, actor, KIND, ref, work)


def run(office: Office, pack: Pack, tests: Sequence[PackTest], version: int | None, progress: Progress) -> Suite:
    """Return how tests went; nothing is recorded."""
    done: list[Result] = []

    def told(result: Result) -> None:
        done.append(result)
        progress(len(done), len(tests))

    with tried(office, pack) as (deps,):
        ran = run_tests(Desk(deps), pack, tests, told)
    return Suite(pack=Version(id=pack.id, version=pack.version, digest=pack.digest), draft_version=version, run=ran)


def suite(office: Office, actor: Actor, job_id: str) -> tuple[Job, Suite | None]:
    """Return a run of tests, its outcome None while it goes on; raise Problem 404."""
    job = read_job(office, actor, job_id)
    if job.kind != KIND:
        raise Problem(404, f"Job {job_id!r} is no run of tests.", param="job_id", code="unknown_job")
    if job.state != "done":
        return job, None
    try:
        return job, Suite.model_validate(job.result)
    except ValidationError:
        raise Problem(404, f"The run {job_id!r} is of another release; run it again.", code="old_report") from None


def last(office: Office, ref: str) -> Job | None:
    """Return the last run of the tests of a draft or policy."""
    return next(iter(jobs.jobs(office.store, kind=KIND, subject=ref, limit=1)), None)
