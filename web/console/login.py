"""Signing in and out: by name and password, or by a one-time link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from web.identity import COOKIE, Actor, needs, office_of
from web.pages import page
from web.problem import Problem
from web.store import accounts, journal, sessions

router = APIRouter()


@router.get("/login")
def form(request: Request, next: str = "/") -> Response:
    """Show the form."""
    return page(request, "login.html", None, next=_inside(next), wrong=False)


@router.post("/login")
def sign_in(
    request: Request, name: Annotated[str, Form(max_length=64)], password: Annotated[str, Form(max_length=256)],
    next: Annotated[str, Form()] = "/",
) -> Response:  # fmt: skip
    """Sign in."""
    office = office_of(request)
    found = accounts.signed_in(office.store, name, password)
    if found is None:
        journal.note(office.store, "nobody", "sign-in.refused", name[:64])
        return page(request, "login.html", None, status=403, next=_inside(next), wrong=True)
    return begun(request, found.id, _inside(next))


@router.get("/link/{secret}")
def link(request: Request, secret: str) -> Response:
    """Use a one-time link. The page posts by itself, so that a preview of the link does not use it up."""
    return page(request, "link.html", None, secret=secret)


@router.post("/link")
def use_link(request: Request, secret: Annotated[str, Form(max_length=100)]) -> Response:
    """Sign in by a one-time link."""
    found = sessions.use_link(office_of(request).store, secret)
    if found is None:
        raise Problem(403, "This link was used already, or is too old. Ask for another one.", code="bad_link")
    return begun(request, found, "/")


@router.post("/logout")
def sign_out(request: Request, actor: Annotated[Actor, Depends(needs())]) -> Response:
    """Sign out."""
    office = office_of(request)
    sessions.end(office.store, request.cookies.get(COOKIE, ""))
    journal.note(office.store, actor.id, "sign-out", actor.id)
    gone = RedirectResponse("/login", 303)
    gone.delete_cookie(COOKIE, path="/")
    return gone


def begun(request: Request, account_id: str, to: str) -> Response:
    """Begin a session and go on to a page of ours."""
    office = office_of(request)
    secret = sessions.begin(office.store, account_id)
    journal.note(office.store, account_id, "sign-in", account_id)
    answer = RedirectResponse(to, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, secret, httponly=True, secure=secure, samesite="lax", path="/")
    return answer


def _inside(path: str) -> str:
    """Return a path of ours, never another site's."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
