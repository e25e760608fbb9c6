import time
from threading import Event

import pytest

from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import jobs as kept
from web.store import journal
from web.store.jobs import Job
from web.work import jobs
from web.work.jobs import Progress

AUTHOR = Actor(id="a-author", shown="Ada", via="session", may=frozenset({"policies.read", "policies.write"}))
OTHER = Actor(id="a-other", shown="Bo", via="session", may=frozenset({"read"}))
ADMIN = Actor(id="a-admin", shown="Cy", via="session", may=frozenset({"administer"}))


def ended(office: Office, job: Job) -> Job:
    for _ in range(2000):
        found = kept.job(office.store, job.id)
        assert found is not None
        if found.over:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{job.id} did not end")


def test_a_job_runs_beside_the_caller_and_keeps_what_it_returns(office: Office) -> None:
    go = Event()

    def work(progress: Progress) -> dict[str, int]:
        go.wait(20)
        progress(2, 2)
        return {"flips": 3}

    job = jobs.start(office, AUTHOR, "impact", "community", lambda p: dict(work(p)))
    assert not job.over
    go.set()
    done = ended(office, job)
    assert (done.state, done.result, done.done, done.total) == ("done", {"flips": 3}, 2, 2)
    assert [line.act for line in journal.lines(office.store, subject=job.id)] == ["job.start"]


def test_what_is_wrong_with_the_input_is_told_and_what_broke_on_our_side_is_not(office: Office) -> None:
    def wrong(_: Progress) -> None:
        raise Problem(422, "rule 'XX9' is no rule of this pack")

    def broken(_: Progress) -> None:
        raise RuntimeError("/secret/path")

    said = ended(office, jobs.start(office, AUTHOR, "impact", "x", wrong))
    assert (said.state, said.error) == ("failed", "rule 'XX9' is no rule of this pack")
    hidden = ended(office, jobs.start(office, AUTHOR, "impact", "x", broken))
    assert hidden.state == "failed" and hidden.error is not None and "secret" not in hidden.error


def test_a_cancelled_job_stops_at_its_next_step(office: Office) -> None:
    begun, go, after = Event(), Event(), Event()

    def work(progress: Progress) -> None:
        begun.set()
        go.wait(20)
        progress(1, 1)
        after.set()

    job = jobs.start(office, AUTHOR, "impact", "x", work)
    assert begun.wait(20)
    assert jobs.cancel(office, ADMIN, job.id).state == "cancelled"
    go.set()
    assert ended(office, job).state == "cancelled"
    assert not after.wait(0.2)


def test_a_job_of_somebody_else_is_neither_seen_nor_cancelled_without_the_right(office: Office) -> None:
    job = ended(office, jobs.start(office, AUTHOR, "impact", "x", lambda _: None))
    with pytest.raises(Problem) as raised:
        jobs.read(office, OTHER, job.id)
    assert raised.value.status == 404
    reader = OTHER.model_copy(update={"may": frozenset({"policies.read"})})
    assert jobs.read(office, reader, job.id) == job
    with pytest.raises(Problem) as raised:
        jobs.cancel(office, reader, job.id)
    assert raised.value.status == 403
