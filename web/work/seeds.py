"""Approving precedents: what people ruled otherwise joins the seed bank of the router, once somebody says so.

A seed can only make the router send more on to be judged. Approved ones hold at once, and again after a restart.
"""

from typing import Literal

from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal, precedents


def rule_on(office: Office, actor: Actor, edit_id: str, standing: Literal["approved", "refused"]) -> None:
    """Approve or refuse a precedent; an approved one may be refused later, and leaves the bank."""
    if "administer" not in actor.may:
        raise Problem(403, "Approving precedents needs the permission 'administer'.", code="not_permitted")
    with office.store.writing("rule on a precedent") as connection:
        if not precedents.mark(connection, edit_id, standing, actor.id, office.clock()):
            raise Problem(
                404, f"No precedent comes of the edit {edit_id!r}.", param="edit_id", code="unknown_precedent"
            )
        journal.note(office.store, actor.id, f"precedent.{standing}", edit_id, connection=connection)
    office.desks.learn(precedents.seeds(office.store))
