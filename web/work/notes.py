"""Notes on a case: what colleagues tell each other. They change nothing about the case, and its version stays."""

from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal, notes
from web.store.notes import Note

LONGEST = 4000


def add(office: Office, actor: Actor, decision_id: str, text: str) -> Note:
    """Add a note; raise Problem 422 where it is blank or too long."""
    decision_id = office.record(decision_id).decision.id
    text = text.strip()
    if not text:
        raise Problem(422, "The note is blank; write something or leave it.", param="text", code="blank")
    if len(text) > LONGEST:
        raise Problem(422, f"The note has {len(text)} characters; {LONGEST} at most.", param="text", code="too_long")
    with office.store.writing("add a note") as connection:
        note = notes.add(connection, decision_id, actor.id, office.clock(), text)
        journal.note(office.store, actor.id, "case.note", decision_id, {"note": note.id}, connection)
    return note


def pin(office: Office, actor: Actor, decision_id: str, note_id: str | None) -> None:
    """Show one note of a case above it, or none; raise Problem 404 where the note is another case's."""
    with office.store.writing("pin a note") as connection:
        if not notes.pin(connection, decision_id, note_id):
            raise Problem(404, f"Case {decision_id!r} has no note {note_id!r}.", param="note_id", code="unknown_note")
        journal.note(office.store, actor.id, "case.pin", decision_id, {"note": note_id or ""}, connection)
