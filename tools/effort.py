"""How much a model deliberates: our three depths in the words of each family of models. Not how depth is chosen.

Families are told by the model's name; one that is not known is asked as it is.
"""

import re
from dataclasses import dataclass, field

from cases.decision import Depth
from tools.endpoint import Endpoint

_THREE: dict[Depth, str] = {"none": "low", "short": "medium", "full": "high"}
_FIVE: dict[Depth, str] = {"none": "minimal", "short": "low", "full": "high"}
_FIVE_LATER: dict[Depth, str] = {"none": "none", "short": "low", "full": "high"}


@dataclass(frozen=True)
class Effort:
    """What to send: a `reasoning_effort` (None for none) and arguments of the chat template."""

    reasoning: str | None = None
    template: dict[str, bool] = field(default_factory=dict)


def effort(endpoint: Endpoint, depth: Depth) -> Effort:
    """Return how a model is told to deliberate that much; Qwen3 thinks at full depth alone."""
    model = _short(endpoint)
    if "gpt-oss" in model:
        return Effort(reasoning=_THREE[depth])
    if endpoint.provider == "vllm" and "qwen3" in model:
        return Effort(template={"enable_thinking": depth == "full"})
    if hidden(endpoint):
        scale = _THREE if model.startswith("o") else _FIVE_LATER if re.match(r"gpt-5\.\d", model) else _FIVE
        return Effort(reasoning=scale[depth])
    return Effort()


def hidden(endpoint: Endpoint) -> bool:
    """Return whether this is a hosted model that reasons out of sight: it takes no temperature."""
    model = _short(endpoint)
    reasons = re.match(r"o\d|gpt-5", model) is not None and "chat" not in model
    return endpoint.provider == "openai" and reasons


def _short(endpoint: Endpoint) -> str:
    return endpoint.model.rpartition("/")[2].casefold()
