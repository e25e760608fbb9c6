import pytest

from cases.decision import Depth
from tools.effort import effort, hidden
from tools.endpoint import Endpoint, Provider

EFFORTS = [
    ("vllm", "openai/gpt-oss-safeguard-20b", ("low", "medium", "high")),
    ("openai", "gpt-oss-120b", ("low", "medium", "high")),
    ("openai", "o4-mini", ("low", "medium", "high")),
    ("openai", "gpt-5-mini", ("minimal", "low", "high")),
    ("openai", "gpt-5.2", ("none", "low", "high")),
    ("openai", "gpt-5-chat-latest", (None, None, None)),
    ("openai", "gpt-4.1", (None, None, None)),
    ("vllm", "meta/Llama-Guard", (None, None, None)),
]


@pytest.mark.parametrize(("provider", "model", "wanted"), EFFORTS)
def test_depth_is_said_in_the_words_of_the_family(provider: Provider, model: str, wanted: tuple[str | None]) -> None:
    depths: tuple[Depth, ...] = ("none", "short", "full")
    assert tuple(effort(Endpoint(provider, model), depth).reasoning for depth in depths) == wanted


def test_qwen3_on_vllm_thinks_at_full_depth_alone() -> None:
    served = Endpoint("vllm", "Qwen/Qwen3-VL-8B")
    assert effort(served, "full").template == {"enable_thinking": True}
    assert effort(served, "short").template == effort(served, "none").template == {"enable_thinking": False}
    assert effort(Endpoint("openai", "qwen3-max"), "full").template == {}


@pytest.mark.parametrize(
    ("model", "switch"),
    [
        ("Qwen/Qwen3Guard-Gen-4B", "enable_thinking"),
        ("zai-org/GLM-4.6", "enable_thinking"),
        ("tencent/Hunyuan-A13B-Instruct", "enable_thinking"),
        ("HuggingFaceTB/SmolLM3-3B", "enable_thinking"),
        ("google/gemma-4-31b-it", "enable_thinking"),
        ("deepseek-ai/DeepSeek-V3.1", "thinking"),
        ("ibm-granite/granite-3.3-8b-instruct", "thinking"),
    ],
)
def test_a_template_with_a_switch_is_told_not_to_think_before_a_first_token(model: str, switch: str) -> None:
    served = Endpoint("vllm", model)
    assert effort(served, "none").template == {switch: False}
    assert effort(served, "full").template == {switch: True}


@pytest.mark.parametrize(
    "model",
    ["google/shieldgemma-9b", "meta-llama/Llama-Guard-3-8B", "inclusionAI/Sing-Guard-8B", "google/gemma-3-4b-it",
     "Qwen/Qwen2.5-7B-Instruct", "deepseek-ai/DeepSeek-V3", "openai/gpt-oss-safeguard-20b"],
)  # fmt: skip
def test_a_template_without_a_switch_is_sent_none(model: str) -> None:
    assert effort(Endpoint("vllm", model), "none").template == {}


def test_only_hosted_models_reason_out_of_sight() -> None:
    assert hidden(Endpoint("openai", "o3"))
    assert hidden(Endpoint("openai", "gpt-5"))
    assert not hidden(Endpoint("vllm", "o3"))
    assert not hidden(Endpoint("openai", "gpt-5-chat-latest"))
