"""Discretion: what a program is told of a refusal that names a colleague to people."""

from collections.abc import Iterator
from contextlib import contextmanager

from web.identity import Actor
from web.problem import Problem

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


__all__ = ["unnamed"]
