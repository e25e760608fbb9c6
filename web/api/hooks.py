"""`/v1/hooks`: webhooks, for admins: where decisions and rulings are sent to, signed, and how that went."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from pydantic import Field

from cases.model import Fact
from web.api.caller import calls
from web.identity import Actor, office_of
from web.store import hooks as kept
from web.store.hooks import Delivery, EventType, Hook
from web.work import hooks
from web.work.hooks import Made

router = APIRouter(prefix="/v1/hooks", tags=["hooks"])
Admin = Annotated[Actor, Depends(calls("administer"))]
Id = Annotated[str, Path(pattern=r"^h-[0-9a-f]{12}$")]


class Wanted(Fact):
    """A new hook: where to, and which events."""

    url: str = Field(min_length=8, max_length=2000, examples=["https://example.org/precept"])
    events: tuple[EventType, ...] = Field(default=("decision", "ruling"), min_length=1, max_length=4)


class Hooks(Fact):
    """Every hook in use, newest first, without the secrets."""

    items: tuple[Hook, ...]


class Deliveries(Fact):
    """Deliveries, newest first; send `next` as `before` for those that follow."""

    items: tuple[Delivery, ...]
    next: str | None


EXAMPLE = {"all": {"value": {"url": "https://example.org/precept", "events": ["decision", "ruling"]}}}


@router.get("")
def listed(request: Request, actor: Admin) -> Hooks:
    """List the hooks."""
    return Hooks(items=tuple(kept.hooks(office_of(request).store)))


@router.post("", status_code=201)
def add(
    request: Request, actor: Admin, wanted: Annotated[Wanted, Body(openapi_examples=EXAMPLE)]
) -> Made:  # fmt: skip
    """Add a hook. Its secret is in this answer, and nowhere else."""
    return hooks.add(office_of(request), actor, wanted.url, wanted.events)


@router.delete("/{hook_id}", status_code=204)
def remove(request: Request, actor: Admin, hook_id: Id) -> None:
    """Remove a hook, and what was still on its way to it."""
    hooks.remove(office_of(request), actor, hook_id)


@router.post("/{hook_id}/test", status_code=202)
def ping(request: Request, actor: Admin, hook_id: Id) -> Delivery:
    """Send an event that says nothing, to see whether the hook works."""
    return hooks.ping(office_of(request), actor, hook_id)


@router.get("/{hook_id}/deliveries")
def deliveries(
    request: Request, actor: Admin, hook_id: Id, limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern=r"^w-[0-9a-f]{16}$")] = None,
) -> Deliveries:  # fmt: skip
    """List what was sent and how that went."""
    office = office_of(request)
    hooks.hook(office, hook_id)
    found = kept.deliveries(office.store, hook_id, limit + 1, before)
    more = len(found) > limit
    return Deliveries(items=tuple(found[:limit]), next=found[limit - 1].id if more else None)


@router.post("/{hook_id}/deliveries/{delivery_id}/again", status_code=202)
def again(
    request: Request, actor: Admin, hook_id: Id, delivery_id: Annotated[str, Path(pattern=r"^w-[0-9a-f]{16}$")]
) -> Delivery:  # fmt: skip
    """Send a delivery that failed once more."""
    return hooks.again(office_of(request), actor, hook_id, delivery_id)
