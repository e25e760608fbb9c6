"""`/v1/appeals`: filed, listed, read, looked at, ruled upon; and the same in the words of Coop's console.

An appeal is decided by a person: a program that carries the ruling of one says whose it is. Nobody of ours is named to
a program, and the fresh judgement of an open appeal is given to nobody who has put down no view before.
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from cases.decision import Outcome
from cases.model import Fact
from graphs.appeal import Judgement, Sitting
from web.api.caller import calls
from web.api.discretion import unnamed
from web.api.match import matched
from web.identity import Actor, office_of
from web.office import Office
from web.problem import Problem
from web.store.appeals import DECIDED, Appeal, Item, Result, Ruling, State, Wanted
from web.work import appeals, notices, reversal
from web.work.filing import Filing
from web.work.perusal import noted
from web.work.reversal import Verb, Verdict

router = APIRouter(tags=["appeals"])
Id = Annotated[str, Path(min_length=3, max_length=64)]
Reader = Annotated[Actor, Depends(calls("appeals.read"))]
Decider = Annotated[Actor, Depends(calls("appeals.read", "appeals.decide"))]
Match = Annotated[str | None, Header(max_length=50, description="The ETag of what was read.")]
LIMIT = 50


class Ruled(Fact):
    """What came of an appeal. `why` is what the person concerned is told; who decided is not said."""

    verb: Verb
    decision: Literal["ACCEPT", "REJECT"] = Field(description="In Coop's words: ACCEPT where the decision was wrong.")
    outcome: Outcome
    rule_id: str | None
    severity: int | None
    why: str
    edit_id: str
    at: str


class AppealOut(Fact):
    """One appeal. `contested` is what held when it was filed; `ruling` is null while it is open."""

    id: str
    decision_id: str
    case_id: str
    outside_id: str | None
    filed: str
    appellant: str | None
    statement: str
    extra: tuple[str, ...]
    country: str | None
    contested: "Contested"
    state: State
    version: int = Field(description="What the ETag says; send it as If-Match with a ruling.")
    ruling: Ruled | None


class Contested(Fact):
    """What an appeal is about."""

    outcome: Outcome
    rule_id: str | None
    severity: int | None
    tier: str
    policy: str


class Page(Fact):
    """A page of appeals, oldest first; send `next` as `after` for the one that follows."""

    items: tuple[AppealOut, ...]
    next: str | None
    counts: dict[str, int]


class RulingIn(Fact):
    """A ruling. `change` names the rule and the severity; `decided_by` is the person, where a program sends it."""

    verb: Verb
    rule_id: str | None = Field(default=None, max_length=64)
    severity: int | None = Field(default=None, ge=0, le=100)
    reason: str = Field(max_length=2000, description="For the record; never shown to the person concerned.")
    why: str = Field(default="", max_length=2000, description="For the person concerned, in plain words.")
    decided_by: str | None = Field(default=None, max_length=100)


class LookIn(Fact):
    """A first view, put down before the fresh judgement is shown."""

    outcome: Literal["allow", "act"]
    rule_id: str | None = Field(default=None, max_length=64)
    note: str = Field(default="", max_length=2000)
    decided_by: str | None = Field(default=None, max_length=100)


class NoticeOut(Fact):
    """The notice to the person: `unfilled` lines and `faults` keep a draft from being sent."""

    state: Literal["draft", "sent"]
    text: str
    unfilled: tuple[str, ...]
    faults: tuple[str, ...]
    statement: JsonValue = None


class Coop(BaseModel):
    """A body in Coop's form; what it does not know is let through, as Coop adds fields."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Named(Coop):
    """An id and its type."""

    id: str = Field(max_length=200)
    type_id: str | None = Field(default=None, max_length=200)


class Thing(Named):
    """An item with its fields."""

    data: dict[str, JsonValue] = {}


class Policy(Coop):
    """A policy that Coop names."""

    id: str


class CoopAppeal(Coop):
    """An appeal as Coop's `POST /api/v1/report/appeal` takes it."""

    appeal_id: str = Field(min_length=1, max_length=200)
    appealed_by: Named
    appealed_at: datetime
    actioned_item: Thing
    actions_taken: tuple[JsonValue, ...]
    appeal_reason: str | None = Field(default=None, max_length=10_000)
    violating_policies: tuple[Policy, ...] = ()
    additional_items: tuple[Thing, ...] = ()


class Callback(Coop):
    """What Coop sends back to a platform once an appeal is decided."""

    appeal_id: str
    item: Named | None
    appealed_by: Named | None
    appeal_decision: Literal["ACCEPT", "REJECT"]
    custom: dict[str, JsonValue] = {}


FILING = {"plain": {"value": {"decision_id": "d-1f0c9a7be2d44a11", "statement": "I was quoting what he wrote to me.",
                              "appellant": "user-1841", "country": "DE"}}}  # fmt: skip
RULING = {
    "overturn": {"value": {"verb": "overturn", "reason": "A quotation.", "why": "You were quoting somebody else."}},
    "change": {"value": {"verb": "change", "rule_id": "HR1", "severity": 40, "reason": "An insult, no threat."}},
}


async def coop_caller(request: Request) -> Actor:
    """Return who asks, by Coop's header `X-API-KEY` as well."""
    key = request.headers.get("x-api-key")
    if key and "authorization" not in request.headers:
        request.scope["headers"] = [*request.scope["headers"], (b"authorization", f"Bearer {key}".encode())]
        request = Request(request.scope, request.receive)
    return await calls("appeals.read")(request)


@router.post("/v1/appeals", status_code=201)
def add(
    request: Request, response: Response, actor: Reader,
    filing: Annotated[Filing, Body(openapi_examples=FILING)],
) -> AppealOut:  # fmt: skip
    """File an appeal against a decision. The same `outside_id` again gives the same appeal."""
    office = office_of(request)
    made = appeals.file(office, actor, filing)
    response.headers["Location"] = f"/v1/appeals/{made.id}"
    return _tagged(response, office, made)


@router.post("/v1/report/appeal", status_code=204)
def report(request: Request, body: CoopAppeal, actor: Annotated[Actor, Depends(coop_caller)]) -> None:
    """File an appeal in Coop's words: `actionedItem.id` is the id that the case was sent under."""
    office = office_of(request)
    item = body.actioned_item
    named = item.data.get("decision_id")
    decision_id = str(named) if named else None
    if decision_id is None:
        newest = office.ledger.latest(item.id)
        if newest is None:
            raise Problem(400, f"No case {item.id!r} was ever decided here.", param="actionedItem.id",
                          code="unknown_item")  # fmt: skip
        decision_id = newest.id
    extra = tuple(
        str(value)[:10_000] for one in body.additional_items for value in one.data.values() if isinstance(value, str)
    )[:20]
    appeals.file(office, actor, Filing(
        decision_id=decision_id, statement=body.appeal_reason or "", appellant=body.appealed_by.id, extra=extra,
        outside_id=body.appeal_id, filed=body.appealed_at,
        item=Item(id=item.id, type_id=item.type_id, appellant_type_id=body.appealed_by.type_id),
    ))  # fmt: skip


@router.get("/v1/appeals")
def listed(
    request: Request, actor: Reader, tab: Annotated[appeals.Tab, Query(description="Which state.")] = "open",
    rule_id: Annotated[str | None, Query(max_length=64)] = None,
    decision_id: Annotated[str | None, Query(max_length=64)] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the statement.")] = None,
    after: Annotated[str | None, Query(max_length=100)] = None, limit: Annotated[int, Query(ge=1, le=200)] = LIMIT,
) -> Page:  # fmt: skip
    """List appeals, oldest first."""
    office, wanted = office_of(request), Wanted(rule_id=rule_id, decision_id=decision_id, text=q)
    rows = appeals.inbox(office, actor, tab, wanted, _after(after), limit + 1)
    last = rows[limit - 1].appeal if len(rows) > limit else None
    noted(office, actor, "appeals.list", tab, min(len(rows), limit), rule=rule_id, decision=decision_id, q=q,
          after=after)  # fmt: skip
    counts = {str(tab): n for tab, n in appeals.counts(office, actor, wanted).items()}
    return Page(items=tuple(_out(office, row.appeal) for row in rows[:limit]),
                next=f"{last.filed}~{last.id}" if last else None, counts=counts)  # fmt: skip


@router.get("/v1/appeals/{appeal_id}")
def one(request: Request, response: Response, appeal_id: Id, actor: Reader) -> AppealOut:
    """Return one appeal; its ETag is the version that a ruling has to name."""
    office = office_of(request)
    return _tagged(response, office, appeals.opened(office, actor, appeal_id).appeal)


@router.post("/v1/appeals/{appeal_id}/look", status_code=204)
def look(request: Request, appeal_id: Id, body: LookIn, actor: Decider) -> None:
    """Put down a person's first view."""
    who = appeals.acting_for(actor, body.decided_by)
    appeals.look(office_of(request), who, appeal_id, body.outcome, body.rule_id, body.note)


@router.get("/v1/appeals/{appeal_id}/fresh")
def fresh(
    request: Request, appeal_id: Id, actor: Decider,
    decided_by: Annotated[str | None, Query(max_length=100, description="Whose first view was put down.")] = None,
) -> Judgement:  # fmt: skip
    """Return the case judged anew by another route, once that person has put down a first view."""
    who = appeals.acting_for(actor, decided_by)
    found = appeals.fresh(office_of(request), who, appeal_id)
    return found if actor.person else _outward(found)


@router.post("/v1/appeals/{appeal_id}/ruling")
def rule(
    request: Request, response: Response, appeal_id: Id, actor: Decider,
    body: Annotated[RulingIn, Body(openapi_examples=RULING)],
    if_match: Match = None,
) -> AppealOut:  # fmt: skip
    """Uphold, overturn or change the decision: the appeal and the reversal are one act. If-Match is required."""
    office = office_of(request)
    who = appeals.acting_for(actor, body.decided_by)
    verdict = Verdict(verb=body.verb, rule_id=body.rule_id, severity=body.severity, reason=body.reason, why=body.why)
    try:
        with unnamed(actor):
            done = reversal.rule_on(office, who, appeal_id, verdict, version=matched(if_match, "appeal"))
    except Problem as problem:
        if problem.code != "stale_version":
            raise
        raise Problem(412, problem.message, param="If-Match", code=problem.code) from None
    return _tagged(response, office, done)


@router.get("/v1/appeals/{appeal_id}/notice")
def notice(request: Request, appeal_id: Id, actor: Reader) -> NoticeOut:
    """Return what the person concerned is told, or is going to be told."""
    found = notices.shown(office_of(request), actor, appeal_id)
    made = found.statement.statement.model_dump(mode="json", exclude_none=True) if found.statement else None
    return NoticeOut(state=found.notice.state, text=found.notice.text, unfilled=tuple(o.label for o in found.open),
                     faults=found.faults, statement=made)  # fmt: skip


@router.get("/v1/appeals/{appeal_id}/callback")
def callback(request: Request, appeal_id: Id, actor: Reader) -> Callback:
    """Return the outcome in Coop's words; webhooks that want `appeal` are sent the same."""
    appeal = appeals.read(office_of(request), appeal_id)
    if appeal.ruling is None or appeal.state in ("open", "deciding"):
        raise Problem(409, "The appeal is not decided yet.", code="not_decided")
    return Callback.model_validate(reversal.callback(appeal))


def _tagged(response: Response, office: Office, appeal: Appeal) -> AppealOut:
    out = _out(office, appeal)
    response.headers["ETag"] = f'"{out.version}"'
    return out


def _out(office: Office, appeal: Appeal) -> AppealOut:
    return AppealOut(
        id=appeal.id, decision_id=appeal.decision_id, case_id=appeal.case_id, outside_id=appeal.outside_id,
        filed=appeal.filed, appellant=appeal.appellant, statement=appeal.statement, extra=appeal.extra,
        country=appeal.country, state=appeal.state,
        contested=Contested(outcome=appeal.outcome, rule_id=appeal.rule_id, severity=appeal.severity, tier=appeal.tier,
                            policy=appeal.policy),
        version=appeals.version_of(appeal, appeals.quick(office, appeal.decision_id)),
        ruling=_ruled(appeal.ruling) if appeal.ruling and appeal.state in DECIDED else None,
    )  # fmt: skip


def _ruled(ruling: Ruling) -> Ruled:
    verb: dict[Result, Verb] = {result: verb for verb, result in reversal.RESULT.items()}
    return Ruled(
        verb=verb[ruling.result], decision=reversal.in_coop(ruling.result), outcome=ruling.outcome,
        rule_id=ruling.rule_id, severity=ruling.severity, why=ruling.why, edit_id=ruling.edit_id, at=ruling.at,
    )  # fmt: skip


def _outward(found: Judgement) -> Judgement:
    """Return a judgement without what is internal: programs get no chain and no critique."""
    return found.model_copy(update={"then": _bare(found.then), "today": _bare(found.today) if found.today else None})


def _bare(sitting: Sitting) -> Sitting:
    decision = sitting.decision.model_copy(update={"chain": (), "critiques": ()})
    return sitting.model_copy(update={"decision": decision})


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    filed, mark, last = cursor.partition("~")
    if not mark or not filed or not last:
        raise Problem(422, f"after={cursor!r} is no cursor; send `next` of the page before.", param="after",
                      code="bad_cursor")  # fmt: skip
    return filed, last
