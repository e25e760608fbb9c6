"""The policy workbench, reading: packs and their rules, what two versions say, formats in and out, steering."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from graphs.published import SHIPPED
from policy_store.diff import diff_packs
from policy_store.exchange import FORMATS, Format, SketchError, export_policy
from policy_store.lint import lint
from policy_store.pack import Pack
from policy_store.rule import Rule
from web.console.taste import taste
from web.identity import Actor, needs, office_of
from web.office import Office
from web.pages import page
from web.problem import Problem
from web.store import accounts, journal
from web.store import drafts as kept
from web.store import shadow as shadows
from web.work import drafts, impact, steering, suites

router = APIRouter(prefix="/policies")
Reader = Annotated[Actor, Depends(needs("policies.read"))]
Writer = Annotated[Actor, Depends(needs("policies.write"))]
Publisher = Annotated[Actor, Depends(needs("policies.publish"))]


@router.get("")
def tree(request: Request, actor: Reader, at: str | None = None) -> Response:
    """Show the packs, the rules of one by scene, drafts, and what runs."""
    office = office_of(request)
    seen = drafts.pack_at(office, at or office.pack.id)
    names = shown_names(office)
    running = shadows.shadows(office.store, state="running")
    return page(
        request, "policies/tree.html", actor, seen=seen, at=at or seen.id, shelves=drafts.shelves(office), names=names,
        drafts=kept.drafts(office.store), runs=impact.runs(office)[:5], shadows=running, shipped=SHIPPED,
        scenes=[(s, [r for r in seen.rules if r.scene == s.id]) for s in seen.scenes],
        remarks=_remarks(seen), covered=_covered(office, actor, seen),
    )  # fmt: skip


@router.get("/at/{ref}/rules/{rule_id}")
def rule(request: Request, actor: Reader, ref: str, rule_id: str) -> Response:
    """Show a rule: clauses, exceptions, examples beside them, and who uses what of it."""
    office = office_of(request)
    seen = drafts.pack_at(office, ref)
    found = _rule(seen, rule_id)
    return page(
        request, "policies/rule.html", actor, seen=seen, at=ref, rule=found, exceptions=seen.exceptions_of(found),
        remarks=[r for r in lint(seen) if r.rule_id == rule_id], used=used(seen, found), formats=FORMATS,
        drafts=[d for d in kept.drafts(office.store, pack_id=seen.id) if d.state == "draft"],
    )  # fmt: skip


@router.get("/diff")
def diff(request: Request, actor: Reader, old: str, new: str) -> Response:
    """Show two versions side by side, clause by clause and word by word."""
    office = office_of(request)
    found = diff_packs(drafts.pack_at(office, old), drafts.pack_at(office, new))
    return page(request, "policies/diff.html", actor, diff=found, old=old, new=new)


@router.post("/roll-back")
def roll_back(
    request: Request, actor: Publisher, pack: Annotated[str, Form(max_length=80)],
    version: Annotated[str, Form(max_length=80)], reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Put an earlier version in force again."""
    drafts.roll_back(office_of(request), actor, pack, version, reason)
    return RedirectResponse("/policies", 303)


@router.get("/import")
def bring_form(request: Request, actor: Writer) -> Response:
    """Show where an outside policy is pasted."""
    return page(request, "policies/import.html", actor, formats=FORMATS, notes=None, draft=None)


@router.post("/import")
def bring(
    request: Request, actor: Writer, text: Annotated[str, Form(max_length=1_000_000)], form: Annotated[str, Form()],
    name: Annotated[str, Form(max_length=64)],
) -> Response:  # fmt: skip
    """Begin a draft from an outside policy, and say what could not be carried."""
    draft, notes = drafts.bring(office_of(request), actor, text, _format(form), name.strip())
    return page(request, "policies/import.html", actor, formats=FORMATS, notes=notes, draft=draft)


@router.get("/at/{ref}/export")
def export(request: Request, actor: Reader, ref: str, form: str, rule: str | None = None) -> Response:
    """Send a pack or a rule in an outside format; the notes go along in a comment at the end."""
    office = office_of(request)
    seen = drafts.pack_at(office, ref)
    try:
        written = export_policy(seen, _format(form), [rule] if rule else [])
    except SketchError as error:
        raise Problem(404, str(error), param="rule", code="unknown_rule") from None
    journal.note(office.store, actor.id, "policy.export", ref, {"format": form, "rule": rule or "all"})
    name = f"{seen.id}-{rule or 'all'}-{form}.md"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(written.text, media_type="text/markdown; charset=utf-8", headers=headers)


@router.get("/steering")
def steer_form(request: Request, actor: Writer, at: str | None = None) -> Response:
    """Show the steerability checks."""
    office = office_of(request)
    ref = at or office.pack.id
    return _steering(request, actor, ref, drafts.pack_at(office, ref))


@router.post("/steering")
def steer(
    request: Request, actor: Writer, at: Annotated[str, Form(max_length=80)],
    text: Annotated[str, Form(max_length=4000)] = "", one: Annotated[str, Form(max_length=80)] = "",
    two: Annotated[str, Form(max_length=80)] = "", rule: Annotated[str, Form(max_length=4000)] = "",
    opposite: Annotated[str, Form(max_length=4000)] = "",
) -> Response:  # fmt: skip
    """Judge a content under two profiles, or under a rule and its opposite."""
    office = office_of(request)
    asked = {"text": text, "one": one, "two": two, "rule": rule, "opposite": opposite}
    if rule or opposite:
        found = steering.opposites(office, actor, rule, opposite, text)
        return _steering(request, actor, at, drafts.pack_at(office, at), asked, opposed=found)
    if not text.strip():
        swept = steering.sweep(office, actor, at, one, two)
        return _steering(request, actor, at, drafts.pack_at(office, at), asked, swept=swept)
    steered = steering.profiles(office, actor, at, text, one, two)
    return _steering(request, actor, at, steered.pack, asked, steered=steered)


def used(pack: Pack, rule: Rule) -> list[tuple[str, str]]:
    """Return who depends on a rule, in words: what would have to be looked at before its ids change."""
    out = []
    own = {c.id for c in rule.exceptions}
    for other in pack.rules:
        for name in other.borrows:
            if name in own:
                out.append((other.id, f"borrows {name}"))
    for lead in pack.precedence:
        if lead.winner == rule.id:
            out.append(("precedence", f"leads over {', '.join(lead.losers)}: {lead.why}"))
        elif rule.id in lead.losers:
            out.append(("precedence", f"{lead.winner} leads over it: {lead.why}"))
    out += [("profile", f"{p.id} switches it off") for p in pack.profiles if rule.id in p.off]
    return out


def shown_names(office: Office) -> dict[str, str]:
    """Return what colleagues are called, by account."""
    return {a.id: a.shown for a in accounts.everybody(office.store)}


def _steering(
    request: Request, actor: Actor, ref: str, pack: Pack, asked: dict[str, str] | None = None, *,
    steered: steering.Steered | None = None, opposed: steering.Opposed | None = None,
    swept: steering.Swept | None = None,
) -> Response:  # fmt: skip
    empty = dict.fromkeys(("text", "one", "two", "rule", "opposite"), "")
    return page(
        request, "policies/steering.html", actor, seen=pack, at=ref, asked=asked or empty, steered=steered,
        opposed=opposed, swept=swept, taste=taste(actor),
    )  # fmt: skip


def _remarks(pack: Pack) -> dict[str, int]:
    counts: dict[str, int] = {}
    for remark in lint(pack):
        if remark.level == "warning" and remark.rule_id:
            counts[remark.rule_id] = counts.get(remark.rule_id, 0) + 1
    return counts


def _covered(office: Office, actor: Actor, pack: Pack) -> dict[str, tuple[int, int]]:
    """Return by rule how many clauses the last run of tests reached, where that was on this very text."""
    job = suites.last(office, pack.id)
    if job is None or job.state != "done":
        return {}
    _, found = suites.suite(office, actor, job.id)
    if found is None or found.pack.digest != pack.digest:
        return {}
    return {c.rule_id: (c.covered, c.total) for c in found.run.coverage.rules if c.rule_id}


def _rule(pack: Pack, rule_id: str) -> Rule:
    if rule_id not in pack.by_id:
        raise Problem(404, f"{pack.id} {pack.version} has no rule {rule_id!r}.", param="rule_id", code="unknown_rule")
    return pack.by_id[rule_id]


def _format(name: str) -> Format:
    for known in get_args(Format):
        if name == known:
            found: Format = known
            return found
    raise Problem(422, f"Format {name!r} is not known; give {' or '.join(FORMATS)}.", param="format", code="bad_format")
