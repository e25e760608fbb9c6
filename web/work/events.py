"""The history of a case in order: what the system decided, what people did, and what they said about it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from cases.decision import Edit
from cases.model import Fact
from graphs.record import Record
from web.store.marks import Mark

UNDONE = "Undo of"  # how the reason of an edit begins that takes another back
What = Literal["system", "edit", "mark"]


class Event(Fact):
    """One line: `who` is a name for colleagues, `what` a short sentence, `why` the reason that was given."""

    at: str
    who: str
    kind: What
    what: str
    why: str


def history(record: Record, marks: Sequence[Mark], who: Mapping[str, str]) -> tuple[Event, ...]:
    """Return the events of a case, oldest first."""
    decision = record.decision
    under = f" under {decision.rule_id}" if decision.rule_id else ""
    found = [
        Event(at=decision.at.isoformat(), who="the system", kind="system",
              what=f"{decision.outcome}{under}, severity {decision.severity}", why=decision.rationale),
        *(Event(at=e.at.isoformat(), who=who.get(e.by, e.by), kind="edit", what=_edited(e),
                why="" if e.reason.startswith(UNDONE) else e.reason)
          for e in record.edits),
    ]  # fmt: skip
    for mark in marks:
        name = who.get(mark.by, mark.by)
        if mark.kind != "second":
            found.append(Event(at=mark.at, who=name, kind="mark", what=mark.kind, why=mark.reason))
            continue
        found.append(Event(at=mark.at, who=name, kind="mark", what="asked for a second opinion", why=mark.reason))
        if mark.second_at and mark.second_by:
            told = {"yes": "agrees with the first", "outcome": "agrees on the outcome, under another rule",
                    "no": "does not agree with the first"}[mark.agreed or "no"]  # fmt: skip
            found.append(Event(at=mark.second_at, who=who.get(mark.second_by, mark.second_by), kind="mark",
                               what=f"second opinion, given blind: {told}", why=""))  # fmt: skip
    return tuple(sorted(found, key=lambda e: e.at))


def _edited(edit: Edit) -> str:
    back = "took that back: " if edit.reason.startswith(UNDONE) else ""
    under = f" under {edit.rule_id}" if edit.rule_id else ""
    graded = f", severity {edit.severity}" if edit.severity is not None and edit.outcome != "allow" else ""
    return f"{back}{edit.outcome}{under}{graded}"
