"""The first page: it leads to the workbench of whoever signs in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from web.identity import Actor, needs
from web.pages import page

router = APIRouter()
WORKBENCHES = (("review", "/queue"), ("appeals.decide", "/appeals"), ("policies.write", "/policies"))


@router.get("/")
def home(request: Request, actor: Annotated[Actor, Depends(needs())]) -> Response:
    """Go to the first workbench that the actor may use."""
    for permission, path in WORKBENCHES:
        if permission in actor.may:
            return RedirectResponse(path, 303)
    return page(request, "problem.html", actor, status=403, problem=None)
