"""One's own password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from web.console.login import begun
from web.identity import Actor, needs, office_of
from web.pages import page
from web.problem import Problem
from web.store import accounts, journal, sessions
from web.store.accounts import LONGEST, SHORTEST, AccountError

router = APIRouter()
Person = Annotated[Actor, Depends(needs())]


@router.get("/password")
def form(request: Request, actor: Person) -> Response:
    """Show the form."""
    return page(request, "password.html", actor, shortest=SHORTEST)


@router.post("/password")
def change(
    request: Request, actor: Person, fresh: Annotated[str, Form(max_length=LONGEST)],
    again: Annotated[str, Form(max_length=LONGEST)],
) -> Response:  # fmt: skip
    """Set a new password; every other session of the account ends."""
    office = office_of(request)
    if not actor.person:
        raise Problem(403, "A key has no password.", code="not_permitted")
    if fresh != again:
        raise Problem(422, "The two are not the same; type the new password twice.", param="again", code="not_same")
    try:
        accounts.change(office.store, actor.id, password=fresh)
    except AccountError as error:
        raise Problem(422, f"{str(error)[0].upper()}{str(error)[1:]}.", param="fresh", code="weak_password") from None
    sessions.end_all(office.store, actor.id)
    journal.note(office.store, actor.id, "account.password", actor.id)
    return begun(request, actor.id, "/settings")
