"""Running jobs: work of a person or a program in a thread of its own, two at a time, beside the requests.

Contract: work calls its progress now and then, which is also where a cancelled job stops; what it returns is JSON.
What it raises is told to whoever asked as far as it is about what they gave, and goes to the log whole.
"""

import logging
import time
from collections.abc import Callable
from threading import BoundedSemaphore, Thread

from pydantic import JsonValue

from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import jobs, journal
from web.store.database import StoreError
from web.store.jobs import Job

AT_ONCE = 2
OFTEN = 0.3  # seconds between two notes of progress
_turns = BoundedSemaphore(AT_ONCE)
_log = logging.getLogger("precept.jobs")


class Cancelled(Exception):
    """The job was cancelled; work need not catch it."""


class Progress:
    """What work calls to say how far it is: `progress(done, total)`. Raises Cancelled where somebody stopped it."""

    def __init__(self, office: Office, job_id: str) -> None:
        self.job_id = job_id
        self._office = office
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Note how far it is; cheap enough to be called for every item."""
        at = time.monotonic()
        if at - self._last < OFTEN and done < total:
            return
        self._last = at
        if not jobs.advance(self._office.store, self.job_id, done, total):
            raise Cancelled


Work = Callable[[Progress], JsonValue]


def start(office: Office, actor: Actor, kind: str, subject: str, work: Work) -> Job:
    """Start a job and return at once; read it again by its id."""
    with office.store.writing("start a job") as connection:
        job = jobs.add(office.store, actor.id, kind, subject, connection)
        journal.note(office.store, actor.id, "job.start", job.id, {"kind": kind, "subject": subject}, connection)
    Thread(target=_run, args=(office, job.id, work), name=f"job {job.id}", daemon=True).start()
    return job


def cancel(office: Office, actor: Actor, job_id: str) -> Job:
    """Cancel a job of one's own, or anybody's as an admin; one that is over stays as it is."""
    job = read(office, actor, job_id)
    if job.by != actor.id and "administer" not in actor.may:
        raise Problem(403, f"Job {job_id!r} was started by somebody else; ask them, or an admin.", code="not_yours")
    with office.store.writing("cancel a job") as connection:
        if jobs.end(office.store, job_id, "cancelled", connection=connection):
            journal.note(office.store, actor.id, "job.cancel", job_id, connection=connection)
    return read(office, actor, job_id)


def read(office: Office, actor: Actor, job_id: str) -> Job:
    """Return a job of one's own, or any to those who may read policies; raise Problem 404."""
    job = jobs.job(office.store, job_id)
    if job is None or (job.by != actor.id and not {"policies.read", "administer"} & actor.may):
        raise Problem(404, f"There is no job {job_id!r}.", param="job_id", code="unknown_job")
    return job


def _run(office: Office, job_id: str, work: Work) -> None:
    try:
        with _turns:
            if jobs.begin(office.store, job_id):
                jobs.end(office.store, job_id, "done", result=work(Progress(office, job_id)))
    except Cancelled:
        return
    except Exception as error:  # whatever work raises ends this job alone
        _log.exception("job %s failed", job_id)
        _fail(office, job_id, error)


def _fail(office: Office, job_id: str, error: Exception) -> None:
    told = str(error) if isinstance(error, Problem | ValueError) else "it broke on our side; the log says more"
    try:
        jobs.end(office.store, job_id, "failed", error=told[:2000])
    except StoreError:
        _log.warning("job %s: its failure could not be kept", job_id)


__all__ = ["Cancelled", "Progress", "Work", "cancel", "read", "start"]
