"""The policy workbench, trying: tests and impact runs as jobs with progress, the list of flips and who is right."""

import json
from collections import Counter
from typing import Annotated, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from cases.decision import Outcome
from web.console.policies import Reader, Writer
from web.console.taste import taste
from web.identity import office_of
from web.number import Whole
from web.pages import page
from web.problem import Problem
from web.store import drafts as kept
from web.store import journal
from web.store.drafts import PolicyDraft
from web.store.gold import Side
from web.work import drafts, impact, jobs, suites
from web.work.impact import Show

router = APIRouter(prefix="/policies")
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SHOWS: tuple[tuple[Show, str], ...] = (
    ("all", "All"), ("changed", "Changed"), ("regressed", "Regressed"), ("fixed", "Fixed"), ("still", "Still"),
    ("errors", "Errors"),
)  # fmt: skip
PAGE = 200


@router.post("/tests")
def start_tests(request: Request, actor: Writer, subject: Annotated[str, Form(max_length=80)]) -> Response:
    """Run the tests of a draft or policy."""
    job = suites.start(office_of(request), actor, subject)
    return RedirectResponse(f"/policies/tests/{job.id}", 303)


@router.get("/tests/{job_id}")
def tests(request: Request, actor: Reader, job_id: str, show: str = "all") -> Response:
    """Show a run of tests."""
    office = office_of(request)
    job, found = suites.suite(office, actor, job_id)
    results = [r for r in found.run.results if show in ("all", r.status.lower())] if found else []
    draft = _draft(request, job.subject)
    stale = bool(found and draft and draft.version != found.draft_version)
    return page(request, "policies/tests.html", actor, job=job, suite=found, results=results, show=show, draft=draft,
                stale=stale)  # fmt: skip


@router.post("/impact")
def start_impact(
    request: Request, actor: Writer, new: Annotated[str, Form(max_length=80)],
    old: Annotated[str, Form(max_length=80)] = "", q: Annotated[str, Form(max_length=500)] = "",
    ruled: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Run an impact of a draft over the cases that a search finds."""
    office = office_of(request)
    base = old or drafts.pack_at(office, new).id
    job = impact.start(office, actor, base, new, q, ruled=ruled)
    return RedirectResponse(f"/policies/impact/{job.id}", 303)


@router.get("/impact/{job_id}")
def flips(
    request: Request, actor: Reader, job_id: str, show: str = "all", came: str = "", went: str = "", rule: str = "",
    offset: Whole = 0,
) -> Response:  # fmt: skip
    """Show the flips of a run; the filter is the address, so that it can be shared."""
    office = office_of(request)
    job, found = impact.report(office, actor, job_id)
    if found is None:
        return page(request, "policies/impact.html", actor, job=job, report=None)
    judgement = impact.judged(office, found)
    rows = impact.shown(found, judgement, _show(show))
    rows = tuple(
        r for r in rows
        if came in ("", r.old.outcome) and went in ("", r.new.outcome) and rule in ("", r.new.rule or r.old.rule)
    )  # fmt: skip
    journal.note(office.store, actor.id, "policy.flips_read", job_id, {"show": show})
    return page(
        request, "policies/impact.html", actor, job=job, report=found, judgement=judgement, shows=SHOWS, show=show,
        counts=_counts(found, judgement),
        rows=rows[offset : offset + PAGE], total=len(rows), offset=offset, size=PAGE, came=came, went=went,
        rule=rule, matrix=_matrix(found), outcomes=OUTCOMES, marked=impact.marked(office, found),
        draft=_draft(request, job.subject), readable="read" in actor.may,
        taste=taste(actor), leads=_leads(found), calm=_calm(found),
    )  # fmt: skip


@router.get("/impact/{job_id}/flips/{decision_id}")
def flip(request: Request, actor: Reader, job_id: str, decision_id: str) -> Response:
    """Show one flip in the drawer: the text, and both reasonings."""
    office = office_of(request)
    _, found = impact.report(office, actor, job_id)
    row = next((f for f in found.flips if f.decision_id == decision_id), None) if found else None
    if found is None or row is None or "read" not in actor.may:
        raise Problem(404, f"The run has no flip {decision_id!r}.", param="decision_id", code="unknown_flip")
    journal.note(office.store, actor.id, "case.read", decision_id, {"run": job_id})
    case = office.ledger.case(row.case_digest)
    side = impact.marked(office, found).get(decision_id)
    return page(request, "policies/flip.html", actor, row=row, case=case, job_id=job_id, side=side, report=found)


@router.post("/impact/{job_id}/flips/{decision_id}")
def mark(
    request: Request, actor: Writer, job_id: str, decision_id: str, side: Annotated[str, Form(max_length=10)]
) -> Response:
    """Mark which side is right, or take the mark back."""
    office = office_of(request)
    if side not in get_args(Side):
        raise Problem(422, f"side {side!r}: give old, new or neither.", param="side", code="bad_side")
    right: Side = side  # type: ignore[assignment]
    impact.mark(office, actor, job_id, decision_id, right)
    _, found = impact.report(office, actor, job_id)
    assert found is not None
    judgement = impact.judged(office, found)
    return page(
        request, "policies/marked.html", actor, decision_id=decision_id, bucket=judgement.buckets.get(decision_id),
        side=None if right == "neither" else right, judgement=judgement, counts=_counts(found, judgement),
        calm=_calm(found),
    )  # fmt: skip


@router.get("/impact/{job_id}/export")
def export(request: Request, actor: Reader, job_id: str) -> Response:
    """Send the flips as JSON lines, with labels where there are some."""
    office = office_of(request)
    _, found = impact.report(office, actor, job_id)
    if found is None:
        raise Problem(409, "The run is not done yet.", code="not_done")
    if "read" not in actor.may:
        raise Problem(403, "The flips hold the texts of cases; you may not read those.", code="not_permitted")
    buckets, marks = impact.judged(office, found).buckets, impact.marked(office, found)
    journal.note(office.store, actor.id, "policy.flips_export", job_id, {"flips": str(len(found.flips))})
    lines = [
        json.dumps(
            {"id": f.decision_id, "text": office.ledger.case(f.case_digest).text, "old": f.old.model_dump(mode="json"),
             "new": f.new.model_dump(mode="json"), "bucket": buckets.get(f.decision_id),
             "right": marks.get(f.decision_id)},
            ensure_ascii=False,
        )
        for f in found.flips
    ]  # fmt: skip
    headers = {"content-disposition": f'attachment; filename="flips-{job_id}.jsonl"'}
    return Response("\n".join(lines) + "\n", media_type="application/x-ndjson", headers=headers)


@router.get("/jobs/{job_id}")
def progress(request: Request, actor: Reader, job_id: str) -> Response:
    """Show how far a job is; the page is loaded anew when it is over."""
    job = jobs.read(office_of(request), actor, job_id)
    answer = page(request, "policies/progress.html", actor, job=job)
    if job.over:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/jobs/{job_id}/cancel")
def cancel(request: Request, actor: Writer, job_id: str) -> Response:
    """Cancel a job."""
    job = jobs.cancel(office_of(request), actor, job_id)
    where = {impact.KIND: "impact", suites.KIND: "tests"}.get(job.kind)
    return RedirectResponse(f"/policies/{where}/{job_id}" if where else "/policies", 303)


def _show(name: str) -> Show:
    for known, _ in SHOWS:
        if known == name:
            return known
    raise Problem(422, f"show={name!r}: give {', '.join(n for n, _ in SHOWS)}.", param="show", code="bad_filter")


def _counts(found: impact.Report, judgement: impact.Judgement) -> dict[str, int]:
    counts: dict[str, int] = {name: len(impact.shown(found, judgement, name)) for name, _ in SHOWS}
    return counts | {"errors": len(found.errors)}


def _leads(found: impact.Report) -> list[tuple[tuple[str | None, str | None], int]]:
    return Counter((f.old.rule, f.new.rule) for f in found.flips).most_common()


def _calm(found: impact.Report) -> bool:
    return bool(found.flipped) and all(a == b for a, b, _ in found.went)


def _matrix(found: impact.Report) -> dict[tuple[str, str], int]:
    return {(a, b): n for a, b, n in found.went}


def _draft(request: Request, subject: str) -> PolicyDraft | None:
    return kept.draft(office_of(request).store, subject) if subject.startswith("p-") else None
