"""The application: doors, error bodies and guards put together around an office. It decides and stores nothing."""

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tools.database import LedgerError
from web.guard import HEADERS, Guard, Limits
from web.identity import actor_of, office_of
from web.office import Office
from web.pages import HERE, page
from web.problem import ErrorBody, Problem
from web.routes import API, CONSOLE
from web.store.database import StoreError
from web.work.attendance import attending
from web.work.reversal import repair
from web.work.shadow import watching
from web.work.tally import Tally

_log = logging.getLogger("precept.web")
ABOUT = (
    "Decides moderation cases against a written policy and shows its work. Errors have OpenAI's shape: "
    "`{error: {message, type, param, code}}`. Send an API key as `Authorization: Bearer`."
)

ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The request cannot be carried out; the body says which field and why."},
    "5XX": {"model": ErrorBody, "description": "It broke on our side, or took longer than it might."},
}


def create_app(office: AbstractContextManager[Office], limits: Limits | None = None) -> FastAPI:
    """Return the ASGI application over an office, which it opens when it starts and closes when it ends."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            app.state.office = await run_in_threadpool(stack.enter_context, office)
            await run_in_threadpool(repair, app.state.office)
            app.state.tally = await run_in_threadpool(Tally, app.state.office)
            stack.enter_context(attending(app.state.office, app.state.tally))
            stack.enter_context(watching(app.state.office))
            yield

    app = FastAPI(title="Precept", description=ABOUT, version="1", lifespan=life, docs_url=None, redoc_url=None,
                  openapi_url="/v1/openapi.json")  # fmt: skip
    app.state.limits = limits or Limits()
    for router in API:
        app.include_router(router, responses=ERRORS)
    for router in CONSOLE:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(Guard, limits=app.state.limits, public=lambda: app.state.office.web.public_url)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(LedgerError, _broken)
    app.add_exception_handler(StoreError, _broken)
    app.add_exception_handler(Exception, _bug)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return await _told(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    # A step with a blank is the kind of a union, of which whoever sent it knows nothing.
    where = ".".join(str(step) for step in first["loc"][1:] if " " not in str(step)) or str(first["loc"][0])
    if first["type"] == "json_invalid":
        where = "body"
    status = 400 if request.url.path == "/v1/moderations" else 422
    more = len(error.errors()) - 1
    message = f"{where}: {first['msg']}" + (f" ({more} more)" if more else "")
    return await _told(request, Problem(status, message, param=where, code=str(first["type"])))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = {404: "There is nothing here.", 405: f"{request.method} is not possible here."}
    message = told.get(error.status_code, str(error.detail))
    return await _told(request, Problem(error.status_code, message, headers=dict(error.headers or {})))


async def _broken(request: Request, error: Exception) -> Response:
    _log.error("storage: %s", error)  # it names files of this machine, which are no caller's to know
    problem = Problem(503, "The storage does not answer; send it again in a moment. The log says more.",
                      code="storage", headers={"Retry-After": "5"})  # fmt: skip
    return await _told(request, problem)


async def _bug(request: Request, error: Exception) -> Response:
    told = await _told(request, Problem(500, "Something broke on our side. It is in the log."))
    told.headers.update(HEADERS)  # this handler runs outside the guard
    return told


async def _told(request: Request, problem: Problem) -> Response:
    if request.url.path.startswith("/v1/") or request.url.path in ("/metrics", "/status", "/status/live"):
        return JSONResponse(problem.body.model_dump(), problem.status, headers=problem.headers)
    try:
        actor = await run_in_threadpool(actor_of, office_of(request), request)
    except Problem:
        actor = None
    asks_to_sign_in = problem.status == 401 and "authorization" not in request.headers
    if asks_to_sign_in and request.method == "GET":
        from urllib.parse import quote

        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(wanted)}", 303)
    if request.headers.get("hx-request"):
        return page(request, "problem_part.html", actor, status=problem.status, problem=problem)
    return page(request, "problem.html", actor, status=problem.status, problem=problem)
