"""The charts: volume, severity, the queue, agreement by rule, reliability. Drawn as SVG, with the numbers beside."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from web.identity import Actor, needs, office_of
from web.pages import page
from web.work.figures import figures

router = APIRouter()
OUTCOMES = ("act", "review", "allow")


@router.get("/charts")
def charts(
    request: Request, actor: Annotated[Actor, Depends(needs("metrics"))], days: Annotated[int, Query(ge=1, le=366)] = 30
) -> Response:
    """Show the charts of the last days."""
    office = office_of(request)
    tiers = [t.id for t in sorted(office.pack.tiers, key=lambda t: -t.low)]
    return page(request, "charts.html", actor, found=figures(office, days), span=days, outcomes=OUTCOMES, tiers=tiers,
                lasted=lasted)  # fmt: skip


def lasted(seconds: float | None) -> str:
    """Return a length of time in words.

    >>> lasted(59), lasted(7200), lasted(None)
    ('59 s', '2 h 0 min', 'none')
    """
    if seconds is None:
        return "none"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86_400)
    if minutes < 2:
        return f"{seconds:.0f} s"
    if hours < 1:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if days < 2 else f"{days} days {hours % 24} h"
