"""The server alone, asked by the client that speaks its protocol: what the large-model path may rely on, crash included."""

import json
from concurrent.futures import ThreadPoolExecutor
from math import exp
from threading import Barrier

import jsonschema
import pytest

openai = pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from tests.serving.vllm_server import MOST_AT_ONCE, Server  # noqa: E402

pytestmark = pytest.mark.vllm

PLAIN = {"chat_template_kwargs": {"enable_thinking": False}}
DRAFT = {
    "title": "draft",
    "type": "object",
    "properties": {
        "rationale": {"type": "string", "maxLength": 200},
        "clauses": {"type": "array", "items": {"enum": ["VI1a", "VI1b"]}, "maxItems": 2},
        "severity": {"type": "integer", "minimum": 0, "maximum": 100},
        "verdict": {"enum": ["hit", "not_hit", "not_applicable"]},
    },
    "required": ["rationale", "clauses", "severity", "verdict"],
    "additionalProperties": False,
}
CONTENTS = [f"Lamp {n} over the harbour walk is out, bring a torch. " * (1 + n % 4) for n in range(MOST_AT_ONCE)]


@pytest.fixture
def client(vllm: Server) -> "openai.OpenAI":
    return openai.OpenAI(base_url=vllm.url, api_key="none", max_retries=0, timeout=120)


def turns(content: str) -> list[dict[str, str]]:
    system = {"role": "system", "content": "You judge content against one rule. Answer Yes or No."}
    return [system, {"role": "user", "content": f"<content>\n{content}\n</content>\n\nIs it a threat?"}]


def odds(client: "openai.OpenAI", content: str, **settings: object) -> dict[str, float]:
    """Return the log-probabilities of the likeliest first tokens."""
    settings = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 20, "extra_body": PLAIN} | settings
    answer = client.chat.completions.create(model=Server.model, messages=turns(content), **settings)
    return {t.token: t.logprob for t in answer.choices[0].logprobs.content[0].top_logprobs}


def words(client: "openai.OpenAI", content: str, **settings: object) -> "openai.types.chat.ChatCompletion":
    settings = {"max_tokens": 60, "temperature": 0, "extra_body": PLAIN} | settings
    return client.chat.completions.create(model=Server.model, messages=turns(content), **settings)


def endless(client: "openai.OpenAI", content: str, **settings: object) -> object:
    """Ask for an answer that takes minutes."""
    return words(client, content, max_tokens=12_000, extra_body=PLAIN | {"ignore_eos": True}, **settings)


def test_the_first_token_comes_with_log_probabilities_and_is_mostly_yes_or_no(client: "openai.OpenAI") -> None:
    found = odds(client, CONTENTS[0])
    assert len(found) == 20 and 0.5 < sum(map(exp, found.values())) <= 1 + 1e-6
    assert {"Yes", "No"} <= found.keys()
    assert sum(exp(v) for k, v in found.items() if k.strip().casefold() in {"yes", "no"}) > 0.2


@pytest.mark.parametrize("temperature", [0.2, 0.5, 0.8])
def test_the_odds_of_the_first_token_are_the_same_at_any_temperature(
    client: "openai.OpenAI", temperature: float
) -> None:
    # The ranker's score is a ratio of probabilities, which are stated before sampling.
    for content in CONTENTS[:4]:
        cold, warm = odds(client, content), odds(client, content, temperature=temperature, seed=3)
        for token in ("Yes", "No"):
            assert warm[token] == pytest.approx(cold[token], abs=1e-3)


def test_prompts_that_differ_have_different_odds(client: "openai.OpenAI") -> None:
    ratios = [found["Yes"] - found["No"] for found in (odds(client, c) for c in CONTENTS[:4])]
    assert max(ratios) - min(ratios) > 0.1


def test_the_start_that_prompts_share_is_served_from_the_prefix_cache(client: "openai.OpenAI") -> None:
    shared = "The tea was cold and the hall was full of people who knew it. " * 60
    first, second = (words(client, shared + end, max_tokens=1).usage for end in ("One.", "Two."))
    assert second.prompt_tokens_details.cached_tokens > 0.8 * second.prompt_tokens
    assert (first.prompt_tokens_details.cached_tokens or 0) < 0.2 * first.prompt_tokens


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_answer_under_a_schema_follows_it(client: "openai.OpenAI", temperature: float) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "draft", "schema": DRAFT, "strict": True}}
    for seed in range(3):
        answer = words(
            client, CONTENTS[seed], temperature=temperature, seed=seed, response_format=form, max_tokens=600
        ).choices[0]
        assert answer.finish_reason == "stop"
        jsonschema.validate(json.loads(answer.message.content), DRAFT)


def test_an_answer_under_a_schema_that_is_cut_is_no_json(client: "openai.OpenAI") -> None:
    form = {"type": "json_schema", "json_schema": {"name": "draft", "schema": DRAFT, "strict": True}}
    answer = words(client, CONTENTS[0], response_format=form, max_tokens=4).choices[0]
    assert answer.finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.message.content)


def test_a_streamed_answer_is_the_whole_answer_in_pieces(client: "openai.OpenAI") -> None:
    whole = words(client, CONTENTS[1]).choices[0].message.content
    pieces = [
        chunk.choices[0].delta.content or ""
        for chunk in words(client, CONTENTS[1], stream=True)
        if chunk.choices
    ]  # fmt: skip
    assert len(pieces) > 3 and "".join(pieces) == whole


def test_sixteen_asks_at_once_get_the_odds_that_each_gets_alone(client: "openai.OpenAI") -> None:
    alone = [odds(client, c) for c in CONTENTS]
    with ThreadPoolExecutor(len(CONTENTS)) as pool:
        together = list(pool.map(lambda content: odds(client, content), CONTENTS))
    for one, other in zip(alone, together, strict=True):
        assert exp(other["Yes"]) == pytest.approx(exp(one["Yes"]), abs=1e-3)
        assert exp(other["No"]) == pytest.approx(exp(one["No"]), abs=1e-3)


def test_a_prompt_that_is_too_long_is_refused_and_the_server_lives(client: "openai.OpenAI") -> None:
    with pytest.raises(openai.BadRequestError, match="maximum context length"):
        words(client, "zq7 " * 20_000)
    assert words(client, CONTENTS[0]).choices


def test_a_server_killed_in_mid_flight_fails_every_ask_and_answers_again_after_its_restart(
    vllm: Server, client: "openai.OpenAI"
) -> None:
    before, port = odds(client, CONTENTS[2]), vllm.port
    under_way = Barrier(MOST_AT_ONCE // 2 + 1, timeout=100)

    def streamed(content: str) -> None:
        for n, _ in enumerate(endless(client, content, stream=True)):  # type: ignore[arg-type]
            if n == 0:
                under_way.wait()

    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        whole = [pool.submit(endless, client, c) for c in CONTENTS[::2]]
        pieces = [pool.submit(streamed, c) for c in CONTENTS[1::2]]
        under_way.wait()
        vllm.kill()
        for ask in whole:
            assert isinstance(ask.exception(timeout=60), openai.APIConnectionError)
        for ask in pieces:
            # A stream that breaks may surface as the transport's own error.
            assert type(ask.exception(timeout=60)).__name__ in {
                "APIConnectionError",
                "RemoteProtocolError",
                "ReadError",
            }
    assert not vllm.alive
    with pytest.raises(openai.APIConnectionError):
        words(client, CONTENTS[0])

    vllm.restart()
    assert vllm.alive and vllm.port == port
    after = odds(client, CONTENTS[2])
    assert after == pytest.approx(before, abs=1e-3)
