"""Search over every case on record, apart from the queue: nothing here is taken by looking at the list. And Ctrl+K."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from web.console.queue import Place, listed
from web.identity import Actor, needs, office_of
from web.office import Office
from web.pages import page
from web.problem import Problem
from web.store import docket, saved
from web.store import drafts as kept
from web.work import drafts, search

router = APIRouter()
Reader = Annotated[Actor, Depends(needs("read"))]
LONGEST_LIST = 16


@router.get("/search")
def results(
    request: Request, actor: Reader, q: Annotated[str, Query(max_length=search.LONGEST)] = "",
    state: Annotated[str, Query(max_length=20)] = "all", sort: Annotated[str, Query(max_length=20)] = "-at",
    after: str | None = None,
) -> Response:  # fmt: skip
    """Show what a typed search finds, newest first."""
    return listed(request, actor, Place(state=state, q=q, sort=sort), after, "search.html", "/search")


@router.get("/palette")
def palette(request: Request, actor: Reader, q: Annotated[str, Query(max_length=search.LONGEST)] = "") -> Response:
    """Show where one can go: ids that begin so, queues, pages, saved filters, rules, policies and drafts that fit."""
    office = office_of(request)
    wanted = q.strip().casefold()
    pages = [("Take the next case", "/queue/next", "review"), ("Queue: waiting", "/queue", "review"),
             ("Queue: escalated", "/queue?state=escalated", "review"),
             ("Queue: second opinions", "/queue?state=second", "review"),
             ("Queue: settled", "/queue?state=settled", "review"), ("Try a text", "/cases/new", "moderate"),
             ("Search", "/search", "read"), ("My decisions", "/search?" + urlencode({"q": "by:me"}), "read"),
             ("Appeals", "/appeals", "appeals.read"), ("Policies", "/policies", "policies.read"),
             ("Charts", "/charts", "metrics"), ("Precedents", "/precedents", "read"),
             ("Administration", "/admin", "administer"),
             ("Settings", "/settings", "read")]  # fmt: skip
    found = [(label, to) for label, to, needed in pages if needed in actor.may and wanted in label.casefold()]
    found += [(f"Filter: {s.name}", s.to) for s in saved.of(office.store, actor.id) if wanted in s.name.casefold()]
    if wanted and "policies.read" in actor.may:
        # A rule that is named by its id is meant, whatever else the letters are found in.
        exact = [r for r in office.pack.rules if r.id.casefold() == wanted]
        found = [_rule(office, r.id) for r in exact] + found + _policies(office, actor, wanted, [r.id for r in exact])
    if len(wanted) >= 3:
        office.catch_up()
        begins = [e for field in ("id", "case") for e in _begins(request, field, q.strip())]
        unique = {e.decision_id: e for e in begins}
        found = [(f"Case {e.case_id} ({e.decision_id})", f"/cases/{e.decision_id}") for e in unique.values()] + found
        found.append((f"Search for “{q.strip()}”", "/search?" + urlencode({"q": q.strip()})))
    return page(request, "parts/palette.html", actor, found=found[:LONGEST_LIST], q=q)


def _policies(office: Office, actor: Actor, wanted: str, but: list[str]) -> list[tuple[str, str]]:
    """Return the rules in force, the policies and the open drafts in which every word is found."""
    words = wanted.split()

    def fits(label: str) -> bool:
        return all(w in label.casefold() for w in words)

    rules = [r.id for r in office.pack.rules if r.id not in but and fits(f"rule {r.id} {r.type}")]
    out = [_rule(office, one) for one in rules[:8]]
    shelves = [
        (f"Policy {s.pack_id} {office.pack.version if s.served else s.live}", f"/policies?at={s.pack_id}")
        for s in drafts.shelves(office)
    ]
    out += [(label, to) for label, to in shelves if fits(label)]
    if "policies.write" in actor.may:
        open_ones = [d for d in kept.drafts(office.store) if d.state in ("draft", "in_review")]
        named = [(f"Draft {d.id} of {d.pack_id}, {d.state.replace('_', ' ')}", d) for d in open_ones]
        out += [(label, f"/policies/drafts/{d.id}") for label, d in named if fits(f"{label} {d.about}")][:5]
    return out


def _rule(office: Office, rule_id: str) -> tuple[str, str]:
    return f"Rule {rule_id} {office.pack.by_id[rule_id].type}", f"/policies/at/{office.pack.id}/rules/{rule_id}"


def _begins(request: Request, field: str, value: str) -> list[docket.Entry]:
    term = search.Term(field=field, value=value)
    try:
        return search.find(office_of(request), search.Query(terms=(term,)), sort="-at", limit=5)
    except Problem:
        return []
