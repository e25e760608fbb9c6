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


def test_only_hosted_models_reason_out_of_sight() -> None:
    assert hidden(Endpoint("openai", "o3"))
    assert hidden(Endpoint("openai", "gpt-5"))
    assert not hidden(Endpoint("vllm", "o3"))
    assert not hidden(Endpoint("openai", "gpt-5-chat-latest"))
