"""Trying a text, and judging a case anew: the steps come as events (text/event-stream) while they finish."""

import json
import logging
from collections.abc import Iterator
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response, StreamingResponse

from cases.author import LONGEST
from cases.case import Surface
from cases.model import Fact
from web.identity import Actor, needs, office_of
from web.pages import page
from web.store import authors as kept
from web.work import authors, live
from web.work.live import Step

log = logging.getLogger("precept")
router = APIRouter(prefix="/cases")
Judge = Annotated[Actor, Depends(needs("moderate", "read"))]


class Told(Fact):
    """What a page is told of a step; `case` is where the decision can be looked at."""

    name: str
    told: str
    case: str | None = None
    problem: bool = False


@router.get("/new")
def form(request: Request, actor: Judge) -> Response:
    """Show the form."""
    return page(request, "new.html", actor, surfaces=get_args(Surface), profiles=office_of(request).pack.profiles)


@router.post("/new")
def judge(
    request: Request, actor: Judge, text: Annotated[str, Form()] = "", surface: Annotated[Surface, Form()] = "post",
    locale: Annotated[str, Form(max_length=35)] = "en", profile: Annotated[str, Form(max_length=64)] = "",
    context: Annotated[str, Form(max_length=live.LONGEST)] = "", author: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:  # fmt: skip
    """Judge a text that was typed in."""
    who = authors.checked(author.strip() or None)
    case = live.typed(text, surface, locale.strip() or "en", profile, context)
    return _streamed(live.judge(office_of(request), actor, case, who))


@router.post("/{decision_id}/judge")
def again(request: Request, actor: Judge, decision_id: str) -> Response:
    """Judge a case anew, under the policy in force; it gives another decision beside the old one."""
    office = office_of(request)
    found = office.record(decision_id)
    return _streamed(live.judge(office, actor, found.case, kept.author(office.store, found.decision.id)))


def _streamed(steps: Iterator[Step]) -> StreamingResponse:
    return StreamingResponse(_events(steps), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _events(steps: Iterator[Step]) -> Iterator[str]:
    try:
        for step in steps:
            to = f"/cases/{step.decision.id}" if step.decision else None
            yield _event("step", Told(name=step.name, told=step.told, case=to))
    except Exception:  # the answer has begun, so that it can only be told in it
        log.exception("precept: a case that was watched could not be judged")
        yield _event(
            "step", Told(name="stopped", told="It could not be judged; the log says why. Try again.", problem=True)
        )
    yield _event("end", Told(name="end", told=""))


def _event(kind: str, told: Told) -> str:
    return f"event: {kind}\ndata: {json.dumps(told.model_dump())}\n\n"
