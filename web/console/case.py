"""The page of a case and the acts on it. Everything that is decided here is decided by work/; this only asks and shows.

An act answers a script with JSON (what to say, what to undo, where to go on) and a plain form with a redirect.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from web.console.queue import At, Place, ruling
from web.console.taste import scene_of, taste
from web.identity import Actor, needs, office_of
from web.number import Whole
from web.pages import page
from web.problem import Problem
from web.store import claims as held
from web.store import docket
from web.work import asking, claims, marks, notes, people, rulings, similar
from web.work.events import UNDONE
from web.work.perusal import noted
from web.work.view import CaseView, case_view

router = APIRouter(prefix="/cases")
Reader = Annotated[Actor, Depends(needs("read"))]
Reviewer = Annotated[Actor, Depends(needs("review"))]
Text = Annotated[str, Form()]
Version = Annotated[Whole | None, Form()]
OPEN: tuple[docket.State, ...] = ("waiting", "escalated", "second")


@router.get("/{decision_id}")
def case(request: Request, actor: Reader, decision_id: str, at: At, ahead: bool = False) -> Response:
    """Show a case; opening one that is open takes it. `ahead` fetches the page for later, which is no reading yet."""
    office = office_of(request)
    record = office.record(decision_id)
    found = case_view(office, record, actor, note=not ahead)
    claim = claims.holder(office, found.decision_id)
    if claim is None and not ahead and "review" in actor.may and found.state in OPEN and not _own_second(found):
        try:
            claim = claims.claim(office, actor, found.decision_id)
        except Problem:
            claim = claims.holder(office, found.decision_id)
    mine = claim is not None and claim.by == actor.id
    led = found.held.rule_id if found.held and found.held.rule_id else record.decision.rule_id
    scene = None if found.blind else scene_of(record.pack, led)
    answer = page(
        request, "case.html", actor, view=found, at=at, taste=taste(actor, scene), claim=claim, mine=mine or ahead,
        may=("review" in actor.may) and (claim is None or mine), tiers=record.pack.tiers,
        others=[], suggestion=_suggestion(found), reasons=_reasons(found),
    )  # fmt: skip
    answer.headers["X-Case"] = found.decision_id
    return answer


@router.get("/{decision_id}/similar")
def alike(request: Request, actor: Reader, decision_id: str, at: At) -> Response:
    """Show what was decided before about content like this."""
    office = office_of(request)
    if marks.blind(office, actor, decision_id):
        return page(request, "parts/similar.html", actor, near=[], blind=True, at=at, taste=taste(actor), names={})
    found = similar.similar(office, office.record(decision_id).decision.id)
    hidden = {n.entry.decision_id for n in found if marks.blind(office, actor, n.entry.decision_id)}
    found = [n for n in found if n.entry.decision_id not in hidden]
    names = people.names(office, {n.entry.by for n in found if n.entry.by})
    noted(office, actor, "case.similar", decision_id, len(found))
    return page(request, "parts/similar.html", actor, near=found, blind=False, at=at, taste=taste(actor), names=names)


@router.post("/{decision_id}/settle")
def settle(
    request: Request, actor: Reviewer, decision_id: str, at: At, outcome: Text, reason: Text = "", rule_id: Text = "",
    severity: Text = "", version: Version = None,
) -> Response:  # fmt: skip
    """Decide the case."""
    edit = rulings.settle(
        office_of(request), actor, decision_id, ruling(outcome, rule_id, severity, reason), version=version
    )
    under = f" under {edit.rule_id}" if edit.rule_id else ""
    return _went_on(request, actor, at, decision_id, f"{edit.outcome.capitalize()}{under}: recorded.")


@router.post("/{decision_id}/opine")
def opine(
    request: Request, actor: Reviewer, decision_id: str, at: At, outcome: Text, reason: Text = "", rule_id: Text = "",
    severity: Text = "", version: Version = None,
) -> Response:  # fmt: skip
    """Give the second opinion that is asked for; only now is the first one told."""
    said = marks.opine(
        office_of(request), actor, decision_id, ruling(outcome, rule_id, severity, reason), version=version
    )
    how = {"yes": "You agree", "outcome": "You agree on the outcome, under another rule",
           "no": "You do not agree", None: "Nobody had decided before you"}[said.agreed]  # fmt: skip
    went = "It holds." if said.edit else "The case is escalated."
    return _went_on(request, actor, at, decision_id, f"{how}: {said.first_by} said {said.first}. {went}",
                    undo=said.edit is not None)  # fmt: skip


@router.post("/{decision_id}/second")
def second(
    request: Request, actor: Reviewer, decision_id: str, at: At, reason: Text = "", outcome: Text = "",
    rule_id: Text = "", severity: Text = "", why: Text = "", version: Version = None,
) -> Response:  # fmt: skip
    """Ask for a second opinion, with one's own ruling or without."""
    first = ruling(outcome, rule_id, severity, why or reason) if outcome else None
    marks.ask_second(office_of(request), actor, decision_id, reason, first, version=version)
    return _went_on(request, actor, at, decision_id, "A colleague will read it without seeing your verdict.")


@router.post("/{decision_id}/escalate")
def escalate(
    request: Request, actor: Reviewer, decision_id: str, at: At, reason: Text = "", version: Version = None
) -> Response:
    """Escalate the case."""
    marks.escalate(office_of(request), actor, decision_id, reason, version=version)
    return _went_on(request, actor, at, decision_id, "Escalated.")


@router.post("/{decision_id}/skip")
def skip(request: Request, actor: Reviewer, decision_id: str, at: At, reason: Text = "") -> Response:
    """Leave the case to others."""
    marks.skip(office_of(request), actor, decision_id, reason)
    return _went_on(request, actor, at, decision_id, "Skipped, with your reason; it is not offered to you again.")


@router.post("/{decision_id}/undo")
def undo(request: Request, actor: Reviewer, decision_id: str, at: At) -> Response:
    """Take back one's own last act on the case, whatever it was."""
    office = office_of(request)
    try:
        marks.take_back(office, actor, decision_id)
        told = "Taken back."
    except Problem:
        edit = rulings.undo(office, actor, decision_id)
        told = f"Undone: {edit.outcome} holds again."
    here = at.at(f"/cases/{decision_id}")
    return _answer(request, {"told": told, "undo": None, "next": here, "case": decision_id}, here)


@router.post("/{decision_id}/release")
def release(request: Request, actor: Reviewer, decision_id: str, at: At) -> Response:
    """Give the case back and go to the queue."""
    claims.release(office_of(request), actor, decision_id)
    return _answer(
        request, {"told": "Given back.", "undo": None, "next": at.at("/queue"), "case": None}, at.at("/queue")
    )


@router.post("/{decision_id}/present")
def present(request: Request, actor: Reader, decision_id: str, take: Annotated[bool, Form()] = False) -> Response:
    """Say that the page is open, prolong one's claim, and show who else looks; `take` is for a page fetched ahead."""
    office = office_of(request)
    found = office.record(decision_id)
    claim = claims.holder(office, decision_id)
    if claim is not None and claim.by == actor.id:
        claim = claims.claim(office, actor, decision_id)
    if take:
        case_view(office, found, actor)  # now it is read, and on record as that
        if claim is None and "review" in actor.may:
            claim = claims.claim(office, actor, decision_id)
    held.seen(office.store, decision_id, actor.id, office.clock())
    others = [i for i in held.present(office.store, decision_id, office.clock()) if i != actor.id]
    names = people.names(office, others)
    return page(request, "parts/presence.html", actor, claim=claim, mine=claim is not None and claim.by == actor.id,
                others=[] if taste(actor).quiet else sorted(names.values()))  # fmt: skip


@router.post("/{decision_id}/notes")
def note(request: Request, actor: Reviewer, decision_id: str, at: At, text: Text = "") -> Response:
    """Add a note."""
    notes.add(office_of(request), actor, decision_id, text)
    return _notes(request, actor, decision_id, at)


@router.post("/{decision_id}/pin")
def pin(request: Request, actor: Reviewer, decision_id: str, at: At, note_id: Text = "") -> Response:
    """Pin a note, or none."""
    notes.pin(office_of(request), actor, decision_id, note_id or None)
    return _notes(request, actor, decision_id, at)


@router.post("/{decision_id}/ask")
def ask(request: Request, actor: Reader, decision_id: str, question: Text = "") -> Response:
    """Answer a question about the case."""
    made = asking.ask(office_of(request), actor, decision_id, question)
    return page(request, "parts/answer.html", actor, question=question, made=made)


def _notes(request: Request, actor: Actor, decision_id: str, at: Place) -> Response:
    if not request.headers.get("hx-request"):
        return RedirectResponse(at.at(f"/cases/{decision_id}"), 303)
    office = office_of(request)
    view = case_view(office, office.record(decision_id), actor, note=False)
    return page(request, "parts/notes.html", actor, view=view, at=at, taste=taste(actor))


def _own_second(view: CaseView) -> bool:
    return view.state == "second" and not view.blind


def _suggestion(view: CaseView) -> str | None:
    """Return what one key accepts: the system's own finding, where it had one and nobody has spoken yet."""
    if view.blind or view.system in (None, "review") or view.held is None:
        return None
    spoken = view.held.edit is not None and not view.held.edit.reason.startswith(UNDONE)
    return None if spoken or view.held.outcome != view.system else view.system


def _reasons(view: CaseView) -> list[str]:
    """Return reasons to pick: clauses that were cited, and exceptions that could hold."""
    found = [f"{w.exception_id} holds: {w.quote}" for f in view.findings[:2] for w in f.exceptions]
    found += [f"{c.id}: {c.text}" for f in view.findings[:2] for c in f.clauses]
    return list(dict.fromkeys(text[:240] for text in found))[:12]


def _went_on(request: Request, actor: Actor, at: Place, decision_id: str, told: str, *, undo: bool = True) -> Response:
    """Answer an act: what was done, how to undo it, and the next case where the person wants to go on."""
    office = office_of(request)
    found = None
    if taste(actor).advance:
        try:
            found = claims.next_case(office, actor, at.query(actor), sort=at.sort, but=decision_id)
        except Problem:  # the act is done: a search in the address that cannot be read must not make it look refused
            found = None
        to = at.at(f"/cases/{found}") if found else at.at("/queue", told="empty")
    else:
        to = at.at(f"/cases/{decision_id}")
    undoing = at.at(f"/cases/{decision_id}/undo") if undo else None
    return _answer(request, {"told": told, "undo": undoing, "next": to, "case": found}, to)


def _answer(request: Request, body: dict[str, str | None], to: str) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(body)
    return RedirectResponse(to, 303)
