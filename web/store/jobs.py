"""Jobs: work that takes longer than a request, with its progress and what came of it. It runs nothing.

Contract: a job whose process is gone is found failed by whoever looks next; a result is kept once, when it ends.
"""

import json
import os
import secrets
import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, get_args

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy import Column, Integer, Table, Text

from cases.model import Fact
from web.store.database import METADATA, Store, now, stamp

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[JobState, ...] = get_args(JobState)
OPEN: tuple[JobState, ...] = ("queued", "running")
INTERRUPTED = "interrupted by restart"
SILENT = timedelta(minutes=5)
# A process that was started anew may have the number of the old one, as in a container: a word tells them apart.
_TOKEN = secrets.token_hex(4)

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("by", Text, nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("at", Text, nullable=False),
    Column("ended", Text),
    Column("beat", Text, nullable=False),
    Column("owner", Text, nullable=False),
)


class Job(Fact):
    """One job: `by` is who asked for it, `subject` what it is about; `total` is 0 while nobody knows it."""

    id: str
    kind: str
    subject: str
    by: str
    state: JobState
    done: int
    total: int
    result: JsonValue = None
    error: str | None
    at: str
    ended: str | None

    @property
    def over(self) -> bool:
        """Return whether nothing more will come of it."""
        return self.state not in OPEN


def add(store: Store, by: str, kind: str, subject: str, connection: sa.Connection | None = None) -> Job:
    """Add a job that waits for its turn in this process."""
    at = stamp(now())
    row = {
        "id": f"j-{secrets.token_hex(8)}", "kind": kind, "subject": subject, "by": by, "state": "queued", "done": 0,
        "total": 0, "result": None, "error": None, "at": at, "ended": None, "beat": at, "owner": here(),
    }  # fmt: skip
    if connection is not None:
        connection.execute(JOBS.insert().values(row))
    else:
        with store.writing("add a job") as own:
            own.execute(JOBS.insert().values(row))
    return _job(row)


def begin(store: Store, job_id: str) -> bool:
    """Set a queued job running; return False where it was cancelled meanwhile."""
    with store.writing("begin a job") as connection:
        queued = (JOBS.c.id == job_id) & (JOBS.c.state == "queued")
        begun = connection.execute(JOBS.update().where(queued).values(state="running", beat=stamp(now())))
        return bool(begun.rowcount)


def advance(store: Store, job_id: str, done: int, total: int) -> bool:
    """Note how far a job is; return False where it was cancelled."""
    with store.writing("note a job") as connection:
        live = (JOBS.c.id == job_id) & (JOBS.c.state == "running")
        values = {"done": done, "total": total, "beat": stamp(now())}
        return bool(connection.execute(JOBS.update().where(live).values(values)).rowcount)


def end(
    store: Store, job_id: str, state: JobState, *, result: JsonValue = None, error: str | None = None,
    connection: sa.Connection | None = None,
) -> bool:  # fmt: skip
    """End a job that is not over yet; return whether this call did."""
    text = None if result is None else json.dumps(result, ensure_ascii=False)
    values = {"state": state, "result": text, "error": error, "ended": stamp(now())}
    query = JOBS.update().where((JOBS.c.id == job_id) & JOBS.c.state.in_(OPEN)).values(values)
    if connection is not None:
        return bool(connection.execute(query).rowcount)
    with store.writing("end a job") as own:
        return bool(own.execute(query).rowcount)


def job(store: Store, job_id: str) -> Job | None:
    """Return a job, None where there is none."""
    return next(iter(_found(store, JOBS.c.id == job_id, limit=1)), None)


def jobs(
    store: Store, *, kind: str | None = None, subject: str | None = None, by: str | None = None,
    states: Sequence[JobState] = STATES, limit: int = 50,
) -> list[Job]:  # fmt: skip
    """Return jobs, newest first."""
    where: list[sa.ColumnElement[bool]] = [JOBS.c.state.in_(states)]
    wanted = ((JOBS.c.kind, kind), (JOBS.c.subject, subject), (JOBS.c.by, by))
    where += [column == value for column, value in wanted if value is not None]
    return [one for one in _found(store, *where, limit=limit) if one.state in states]


def _found(store: Store, *where: sa.ColumnElement[bool], limit: int) -> list[Job]:
    query = sa.select(JOBS).where(*where).order_by(JOBS.c.at.desc(), JOBS.c.id).limit(limit)
    with store.reading("read the jobs") as connection:
        rows = list(connection.execute(query).mappings())
    lost = [r["id"] for r in rows if r["state"] in OPEN and not lives(r["owner"], r["beat"])]
    if not lost:
        return [_job(r) for r in rows]
    for job_id in lost:
        end(store, job_id, "failed", error=INTERRUPTED)
    with store.reading("read the jobs") as connection:
        again = sa.select(JOBS).where(JOBS.c.id.in_([r["id"] for r in rows])).order_by(JOBS.c.at.desc(), JOBS.c.id)
        return [_job(r) for r in connection.execute(again).mappings()]


def _job(row: "sa.RowMapping | dict[str, object]") -> Job:
    kept = row["result"]
    fields = {name: row[name] for name in Job.model_fields if name != "result"}
    return Job.model_validate({**fields, "result": json.loads(str(kept)) if kept is not None else None})


def here() -> str:
    """Return the name of this process: its machine, its number, and a word of its own."""
    return f"{socket.gethostname()}:{os.getpid()}:{_TOKEN}"


def lives(owner: str, beat: str) -> bool:
    """Return whether a process is still there; one on another machine is, while its last sign is not too old."""
    if owner == here():
        return True
    host, number, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return beat > stamp(now() - SILENT)
    if int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


__all__ = [
    "INTERRUPTED", "JOBS", "OPEN", "STATES", "Job", "JobState", "add", "advance", "begin", "end", "here", "job", "jobs",
    "lives",
]  # fmt: skip
