"""`/v1/search`: decisions by their words, rule and severity, or by likeness to another one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from cases.model import Fact
from web.api.decisions import Asked, Cursor, Many, Reader, Sort
from web.api.listing import LIMIT, Row, page, query, row
from web.identity import office_of
from web.problem import Problem
from web.store import journal
from web.work import inside, similar

router = APIRouter(tags=["search"])


class Hit(Row):
    """A decision that was found; `similarity` is a cosine in [-1, 1], null where likeness was not asked for."""

    similarity: float | None = None


class Hits(Fact):
    """What was found; a search by likeness comes in one page, the nearest first."""

    items: tuple[Hit, ...]
    next: str | None = Field(description="Send it as `after` for the page that follows; null at the end.")


@router.get("/v1/search")
def search(
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
        found = similar.similar(office, whole, limit, least)
        made = tuple(Hit(**dict(row(n.entry)), similarity=round(n.similarity, 4)) for n in found)
        answer = Hits(items=made, next=None)
    else:
        more = [f"rule:{rule}" if rule else "", f"severity:{severity}" if severity else ""]
        listed = page(office, query(actor, q, *(m for m in more if m)), sort, after, limit)
        answer = Hits(items=tuple(Hit(**dict(r)) for r in listed.items), next=listed.next)
    journal.note(office.store, actor.id, "case.search", "docket", {"found": str(len(answer.items))})
    return answer
