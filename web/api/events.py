"""`/v1/events`: decisions and rulings as they go on record, as server-sent events that can be taken up again."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from web.api.caller import ERRORS, calls
from web.identity import Actor, office_of
from web.problem import Problem
from web.store import journal
from web.work import happenings
from web.work.happenings import name

router = APIRouter(tags=["events"])
EVERY = 0.5  # seconds between two looks at the record


async def _start(
    request: Request,
    last_event_id: Annotated[
        str | None, Header(max_length=40, description="Go on after this event; else with the next one that happens.")
    ] = None,
    after: Annotated[
        str | None, Query(max_length=40, description="The same, where a header cannot be sent; evt-0 for all there is.")
    ] = None,
) -> int:
    """Return the place in the record after which to begin."""
    asked = last_event_id or after
    head = (await run_in_threadpool(office_of(request).ledger.head)).count
    if asked is None:
        return head
    found = happenings.place(asked)
    if found is None:
        raise Problem(422, f"Last-Event-ID {asked!r} is no id of an event; send one that you got, as evt-1042.",
                      param="Last-Event-ID", code="bad_event_id")  # fmt: skip
    return min(found, head)


@router.get("/v1/events", response_class=EventSourceResponse, responses=ERRORS)
async def events(
    request: Request, actor: Annotated[Actor, Depends(calls("read"))], start: Annotated[int, Depends(_start)],
    limit: Annotated[int | None, Query(ge=1, le=10_000, description="End the stream after so many events.")] = None,
    wait: Annotated[bool, Query(description="Wait for what is to come; else end with what is there.")] = True,
) -> AsyncIterator[ServerSentEvent]:  # fmt: skip
    """Stream what happens: `decision` and `ruling`, each with what holds after it."""
    import anyio

    # One line for a stream, before the first event: who listens is told of everything from there on.
    await run_in_threadpool(journal.note, office_of(request).store, actor.id, "events.read", name(start))
    office, place, sent = office_of(request), start, 0
    while True:
        heard = await run_in_threadpool(happenings.since, office, place)
        place = heard.reached
        for event in heard.events:
            yield ServerSentEvent(event=event.type, id=event.id, data=event)
            sent += 1
            if limit is not None and sent >= limit:
                return
        if not heard.events and not wait:
            return
        if not heard.events:
            await anyio.sleep(EVERY)
