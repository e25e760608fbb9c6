"""`/v1/authors`: what was decided about the content of one account, and its strikes. It recommends, and acts on nobody.

Contract: for those who may read cases. An author of whom nothing is on record, or who was forgotten, is 404.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from cases.author import LONGEST
from cases.model import Fact
from web.api.decisions import Cursor, Many, Reader
from web.api.listing import LIMIT, Row, page
from web.identity import office_of
from web.work import authors
from web.work.search import Query, Term

router = APIRouter(prefix="/v1/authors", tags=["authors"])
# A path, as ids of other networks are addresses themselves.
Id = Annotated[str, Path(min_length=1, max_length=LONGEST, description="The id as it was sent.", examples=["u-81"])]


class StrikesTold(Fact):
    """The strikes of an account, from what holds now: overruled and overturned decisions count no more."""

    total: int
    days: int = Field(description="How far back they are counted.")
    cases: int = Field(description="From how many cases they come.")
    recommended: str = Field(description="The step that is reached, as the operator names it; none below the first.")
    next_threshold: int | None = Field(description="From how many strikes on the next step is recommended.")
    next_measure: str | None
    message: str


class AuthorTold(Fact):
    """An account and its cases, newest first; send `next` as `after` for the page that follows, null at the end."""

    author: str
    strikes: StrikesTold
    items: tuple[Row, ...]
    next: str | None


@router.get("/{author:path}")
def author(request: Request, author: Id, actor: Reader, after: Cursor = None, limit: Many = LIMIT) -> AuthorTold:
    """List what was decided about an account's content, with its strikes and what they recommend."""
    office = office_of(request)
    found = authors.of(office, author)
    query = Query(
        text=f'author:"{author}"', terms=(Term(field="author", value=author),),
        blind_to=actor.id if actor.person else None,
    )  # fmt: skip
    listed = page(office, actor, "author.read", query, "-at", after, limit)
    told = {name: value for name, value in dict(found).items() if name != "counted"}
    return AuthorTold(
        author=author, strikes=StrikesTold(**told, cases=len(found.counted)), items=listed.items, next=listed.next
    )
