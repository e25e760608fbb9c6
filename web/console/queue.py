"""The queue: cases by state, the most severe first; filters, search and order in the address. Taking the next case."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from cases.model import Fact
from web.console.taste import scene_of, taste
from web.identity import Actor, needs, office_of
from web.number import whole
from web.pages import page
from web.problem import Problem
from web.store import claims as held
from web.store import docket, saved
from web.store.docket import Entry
from web.work import claims, marks, people, rulings, search
from web.work.perusal import noted
from web.work.rulings import Ruling

router = APIRouter()
Reviewer = Annotated[Actor, Depends(needs("review"))]
SIZE = 50
STATES = {
    "waiting": "Waiting",
    "escalated": "Escalated",
    "second": "Second opinion",
    "settled": "Settled",
    "all": "All",
}
COLUMNS = (("severity", "Severity"), ("rule", "Rule"), ("outcome", "Holds"), ("score", "Probability"),
           ("surface", "Where"), ("at", "Decided"))  # fmt: skip


class Place(Fact):
    """Where in which list somebody is: all of it stands in the address."""

    state: str = "waiting"
    q: str = ""
    sort: str = "-severity"

    def at(self, path: str, **more: str) -> str:
        """Return the address of a path with this place, and more."""
        values = {"state": self.state, "q": self.q, "sort": self.sort} | more
        plain = Place().model_dump()
        return path + (
            "?" + urlencode(kept) if (kept := {k: v for k, v in values.items() if v != plain.get(k)}) else ""
        )

    def query(self, actor: Actor) -> search.Query:
        """Return what is searched for here; raise Problem 422 where it cannot be read."""
        if self.state not in STATES:
            raise Problem(422, f"state={self.state!r} is none of {', '.join(STATES)}.", param="state", code="bad_state")
        text = self.q if self.state == "all" else f"state:{self.state} {self.q}"
        return search.parse(text, me=actor.id)


def place(
    state: Annotated[str, Query(max_length=20)] = "waiting", q: Annotated[str, Query(max_length=search.LONGEST)] = "",
    sort: Annotated[str, Query(max_length=20)] = "-severity",
) -> Place:  # fmt: skip
    """Return the place that an address names."""
    return Place(state=state, q=q, sort=sort)


At = Annotated[Place, Depends(place)]


class Row(Fact):
    """A line of the queue; `hidden` is a second opinion that the reader might give, of which nothing is told.

    `strong` is of a scene that the reader wants covered as strongly as can be.
    """

    entry: Entry
    text: str
    holder: str | None
    mine: bool
    hidden: bool
    strong: bool
    causes: tuple[str, ...]


@router.get("/queue")
def queue(request: Request, actor: Reviewer, at: At, after: str | None = None) -> Response:
    """Show the queue."""
    return listed(request, actor, at, after, "queue.html", "/queue")


@router.get("/queue/next")
def take_next(request: Request, actor: Reviewer, at: At, but: str | None = None) -> Response:
    """Take the next free case of a list, and open it."""
    found = claims.next_case(office_of(request), actor, at.query(actor), sort=at.sort, but=but)
    return RedirectResponse(at.at(f"/cases/{found}") if found else at.at("/queue", told="empty"), 303)


@router.get("/queue/ahead")
def ahead(request: Request, actor: Reviewer, at: At, but: str) -> Response:
    """Go to the page of the case that would come next, without taking or reading it; 204 where there is none."""
    found = claims.next_case(office_of(request), actor, at.query(actor), sort=at.sort, but=but, take=False)
    return RedirectResponse(at.at(f"/cases/{found}", ahead="true"), 303) if found else Response(status_code=204)


@router.get("/queue/tabs")
def tabs(request: Request, actor: Reviewer, at: At) -> Response:
    """Show the tabs with their counts of now."""
    office = office_of(request)
    office.catch_up()
    return page(
        request, "parts/tabs.html", actor, at=at, states=STATES, counts=_counts(request, actor, at), base="/queue"
    )


@router.get("/bulk")
def preview(request: Request, actor: Reviewer, ids: Annotated[list[str], Query(max_length=rulings.MANY)]) -> Response:
    """Show what deciding cases alike would touch, before anything is done."""
    answer = _bulk(request, actor, ids)
    noted(office_of(request), actor, "bulk.preview", "docket", len(ids), ids=" ".join(ids))
    return answer


@router.post("/bulk")
def bulk(
    request: Request, actor: Reviewer, ids: Annotated[list[str], Form()], outcome: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "", rule_id: Annotated[str, Form()] = "", severity: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Decide cases alike; `ids` are ID:VERSION as the preview showed them. Each is an edit of its own."""
    versions = {}
    for one in ids:
        name, _, version = one.partition(":")
        if (number := whole(version)) is None:
            raise Problem(422, f"ids={one[:80]!r} has no version; open the preview again.", param="ids", code="bad_id")
        versions[name] = number
    done = rulings.settle_many(office_of(request), actor, versions, ruling(outcome, rule_id, severity, reason))
    return _bulk(request, actor, list(versions), done={d.decision_id: d for d in done})


@router.post("/bulk/undo")
def undo_bulk(request: Request, actor: Reviewer, ids: Annotated[list[str], Form()]) -> Response:
    """Take back what was decided alike, case by case."""
    done = []
    for one in ids[: rulings.MANY]:
        try:
            edit = rulings.undo(office_of(request), actor, one)
            done.append(rulings.Done(decision_id=one, edit=edit))
        except Problem as problem:
            done.append(rulings.Done(decision_id=one, refused=problem.message))
    return _bulk(request, actor, list(ids), done={d.decision_id: d for d in done}, undone=True)


def ruling(outcome: str, rule_id: str, severity: str, reason: str) -> Ruling:
    """Return the ruling of a form; raise Problem 422 where a field cannot be read."""
    if outcome not in ("allow", "act"):
        raise Problem(422, f"outcome={outcome[:40]!r} is neither allow nor act.", param="outcome", code="bad_outcome")
    grade = whole(severity)
    if severity.strip() and grade is None:
        raise Problem(
            422, f"severity={severity[:40]!r} is no whole number from 0 to 100.", param="severity", code="bad_severity"
        )
    if outcome == "allow":  # what the form still holds of an act is not meant
        return Ruling(outcome="allow", reason=reason)
    return Ruling(outcome="act", rule_id=rule_id or None, severity=grade, reason=reason)


def listed(request: Request, actor: Actor, at: Place, after: str | None, template: str, base: str) -> Response:
    """Return a page of cases as a table."""
    office = office_of(request)
    plain, order = ("all", "-at") if base == "/search" else ("waiting", "-severity")
    office.catch_up()
    problem, found, counts, more = None, list[Entry](), dict[str, int](), None
    try:
        query = at.query(actor)
        found = search.find(office, query, sort=at.sort, after=after, limit=SIZE + 1)
        counts = _counts(request, actor, at)
        if len(found) > SIZE:
            last = found[SIZE - 1]
            more = search.cursor(last, at.sort, hidden=search.hidden(office, query, last))
        act = "case.search" if base == "/search" else "queue.read"
        said = search.veiled(office, at.q)
        noted(office, actor, act, "docket", min(len(found), SIZE), state=at.state, q=said, sort=at.sort, after=after)
    except Problem as error:
        problem = error
    return page(
        request, template, actor, status=problem.status if problem else 200, at=at, base=base, states=STATES,
        rows=_rows(request, actor, found[:SIZE]), counts=counts, columns=COLUMNS, more=more, after=after,
        problem=problem, taste=taste(actor), prefixes=search.PREFIXES, told=request.query_params.get("told"),
        agreement=marks.agreement(office), filters=saved.of(office.store, actor.id),
        plain=Place(state=plain, sort=order),
    )  # fmt: skip


def _counts(request: Request, actor: Actor, at: Place) -> dict[str, int]:
    counts = search.counts(office_of(request), search.parse(at.q, me=actor.id))
    return counts | {"all": sum(counts.values())}


def _rows(request: Request, actor: Actor, found: list[Entry]) -> list[Row]:
    office = office_of(request)
    texts = docket.beginnings(office.store, [e.decision_id for e in found])
    holders = held.all_held(office.store, office.clock())
    names = people.names(office, {h.by for h in holders.values()})
    asked = marks.asked_by(office, actor)
    strong = {s for s, how in taste(actor).scenes.items() if how == "strong"}
    unseen = {e.decision_id for e in found if e.state == "second" and e.decision_id not in asked}
    return [
        Row(entry=e, text=texts.get(e.decision_id, ""), causes=tuple(c.replace("_", " ") for c in e.causes.split()),
            holder=names[holders[e.decision_id].by] if e.decision_id in holders else None,
            mine=e.decision_id in holders and holders[e.decision_id].by == actor.id,
            hidden=e.decision_id in unseen,
            strong=e.decision_id not in unseen and scene_of(office.pack, e.rule_id) in strong)
        for e in found
    ]  # fmt: skip


def _bulk(
    request: Request, actor: Actor, ids: list[str], done: dict[str, rulings.Done] | None = None, undone: bool = False
) -> Response:
    office = office_of(request)
    office.catch_up()
    entries = [e for e in (docket.entry(office.store, one) for one in dict.fromkeys(ids)) if e is not None]
    if not entries:
        raise Problem(404, "None of these decisions is on record.", param="ids", code="unknown_decision")
    pack = office.record(entries[0].decision_id).pack
    rules = [r for r in pack.rules if r.status == "active"]
    leads = {e.rule_id for e in entries}
    return page(request, "bulk.html", actor, rows=_rows(request, actor, entries), done=done, undone=undone, rules=rules,
                lead=leads.pop() if len(leads) == 1 else None, taste=taste(actor))  # fmt: skip
