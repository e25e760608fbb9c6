"""Which guard speaks to a model: told by the model's name, or named outright by an operator."""

import re

from agents.guards.guard import Guard
from agents.guards.llama_guard import LlamaGuard, LlamaGuardRules
from agents.guards.qwen3guard import Qwen3Guard
from agents.guards.safeguard import Safeguard
from agents.guards.shieldgemma import ShieldGemma
from agents.guards.singguard import SingGuard, SingGuardJoint
from cases.exchange import Misbound

_ALL: tuple[Guard, ...] = (
    Safeguard(), Qwen3Guard(), LlamaGuard(), LlamaGuardRules(3), LlamaGuardRules(4), ShieldGemma(), SingGuard(),
    SingGuardJoint(),
)  # fmt: skip
GUARDS: dict[str, Guard] = {guard.name: guard for guard in _ALL}

# The first that fits decides. None: a relative whose format no adapter speaks, which a plain question would not reach.
_FAMILIES: tuple[tuple[str, str | None], ...] = (
    (r"gpt-?oss-?safeguard", "gpt-oss-safeguard"),
    (r"qwen-?3-?guard-?stream", None),
    (r"qwen-?3-?guard", "qwen3guard"),
    (r"llama-?guard-?[34](?!\d)", "llama-guard"),
    (r"llama-?guard", None),
    (r"shieldgemma-2-", None),
    (r"shieldgemma", "shieldgemma"),
    (r"sing-?guard-?nsfa", None),
    (r"sing-?guard", "singguard"),
)


def guard_for(model: str, adapter: str | None = None) -> Guard | None:
    """Return the guard for a model, None where it is none; `adapter` names one outright.

    Raise Misbound for an adapter that does not exist, and for a guard model whose format no adapter speaks.

    >>> guard_for("Qwen/Qwen3Guard-Gen-4B").name, guard_for("Qwen/Qwen3-8B")
    ('qwen3guard', None)
    """
    if adapter is not None:
        if adapter.casefold() in GUARDS:
            return GUARDS[adapter.casefold()]
        raise Misbound(f"there is no guard adapter {adapter!r}; there are {', '.join(GUARDS)}")
    for pattern, name in _FAMILIES:
        if re.search(pattern, model.replace("_", "-"), re.IGNORECASE):
            if name is None:
                raise Misbound(
                    f"{model!r} is a guard model whose format no adapter speaks; bind another model, or name one of "
                    f"{', '.join(GUARDS)} as ADAPTER@backend/model"
                )
            return GUARDS[name]
    return None


__all__ = ["GUARDS", "guard_for"]
