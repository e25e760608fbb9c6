"""Which roles a decision names, and the digest that names all models that took part in it."""

import hashlib

from agents.prompt import prompts_digest
from cases.decision import Played
from graphs.binding import EMBEDDED, Role
from graphs.settings import Settings

DECIDING: tuple[Role, ...] = ("ranker", "reasoner", "critic")


def played(settings: Settings) -> tuple[Played, ...]:
    """Return the deciding roles that are not embedded alone, with their backends."""
    bound = {role: settings.bound(role) for role in DECIDING}
    return tuple(Played(role=r, backends=tuple(b.written for b in bs)) for r, bs in bound.items() if bs != (EMBEDDED,))


def digest_with(embedded: str, roles: tuple[Played, ...]) -> str:
    """Return what names the models in decisions: the embedded ones', with other roles and their prompts where bound."""
    if not roles:
        return embedded
    body = "".join(r.model_dump_json() for r in roles)
    return hashlib.sha256(f"{embedded}{body}{prompts_digest()}".encode()).hexdigest()
