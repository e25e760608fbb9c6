"""Submissions: cases that a program sent, from arrival to decision, and each step on the way. It decides nothing.

Contract: the body of a case is kept until its decision is on record, so that a restart loses none that was accepted.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Literal

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy import Column, Float, Integer, Table, Text

from cases.case import Case
from cases.model import Fact
from web.store import authors
from web.store.database import METADATA, Store, now, stamp
from web.store.jobs import here, lives

Phase = Literal["deciding", "decided", "failed"]

SUBMISSIONS = Table(
    "submissions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decision_id", Text),
    Column("error", Text),
    Column("at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("beat", Text, nullable=False),
)
STEPS = Table(
    "submission_steps",
    METADATA,
    Column("submission", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("node", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("detail", Text, nullable=False),
)


class Submission(Fact):
    """A case that was sent: `case_id` is the sender's own name for it."""

    id: str
    case_id: str
    by: str
    state: Phase
    decision_id: str | None
    error: str | None
    at: str


class Step(Fact):
    """A step that was done; `detail` is internal."""

    n: int
    node: str
    seconds: float
    detail: dict[str, JsonValue]


def add(
    store: Store, by: str, case: Case, submission_id: str, *, author: str | None = None, decision_id: str | None = None
) -> Submission:
    """Add a case that this process is going to decide, under `decision_id` where its `author` is known."""
    at = stamp(now())
    row = {
        "id": submission_id, "case_id": case.id, "by": by, "state": "deciding", "decision_id": None, "error": None,
        "at": at, "body": case.model_dump_json(), "owner": here(), "beat": at,
    }  # fmt: skip
    with store.writing("take a case") as connection:
        connection.execute(SUBMISSIONS.insert().values(row))
        if author is not None and decision_id is not None:
            authors.credit(connection, decision_id, author)
    return _submission(row)


def new_id() -> str:
    """Return the id of a new submission."""
    return f"c-{secrets.token_hex(8)}"


def submission(store: Store, submission_id: str) -> Submission | None:
    """Return a submission, None where there is none."""
    with store.reading("read a submission") as connection:
        query = sa.select(SUBMISSIONS).where(SUBMISSIONS.c.id == submission_id)
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _submission(row)


def adopt(store: Store, submission_id: str) -> Case | None:
    """Return the case of a submission whose process is gone, which is this one's now; None where it is not so."""
    with store.writing("take a case over") as connection:
        query = sa.select(SUBMISSIONS).where(SUBMISSIONS.c.id == submission_id, SUBMISSIONS.c.state == "deciding")
        row = connection.execute(query).one_or_none()
        if row is None or lives(row.owner, row.beat):
            return None
        here_now = {"owner": here(), "beat": stamp(now())}
        connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.id == submission_id).values(here_now))
        connection.execute(STEPS.delete().where(STEPS.c.submission == submission_id))
    return Case.model_validate_json(row.body)


def note_step(
    store: Store, submission_id: str, n: int, node: str, seconds: float, detail: Mapping[str, JsonValue]
) -> None:
    """Note that a step is done."""
    row = {"submission": submission_id, "n": n, "node": node, "seconds": seconds, "detail": json.dumps(dict(detail))}
    with store.writing("note a step") as connection:
        connection.execute(STEPS.insert().values(row))
        mine = SUBMISSIONS.c.id == submission_id
        connection.execute(SUBMISSIONS.update().where(mine).values(beat=stamp(now())))


def end(store: Store, submission_id: str, *, decision_id: str | None = None, error: str | None = None) -> None:
    """End a submission by its decision, or by what went wrong; its body is let go."""
    values = {
        "state": "failed" if decision_id is None else "decided",
        "decision_id": decision_id,
        "error": error,
        "body": "",
    }
    with store.writing("end a submission") as connection:
        connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.id == submission_id).values(values))


def steps(store: Store, submission_id: str, after: int = 0) -> list[Step]:
    """Return the steps that were done after one, in order."""
    query = sa.select(STEPS).where(STEPS.c.submission == submission_id, STEPS.c.n > after).order_by(STEPS.c.n)
    with store.reading("read the steps") as connection:
        return [
            Step(n=r.n, node=r.node, seconds=r.seconds, detail=json.loads(r.detail)) for r in connection.execute(query)
        ]


def _submission(row: "sa.RowMapping | Mapping[str, object]") -> Submission:
    return Submission.model_validate({name: row[name] for name in Submission.model_fields})


__all__ = ["Phase", "Step", "Submission", "add", "adopt", "end", "new_id", "note_step", "steps", "submission"]
