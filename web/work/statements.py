"""Statements of reasons: drafted from a decision, checked field by field, taken in whole batches or not at all.

The form is that of the DSA transparency database, so that a batch which is taken here would be taken there. Contract:
a statement that is kept holds no personal data that the lint finds, and its puid was never used before.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from pydantic import JsonValue, ValidationError

from agents.dsa import EEA, Country, DecisionVisibility, SourceType, Statement, leaks
from agents.standing import standing
from agents.statement import StatementError, draft_statement
from cases.decision import Outcome
from cases.model import Fact
from graphs.record import Record
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal, statements
from web.store.statements import Taken

MOST = 100
Errors = dict[str, list[str]]


class Draft(Fact):
    """What a draft takes beside the record. `content_date` is the day of publication, which no record holds."""

    decision_id: str
    content_date: date | None = None
    territorial_scope: tuple[Country, ...] = EEA
    content_language: str | None = None
    decision_visibility: tuple[DecisionVisibility, ...] | None = None
    decision_visibility_other: str | None = None
    end_date_visibility_restriction: date | None = None
    source_type: SourceType = "SOURCE_VOLUNTARY"
    source_identity: str | None = None
    decision_ground_reference_url: str | None = None


class Drafted(Fact):
    """A draft and what has to be looked at before it is sent: `warnings` by field."""

    statement: Statement
    warnings: dict[str, tuple[str, ...]]


class Invalid(Exception):
    """Statements that cannot be taken: what is wrong, by field; in a batch by `statement_N` first.

    `existing` are the statements that have these puids already, by puid.
    """

    def __init__(self, errors: Mapping[str, Errors] | Errors, existing: Mapping[str, str] | None = None) -> None:
        super().__init__("the statement has errors")
        self.errors = errors
        self.existing = dict(existing or {})


def draft(office: Office, actor: Actor, wanted: Draft) -> Drafted:
    """Return the draft of a statement from what holds for a decision; raise Problem 422 where none is due."""
    found = office.record(wanted.decision_id)
    fields = {name: getattr(wanted, name) for name in Draft.model_fields if name not in ("decision_id", "content_date")}
    day = wanted.content_date or found.decision.at.date()
    try:
        made = draft_statement(found.decision, found.case, found.pack, found.edits, content_date=day, **fields)
    except StatementError as error:
        raise Problem(422, str(error), param="decision_id", code="no_statement") from None
    made = made.model_copy(update={"application_date": _since(found)})
    warnings = {field: tuple(told) for field, told in _private(made).items()}
    if wanted.content_date is None:
        warnings["content_date"] = (f"taken to be the day of the decision, {day}; give the day of publication",)
    journal.note(office.store, actor.id, "statement.draft", found.decision.id)
    return Drafted(statement=made, warnings=warnings)


def _since(found: Record) -> date:
    """Return the day since which what holds has held: to uphold a decision does not begin it anew."""
    now = _held(found, len(found.edits))
    for last in range(len(found.edits), 0, -1):
        if _held(found, last - 1) != now:
            return found.edits[last - 1].at.date()
    return found.decision.at.date()


def _held(found: Record, edits: int) -> tuple[Outcome, str | None, str | None]:
    held = standing(found.decision, found.case, found.pack, found.edits[:edits])
    return held.outcome, held.rule_id, held.action


def take_one(office: Office, actor: Actor, body: JsonValue, decision_id: str | None = None) -> Taken:
    """Take one statement in; raise Invalid with the errors by field."""
    found, wrong = checked(body)
    if found is None or wrong:
        raise Invalid(wrong)
    (taken,) = _keep(office, actor, [found], decision_id, single=True)
    return taken


def take_all(office: Office, actor: Actor, bodies: Sequence[JsonValue]) -> list[Taken]:
    """Take up to MOST statements in, all or none; raise Invalid with the errors by `statement_N` and field."""
    if not 1 <= len(bodies) <= MOST:
        raise Problem(422, f"statements: {len(bodies)} given; 1 to {MOST} at a time.", param="statements",
                      code="batch_size")  # fmt: skip
    read = [checked(body) for body in bodies]
    wrong = {f"statement_{i}": errors for i, (_, errors) in enumerate(read) if errors}
    seen: dict[str, int] = {}
    for i, (one, _) in enumerate(read):
        if one is not None and one.puid in seen:
            told = f"the puid is that of statement_{seen[one.puid]} as well; each has its own"
            wrong.setdefault(f"statement_{i}", {}).setdefault("puid", []).append(told)
        elif one is not None:
            seen[one.puid] = i
    if wrong:
        raise Invalid(wrong)
    return _keep(office, actor, [one for one, _ in read if one is not None], None, single=False)


def checked(body: JsonValue) -> tuple[Statement | None, Errors]:
    """Return a statement as it was read, and what is wrong with it by field; None where it cannot be read at all."""
    if not isinstance(body, dict):
        return None, {"statement": [f"{type(body).__name__} is no statement; give an object"]}
    try:
        made = Statement.model_validate_json(_json(body))
    except ValidationError as error:
        return None, _by_field(error)
    return made, _private(made)


def existing(office: Office, puid: str) -> Taken | None:
    """Return the statement of a puid, None where it was never used."""
    return statements.statement(office.store, puid=puid)


def keep(
    office: Office, actor: Actor, connection: sa.Connection, made: Statement, decision_id: str | None = None
) -> str:
    """Keep one statement inside the transaction of an act that goes with it; return its uuid."""
    taken = statements.add(connection, made.puid, text_of(made), actor.id, decision_id)
    journal.note(office.store, actor.id, "statement.take", taken, {"puid": made.puid}, connection)
    return taken


def _keep(
    office: Office, actor: Actor, made: Sequence[Statement], decision_id: str | None, *, single: bool
) -> list[Taken]:
    with office.store.writing("take statements in") as connection:
        if used := statements.used(connection, [s.puid for s in made]):
            told = {"puid": ["the puid was used before; each statement has its own"]}
            wrong = {f"statement_{i}": told for i, s in enumerate(made) if s.puid in used}
            raise Invalid(told if single else wrong, used)
        for one in made:
            keep(office, actor, connection, one, decision_id)
    found = [statements.statement(office.store, puid=one.puid) for one in made]
    return [one for one in found if one is not None]


def text_of(statement: Statement) -> str:
    """Return a statement as the JSON that the database takes."""
    return statement.model_dump_json(exclude_none=True)


def _private(statement: Statement) -> Errors:
    found: Errors = {}
    for leak in leaks(statement):
        told = f"holds personal data ({leak.found.kind}) at {leak.found.start}-{leak.found.end}; mask it"
        found.setdefault(leak.field, []).append(told)
    return found


def _by_field(error: ValidationError) -> Errors:
    out: Errors = {}
    for one in error.errors():
        told = str(one["msg"]).removeprefix("Value error, ")
        field = ".".join(str(step) for step in one["loc"])
        # What binds several fields begins with the name of the one that is wrong.
        named = re.match(r"([a-z]+(?:_[a-z]+)+)\b", told)
        if not field:
            field = named.group(1) if named and named.group(1) in Statement.model_fields else "statement"
            field = "decision_visibility" if told.startswith("nothing is decided") else field
        out.setdefault(field, []).append(told)
    return out


def _json(body: Mapping[str, JsonValue]) -> str:
    return json.dumps({k: v for k, v in body.items() if v is not None})


__all__ = [
    "MOST", "Draft", "Drafted", "Invalid", "checked", "draft", "existing", "keep", "take_all", "take_one", "text_of",
]  # fmt: skip
