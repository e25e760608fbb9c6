"""`/metrics`: numbers for Prometheus, for whoever holds the permission to read them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from web.api.caller import ERRORS, calls
from web.identity import Actor
from web.work.tally import Tally

router = APIRouter(tags=["status"])
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **ERRORS})
def metrics(request: Request, actor: Annotated[Actor, Depends(calls("metrics"))]) -> Response:
    """Return every number in Prometheus' text form."""
    tally: Tally = request.app.state.tally
    return Response(tally.text(), media_type=TEXT)
