"""`/v1/cases`: one case through the whole graph, with its steps as they happen, and at most once for each key.

Contract: whoever sent a case may read what became of it; its content and the inside of its steps need `read`, and the
inside is for signed-in people alone.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field, JsonValue, model_validator
from starlette.concurrency import run_in_threadpool

from cases.case import AD_FIELDS, Case, MediaKind
from cases.model import Fact
from web.api.caller import ERRORS, calls, deadline
from web.api.discretion import seeing
from web.api.repeat import Key, taken
from web.identity import Actor, office_of
from web.office import Office
from web.problem import Problem
from web.store import authors, idempotency, journal
from web.store import submissions as kept
from web.store.submissions import Phase, Submission
from web.work import inside, submissions
from web.work.deadline import Deadline
from web.work.inside import Content
from web.work.intake import Author, Setting, Words, case_of, id_of
from web.work.media import decoded, keep
from web.work.public import Verdict, verdict

router = APIRouter(prefix="/v1/cases", tags=["cases"])
EVERY = 0.15  # seconds between two looks for new steps
Id = Annotated[str, Path(pattern=r"^c-[0-9a-f]{16}$", examples=["c-0123456789abcdef"])]
Sender = Annotated[Actor, Depends(calls("moderate"))]


class Upload(Fact):
    """A file of a case, as a data: URL in base64. Its kind is read from its content."""

    type: MediaKind
    data: str = Field(min_length=1, examples=["data:image/png;base64,iVBORw0KGgo="])


class Ad(Fact):
    """The fields of an ad."""

    title: Words | None = None
    caption: Words | None = None
    screen: Words | None = None
    speech: Words | None = None
    landing: Words | None = None


class Sent(Setting):
    """A case: a text or the parts of an ad, and files. `id` is the sender's own name for it."""

    id: str | None = Field(default=None, min_length=1, max_length=200)
    author: Author | None = Field(
        default=None, description="The account that published it, by an id that means nothing here. No model sees it."
    )
    text: Words | None = None
    parts: Ad | None = None
    media: tuple[Upload, ...] = Field(default=(), max_length=16)

    @model_validator(mode="after")
    def _one_of_them(self) -> "Sent":
        if self.text is not None and self.parts is not None:
            raise ValueError("text and parts are both given; give one of the two")
        return self


class Submitted(Fact):
    """What became of a case; `decision` is null while it is decided. `content` is for those who may read cases.

    `author` is who published it, as it was sent; null where that is not known, or was forgotten.
    """

    id: str
    case_id: str
    author: str | None = None
    state: Phase
    at: str
    decision: Verdict | None
    error: str | None
    steps: str = Field(description="Where its steps are streamed.")
    content: Content | None = None


class StepTold(Fact):
    """A step: what was done, and for people who may read cases what it found."""

    n: int
    step: str
    label: str
    seconds: float
    detail: dict[str, JsonValue] | None


EXAMPLES = {
    "a comment": {
        "value": {
            "id": "comment-17",
            "text": "See you on Friday, bring cake.",
            "surface": "comment",
            "author": "u-81",
        }
    },
    "an ad": {"value": {"parts": {"title": "Slim in a week", "caption": "Doctors hate it"}, "surface": "ad"}},
}


@router.post("", status_code=201, responses={202: {"model": Submitted, "description": "It is still being decided."}})
def create(
    request: Request, response: Response, actor: Sender, until: Annotated[Deadline, Depends(deadline)],
    sent: Annotated[Sent, Body(openapi_examples=EXAMPLES)],
    wait: Annotated[bool, Query(description="Wait for the decision, for as long as the deadline allows.")] = True,
    key: Key = None,
) -> Submitted:  # fmt: skip
    """Have a case decided. Where it takes longer than the deadline, the answer is 202 and the work goes on."""
    office = office_of(request)
    if key is not None and (held := taken(office, actor, key, sent)).state == "done":
        response.status_code = held.status
        response.headers["Idempotent-Replayed"] = "true"
        return _credited(office, Submitted.model_validate_json(held.answer))
    try:
        found = _decided(office, actor, sent, until, wait)
    except BaseException:
        if key is not None:
            idempotency.drop(office.store, actor.id, key)
        raise
    response.status_code = 201 if found.state == "decided" else 202
    response.headers["Location"] = f"/v1/cases/{found.id}"
    if key is not None:
        # Kept without its author, who could not be forgotten there.
        told = found.model_copy(update={"author": None}).model_dump_json()
        idempotency.keep(office.store, actor.id, key, response.status_code, told)
    return found


@router.get("/{id}")
def read(request: Request, id: Id, actor: Sender) -> Submitted:
    """Say what became of a case; with its content to those who may read cases."""
    office = office_of(request)
    return _told(office, _seen(office, actor, id), content="read" in actor.may, reader=actor)


def _seen(office: Office, actor: Actor, id: str) -> Submission:
    found = submissions.read(office, actor, id)
    if found.decision_id is not None:
        seeing(office, actor, found.decision_id)
    return found


async def _known(request: Request, id: Id, actor: Sender) -> Submission:
    return await run_in_threadpool(_seen, office_of(request), actor, id)


@router.get("/{id}/steps", response_class=EventSourceResponse, responses=ERRORS)
async def steps(
    request: Request, actor: Sender, found: Annotated[Submission, Depends(_known)],
    last_event_id: Annotated[int, Header(ge=0, le=10_000, description="Go on after this step.")] = 0,
) -> AsyncIterator[ServerSentEvent]:  # fmt: skip
    """Stream the steps of a case as they happen: `step` for each, and `decision` or `failed` at the end."""
    import anyio

    office, last = office_of(request), last_event_id
    inner = actor.person and "read" in actor.may
    while True:
        # Read before the steps, so that none of those done before the end is missed.
        now = await run_in_threadpool(submissions.read, office, actor, found.id)
        for step in await run_in_threadpool(submissions.steps, office, actor, found.id, last):
            last = step.n
            told = StepTold(n=step.n, step=step.node, label=submissions.LABELS.get(step.node, step.node),
                            seconds=step.seconds, detail=step.detail if inner else None)  # fmt: skip
            yield ServerSentEvent(event="step", id=str(step.n), data=told)
        if now.state != "deciding":
            answer = await run_in_threadpool(_told, office, now)
            yield ServerSentEvent(event="decision" if now.state == "decided" else "failed", data=answer)
            return
        await anyio.sleep(EVERY)


def _decided(office: Office, actor: Actor, sent: Sent, until: Deadline, wait: bool) -> Submitted:
    made = kept.new_id()
    ended = submissions.submit(office, actor, made, _case(office, sent, sent.id or made), sent.author)
    found = submissions.wait(office, made, ended, until if wait else Deadline.after(0))
    if found.state == "failed":
        raise Problem(500, found.error or "It could not be decided.", code="not_decided")
    return _told(office, found)


def _case(office: Office, sent: Sent, case_id: str) -> Case:
    media = [
        keep(office, decoded(one.data, f"media[{n}].data"), f"media[{n}].data", one.type)
        for n, one in enumerate(sent.media)
    ]
    if sent.parts is None:
        return case_of(office.pack, case_id, [sent.text or ""], sent, media=media, param="text")
    given = {name: text for name in AD_FIELDS if (text := getattr(sent.parts, name)) is not None}
    return case_of(office.pack, case_id, list(given.values()), sent, media=media, param="parts", fields=list(given))


def _told(office: Office, found: Submission, *, content: bool = False, reader: Actor | None = None) -> Submitted:
    record = office.record(found.decision_id) if found.decision_id else None
    if content and record is not None and reader is not None:
        journal.note(office.store, reader.id, "case.read", record.decision.id)
    told = Submitted(
        id=found.id, case_id=found.case_id, state=found.state, at=found.at, error=found.error,
        decision=verdict(record) if record else None, steps=f"/v1/cases/{found.id}/steps",
        content=inside.content(record) if content and record else None,
    )  # fmt: skip
    return _credited(office, told)


def _credited(office: Office, told: Submitted) -> Submitted:
    return told.model_copy(update={"author": authors.author(office.store, id_of(told.id))})
