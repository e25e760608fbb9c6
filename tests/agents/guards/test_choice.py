"""A guard is told by the model's name, or named outright; a relative that no adapter speaks to is an error."""

import pytest

from agents.guards.choice import GUARDS, guard_for
from cases.exchange import Misbound


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-oss-safeguard-20b", "gpt-oss-safeguard"),
        ("gpt-oss-safeguard:120b", "gpt-oss-safeguard"),
        ("Qwen/Qwen3Guard-Gen-0.6B", "qwen3guard"),
        ("meta-llama/Llama-Guard-3-8B", "llama-guard"),
        ("meta-llama/Llama-Guard-3-11B-Vision", "llama-guard"),
        ("meta-llama/Llama-Guard-4-12B", "llama-guard"),
        ("llama-guard3:1b", "llama-guard"),
        ("meta_llama_guard_3", "llama-guard"),
        ("google/shieldgemma-2b", "shieldgemma"),
        ("google/shieldgemma-27b", "shieldgemma"),
        ("inclusionAI/Sing-Guard-8b", "singguard"),
        ("inclusionAI/SingGuard-2b", "singguard"),
    ],
)
def test_a_guard_is_recognised_by_its_model_name(model: str, name: str) -> None:
    assert guard_for(model) is GUARDS[name]
    assert guard_for(model.upper()) is GUARDS[name]


@pytest.mark.parametrize(
    "model", ["Qwen/Qwen3-8B", "openai/gpt-oss-20b", "google/gemma-3-4b-it", "gpt-5-mini", "guard"]
)
def test_an_ordinary_model_is_no_guard(model: str) -> None:
    assert guard_for(model) is None


@pytest.mark.parametrize(
    "model",
    [
        "Qwen/Qwen3Guard-Stream-4B", "meta-llama/LlamaGuard-7b", "meta-llama/Meta-Llama-Guard-2-8B",
        "my/llama-guard-30b",
        "google/shieldgemma-2-4b-it", "inclusionAI/SingGuard-NSFA-2b",
    ],
)  # fmt: skip
def test_a_relative_of_another_format_is_an_error_with_the_fix(model: str) -> None:
    with pytest.raises(Misbound, match="no adapter speaks; bind another model, or name one of gpt-oss-safeguard"):
        guard_for(model)


def test_an_adapter_named_outright_wins_over_the_model_name() -> None:
    assert guard_for("my/own-model", "Llama-Guard-4-Rules") is GUARDS["llama-guard-4-rules"]
    assert guard_for("meta-llama/Meta-Llama-Guard-2-8B", "llama-guard") is GUARDS["llama-guard"]
    with pytest.raises(Misbound, match="no guard adapter 'llamaguard'; there are gpt-oss-safeguard, qwen3guard"):
        guard_for("my/own-model", "llamaguard")


def test_every_guard_goes_by_its_own_name() -> None:
    assert all(guard.name == name for name, guard in GUARDS.items())
    assert list(GUARDS) == [
        "gpt-oss-safeguard", "qwen3guard", "llama-guard", "llama-guard-3-rules", "llama-guard-4-rules", "shieldgemma",
        "singguard", "singguard-joint",
    ]  # fmt: skip


def test_guards_with_room_for_our_rules_name_the_template_that_a_server_needs() -> None:
    needed = {name for name, guard in GUARDS.items() if guard.template}
    assert needed == {"llama-guard-3-rules", "llama-guard-4-rules", "shieldgemma", "singguard", "singguard-joint"}
    assert not any("\n" in (guard.template or "") for guard in GUARDS.values())


@pytest.mark.parametrize(
    ("name", "rendered"),
    [
        ("llama-guard-3-rules", "<BOS><|start_header_id|>user<|end_header_id|>\n\nASK<|eot_id|>"
                                "<|start_header_id|>assistant<|end_header_id|>\n\n"),
        ("llama-guard-4-rules", "<BOS><|header_start|>user<|header_end|>\n\nASK<|eot|>"
                                "<|header_start|>assistant<|header_end|>\n\n"),
        ("shieldgemma", "<BOS>ASK\n\n"),
        ("singguard", "<|im_start|>user\nASK<|im_end|>\n<|im_start|>assistant\n"),
    ],
)  # fmt: skip
def test_a_template_adds_the_marks_of_a_turn_and_nothing_else(name: str, rendered: str) -> None:
    jinja = pytest.importorskip("jinja2.sandbox")
    template = jinja.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(
        GUARDS[name].template
    )
    turns = [{"role": "user", "content": "ASK"}]
    assert template.render(messages=turns, bos_token="<BOS>", add_generation_prompt=True) == rendered
