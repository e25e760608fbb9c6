"""The appeals workbench: inbox, the page of one appeal, ruling on it, and the notice. It only asks work/ and shows.

What an appellant wrote is shown as text. A form that is sent by script is answered with where to go on, so that what
was typed stays on the page where it is refused.
"""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from agents.dsa import EEA
from cases.model import Fact
from web.console.taste import scene_of, taste
from web.identity import Actor, needs, office_of
from web.number import Whole, whole
from web.office import Office
from web.pages import page
from web.problem import Problem
from web.store import appeals as kept
from web.store.appeals import Appeal, Wanted
from web.store.database import moment
from web.work import appeals, notices, reversal
from web.work.appeals import Tab
from web.work.filing import LONGEST, Filing
from web.work.perusal import noted
from web.work.reversal import Verb, Verdict
from web.work.view import case_view

router = APIRouter(prefix="/appeals")
Reader = Annotated[Actor, Depends(needs("appeals.read"))]
Decider = Annotated[Actor, Depends(needs("appeals.read", "appeals.decide"))]
Text = Annotated[str, Form()]
Number = Annotated[Whole, Form()]
TABS: dict[Tab, str] = {
    "open": "Open", "mine": "Decided by me", "upheld": "Upheld", "overturned": "Overturned",
    "changed": "Other rule", "all": "All",
}  # fmt: skip
SAID = {
    "upheld": "Upheld: the decision stays.", "overturned": "Overturned: what was restricted is to be restored.",
    "changed": "Changed: it stands under the other rule.",
}  # fmt: skip

NOT_SENT = {
    "unfilled": "Not sent: lines are still to be filled in.",
    "not_ready": "Not sent: mend what stands below first.",
    "content_date_required": "Not sent: give the day on which the content was published.",
    "personal_data": "Not sent: the statement of reasons holds personal data; its warnings say where.",
}  # fmt: skip


class Place(Fact):
    """Where in which list somebody is: all of it stands in the address."""

    tab: Tab = "open"
    q: str = ""
    rule: str = ""
    policy: str = ""

    def at(self, path: str, **more: str) -> str:
        """Return the address of a path with this place, and more."""
        plain = Place().model_dump()
        values = {k: v for k, v in (self.model_dump() | more).items() if v != plain.get(k)}
        return path + (f"?{urlencode(values)}" if values else "")

    @property
    def wanted(self) -> Wanted:
        """Return what the list is filtered by."""
        return Wanted(text=self.q or None, rule_id=self.rule or None, policy=self.policy or None)


def place(
    tab: Tab = "open", q: Annotated[str, Query(max_length=200)] = "", rule: Annotated[str, Query(max_length=64)] = "",
    policy: Annotated[str, Query(max_length=100)] = "",
) -> Place:  # fmt: skip
    """Return the place that an address names."""
    return Place(tab=tab, q=q.strip(), rule=rule.strip().upper(), policy=policy.strip())


At = Annotated[Place, Depends(place)]


@router.get("")
def inbox(
    request: Request, actor: Reader, at: At, after: Annotated[str, Query(max_length=100)] = ""
) -> Response:  # fmt: skip
    """Show the inbox, oldest first."""
    office = office_of(request)
    filed, _, last = after.partition("~")
    rows = appeals.inbox(office, actor, at.tab, at.wanted, (filed, last) if last else None, appeals.PAGE + 1)
    more = rows[appeals.PAGE - 1].appeal if len(rows) > appeals.PAGE else None
    noted(office, actor, "appeals.list", at.tab, min(len(rows), appeals.PAGE), rule=at.rule, policy=at.policy, q=at.q,
          after=after)  # fmt: skip
    return page(
        request, "appeals/inbox.html", actor, at=at, rows=rows[: appeals.PAGE], tabs=TABS, taste=taste(actor),
        counts=appeals.counts(office, actor, at.wanted), ages={r.appeal.id: _age(office, r.appeal) for r in rows},
        more=at.at("/appeals", after=f"{more.filed}~{more.id}") if more else None, countries=EEA,
        blind=kept.blind(office.store),
    )  # fmt: skip


@router.post("")
def add(
    request: Request, actor: Reader, decision_id: Text, statement: Text = "", appellant: Text = "", country: Text = ""
) -> Response:
    """File an appeal that came in another way, such as by letter."""
    if country and country not in EEA:
        raise Problem(422, f"country={country!r} is none of {', '.join(EEA)}.", param="country", code="bad_country")
    if len(statement) > LONGEST:
        raise Problem(422, f"The statement has {len(statement)} characters; {LONGEST:,} at most.", param="statement",
                      code="too_long")  # fmt: skip
    filing = Filing.model_validate({
        "decision_id": decision_id.strip(), "statement": statement, "appellant": appellant.strip()[:200] or None,
        "country": country or None,
    })  # fmt: skip
    made = appeals.file(office_of(request), actor, filing)
    return _on(request, f"/appeals/{made.id}")


@router.post("/blind")
def set_blind(
    request: Request, actor: Annotated[Actor, Depends(needs("administer"))], on: Annotated[bool, Form()]
) -> Response:  # fmt: skip
    """Set whether a first view is put down before the fresh judgement is shown."""
    appeals.set_blind(office_of(request), actor, on)
    return _on(request, "/appeals")


@router.get("/next")
def following(request: Request, actor: Reader, at: At) -> Response:
    """Open the oldest appeal that the actor may rule on."""
    found = appeals.next_open(office_of(request), actor, at.wanted)
    return RedirectResponse(at.at(f"/appeals/{found}" if found else "/appeals"), 303)


@router.get("/{appeal_id}")
def one(request: Request, actor: Reader, appeal_id: str, at: At) -> Response:
    """Show one appeal with everything that its judge needs."""
    office = office_of(request)
    found = appeals.opened(office, actor, appeal_id)
    record = office.record(found.appeal.decision_id)
    return page(
        request, "appeals/appeal.html", actor, at=at, found=found, appeal=found.appeal,
        taste=taste(actor, scene_of(record.pack, found.appeal.rule_id)),
        view=case_view(office, record, actor), rules=record.pack.rules, tiers=record.pack.tiers,
        age=_age(office, found.appeal), done=SAID.get(found.appeal.state), url=f"/appeals/{found.appeal.id}",
    )  # fmt: skip


@router.post("/{appeal_id}/look")
def look(
    request: Request, actor: Decider, appeal_id: str, at: At, outcome: Annotated[Literal["allow", "act"], Form()],
    rule_id: Text = "", note: Text = "",
) -> Response:  # fmt: skip
    """Put down a first view."""
    rule = rule_id or None
    appeals.look(office_of(request), actor, appeal_id, outcome, rule if outcome == "act" else None, note)
    return _on(request, at.at(f"/appeals/{appeal_id}"))


@router.get("/{appeal_id}/fresh")
def fresh(request: Request, actor: Reader, appeal_id: str) -> Response:
    """Show the fresh judgement, to those who have put down a view."""
    office = office_of(request)
    found = appeals.fresh(office, actor, appeal_id)
    appeal = appeals.read(office, appeal_id)
    clauses = {f"with {c.id} stated": c.text for c in office.record(appeal.decision_id).pack.clauses.values()}
    return page(
        request, "appeals/fresh.html", actor, found=found, look=kept.look(office.store, appeal.id, actor.id),
        meant=clauses,
    )  # fmt: skip


@router.post("/{appeal_id}/rule")
def rule(
    request: Request, actor: Decider, appeal_id: str, at: At, verb: Annotated[Verb, Form()], version: Number,
    reason: Text = "", why: Text = "", rule_id: Text = "", severity: Text = "",
) -> Response:  # fmt: skip
    """Rule on the appeal."""
    grade = whole(severity)
    if severity.strip() and grade is None:
        raise Problem(422, f"severity={severity[:40]!r}: it is a whole number from 0 to 100.", param="severity",
                      code="bad_severity")  # fmt: skip
    verdict = Verdict(
        verb=verb, reason=reason, why=why, rule_id=rule_id or None, severity=grade,
    )  # fmt: skip
    reversal.rule_on(office_of(request), actor, appeal_id, verdict, version=version)
    return _on(request, at.at(f"/appeals/{appeal_id}/notice", ruled="yes"))


@router.get("/{appeal_id}/notice")
def notice(
    request: Request, actor: Reader, appeal_id: str, at: At, ruled: bool = False, published: str = "",
    refused: Annotated[str, Query(max_length=40)] = "",
) -> Response:  # fmt: skip
    """Show the notice to the person and the statement of reasons; `refused` says why it was kept and not sent."""
    office = office_of(request)
    shown = notices.shown(office, actor, appeal_id, _day(published))
    appeal = appeals.read(office, appeal_id)
    statement = shown.statement.statement.model_dump_json(indent=2, exclude_none=True) if shown.statement else None
    return page(
        request, "appeals/notice.html", actor, at=at, appeal=appeal, shown=shown, statement=statement,
        done=SAID.get(appeal.state) if ruled else None, published=published, url=f"/appeals/{appeal.id}",
        refused=NOT_SENT.get(refused),
    )  # fmt: skip


@router.post("/{appeal_id}/notice")
async def write(request: Request, actor: Decider, appeal_id: str, at: At) -> Response:
    """Keep the notice as it was written, with its lines filled; send it where that was the button."""
    from starlette.concurrency import run_in_threadpool

    form = await request.form()
    return await run_in_threadpool(_written, request, actor, appeal_id, at, {k: str(v) for k, v in form.items()})


def _written(request: Request, actor: Actor, appeal_id: str, at: Place, form: dict[str, str]) -> Response:
    office, version = office_of(request), whole(form.get("version", ""))
    if version is None:
        raise Problem(422, "version is missing; load the page again.", param="version", code="version_required")
    published = form.get("published", "")
    day = _day(published)
    numbered = ((whole(k[5:]), v) for k, v in form.items() if k.startswith("fill_"))
    fills = {n: v for n, v in numbered if n is not None}
    draft = notices.save(office, actor, appeal_id, form.get("text", ""), fills, version=version)
    more = {"published": published} if published else {}
    if form.get("send"):
        try:
            notices.send(office, actor, appeal_id, version=draft.version, content_date=day)
        except Problem as problem:
            if problem.code not in NOT_SENT:
                raise
            # The draft is kept and has another version now: the page that sent it could not send it again.
            more["refused"] = problem.code
    return _on(request, at.at(f"/appeals/{appeal_id}/notice", **more))


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Problem(422, f"published={text!r} is no day; write YYYY-MM-DD.", param="published",
                      code="bad_day") from None  # fmt: skip


def _on(request: Request, to: str) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": to})
    return RedirectResponse(to, 303)


def _age(office: Office, appeal: Appeal) -> str:
    """Return how long an appeal has waited, or did, in words."""
    until = moment(appeal.decided) if appeal.decided else office.clock()
    hours = int((until - moment(appeal.filed)).total_seconds() // 3600)
    if hours < 1:
        return "under an hour"
    if hours < 48:
        return f"{hours} hour{'s' if hours > 1 else ''}"
    return f"{hours // 24} days"
