"""Administration: people, API keys and the journal. For those who administer, and everything here is on record."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from web.identity import Actor, needs, office_of
from web.number import Whole
from web.pages import page
from web.problem import Problem
from web.store import accounts, journal, keys, sessions
from web.store.accounts import PEOPLE, AccountError, Role
from web.store.keys import SCOPES, Scope

T = TypeVar("T")
router = APIRouter(prefix="/admin")
Admin = Annotated[Actor, Depends(needs("administer"))]
INVITED = timedelta(days=3)
PAGE = 200


@router.get("")
def people(request: Request, actor: Admin) -> Response:
    """Show people and their roles."""
    return _people(request, actor)


@router.post("/people")
def add(
    request: Request, actor: Admin, name: Annotated[str, Form(max_length=64)], roles: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Add an account, and show the one-time link by which it is taken up."""
    office = office_of(request)
    made = _told(lambda: accounts.add(office.store, name, _roles(roles)))
    journal.note(office.store, actor.id, "account.add", made.id, {"roles": " ".join(made.roles)})
    return _people(request, actor, invited=made, link=_link(request, made.id))


@router.post("/people/{account_id}")
def change(
    request: Request, actor: Admin, account_id: str, roles: Annotated[list[str], Form()] = [],  # noqa: B006
    active: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Change what somebody may do; whoever loses anything is signed out at once."""
    office = office_of(request)
    made = _told(lambda: accounts.change(office.store, account_id, roles=_roles(roles), active=active))
    sessions.end_all(office.store, account_id)
    detail = {"roles": " ".join(made.roles), "active": str(made.active).lower()}
    journal.note(office.store, actor.id, "account.change", made.id, detail)
    return RedirectResponse("/admin", 303)


@router.post("/people/{account_id}/link")
def invite(request: Request, actor: Admin, account_id: str) -> Response:
    """Make a new one-time link, for somebody who lost the first or forgot the password."""
    office = office_of(request)
    found = accounts.account(office.store, account_id)
    if found is None or not found.active:
        raise Problem(404, f"No active account {account_id!r}.", code="unknown_account")
    journal.note(office.store, actor.id, "account.link", found.id)
    return _people(request, actor, invited=found, link=_link(request, found.id))


@router.get("/keys")
def all_keys(request: Request, actor: Admin) -> Response:
    """Show the API keys."""
    return page(request, "admin/keys.html", actor, keys=keys.keys(office_of(request).store), scopes=SCOPES, secret=None)


@router.post("/keys")
def make_key(
    request: Request, actor: Admin, name: Annotated[str, Form(max_length=64)],
    scopes: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Make a key, and show its secret this once."""
    office = office_of(request)
    wanted: list[Scope] = [s for s in SCOPES if s in scopes]
    made, secret = _told(lambda: keys.make(office.store, name, wanted))
    journal.note(office.store, actor.id, "key.make", made.id, {"scopes": " ".join(made.scopes)})
    return page(request, "admin/keys.html", actor, keys=keys.keys(office.store), scopes=SCOPES, secret=secret)


@router.post("/keys/{key_id}/revoke")
def revoke(request: Request, actor: Admin, key_id: str) -> Response:
    """Revoke a key at once."""
    office = office_of(request)
    if not keys.revoke(office.store, key_id):
        raise Problem(404, f"No key {key_id!r} in use.", code="unknown_key")
    journal.note(office.store, actor.id, "key.revoke", key_id)
    return RedirectResponse("/admin/keys", 303)


@router.get("/journal")
def read_journal(
    request: Request, actor: Admin, who: str = "", act: str = "", subject: str = "", before: Whole | None = None,
) -> Response:  # fmt: skip
    """Show who did and read what."""
    office = office_of(request)
    found = journal.lines(
        office.store, actor=who or None, act=act or None, subject=subject or None, before=before, limit=PAGE
    )
    shown = {a.id: a.shown for a in accounts.everybody(office.store)}
    return page(request, "admin/journal.html", actor, lines=found, shown=shown, who=who, act=act, subject=subject,
                more=found[-1].seq if len(found) == PAGE else None)  # fmt: skip


@router.get("/journal.csv")
def export(request: Request, actor: Admin, who: str = "", act: str = "", subject: str = "") -> Response:
    """Give the journal as CSV, at most 100,000 lines."""
    office = office_of(request)
    found = journal.lines(office.store, actor=who or None, act=act or None, subject=subject or None, limit=100_000)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("at", "actor", "act", "subject", "detail"))
    for line in found:
        detail = " ".join(f"{k}={v}" for k, v in line.detail.items())
        # A leading apostrophe keeps a spreadsheet from running what somebody typed as a formula.
        cells = (line.at, line.actor, line.act, line.subject, detail)
        rows.writerow([f"'{c}" if c.startswith(("=", "+", "-", "@")) else c for c in cells])
    journal.note(office.store, actor.id, "journal.export", "journal")
    headers = {"Content-Disposition": 'attachment; filename="journal.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _people(
    request: Request, actor: Actor, invited: accounts.Account | None = None, link: str | None = None
) -> Response:
    found = accounts.everybody(office_of(request).store)
    return page(request, "admin/people.html", actor, people=found, roles=PEOPLE, invited=invited, link=link)


def _link(request: Request, account_id: str) -> str:
    office = office_of(request)
    base = (office.web.public_url or str(request.base_url)).rstrip("/")
    return f"{base}/link/{sessions.link(office.store, account_id, INVITED)}"


def _roles(said: list[str]) -> list[Role]:
    return [r for r in PEOPLE if r in said]


def _told(act: Callable[[], T]) -> T:
    try:
        return act()
    except (AccountError, ValueError) as error:
        raise Problem(422, f"{str(error)[:1].upper()}{str(error)[1:]}.", code="not_possible") from None
