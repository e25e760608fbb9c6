"""Lists of the API: one row for each decision, a page at a time. A row holds no content and no name."""

from collections.abc import Sequence

from pydantic import Field

from cases.decision import Outcome
from cases.model import Fact
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store.docket import Entry, State
from web.work import search
from web.work.perusal import noted
from web.work.search import Query

LIMIT = 50


class Row(Fact):
    """One decision in a list: `outcome`, `rule_id` and `severity` are what holds now."""

    decision_id: str
    id: str = Field(description="The id of the case, as it was sent.")
    at: str
    outcome: Outcome
    system_outcome: Outcome
    rule_id: str | None
    severity: int
    tier: str
    score: float
    stage: str
    state: State
    surface: str
    locale: str
    profile: str | None
    policy: str
    files: int
    edited: str | None
    version: int


class Page(Fact):
    """A page of a list; send `next` as `after` for the one that follows, null at the end."""

    items: tuple[Row, ...]
    next: str | None
    total: int | None = None


def row(found: Entry) -> Row:
    """Return a row of the docket as programs see it."""
    return Row(
        decision_id=found.decision_id, id=found.case_id, at=found.at, outcome=found.held, system_outcome=found.outcome,
        rule_id=found.rule_id, severity=found.severity, tier=found.tier, score=found.score, stage=found.stage,
        state=found.state, surface=found.surface, locale=found.locale, profile=found.profile, policy=found.policy,
        files=found.media, edited=found.edited, version=found.version,
    )  # fmt: skip


def query(actor: Actor, text: str, *more: str) -> Query:
    """Return the query of a request; a program may not search by who decided, which would tell it their names."""
    made = search.parse(" ".join((text, *more)), me=actor.id, person=actor.person)
    if not actor.person and any(t.field == "by" and t.value not in (actor.id, "nobody") for t in made.terms):
        raise Problem(403, "by: tells who decided, which programs are not told; by:me and by:nobody may be asked.",
                      param="q", code="not_permitted")  # fmt: skip
    return made


def page(
    office: Office, actor: Actor, act: str, wanted: Query, sort: str, after: str | None, limit: int, *,
    total: bool = False,
) -> Page:  # fmt: skip
    """Return a page of what a query finds, and note under `act` that it was read.

    What waits for a blind opinion that could be the actor's is left out.
    """
    office.catch_up()
    found: Sequence[Entry] = search.find(office, wanted, sort=sort, after=after, limit=limit + 1)
    more = len(found) > limit
    found = found[:limit]
    last = search.cursor(found[-1], sort, hidden=search.hidden(office, wanted, found[-1])) if more else None
    shown = tuple(row(one) for one in found if not search.hidden(office, wanted, one))
    noted(office, actor, act, "docket", len(shown), q=search.veiled(office, wanted.text), sort=sort, after=after)
    return Page(
        items=shown, next=last, total=search.count(office, wanted) if total else None,
    )  # fmt: skip


__all__ = ["LIMIT", "Page", "Row", "page", "query", "row"]
