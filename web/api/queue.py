"""`/v1/queue`: what waits for a person, and taking cases in hand, one person or program at a time."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import Field

from cases.model import Fact
from web.api.caller import calls
from web.api.decisions import Asked, Cursor, Many, Sort
from web.api.discretion import unnamed
from web.api.listing import LIMIT, Page, page, query
from web.identity import Actor, office_of
from web.work import claims
from web.work.claims import Claim

router = APIRouter(prefix="/v1/queue", tags=["queue"])
Reviewer = Annotated[Actor, Depends(calls("read", "review"))]
Whole = Annotated[str, Path(min_length=8, max_length=64, description="The whole id of the decision.")]
WAITS = "state:waiting state:escalated"


class Held(Fact):
    """A case in hand, until it expires. `holder` is a colleague's name, null for programs."""

    decision_id: str
    at: str
    expires: str
    holder: str | None


class Next(Fact):
    """Which case to take next: the first one of a query that nobody has."""

    q: str = Field(default="", max_length=500, description="Words and prefixes, as in the list.")
    sort: str = Field(default="-severity", max_length=20)


@router.get("")
def waiting(
    request: Request, actor: Reviewer, q: Asked = "", sort: Sort = "-severity", after: Cursor = None,
    limit: Many = LIMIT, total: Annotated[bool, Query(description="Count all that wait, too.")] = False,
) -> Page:  # fmt: skip
    """List the cases that wait for a person, the most severe first."""
    wanted = query(actor, q)
    more = "" if wanted.of("state") else WAITS
    wanted = query(actor, q, more)
    return page(office_of(request), actor, "queue.read", wanted, sort, after, limit, total=total)


@router.post("/next", responses={204: {"description": "Nothing waits that nobody has."}})
def take_next(
    request: Request, actor: Reviewer,
    wanted: Annotated[Next, Body(openapi_examples={"threats": {"value": {"q": "rule:HR2", "sort": "-severity"}}})],
) -> Held:  # fmt: skip
    """Take the next case in hand."""
    office = office_of(request)
    more = "" if query(actor, wanted.q).of("state") else WAITS
    found = claims.next_case(office, actor, query(actor, wanted.q, more), sort=wanted.sort)
    if found is None:
        return Response(status_code=204)  # type: ignore[return-value]
    with unnamed(actor):
        return _held(actor, claims.claim(office, actor, found))


@router.post("/{decision_id}/claim")
def take(request: Request, decision_id: Whole, actor: Reviewer) -> Held:
    """Take a case in hand, or keep it for longer; 409 where somebody else has it."""
    with unnamed(actor):
        return _held(actor, claims.claim(office_of(request), actor, decision_id))


@router.delete("/{decision_id}/claim", status_code=204)
def give_back(request: Request, decision_id: Whole, actor: Reviewer) -> None:
    """Give a case back; harmless where one does not have it."""
    claims.release(office_of(request), actor, decision_id)


def _held(actor: Actor, claim: Claim) -> Held:
    return Held(decision_id=claim.decision_id, at=claim.at, expires=claim.expires,
                holder=claim.shown if actor.person else None)  # fmt: skip
