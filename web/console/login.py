"""Signing in and out: by name and password, or by a one-time link."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from web.identity import COOKIE, Actor, needs, office_of
from web.pages import page
from web.problem import Problem
from web.provider import Discovered, Provider
from web.store import accounts, arrivals, journal, sessions

LEFT = "precept-left"
router = APIRouter()


@router.get("/login")
def form(request: Request, next: str = "/") -> Response:
    """Show the form."""
    return page(request, "login.html", None, next=_inside(next), wrong=False, oidc=office_of(request).web.oidc)


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
        given = {"next": _inside(next), "wrong": True, "oidc": office.web.oidc}
        return page(request, "login.html", None, status=403, **given)
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


@router.get("/login/provider")
def leave(request: Request, next: str = "/") -> Response:
    """Send somebody to the provider."""
    office = office_of(request)
    arrival = arrivals.leave(office.store, _inside(next))
    answer = RedirectResponse(_provider(request).way(arrival, _back(request)), 303)
    # Who comes back has to be who left: else somebody could be signed in as another without noticing.
    secure = request.url.scheme == "https"
    answer.set_cookie(LEFT, arrival.state, max_age=600, httponly=True, secure=secure, samesite="lax", path="/login")
    return answer


@router.get("/login/back")
def come_back(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """Sign in whom the provider knows, where an account stands for them."""
    office = office_of(request)
    left = request.cookies.get(LEFT, "")
    arrival = arrivals.arrive(office.store, state) if hmac.compare_digest(left.encode(), state.encode()) else None
    if arrival is None or not code:
        raise Problem(403, f"Signing in was not finished{f' ({error[:40]})' if error else ''}; begin again.",
                      code="bad_state")  # fmt: skip
    found = _provider(request).identity(arrival, code, _back(request))
    account = accounts.of_subject(office.store, found.subject)
    if account is None and found.email:
        # An invitation: an account that an admin named by the address. It belongs to this subject from now on.
        account = accounts.bind(office.store, found.email, found.subject)
    if account is None or not account.active:
        journal.note(office.store, "nobody", "sign-in.refused", found.email or found.subject[:64])
        who = found.email or "this identity"
        raise Problem(403, f"No account stands for {who}; ask an admin to add one under that name.", code="no_account")
    return begun(request, account.id, arrival.to)


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


def _provider(request: Request) -> Provider:
    web = office_of(request).web
    if not web.oidc:
        raise Problem(404, "No sign-in provider is set up here (PRECEPT_WEB_OIDC_ISSUER).", code="no_provider")
    return Discovered(web)


def _back(request: Request) -> str:
    outside = office_of(request).web.public_url
    return f"{(outside or str(request.base_url)).rstrip('/')}/login/back"


def _inside(path: str) -> str:
    """Return a path of ours, never another site's."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
