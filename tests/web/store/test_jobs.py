import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from web.store import jobs
from web.store.database import Store
from web.store.jobs import INTERRUPTED, JOBS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        yield opened


def test_a_job_waits_runs_and_ends_once(store: Store) -> None:
    job = jobs.add(store, "a-1", "impact", "community")
    assert (job.state, job.over) == ("queued", False)
    assert jobs.begin(store, job.id) and not jobs.begin(store, job.id)
    assert jobs.advance(store, job.id, 3, 10)
    assert jobs.end(store, job.id, "done", result={"flips": [1, 2]})
    assert not jobs.end(store, job.id, "failed", error="too late")
    found = jobs.job(store, job.id)
    assert found is not None and found.over
    assert (found.state, found.done, found.total, found.result, found.error) == ("done", 3, 10, {"flips": [1, 2]}, None)


def test_an_ended_job_takes_no_progress(store: Store) -> None:
    job = jobs.add(store, "a-1", "impact", "community")
    jobs.begin(store, job.id)
    jobs.end(store, job.id, "cancelled")
    assert not jobs.advance(store, job.id, 1, 2)


@pytest.mark.parametrize("owner", [f"{{host}}:{os.getpid()}:another", "{host}:999999999:gone"], ids=["alive", "gone"])
def test_a_job_whose_process_is_gone_is_found_failed(store: Store, owner: str) -> None:
    import socket

    job = jobs.add(store, "a-1", "impact", "community")
    with store.writing() as connection:
        connection.execute(JOBS.update().values(state="running", owner=owner.format(host=socket.gethostname())))
    found = jobs.job(store, job.id)
    assert found is not None
    assert (found.state, found.error, found.ended is not None) == ("failed", INTERRUPTED, True)
    with store.reading() as connection:
        assert connection.execute(sa.select(JOBS.c.state)).scalar_one() == "failed"


def test_a_job_on_another_machine_counts_as_alive_while_it_gives_signs(store: Store) -> None:
    job = jobs.add(store, "a-1", "impact", "community")
    with store.writing() as connection:
        connection.execute(JOBS.update().values(state="running", owner="elsewhere:1:x"))
    found = jobs.job(store, job.id)
    assert found is not None and found.state == "running"
    with store.writing() as connection:
        connection.execute(JOBS.update().values(beat="2020-01-01T00:00:00.000000+00:00"))
    found = jobs.job(store, job.id)
    assert found is not None and found.state == "failed"


def test_jobs_are_listed_newest_first_by_kind_subject_and_person(store: Store) -> None:
    one, two = jobs.add(store, "a-1", "impact", "x"), jobs.add(store, "a-2", "impact", "y")
    three = jobs.add(store, "a-1", "import", "x")
    assert [j.id for j in jobs.jobs(store)] == [three.id, two.id, one.id]
    assert [j.id for j in jobs.jobs(store, kind="impact", by="a-1")] == [one.id]
    assert [j.id for j in jobs.jobs(store, subject="x")] == [three.id, one.id]
    assert jobs.jobs(store, states=("done",)) == []


def test_a_result_keeps_every_letter(store: Store) -> None:
    job = jobs.add(store, "a-1", "impact", "x")
    jobs.end(store, job.id, "done", result="naïve 😀 \u202e")
    found = jobs.job(store, job.id)
    assert found is not None and found.result == "naïve 😀 \u202e"
    assert json.loads(found.model_dump_json())["result"] == found.result
