"""A decision on record as those who may read cases see it: content, what holds, history, and for people the inside.

Contract: chain, critiques, precedents, costs and names of colleagues are for signed-in people; a program gets None in
their place, whatever its scopes are.
"""

from datetime import datetime

from agents.explainer import explain
from cases.case import MediaKind, Part, Surface, media_ids
from cases.decision import Critique, Depth, Edit, Grade, Outcome, Played, Precedent, Spent, Step
from cases.model import Fact
from graphs.record import Record
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import authors, docket, journal
from web.store.docket import Entry
from web.work import people
from web.work.public import Verdict, verdict


class File(Fact):
    """A file of a case, by its id in it."""

    id: str
    type: MediaKind


class Content(Fact):
    """What was judged, as it came; words that tools read in files are parts of their own."""

    parts: tuple[Part, ...]
    files: tuple[File, ...]
    context: tuple[str, ...]
    surface: Surface
    locale: str


class Change(Fact):
    """What a person did about a decision. `by` and `reason` are null for programs."""

    id: str
    at: datetime
    outcome: Outcome
    rule_id: str | None
    severity: int | None
    by: str | None
    reason: str | None


class Inside(Fact):
    """How the decision came about. For people who may read cases, and for nobody else."""

    depth: Depth
    chain: tuple[Step, ...]
    critiques: tuple[Critique, ...]
    grades: tuple[Grade, ...]
    precedents: tuple[Precedent, ...]
    spent: tuple[Spent, ...]
    roles: tuple[Played, ...]
    model_digest: str
    system_rationale: str


class Seen(Verdict):
    """A decision with its content; `version` counts every change, and is its ETag.

    `author` is the id of the account that published it, null where that is not known.
    """

    author: str | None
    system_outcome: Outcome
    state: docket.State
    version: int
    content: Content
    edits: tuple[Change, ...]
    inside: Inside | None


def seen(office: Office, actor: Actor, decision_id: str) -> Seen:
    """Return a decision for a reader, and note the reading; raise Problem 404."""
    record = office.record(decision_id)
    row = entry(office, record.decision.id)
    journal.note(office.store, actor.id, "case.read", record.decision.id)
    made = record.decision
    shown = people.names(office, [e.by for e in record.edits]) if actor.person else {}
    inside = Inside(
        depth=made.depth, chain=made.chain, critiques=made.critiques, grades=made.grades, precedents=made.precedents,
        spent=made.spent, roles=made.roles, model_digest=made.model_digest, system_rationale=made.rationale,
    )  # fmt: skip
    return Seen(
        **dict(verdict(record)), author=authors.author(office.store, made.id), system_outcome=made.outcome,
        state=row.state, version=row.version,
        content=content(record), inside=inside if actor.person else None,
        edits=tuple(
            Change(id=e.id, at=e.at, outcome=e.outcome, rule_id=e.rule_id, severity=e.severity, by=shown.get(e.by),
                   reason=e.reason if actor.person else None)
            for e in record.edits
        ),
    )  # fmt: skip


def content(record: Record) -> Content:
    """Return what was judged; where its files lie stays here."""
    case = record.case
    files = tuple(File(id=i, type=m.type) for i, m in zip(media_ids(case.media), case.media, strict=True))
    return Content(parts=case.parts, files=files, context=case.context, surface=case.surface, locale=case.locale)


def entry(office: Office, decision_id: str) -> Entry:
    """Return the row of a decision in the docket, brought up to date; raise Problem 404."""
    office.catch_up()
    row = docket.entry(office.store, decision_id)
    if row is None:
        raise Problem(404, f"There is no decision {decision_id!r}.", param="decision_id", code="unknown_decision")
    return row


def explained(office: Office, actor: Actor, decision_id: str) -> str:
    """Return the moderator's explanation as Markdown, with the names that colleagues know; for people alone."""
    if not actor.person:
        raise Problem(403, "The moderator's explanation is for people who are signed in; programs may ask for=user.",
                      param="for", code="not_permitted")  # fmt: skip
    record = office.record(decision_id)
    journal.note(office.store, actor.id, "case.explain", record.decision.id, {"for": "moderator"})
    shown = people.names(office, [e.by for e in record.edits])
    edits: list[Edit] = [e.model_copy(update={"by": shown[e.by]}) for e in record.edits]
    return explain(record.decision, record.case, record.pack, "moderator", edits)


def notice(office: Office, actor: Actor, decision_id: str) -> str:
    """Return the notice to the person concerned, in plain text."""
    record = office.record(decision_id)
    journal.note(office.store, actor.id, "case.explain", record.decision.id, {"for": "user"})
    return explain(record.decision, record.case, record.pack, "user", record.edits)


__all__ = ["Change", "Content", "File", "Inside", "Seen", "content", "entry", "explained", "notice", "seen"]
