"""Precedents: rulings of people that differ from the system's, and their approval for the seed bank."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from web.console.taste import taste
from web.identity import Actor, needs, office_of
from web.pages import page
from web.store import precedents
from web.work import people, seeds
from web.work.perusal import noted

router = APIRouter(prefix="/precedents")


@router.get("")
def shown(request: Request, actor: Annotated[Actor, Depends(needs("read"))]) -> Response:
    """Show every precedent, those to be ruled on first."""
    office = office_of(request)
    found = sorted(precedents.all_of(office.store), key=lambda k: k.standing != "proposed")
    noted(office, actor, "precedents.read", "precedents", len(found))
    names = people.names(office, {k.by for k in found} | {k.approved_by for k in found if k.approved_by})
    return page(request, "precedents.html", actor, found=found, taste=taste(actor), names=names)


@router.post("/{edit_id}")
def rule_on(
    request: Request, actor: Annotated[Actor, Depends(needs("administer"))], edit_id: str,
    standing: Annotated[Literal["approved", "refused"], Form()],
) -> Response:  # fmt: skip
    """Approve or refuse one."""
    seeds.rule_on(office_of(request), actor, edit_id, standing)
    return RedirectResponse("/precedents", 303)
