"""`/v1/statements`: statements of reasons, drafted from decisions, checked, and taken in whole batches or not at all.

The paths, bodies and errors are those of the DSA transparency database, so that a client of it works here; an error
also has OpenAI's shape, as every error of ours.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import Field, JsonValue

from cases.model import Fact
from web.api.caller import calls
from web.identity import Actor, office_of
from web.problem import ErrorBody, Problem
from web.store import statements as kept
from web.store.statements import Taken
from web.work import statements
from web.work.perusal import noted
from web.work.statements import Draft, Drafted, Invalid

router = APIRouter(prefix="/v1", tags=["statements"])
Sender = Annotated[Actor, Depends(calls("statements"))]
Puid = Annotated[str, Path(max_length=500, pattern=r"^[a-zA-Z0-9_-]+$")]


class StatementOut(Fact):
    """A statement that was taken in: its fields, and what the database adds to them."""

    uuid: str
    puid: str
    created_at: str
    decision_id: str | None
    self_: str = Field(serialization_alias="self")
    statement: dict[str, JsonValue]


class Batch(Fact):
    """Up to 100 statements; all are taken or none."""

    statements: list[JsonValue] = Field(min_length=1, max_length=statements.MOST)


class BatchOut(Fact):
    """What was taken in, in the order of the batch."""

    statements: tuple[StatementOut, ...]


class Listed(Fact):
    """A page of statements, newest first; send `next` as `before` for the one that follows."""

    items: tuple[StatementOut, ...]
    next: str | None


class FieldErrors(Fact):
    """What is wrong, by field (in a batch by `statement_N` first), beside our own error body."""

    message: str
    errors: dict[str, JsonValue]
    error: dict[str, str | None]
    existing: dict[str, JsonValue] | None = None


EXAMPLE: JsonValue = {
    "puid": "case-0001", "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT", "incompatible_content_ground": "Community rules, HR2",
    "incompatible_content_explanation": "It threatens a named person.", "incompatible_content_illegal": "No",
    "content_type": ["CONTENT_TYPE_TEXT"], "category": "STATEMENT_CATEGORY_VIOLENCE", "territorial_scope": ["AT", "BE"],
    "content_language": "EN", "content_date": "2026-01-05", "application_date": "2026-01-06",
    "decision_facts": "A post threatened a named person.", "source_type": "SOURCE_VOLUNTARY",
    "automated_detection": "Yes", "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
}  # fmt: skip
REFUSED = {422: {"model": FieldErrors | ErrorBody, "description": "Errors by field."}}


@router.post("/statements/draft")
def draft(request: Request, wanted: Draft, actor: Annotated[Actor, Depends(calls("read", "statements"))]) -> Drafted:
    """Draft the statement of a decision that acts. Nothing is kept; `warnings` name what a person has to look at."""
    return statements.draft(office_of(request), actor, wanted)


@router.post("/statement", status_code=201, response_model=StatementOut, responses=REFUSED)  # type: ignore[arg-type]
def add(request: Request, actor: Sender, body: Annotated[JsonValue, Body(examples=[EXAMPLE])]) -> Response:
    """Check a statement and take it in."""
    try:
        taken = statements.take_one(office_of(request), actor, body)
    except Invalid as error:
        return _refused(error)
    return JSONResponse(_out(taken).model_dump(mode="json", by_alias=True), 201)


@router.post("/statements", status_code=201, response_model=BatchOut, responses=REFUSED)  # type: ignore[arg-type]
def add_all(request: Request, batch: Batch, actor: Sender) -> Response:
    """Check up to 100 statements and take all of them in, or none; errors are keyed statement_0, statement_1, …"""
    try:
        taken = statements.take_all(office_of(request), actor, batch.statements)
    except Invalid as error:
        return _refused(error)
    out = BatchOut(statements=tuple(map(_out, taken)))
    return JSONResponse(out.model_dump(mode="json", by_alias=True), 201)


@router.get("/statement/existing-puid/{puid}", status_code=302, responses={404: {"description": "It was never used."}})
def existing(request: Request, puid: Puid, actor: Sender) -> Response:
    """Say whether a puid was used: 302 to its statement, or 404."""
    found = statements.existing(office_of(request), puid)
    if found is None:
        raise Problem(404, f"The puid {puid!r} was never used.", param="puid", code="unknown_puid")
    return RedirectResponse(f"/v1/statements/{found.uuid}", 302)


@router.get("/statements")
def listed(
    request: Request, actor: Sender, before: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Listed:  # fmt: skip
    """List what was taken in, newest first."""
    found = kept.statements(office_of(request).store, before=before, limit=limit + 1)
    noted(office_of(request), actor, "statement.list", "statements", min(len(found), limit), before=before)
    return Listed(items=tuple(map(_out, found[:limit])), next=found[limit - 1].at if len(found) > limit else None)


@router.get("/statements/{uuid}")
def one(request: Request, uuid: Annotated[str, Path(max_length=64)], actor: Sender) -> StatementOut:
    """Return a statement."""
    found = kept.statement(office_of(request).store, uuid=uuid)
    if found is None:
        raise Problem(404, f"There is no statement {uuid!r}.", param="uuid", code="unknown_statement")
    noted(office_of(request), actor, "statement.read", uuid, 1)
    return _out(found)


def _out(taken: Taken) -> StatementOut:
    return StatementOut(uuid=taken.uuid, puid=taken.puid, created_at=taken.at, decision_id=taken.decision_id,
                        self_=f"/v1/statements/{taken.uuid}", statement=taken.body)  # fmt: skip


def _refused(error: Invalid) -> Response:
    first = next(iter(error.errors))
    told = _first(error.errors)
    message = f"{told} ({len(error.errors) - 1} more)" if len(error.errors) > 1 else told
    problem = Problem(422, message, param=first, code="puid_in_use" if error.existing else "invalid_statement")
    body = {"message": message, "errors": error.errors, **problem.body.model_dump()}
    if error.existing:
        body["existing"] = error.existing
    return JSONResponse(body, 422)


def _first(errors: object, at: str = "") -> str:
    if isinstance(errors, dict):
        key, rest = next(iter(errors.items()))
        return _first(rest, f"{at}.{key}" if at else str(key))
    assert isinstance(errors, list)
    return f"{at}: {errors[0]}"
