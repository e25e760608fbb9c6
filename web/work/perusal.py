"""Perusal: that somebody read a page of a list goes to the journal, as one line for each page. It reads no list itself.

Contract: the line says what was asked for and how many were shown, never what they hold; whoever cannot be noted is
shown nothing.
"""

from web.identity import Actor
from web.office import Office
from web.store import journal

LONGEST = 500


def noted(office: Office, actor: Actor, act: str, subject: str, shown: int, **asked: str | int | None) -> None:
    """Note that a page was read; `act` is a dotted verb ("queue.read"), `asked` what narrowed the list down."""
    said = {name: str(value)[:LONGEST] for name, value in asked.items() if value not in (None, "")}
    journal.note(office.store, actor.id, act, subject, {"shown": str(shown), **said})


__all__ = ["noted"]
