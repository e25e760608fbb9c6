"""Who asks: from a session cookie (people) or a bearer key (programs) to an Actor. It decides no case.

Contract: a request with a cookie that changes something has to bring the session's CSRF token (header X-CSRF-Token or
form field `csrf`); a bearer key needs none, as no browser sends it by itself.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import Request

from cases.model import Fact
from web.office import Office
from web.problem import Problem
from web.roles import OF_ROLE, OF_SCOPE, Permission
from web.store import accounts, keys, sessions

COOKIE = "precept"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Actor(Fact):
    """Who acts. `id` goes on record (an account's id, or a key's); `shown` is for colleagues alone."""

    id: str
    shown: str
    via: Literal["session", "key"]
    may: frozenset[Permission]
    csrf: str | None = None
    preferences: dict[str, str | int | bool] = {}

    @property
    def person(self) -> bool:
        """Return whether a person acts, not a program."""
        return self.via == "session"


def actor_of(office: Office, request: Request) -> Actor | None:
    """Return who asks, None for nobody that is known; a bad bearer key raises."""
    held = request.headers.get("authorization", "")
    if held:
        scheme, _, secret = held.partition(" ")
        found = keys.key(office.store, secret.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise Problem(401, "The API key is not valid; make one with precept serve --key, or in Admin.",
                          code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})  # fmt: skip
        may = frozenset[Permission]().union(*(OF_SCOPE[s] for s in found.scopes))
        return Actor(id=found.id, shown=found.name, via="key", may=may)
    secret = request.cookies.get(COOKIE, "")
    session = sessions.session(office.store, secret) if secret else None
    account = accounts.account(office.store, session.account_id) if session else None
    if session is None or account is None or not account.active:
        return None
    may = frozenset[Permission]().union(*(OF_ROLE[r] for r in account.roles))
    return Actor(id=account.id, shown=account.shown, via="session", may=may, csrf=session.csrf,
                 preferences=account.preferences)  # fmt: skip


def needs(*permissions: Permission) -> Callable[[Request], Awaitable[Actor]]:
    """Return a dependency that gives the actor, and refuses one who lacks any of the permissions."""

    async def asked(request: Request) -> Actor:
        from starlette.concurrency import run_in_threadpool

        actor = await run_in_threadpool(actor_of, office_of(request), request)
        if actor is None:
            raise Problem(401, "Nobody is signed in: send an API key as Authorization: Bearer, or sign in.",
                          code="not_signed_in", headers={"WWW-Authenticate": "Bearer"})  # fmt: skip
        if lacking := [p for p in permissions if p not in actor.may]:
            raise Problem(403, f"This needs the permission {lacking[0]!r}, which {actor.shown!r} does not have.",
                          code="not_permitted")  # fmt: skip
        if actor.person and request.method not in SAFE:
            await _check_csrf(request, actor)
        return actor

    return asked


def office_of(request: Request) -> Office:
    """Return the office of the running application."""
    office: Office = request.app.state.office
    return office


async def _check_csrf(request: Request, actor: Actor) -> None:
    sent = request.headers.get("x-csrf-token", "")
    if not sent and "form" in request.headers.get("content-type", ""):
        sent = str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(sent.encode(), (actor.csrf or "").encode()):
        raise Problem(403, "The page is too old or was not opened here; load it again.", code="bad_csrf_token")
