"""`/v1/search`: decisions by their words, rule and severity, or by likeness to another one or to a text."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field

from cases.model import Fact
from web.api.decisions import Asked, Cursor, Many, Reader, Sort
from web.api.listing import LIMIT, Row, page, query, row
from web.identity import Actor, office_of
from web.office import Office
from web.problem import Problem
from web.work import inside, search, similar
from web.work.intake import Words
from web.work.perusal import noted
from web.work.similar import Near

router = APIRouter(tags=["search"])


class Hit(Row):
    """A decision that was found; `similarity` is a cosine in [-1, 1], null where likeness was not asked for."""

    similarity: float | None = None


class Hits(Fact):
    """What was found; a search by likeness comes in one page, the nearest first."""

    items: tuple[Hit, ...]
    next: str | None = Field(description="Send it as `after` for the page that follows; null at the end.")


class Likeness(Fact):
    """A text to which cases are to be like. It is compared and let go: it is judged by nobody and kept nowhere."""

    similar_to: Words = Field(min_length=1)
    least: float = Field(default=similar.LEAST, ge=0, le=1, allow_inf_nan=False, description="The least likeness.")
    limit: int = Field(default=LIMIT, ge=1, le=200)


EXAMPLES = {"a threat": {"value": {"similar_to": "I know which bus you take, and I will be waiting.", "least": 0.5}}}


@router.get("/v1/search")
def find(
    request: Request, actor: Reader, q: Asked = "",
    rule: Annotated[
        str | None, Query(pattern=r"^[A-Za-z0-9-]{1,32}\*?$", description="HR2, or HR* for a beginning.")
    ] = None,
    severity: Annotated[
        str | None, Query(pattern=r"^(>=|<=|>|<)?\d{1,3}$", description="As 70, >60 or <=20.", examples=[">60"])
    ] = None,
    similar_to: Annotated[
        str | None, Query(alias="similar", min_length=8, max_length=64, description="The id of a decision.")
    ] = None,
    least: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False, description="The least likeness.")] = similar.LEAST,
    sort: Sort = "-severity", after: Cursor = None, limit: Many = LIMIT,
) -> Hits:  # fmt: skip
    """Find decisions. Words, rule and severity narrow a search down; likeness stands by itself."""
    office = office_of(request)
    if similar_to is not None:
        if q or rule or severity or after:
            raise Problem(422, "similar stands by itself; leave q, rule, severity and after out.", param="similar",
                          code="one_or_the_other")  # fmt: skip
        whole = inside.entry(office, office.record(similar_to).decision.id).decision_id
        answer = _near(office, actor, similar.similar(office, whole, limit, least))
        noted(office, actor, "case.search", whole, len(answer.items), least=str(least))
        return answer
    more = [f"rule:{rule}" if rule else "", f"severity:{severity}" if severity else ""]
    listed = page(office, actor, "case.search", query(actor, q, *(m for m in more if m)), sort, after, limit)
    return Hits(items=tuple(Hit(**dict(r)) for r in listed.items), next=listed.next)


@router.post("/v1/search")
def find_like(
    request: Request, actor: Reader, wanted: Annotated[Likeness, Body(openapi_examples=EXAMPLES)]
) -> Hits:  # fmt: skip
    """Find decisions about content like a text, the nearest first. The text stands in the body, never in an address."""
    office = office_of(request)
    answer = _near(office, actor, similar.similar_to(office, wanted.similar_to, wanted.limit, wanted.least))
    noted(office, actor, "case.search", "text", len(answer.items), least=str(wanted.least),
          characters=len(wanted.similar_to))  # fmt: skip
    return answer


def _near(office: Office, actor: Actor, found: list[Near]) -> Hits:
    """Return what is near, without what waits for a blind opinion that could be the actor's."""
    asks = query(actor, "")
    shown = [n for n in found if not search.hidden(office, asks, n.entry)]
    return Hits(items=tuple(Hit(**dict(row(n.entry)), similarity=round(n.similarity, 3)) for n in shown), next=None)
