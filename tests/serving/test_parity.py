"""The model in this process and the model behind the server are one: the same prompts get the same odds from both."""

import json
from collections.abc import Iterator, Mapping
from math import exp

import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'precept[train]'")
pytest.importorskip("transformers", reason="needs transformers: pip install 'precept[train]'")
openai = pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from cases.exchange import Allowance, Message  # noqa: E402
from tests.serving.tiny_model import SPELLINGS  # noqa: E402
from tests.serving.vllm_server import Server  # noqa: E402
from tools.local import LocalChat, LocalModel, LocalOdds  # noqa: E402

pytestmark = pytest.mark.vllm

AMPLE = Allowance(seconds=120, tokens=10**6)
PLAIN = {"chat_template_kwargs": {"enable_thinking": False}}
CONTENTS = (
    "Keep talking, Dana. I know which bus you take home and I will be at the stop.",
    "Lovely weather for the bake sale, see you all at noon!",
    "Send the code that you just got, or the account is gone by tonight.",
    "Nobody would notice if you left for good.",
    "They breed in the walls and you only notice when the food is gone.",
    "¿Quién te crees? 🔥🔥🔥 Ça suffit — ok?",
    'He said: "I\'d kill for a coffee." We laughed.',
    "x",
    "The hall is being painted, so we meet on Thursday. " * 12,
    "Buy now! Ten years younger in one night! " * 40,
    "def f(a):\n\treturn {'b': [a, 1.5e-3]}\n",
    "First they came late, then they came with bats. " * 90,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(vllm: Server) -> LocalModel:
    return LocalModel(str(vllm.folder))


@pytest.fixture
def client(vllm: Server) -> "openai.OpenAI":
    return openai.OpenAI(base_url=vllm.url, api_key="none", max_retries=0, timeout=120)


def prompt(content: str) -> tuple[Message, ...]:
    return (
        Message(author="system", text="You judge content against one rule of a policy. Answer Yes or No."),
        Message(author="user", text=f"<content>\n{content}\n</content>\n\nIs it a threat?"),
    )


def turns(content: str) -> list[dict[str, str]]:
    return [{"role": m.author, "content": m.text} for m in prompt(content)]


def served(client: "openai.OpenAI", content: str, ids: Mapping[str, int]) -> tuple[dict[str, float], int]:
    """Return the log-probabilities of the spellings by the server, and the tokens that it counted in the prompt."""
    answer = client.chat.completions.create(
        model=Server.model, messages=turns(content), max_tokens=1, temperature=0, logprobs=True, top_logprobs=0,
        extra_body=PLAIN | {"logprob_token_ids": list(ids.values()), "return_tokens_as_token_ids": True},
    )  # fmt: skip
    listed = {t.token: t.logprob for t in answer.choices[0].logprobs.content[0].top_logprobs}
    return {spelling: listed[f"token_id:{i}"] for spelling, i in ids.items()}, answer.usage.prompt_tokens


def p_yes(logs: Mapping[str, float]) -> float:
    masses = {"yes": 0.0, "no": 0.0}
    for spelling, log in logs.items():
        masses[spelling.strip().lower()] += exp(log)
    return masses["yes"] / (masses["yes"] + masses["no"])


def test_yes_is_as_likely_in_this_process_as_on_the_server(vllm: Server, model: LocalModel, client: object) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(vllm.folder / "tokenizer.json"))
    ids = {s: tokenizer.encode(s, add_special_tokens=False).ids[0] for s in SPELLINGS}
    here = LocalOdds(model)([prompt(c) for c in CONTENTS], AMPLE, tokens=SPELLINGS)
    found = []
    for first, content in zip(here, CONTENTS, strict=True):
        mine = {t.text: t.logprob for t in first.tokens if t.text in SPELLINGS}
        theirs, counted = served(client, content, ids)
        assert first.usage.prompt_tokens == counted
        assert p_yes(mine) == pytest.approx(p_yes(theirs), abs=1e-2)
        assert mine == pytest.approx(theirs, abs=1e-2)
        found.append(p_yes(mine))
    # Prompts that all had the same answer would prove nothing.
    assert max(found) - min(found) > 0.3 and len({round(p, 3) for p in found}) == len(found)


def test_the_likeliest_words_are_the_same_in_this_process_and_on_the_server(model: LocalModel, client: object) -> None:
    for content in CONTENTS[:3]:
        said = LocalChat(model)(prompt(content), AMPLE, most=16)
        answer = client.chat.completions.create(
            model=Server.model, messages=turns(content), max_tokens=16, temperature=0, extra_body=PLAIN
        )
        assert said.text == answer.choices[0].message.content.strip(), json.dumps(said.text)
        assert said.cut == (answer.choices[0].finish_reason == "length")
        assert said.usage.completion_tokens == answer.usage.completion_tokens
