"""Who calls, how often, and for how long: what every route of the API asks first. It knows no case."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Header, Request

from web.guard import Limits
from web.identity import Actor, needs
from web.problem import Problem
from web.roles import Permission
from web.work.deadline import Deadline

LONGEST = 600.0
_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
# For routes that answer otherwise than in JSON: their errors are JSON all the same.
ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be carried out; the body says which field and why.", "content": _BODY},
    "5XX": {"description": "It broke on our side, or took longer than it might.", "content": _BODY},
}


def calls(*permissions: Permission) -> Callable[[Request], Awaitable[Actor]]:
    """Return a dependency that gives the actor within its own rate, which counts over all addresses."""
    allowed = needs(*permissions)

    async def asked(request: Request) -> Actor:
        actor = await allowed(request)
        limits = limits_of(request)
        if not limits.limiter.hit(limits.per_actor, "actor", actor.id):
            raise Problem(429, f"More than {limits.per_actor} requests in a minute by one key; wait, and send fewer.",
                          code="rate_limit_exceeded", headers={"Retry-After": "10"})  # fmt: skip
        return actor

    return asked


def deadline(
    request: Request,
    precept_deadline: Annotated[
        float | None,
        Header(gt=0, le=LONGEST, allow_inf_nan=False, description="Seconds that the answer may take; 504 past them."),
    ] = None,
) -> Deadline:
    """Return how long the request may take: what its header says, else what the service is set to."""
    return Deadline.after(precept_deadline or limits_of(request).seconds)


def limits_of(request: Request) -> Limits:
    """Return the limits of the running application."""
    found: Limits = request.app.state.limits
    return found


__all__ = ["ERRORS", "calls", "deadline", "limits_of"]
