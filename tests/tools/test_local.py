"""The in-process model on the tiny checkpoint: what is said of a prompt depends on that prompt, and every end is told."""

import inspect
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import exp
from pathlib import Path
from shutil import copytree

import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'precept[train]'")
pytest.importorskip("transformers", reason="needs transformers: pip install 'precept[train]'")

from agents.ask import Chat, Odds  # noqa: E402
from cases.exchange import Allowance, First, Message, Misbound, Unanswered  # noqa: E402
from tests.serving.tiny_model import LEANS, POSITIONS, make  # noqa: E402
from tools.local import TOP, LocalChat, LocalModel, LocalOdds, batches  # noqa: E402

AMPLE = Allowance(seconds=120, tokens=10**6)
CONTENTS = ["I know which bus you take.", "Tea at noon, bring cups. " * 30, "x", "Send the code now. " * 7, "Go, Dana!"]
SCHEMA = {"title": "draft", "type": "object", "properties": {"verdict": {"enum": ["hit", "not_hit"]}}}


def prompt(content: str) -> tuple[Message, ...]:
    return (
        Message(author="system", text="You judge content against one rule. Answer Yes or No."),
        Message(author="user", text=f"<content>\n{content}\n</content>\n\nIs it a threat?"),
    )


PROMPTS = [prompt(c) for c in CONTENTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def model(folder: Path) -> LocalModel:
    return LocalModel(str(folder))


@pytest.fixture
def odds(model: LocalModel) -> LocalOdds:
    return LocalOdds(model)


@pytest.fixture
def chat(model: LocalModel) -> LocalChat:
    return LocalChat(model)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def table(first: First) -> dict[str, float]:
    return {t.text: t.logprob for t in first.tokens}


def test_it_is_called_as_agents_call() -> None:
    assert inspect.signature(LocalOdds.__call__) == inspect.signature(Odds.__call__)
    assert inspect.signature(LocalChat.__call__) == inspect.signature(Chat.__call__)


def test_the_likeliest_tokens_come_first_with_their_log_probabilities(odds: LocalOdds) -> None:
    for first in odds(PROMPTS, AMPLE):
        logs = [t.logprob for t in first.tokens]
        assert len(logs) == TOP and logs == sorted(logs, reverse=True)
        assert 0.5 < sum(map(exp, logs)) <= 1 + 1e-5


def test_a_wanted_spelling_is_there_however_unlikely_and_one_of_several_tokens_is_not(odds: LocalOdds) -> None:
    plain = {t.text for t in odds(PROMPTS[:1], AMPLE)[0].tokens}
    assert "bus" not in plain and " YES" not in plain
    found = odds(PROMPTS[:1], AMPLE, tokens=(*LEANS, " YES", " YES", "zebra crossing"))[0]
    assert {*LEANS, " YES"} <= table(found).keys()
    assert sum(t.text == " YES" for t in found.tokens) == 1
    assert not any("zebra" in t.text for t in found.tokens)
    assert min(table(found).values()) == table(found)[" YES"]


def test_the_odds_are_those_of_a_plain_pass_over_the_template_without_thinking(odds: LocalOdds, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, plain = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    for first, content in zip(odds(PROMPTS, AMPLE, tokens=tuple(LEANS)), CONTENTS, strict=True):
        text = (
            "<|im_start|>system\nYou judge content against one rule. Answer Yes or No.<|im_end|>\n"
            f"<|im_start|>user\n<content>\n{content}\n</content>\n\nIs it a threat?<|im_end|>\n"
            "<|im_start|>assistant\n<think>\n\n</think>\n\n"
        )
        ids = tokenizer(text, return_tensors="pt").input_ids
        with torch.inference_mode():
            logs = plain(ids).logits[0, -1].log_softmax(-1)
        assert first.usage.prompt_tokens == ids.shape[1]
        for spelling in LEANS:
            assert table(first)[spelling] == pytest.approx(float(logs[tokenizer(spelling).input_ids[0]]), abs=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 300, 100_000])
def test_company_padding_and_order_change_no_answer(model: LocalModel, batch_tokens: int) -> None:
    odds = LocalOdds(model, batch_tokens)
    alone = [odds([p], AMPLE)[0] for p in PROMPTS]
    together = odds(PROMPTS, AMPLE)
    back = odds(PROMPTS[::-1], AMPLE)[::-1]
    assert len({round(t.tokens[0].logprob, 4) for t in alone}) == len(PROMPTS)
    for one, other, third in zip(alone, together, back, strict=True):
        assert table(other) == pytest.approx(table(one), abs=1e-4)
        assert table(third) == pytest.approx(table(one), abs=1e-4)


def test_callers_in_threads_get_their_own_answers(odds: LocalOdds, chat: LocalChat) -> None:
    alone = [odds([p], AMPLE)[0] for p in PROMPTS]
    with ThreadPoolExecutor(4) as pool:
        words = pool.submit(chat, PROMPTS[0], AMPLE, most=5)
        together = list(pool.map(lambda p: odds([p], AMPLE)[0], PROMPTS))
    assert [f.tokens for f in together] == [f.tokens for f in alone]
    assert words.result().text


def test_usage_counts_tokens_and_shares_out_the_seconds(odds: LocalOdds, model: LocalModel) -> None:
    found = odds(PROMPTS, AMPLE)
    assert {f.usage.calls for f in found} == {f.usage.completion_tokens for f in found} == {1}
    assert {f.usage.backends for f in found} == {(model.name,)}
    assert len({f.usage.seconds for f in found}) == 1 and found[0].usage.seconds > 0
    assert found[1].usage.prompt_tokens > found[0].usage.prompt_tokens > 30


def test_nothing_asked_is_nothing_answered(odds: LocalOdds) -> None:
    assert odds([], AMPLE) == ()


def test_words_are_the_likeliest_ones_whatever_the_model_ships_as_its_settings(
    odds: LocalOdds, chat: LocalChat
) -> None:
    said = chat(PROMPTS[0], AMPLE, most=12)
    assert said == chat(PROMPTS[0], AMPLE, most=12).model_copy(update={"usage": said.usage})
    assert said.text.startswith(odds(PROMPTS[:1], AMPLE)[0].tokens[0].text.strip())
    assert said.usage.calls == 1 and said.usage.completion_tokens <= 12 and said.usage.prompt_tokens > 30


def test_an_answer_that_is_cut_says_so_and_one_that_ended_does_not(chat: LocalChat) -> None:
    cut = chat(PROMPTS[0], AMPLE, most=2)
    assert cut.cut and cut.usage.completion_tokens == 2
    answers = [chat(prompt(c), AMPLE, most=400) for c in ("a", "b", "c")]
    assert any(not a.cut and a.usage.completion_tokens < 400 for a in answers)
    assert not any("<|im_end|>" in a.text for a in answers)


def test_few_tokens_left_cut_the_answer(chat: LocalChat, odds: LocalOdds) -> None:
    size = odds(PROMPTS[:1], AMPLE)[0].usage.prompt_tokens
    said = chat(PROMPTS[0], Allowance(seconds=60, tokens=size + 3), most=400)
    assert said.cut and said.usage.tokens == size + 3


def test_a_schema_is_asked_for_in_words_and_thinking_starts_at_full_depth_alone(chat: LocalChat) -> None:
    sizes = [
        chat(PROMPTS[0], AMPLE, most=1, schema=schema, depth=depth).usage.prompt_tokens
        for schema, depth in ((None, "short"), (None, "none"), (SCHEMA, "short"), (None, "full"))
    ]
    assert sizes[0] == sizes[1] and sizes[2] > sizes[0] + 20 and sizes[3] < sizes[0]


@pytest.mark.parametrize("most", [50, 20_000])
def test_time_that_runs_out_is_told_with_what_was_spent(chat: LocalChat, odds: LocalOdds, most: int) -> None:
    short = Allowance(seconds=0.004, tokens=10**6)
    with pytest.raises(Unanswered) as words:
        chat(PROMPTS[1], short, most=most)
    with pytest.raises(Unanswered) as firsts:
        LocalOdds(odds.model, 1)(PROMPTS * 20, short)
    assert words.value.failure == firsts.value.failure == "out_of_time"
    assert words.value.usage.seconds > 0.004 and firsts.value.usage.calls < len(PROMPTS) * 20


def test_a_model_that_stays_busy_is_out_of_time(model: LocalModel, odds: LocalOdds) -> None:
    with ThreadPoolExecutor(1) as pool, model.held(AMPLE):
        waiting = pool.submit(odds, PROMPTS, Allowance(seconds=0.05, tokens=10**6))
        with pytest.raises(Unanswered, match="was not free within") as told:
            waiting.result()
    assert told.value.failure == "out_of_time"
    assert odds(PROMPTS[:1], AMPLE)


def test_a_prompt_beyond_the_positions_or_the_tokens_left_is_out_of_budget(chat: LocalChat, odds: LocalOdds) -> None:
    long = prompt("zq7 " * POSITIONS)
    for ask in (lambda: chat(long, AMPLE), lambda: odds([PROMPTS[0], long], AMPLE)):
        with pytest.raises(Unanswered, match=f"reads {POSITIONS} tokens, a prompt has") as told:
            ask()
        assert told.value.failure == "out_of_budget"
    for ask in (lambda a: chat(PROMPTS[0], a), lambda a: odds(PROMPTS[:1], a)):
        with pytest.raises(Unanswered, match="10 are left") as told:
            ask(Allowance(seconds=60, tokens=10))
        assert told.value.failure == "out_of_budget"


def test_a_folder_that_is_missing_is_named_with_its_role(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    with pytest.raises(Misbound, match=f"'transformers/{gone}': the folder '{gone}' holds no model"):
        LocalOdds(LocalModel(gone))(PROMPTS, AMPLE)


def test_weights_that_cannot_be_read_are_misbound_and_stay_so(folder: Path, tmp_path: Path) -> None:
    broken = copytree(folder, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"not weights")
    model = LocalModel(str(broken))
    for _ in range(2):
        with pytest.raises(Misbound, match="broken' cannot be loaded"):
            model.load()


def test_a_name_that_no_hub_answers_for_is_misbound(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(Misbound, match="'transformers/nobody/nothing' cannot be loaded"):
        LocalModel("nobody/nothing").load()


def test_a_model_without_a_chat_template_is_misbound(folder: Path, tmp_path: Path) -> None:
    bare = copytree(folder, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    with pytest.raises(Misbound, match="its chat template cannot hold these turns.*bind a model tuned for chat"):
        LocalChat(LocalModel(str(bare)))(PROMPTS[0], AMPLE)


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(Misbound, match=r"needs torch and transformers: pip install 'precept\[gpu\]'"):
        LocalModel(str(folder)).load()


def test_batches_hold_every_prompt_once_within_the_bound() -> None:
    lengths = [7, 900, 12, 45, 44, 3, 2000, 800]
    found = batches(lengths, 1000)
    assert sorted(n for batch in found for n in batch) == list(range(len(lengths)))
    assert all(len(b) == 1 or len(b) * max(lengths[n] for n in b) <= 1000 for b in found)
    assert len(found) < len(lengths)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_bf16_on_cuda_agrees_with_float32_on_the_cpu(odds: LocalOdds, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, plain = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    for first, messages in zip(odds(PROMPTS, AMPLE, tokens=("Yes",)), PROMPTS, strict=True):
        turns = [{"role": m.author, "content": m.text} for m in messages]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False)
        with torch.inference_mode():
            share = plain(tokenizer(text, return_tensors="pt").input_ids).logits[0, -1].softmax(-1)
        assert exp(table(first)["Yes"]) == pytest.approx(float(share[tokenizer("Yes").input_ids[0]]), abs=0.05)
