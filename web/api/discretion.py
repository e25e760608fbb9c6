"""Discretion: what a program is told of a refusal that names a colleague to people."""

from collections.abc import Iterator
from contextlib import contextmanager

from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.work.marks import blind

UNNAMED = {
    "claimed": "Somebody has this case in hand; take another, or wait until the claim ends.",
    "stale_version": "It was changed since it was read; read it again, and decide on what holds now.",
}


@contextmanager
def unnamed(actor: Actor) -> Iterator[None]:
    """Let a refusal pass as it is to people, and without anybody's name to programs."""
    try:
        yield
    except Problem as problem:
        if actor.person or problem.status != 409:
            raise
        told = UNNAMED.get(problem.code or "", "It cannot be done now; read the decision again.")
        raise Problem(409, told, param=problem.param, code=problem.code, headers=problem.headers) from None


def seeing(office: Office, actor: Actor, decision_id: str) -> None:
    """Refuse verdicts to a person who could be asked for a blind second opinion on the case."""
    if actor.person and "review" in actor.may and blind(office, actor, decision_id):
        told = "A blind second opinion is asked for: who could give it sees no verdict; open the case in the queue."
        raise Problem(403, told, param="decision_id", code="blind")


__all__ = ["seeing", "unnamed"]
