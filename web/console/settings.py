"""A person's own settings: how content is covered, the look of pages, going on by itself, keys; and saved filters."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from web import keymap
from web.console.taste import COVERS, SPECIALS, STRONGEST, THEMES, Cover, Theme, taste
from web.identity import Actor, needs, office_of
from web.number import Whole
from web.pages import page
from web.problem import Problem
from web.store import accounts, saved

router = APIRouter()
Person = Annotated[Actor, Depends(needs())]


@router.get("/settings")
def settings(request: Request, actor: Person, told: str = "", place: str = "") -> Response:
    """Show the settings."""
    return _settings(request, actor, told=told, place=place)


@router.post("/settings")
def change(
    request: Request, actor: Person, blur: Annotated[int, Form(ge=0, le=STRONGEST)],
    cover: Annotated[Cover, Form()], theme: Annotated[Theme, Form()],
    scene: Annotated[list[str], Form(default_factory=list, max_length=200)], grey: Annotated[bool, Form()] = False,
    advance: Annotated[bool, Form()] = False, quiet: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Change them; `scene` is SCENE:HOW for those that are shown in another way, SCENE: for one as all others."""
    _person(actor)
    scenes = {}
    for one in scene:
        name, _, how = one.partition(":")
        if name not in {s.id for s in office_of(request).pack.scenes} or how not in ("", *SPECIALS):
            raise Problem(422, f"scene={one!r}: give a scene of the policy and one of {', '.join(SPECIALS)}.",
                          param="scene", code="bad_scene")  # fmt: skip
        if how or f"scene.{name}" in actor.preferences:
            scenes[f"scene.{name}"] = how
    accounts.prefer(office_of(request).store, actor.id, {
        "blur": blur, "cover": cover, "theme": theme, "grey": grey, "advance": advance, "quiet": quiet, **scenes,
    })  # fmt: skip
    return RedirectResponse("/settings?told=saved", 303)


@router.post("/settings/keys/{place}")
async def set_keys(request: Request, actor: Person, place: str) -> Response:
    """Set the keys of one place; a blank one, and all of them where `reset` is sent, is the usual one."""
    from starlette.concurrency import run_in_threadpool

    form = {k: str(v)[:40] for k, v in (await request.form()).items()}
    return await run_in_threadpool(_keys_set, request, actor, place, form)


@router.post("/settings/filters")
def keep(
    request: Request, actor: Person, name: Annotated[str, Form(max_length=60)],
    to: Annotated[str, Form(max_length=1000)], shared: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Save a filter under a name."""
    if not name.strip() or not to.startswith(("/queue?", "/search?", "/queue", "/search")) or to.startswith("//"):
        raise Problem(
            422, "Give the filter a name, and save it from the queue or the search.", param="name", code="bad_filter"
        )
    saved.keep(office_of(request).store, actor.id, name.strip(), to, shared)
    return RedirectResponse(to, 303)


@router.post("/settings/filters/{saved_id}/remove")
def drop(request: Request, actor: Person, saved_id: Whole) -> Response:
    """Remove a saved filter."""
    if not saved.drop(office_of(request).store, actor.id, saved_id):
        raise Problem(404, "You have no such filter.", code="unknown_filter")
    return RedirectResponse("/settings", 303)


def _keys_set(request: Request, actor: Actor, place: str, form: dict[str, str]) -> Response:
    _person(actor)
    wanted = form
    if "reset" in form:
        wanted = {b.action: "" for b in keymap.usual().get(place, ())}
    try:
        accounts.prefer(office_of(request).store, actor.id, keymap.rebound(actor.preferences, place, wanted))
    except Problem as problem:
        if problem.status != 422:
            raise
        return _settings(request, actor, place=place, refused=problem, tried=wanted)
    return RedirectResponse(f"/settings?told=keys&place={place}#keys-{place}", 303)


def _settings(
    request: Request, actor: Actor, *, told: str = "", place: str = "", refused: Problem | None = None,
    tried: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    return page(
        request, "settings.html", actor, status=refused.status if refused else 200, taste=taste(actor), told=told,
        covers_of=COVERS, specials=SPECIALS, themes=THEMES, strongest=STRONGEST,
        filters=saved.of(office_of(request).store, actor.id),
        keys=keymap.keys(actor.preferences), title_of=keymap.title, place=place, refused=refused, tried=tried or {},
    )  # fmt: skip


def _person(actor: Actor) -> None:
    if not actor.person:
        raise Problem(403, "A program has no settings; sign in as a person.", code="not_permitted")
