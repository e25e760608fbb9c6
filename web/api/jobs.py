"""`/v1/jobs`: how far long work is, and what came of it. Whoever started it may stop it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from web.api.caller import calls
from web.identity import Actor, office_of
from web.store.jobs import Job
from web.work import impact, jobs

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
Id = Annotated[str, Path(pattern=r"^j-[0-9a-f]{16}$")]
Anybody = Annotated[Actor, Depends(calls())]


@router.get("/{job_id}")
def read(request: Request, job_id: Id, actor: Anybody) -> Job:
    """Return a job of one's own, or any to those who may read policies."""
    return _shown(jobs.read(office_of(request), actor, job_id), actor)


@router.delete("/{job_id}")
def cancel(request: Request, job_id: Id, actor: Anybody) -> Job:
    """Stop a job; one that is over stays as it is."""
    return _shown(jobs.cancel(office_of(request), actor, job_id), actor)


def _shown(job: Job, actor: Actor) -> Job:
    # What a policy flips holds words of cases: /v1/policies/impact gives it as far as somebody may read those.
    if job.kind == impact.KIND and "read" not in actor.may:
        job = job.model_copy(update={"result": None})
    # An account's id is of no use to a program, and its own it knows.
    return job if actor.person or job.by == actor.id else job.model_copy(update={"by": ""})
