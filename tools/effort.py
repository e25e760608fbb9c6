"""How much a model deliberates: our three depths in the words of each family of models. Not how depth is chosen.

Families are told by the model's name; one that is not known is asked as it is. Guard models need nothing beyond it:
Qwen3Guard's own template closes the thought before it begins, gpt-oss-safeguard takes an effort as its family does,
and the others answer under templates without thoughts.
"""

import re
from dataclasses import dataclass, field

from cases.decision import Depth
from tools.endpoint import Endpoint

_THREE: dict[Depth, str] = {"none": "low", "short": "medium", "full": "high"}
_FIVE: dict[Depth, str] = {"none": "minimal", "short": "low", "full": "high"}
_FIVE_LATER: dict[Depth, str] = {"none": "none", "short": "low", "full": "high"}
# The argument by which a family's chat template lets it think: from vLLM's page on reasoning outputs, for GLM, Hunyuan
# and SmolLM3 from the templates themselves. Left unsaid, most think first, and their first token is no Yes or No.
_SWITCHES: tuple[tuple[str, str], ...] = (
    (r"qwen-?3|glm-?(4\.[5-9]|[5-9])|hunyuan|smollm3|gemma-?4", "enable_thinking"),
    (r"deepseek-?v3\.[1-9]|granite-?3\.[2-9]|holo-?2", "thinking"),
)


@dataclass(frozen=True)
class Effort:
    """What to send: a `reasoning_effort` (None for none) and arguments of the chat template."""

    reasoning: str | None = None
    template: dict[str, bool] = field(default_factory=dict)


def effort(endpoint: Endpoint, depth: Depth) -> Effort:
    """Return how a model is told to deliberate that much; where a template has a switch, at full depth alone."""
    model = _short(endpoint)
    if "gpt-oss" in model:
        return Effort(reasoning=_THREE[depth])
    if endpoint.provider == "vllm":
        return Effort(template={name: depth == "full" for family, name in _SWITCHES if re.search(family, model)})
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
