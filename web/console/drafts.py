"""The policy workbench, writing: the editor of a draft with live lint, its form, and its way to being published."""

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from policy_store.checked import NAME, Checked, TooLarge, check
from policy_store.edit import EditError
from policy_store.schema import schemas
from web.console.policies import Publisher, Reader, Writer, shown_names
from web.identity import Actor, office_of
from web.number import Whole
from web.office import Office
from web.pages import page
from web.problem import Problem
from web.store import journal
from web.store import shadow as shadows
from web.store.drafts import PolicyDraft
from web.work import drafts, form, impact, shadow, suites

router = APIRouter(prefix="/policies/drafts")
SCHEMA = re.compile(r"^(policy|rules|rubric|cases)\.json$")
Text = Annotated[str, Form(max_length=2_000_000)]
Reason = Annotated[str, Form(max_length=2000)]
Version = Annotated[int, Form(ge=1)]
File = Annotated[str, Form(max_length=60)]


@router.post("")
def begin(
    request: Request, actor: Writer, pack: Annotated[str, Form(max_length=80)],
    rule: Annotated[str, Form(max_length=80)] = "",
) -> Response:  # fmt: skip
    """Begin a draft over the version in force; from the page of a rule it goes on with that rule."""
    office = office_of(request)
    found = drafts.begin(office, actor, pack)
    at = f"/rules/{rule}" if rule in drafts.loaded(found).by_id else ""
    return RedirectResponse(f"/policies/drafts/{found.id}{at}", 303)


@router.get("/schema/{name}")
def schema(request: Request, actor: Reader, name: str) -> Response:
    """Send the JSON schema that the editor completes by."""
    if not SCHEMA.match(name):
        raise Problem(404, f"There is no schema {name!r}.", code="unknown_schema")
    return Response(schemas()[name], media_type="application/json", headers={"cache-control": "max-age=300"})


@router.get("/{draft_id}")
def edit(request: Request, actor: Reader, draft_id: str, file: str | None = None, line: Whole = 0) -> Response:
    """Show the editor on one file of a draft, at first on one that it changes."""
    office = office_of(request)
    found = drafts.draft(office, draft_id)
    touched = drafts.touched(office, found)
    name = file if file in found.files else next(iter((*touched, *found.files)))
    return page(
        request, "policies/draft.html", actor, draft=found, file=name, line=line, touched=touched,
        names=shown_names(office), checked=_checked(found),
        last_test=suites.last(office, draft_id), runs=impact.runs(office, draft_id)[:5],
        shadows=shadows.shadows(office.store, draft_id=draft_id)[:3], history=_history(office, draft_id),
        solo=office.web.solo_publishing and "administer" in actor.may, stale=drafts.stale(office, found),
    )  # fmt: skip


@router.post("/{draft_id}/lint")
def lint(request: Request, actor: Writer, draft_id: str, file: File, text: Text) -> Response:
    """Check the draft with what is in the editor now; nothing is saved."""
    found = drafts.draft(office_of(request), draft_id)
    changed = found.model_copy(update={"files": {**found.files, file: _clean(text)}})
    return page(request, "policies/lint.html", actor, draft=found, checked=_checked(changed), file=file, saved=None)


@router.post("/{draft_id}/save")
def save(request: Request, actor: Writer, draft_id: str, file: File, text: Text, version: Version) -> Response:
    """Save what is in the editor; answers with the lint of the whole and the new version."""
    found = drafts.save(office_of(request), actor, draft_id, version, {file: _clean(text)})
    return page(
        request, "policies/lint.html", actor, draft=found, checked=_checked(found), file=file, saved=found.version
    )


@router.post("/{draft_id}/files")
def add_file(request: Request, actor: Writer, draft_id: str, file: File, version: Version) -> Response:
    """Add an empty file to a draft."""
    if not NAME.match(file):
        raise Problem(
            422, f"file {file!r}: give cases.yaml, CHANGES.md or rules/NAME.yaml.", param="file", code="bad_name"
        )
    office = office_of(request)
    if file not in drafts.draft(office, draft_id).files:
        drafts.save(office, actor, draft_id, version, {file: ""})
    return RedirectResponse(f"/policies/drafts/{draft_id}?file={file}", 303)


@router.get("/{draft_id}/rules/{rule_id}")
def rule_form(
    request: Request, actor: Writer, draft_id: str, rule_id: str, kept: Annotated[str, Query(max_length=120)] = ""
) -> Response:
    """Show the form of a rule: the common fields without YAML; `kept` is the field that was saved just now."""
    return _form(request, actor, drafts.draft(office_of(request), draft_id), rule_id, kept_field=kept)


@router.post("/{draft_id}/rules/{rule_id}")
def edit_rule(
    request: Request, actor: Writer, draft_id: str, rule_id: str, version: Version,
    field: Annotated[str, Form(max_length=20)], text: Annotated[str, Form(max_length=4000)] = "",
    side: Annotated[str, Form(max_length=20)] = "", number: Annotated[Whole | None, Form()] = None,
    clause: Annotated[str, Form(max_length=80)] = "",
) -> Response:  # fmt: skip
    """Make one change to a rule by the form: the file keeps its comments and layout."""
    office = office_of(request)
    found = drafts.draft(office, draft_id)
    try:
        file, made = form.edited(found, rule_id, form.Wish(field, text.strip(), side, number, clause))
    except EditError as error:
        return _form(request, actor, found, rule_id, status=422, wrong=f"Not saved. {error}", kept=text)
    drafts.save(office, actor, draft_id, version, {file: made})
    # An example and an exception that were added stand in the list; what comes next is another of the same kind.
    which = side if field == "example" else clause if field == "clause" else ""
    return RedirectResponse(
        f"/policies/drafts/{draft_id}/rules/{rule_id}?{urlencode({'kept': f'{field} {which}'})}", 303
    )


@router.post("/{draft_id}/submit")
def submit(request: Request, actor: Writer, draft_id: str, version: Version, reason: Reason = "") -> Response:
    """Send it to review."""
    drafts.submit(office_of(request), actor, draft_id, version, reason)
    return _back(draft_id)


@router.post("/{draft_id}/send-back")
def send_back(request: Request, actor: Writer, draft_id: str, version: Version, reason: Reason = "") -> Response:
    """Send it back to its author."""
    drafts.send_back(office_of(request), actor, draft_id, version, reason)
    return _back(draft_id)


@router.post("/{draft_id}/withdraw")
def withdraw(request: Request, actor: Writer, draft_id: str, version: Version, reason: Reason = "") -> Response:
    """Withdraw it for good."""
    drafts.withdraw(office_of(request), actor, draft_id, version, reason)
    return _back(draft_id)


@router.post("/{draft_id}/rebase")
def rebase(request: Request, actor: Writer, draft_id: str, version: Version) -> Response:
    """Set it over the version in force."""
    drafts.rebase(office_of(request), actor, draft_id, version)
    return _back(draft_id)


@router.post("/{draft_id}/publish")
def publish(request: Request, actor: Publisher, draft_id: str, version: Version, reason: Reason = "") -> Response:
    """Put it in force."""
    drafts.publish(office_of(request), actor, draft_id, version, reason)
    return _back(draft_id)


@router.post("/{draft_id}/shadow")
def start_shadow(request: Request, actor: Writer, draft_id: str) -> Response:
    """Let it run beside the policy in force."""
    shadow.start(office_of(request), actor, draft_id)
    return RedirectResponse(f"/policies/drafts/{draft_id}/shadow", 303)


@router.get("/{draft_id}/shadow")
def show_shadow(request: Request, actor: Reader, draft_id: str) -> Response:
    """Show what a draft would have decided otherwise."""
    office = office_of(request)
    found = drafts.draft(office, draft_id)
    ran = shadows.shadows(office.store, draft_id=draft_id)
    flips = {one.id: shadows.compared(office.store, one.id) for one in ran[:5]}
    journal.note(office.store, actor.id, "policy.shadow_read", draft_id)
    return page(
        request, "policies/shadow.html", actor, draft=found, shadows=ran[:5], flips=flips, names=shown_names(office)
    )


@router.post("/{draft_id}/shadow/{shadow_id}/stop")
def stop_shadow(request: Request, actor: Writer, draft_id: str, shadow_id: str) -> Response:
    """Stop it; the report stays."""
    shadow.stop(office_of(request), actor, shadow_id)
    return RedirectResponse(f"/policies/drafts/{draft_id}/shadow", 303)


def _form(
    request: Request,
    actor: Actor,
    found: PolicyDraft,
    rule_id: str,
    *,
    status: int = 200,
    wrong: str = "",
    kept: str = "",
    kept_field: str = "",
) -> Response:
    where = form.locate(found, rule_id)
    return page(
        request, "policies/form.html", actor, status=status, draft=found, rule=where.rule, file=where.file,
        line=where.line, wrong=wrong, kept=kept, kept_field=kept_field,
    )  # fmt: skip


def _checked(found: PolicyDraft) -> Checked | str:
    """Return the lint, or why there is none: an editor shows either."""
    try:
        return check(found.files)
    except TooLarge as error:
        return str(error)


def _history(office: Office, draft_id: str) -> list[journal.Line]:
    return journal.lines(office.store, subject=draft_id, act="policy.", limit=12)


def _back(draft_id: str) -> Response:
    return RedirectResponse(f"/policies/drafts/{draft_id}", 303)


def _clean(text: str) -> str:
    # A browser sends the line breaks of a form as CRLF.
    return text.replace("\r\n", "\n").replace("\r", "\n")
