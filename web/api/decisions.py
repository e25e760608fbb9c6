"""`/v1/decisions`: decisions on record: listed, read, explained, and ruled upon by a person."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import Field, JsonValue

from cases.decision import Outcome
from cases.model import Fact
from web.api.caller import calls
from web.api.discretion import seeing, unnamed
from web.api.listing import LIMIT, Page, page, query
from web.api.match import matched
from web.identity import Actor, office_of
from web.office import Office
from web.problem import Problem
from web.store import journal
from web.store.docket import State
from web.work import inside, rulings
from web.work.inside import Seen
from web.work.rulings import LONGEST, Ruling

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
Id = Annotated[str, Path(min_length=8, max_length=64, description="Its id, or the first 8 or more characters of it.")]
Reader = Annotated[Actor, Depends(calls("read"))]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Many = Annotated[int, Query(ge=1, le=200)]
Asked = Annotated[
    str, Query(max_length=500, description='Words and prefixes, as `rule:HR2 severity:>60 state:waiting "bus stop"`.')
]
Sort = Annotated[
    str, Query(max_length=20, description="severity, at, score, state, rule, surface or outcome; - for falling.")
]


class Rule(Fact):
    """What a person decided; no rule means the one that leads. The reason is for colleagues, and is required."""

    outcome: Literal["allow", "act"]
    rule_id: str | None = Field(default=None, min_length=1, max_length=32)
    severity: int | None = Field(default=None, ge=0, le=100)
    reason: str = Field(min_length=1, max_length=LONGEST)


class Ruled(Fact):
    """A ruling on record, and the version that it made."""

    edit_id: str
    decision_id: str
    outcome: Outcome
    rule_id: str | None
    severity: int | None
    version: int


class Explanation(Fact):
    """An explanation: text for a moderator (Markdown) or a user (plain), a statement for the DSA."""

    decision_id: str
    audience: Literal["moderator", "user", "dsa"]
    text: str | None = None
    statement: dict[str, JsonValue] | None = None
    leaks: tuple[str, ...] = Field(default=(), description="Fields of the statement that seem to hold personal data.")


@router.get("")
def decisions(
    request: Request, actor: Reader, q: Asked = "", outcome: Outcome | None = None, state: State | None = None,
    rule_id: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,32}\*?$")] = None,
    severity_from: Annotated[int | None, Query(ge=0, le=100)] = None,
    sort: Sort = "-at", after: Cursor = None, limit: Many = LIMIT,
    total: Annotated[bool, Query(description="Count all that are found, too.")] = False,
) -> Page:  # fmt: skip
    """List decisions, newest first, by words and prefixes or by the fields that are given."""
    wishes = {"outcome:": outcome, "state:": state, "rule:": rule_id, "severity:>=": severity_from}
    more = [f"{prefix}{wish}" for prefix, wish in wishes.items() if wish is not None]
    wanted = query(actor, q, *more)
    return page(office_of(request), actor, "case.list", wanted, sort, after, limit, total=total)


@router.get("/{decision_id}", responses={304: {"description": "It is as the ETag says."}})
def decision(
    request: Request, response: Response, decision_id: Id, actor: Reader,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Seen:  # fmt: skip
    """Return one decision with its content and what people did about it; the ETag is its version."""
    office = office_of(request)
    made = office.record(decision_id).decision
    seeing(office, actor, made.id)
    tag = f'"{inside.entry(office, made.id).version}"'
    if if_none_match is not None and tag in (t.strip().removeprefix("W/") for t in if_none_match.split(",")):
        return Response(status_code=304, headers={"ETag": tag})  # type: ignore[return-value]
    found = inside.seen(office, actor, made.id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


RULINGS = {
    "act": {
        "value": {"outcome": "act", "rule_id": "HR2", "severity": 70, "reason": "A threat against a named person."}
    },
    "allow": {"value": {"outcome": "allow", "reason": "A quotation in a news report."}},
}


@router.post("/{decision_id}/rulings", status_code=201)
def rule(
    request: Request, response: Response, decision_id: Id,
    wanted: Annotated[Rule, Body(openapi_examples=RULINGS)],
    actor: Annotated[Actor, Depends(calls("read", "review"))],
    if_match: Annotated[str | None, Header(max_length=50, description="The ETag of what was read.")] = None,
) -> Ruled:  # fmt: skip
    """Record what a person decided about it. If-Match has to name the version that the person looked at."""
    office = office_of(request)
    whole = office.record(decision_id).decision.id
    version, ruling = matched(if_match, "decision"), Ruling(**wanted.model_dump())
    try:
        with unnamed(actor):
            edit = rulings.settle(office, actor, whole, ruling, version=version)
    except Problem as problem:
        if problem.code != "stale_version":
            raise
        raise Problem(412, problem.message, param="If-Match", code=problem.code) from None
    now = inside.entry(office, whole).version
    response.headers["ETag"] = f'"{now}"'
    return Ruled(edit_id=edit.id, decision_id=whole, outcome=edit.outcome, rule_id=edit.rule_id, severity=edit.severity,
                 version=now)  # fmt: skip


@router.get("/{decision_id}/explanation")
def explanation(
    request: Request, decision_id: Id, actor: Reader,
    audience: Annotated[Literal["moderator", "user", "dsa"], Query(alias="for")] = "user",
    published: Annotated[date | None, Query(description="For dsa: the day the content was published.")] = None,
) -> Explanation:  # fmt: skip
    """Explain a decision: to the person concerned, to a moderator (people alone), or as a DSA statement of reasons."""
    office = office_of(request)
    seeing(office, actor, office.record(decision_id).decision.id)
    if audience == "dsa":
        return _statement(office, actor, decision_id, published)
    told = inside.explained if audience == "moderator" else inside.notice
    text = told(office, actor, decision_id)
    return Explanation(decision_id=office.record(decision_id).decision.id, audience=audience, text=text)


def _statement(office: Office, actor: Actor, decision_id: str, published: date | None) -> Explanation:
    from agents.dsa import leaks
    from agents.statement import draft_statement

    found = office.record(decision_id)
    day = published or found.decision.at.date()
    try:
        made = draft_statement(found.decision, found.case, found.pack, found.edits, content_date=day)
    except ValueError as error:
        raise Problem(
            422, f"There is no statement of reasons for it: {error}", param="for", code="no_statement"
        ) from None
    journal.note(office.store, actor.id, "case.explain", found.decision.id, {"for": "dsa"})
    return Explanation(
        decision_id=found.decision.id, audience="dsa", statement=made.model_dump(mode="json", exclude_none=True),
        leaks=tuple(dict.fromkeys(leak.field for leak in leaks(made))),
    )  # fmt: skip
