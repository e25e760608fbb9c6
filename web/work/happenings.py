"""What happens on the record, as events for programs: decisions, and what people ruled. It sends and keeps nothing.

Contract: an event's number is its place in the record, so that whoever lost the thread takes it up there; it says what
holds after it, in public words, and never who did it.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from cases.decision import Decision
from cases.model import Fact
from web.office import Office
from web.work.public import Verdict, fresh, verdict

Kind = Literal["decision", "ruling"]


class Happening(Fact):
    """One event: a decision was made, or a person ruled on one; `data` is what held then."""

    id: str = Field(examples=["evt-1042"])
    type: Kind
    at: datetime
    data: Verdict


class Heard(Fact):
    """Events of the record, and its place up to which they go."""

    reached: int
    events: tuple[Happening, ...]


def since(office: Office, seq: int, limit: int = 100) -> Heard:
    """Return what happened after a place in the record, in its order."""
    found = office.ledger.since(seq, limit)
    events = []
    for place, one in found:
        if isinstance(one, Decision):
            events.append(Happening(id=name(place), type="decision", at=one.at, data=fresh(one)))
            continue
        record = office.record(one.decision_id)
        upto = next(n for n, edit in enumerate(record.edits, 1) if edit.id == one.id)
        told = verdict(record._replace(edits=record.edits[:upto]))
        events.append(Happening(id=name(place), type="ruling", at=one.at, data=told))
    return Heard(reached=found[-1][0] if found else seq, events=tuple(events))


def name(seq: int) -> str:
    """Return the id of the event at a place in the record.

    >>> name(1042), place("evt-1042"), place("1042"), place("x")
    ('evt-1042', 1042, 1042, None)
    """
    return f"evt-{seq}"


def place(event_id: str) -> int | None:
    """Return the place in the record of an event's id, None for what is no id."""
    digits = event_id.strip().removeprefix("evt-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


__all__ = ["Happening", "Heard", "name", "place", "since"]
