"""Answers in words over real HTTP, with the real clients."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from agents.ask import Chat
from cases.decision import Depth
from cases.exchange import Allowance, Message, Picture, Placed, Unanswered
from tests.tools.fault_server import MODEL, BreakOff, Fault, FaultServer, Malformed, Say, Status
from tests.tools.served import AMPLE, TURNS, VERDICT, connected
from tools.chat import ServedChat
from tools.endpoint import Provider

ANSWER = '{"outcome": "act"}'


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def test_a_served_chat_is_what_agents_ask_for(server: FaultServer) -> None:
    with connected(server) as connection:
        chat: Chat = ServedChat(connection)
        said = chat(TURNS, AMPLE, schema=VERDICT, depth="full", most=64)
    assert chat.name == f"vllm/{MODEL}"
    assert (said.text, said.thought, said.cut) == ("Yes", "", False)
    assert (said.usage.calls, said.usage.tokens, said.usage.cached_tokens) == (1, 23, 16)
    assert said.usage.backends == (chat.name,)


def test_turns_go_out_in_their_order_and_cold(server: FaultServer) -> None:
    turns = [*TURNS, Message(author="assistant", text="walrus"), Message(author="user", text="again")]
    with connected(server) as connection:
        ServedChat(connection)(turns, AMPLE, most=64)
    (sent,) = server.chats
    assert [(m["role"], m["content"]) for m in sent["messages"]] == [(t.author, t.text) for t in turns]
    assert (sent["model"], sent["temperature"], sent["max_completion_tokens"]) == (MODEL, 0.0, 64)


SHOT = Picture(id="image-1.t1", data=b"\xff\xd8 no jpeg", width=4, height=3)
SHOWN = Message(author="user", text="before, after", pictures=(Placed(at=8, picture=SHOT),))


def test_pictures_go_out_between_the_words_as_data_urls_and_plain_turns_as_plain_text(server: FaultServer) -> None:
    with connected(server) as connection:
        ServedChat(connection)([TURNS[0], SHOWN], AMPLE, most=64)
        ServedChat(connection)(TURNS, AMPLE, most=64)
    seen, plain = server.chats
    url = f"data:image/jpeg;base64,{base64.b64encode(SHOT.data).decode()}"
    assert seen["messages"] == [
        {"role": "system", "content": TURNS[0].text},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "before, "},
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": "after"},
            ],
        },
    ]
    assert [m["content"] for m in plain["messages"]] == [t.text for t in TURNS]


def test_an_error_that_repeats_a_picture_is_not_passed_on(server: FaultServer) -> None:
    shot = SHOT.model_copy(update={"data": bytes(range(256)) * 8})
    said = Message(author="user", text="see", pictures=(Placed(at=0, picture=shot),))
    server.fail(Status(400, f"cannot read {shot.url[:300]}"))
    with connected(server) as connection, pytest.raises(Exception, match="400") as error:
        ServedChat(connection)([said], AMPLE)
    assert shot.url[40:80] not in str(error.value)


def test_a_schema_that_is_asked_for_in_words_stands_after_the_pictures(server: FaultServer) -> None:
    server.fail(NO_SCHEMAS)
    with connected(server) as connection:
        ServedChat(connection)([SHOWN], AMPLE, schema=VERDICT)
    last = server.chats[-1]["messages"][-1]["content"]
    assert [part["type"] for part in last] == ["text", "image_url", "text"]
    assert last[-1]["text"].startswith("after\n\n") and json.dumps(VERDICT) in last[-1]["text"]


@pytest.mark.parametrize("streams", [False, True])
def test_a_schema_is_held_by_the_server(server: FaultServer, streams: bool) -> None:
    server.fail(Say({"content": ANSWER}))
    with connected(server) as connection:
        said = ServedChat(connection, streams=streams)(TURNS, AMPLE, schema=VERDICT)
    assert said.text == ANSWER
    held = {"name": "Verdict_of_a_case", "schema": VERDICT, "strict": True}
    assert server.chats[0]["response_format"] == {"type": "json_schema", "json_schema": held}
    assert server.chats[0]["messages"][-1]["content"] == TURNS[-1].text


NO_SCHEMAS = Status(
    400, "'response_format' of type 'json_schema' is not supported with this model", param="response_format"
)


@pytest.mark.filterwarnings("ignore:This model does not support OpenAI's structured output")
def test_where_schemas_are_refused_they_are_asked_for_in_words_from_then_on(server: FaultServer) -> None:
    server.fail(NO_SCHEMAS, Say({"content": f"```json\n{ANSWER}\n```"}), Say({"content": ANSWER}))
    with connected(server) as connection:
        first = ServedChat(connection)(TURNS, AMPLE, schema=VERDICT)
        second = ServedChat(connection)(TURNS, AMPLE, schema={**VERDICT, "title": "another"})
    assert (first.text, first.usage.calls) == (ANSWER, 2)
    assert (second.text, second.usage.calls) == (ANSWER, 1)
    held, words, later = server.chats
    assert "response_format" in held
    assert "response_format" not in words and "response_format" not in later
    assert words["messages"][-1]["content"].startswith(TURNS[-1].text)
    assert words["messages"][-1]["content"].endswith(json.dumps(VERDICT))
    assert words["messages"][0] == held["messages"][0]


def test_one_schema_that_is_refused_leaves_the_others_held(server: FaultServer) -> None:
    server.fail(Status(400, "The provided JSON schema contains features not supported by xgrammar."))
    with connected(server) as connection:
        ServedChat(connection)(TURNS, AMPLE, schema=VERDICT)
        ServedChat(connection)(TURNS, AMPLE, schema={**VERDICT, "title": "another"})
        ServedChat(connection)(TURNS, AMPLE, schema=VERDICT)
    assert ["response_format" in sent for sent in server.chats] == [True, False, True, False]


EFFORTS: list[tuple[Provider, str, Depth, dict[str, Any]]] = [
    ("vllm", "openai/gpt-oss-safeguard-20b", "full", {"reasoning_effort": "high", "temperature": 0.0}),
    ("vllm", "Qwen/Qwen3-8B", "full", {"chat_template_kwargs": {"enable_thinking": True}}),
    ("vllm", "Qwen/Qwen3-8B", "short", {"chat_template_kwargs": {"enable_thinking": False}}),
    ("openai", "gpt-5-mini", "none", {"reasoning_effort": "minimal", "temperature": None}),
    ("openai", "o1", "short", {"reasoning_effort": "medium", "temperature": None}),
    ("openai", "gpt-4.1", "full", {"reasoning_effort": None, "temperature": 0.0, "chat_template_kwargs": None}),
]


@pytest.mark.parametrize(("provider", "model", "depth", "wanted"), EFFORTS)
def test_depth_reaches_the_model(provider: Provider, model: str, depth: Depth, wanted: dict[str, Any]) -> None:
    with FaultServer(models=(model,)) as server, connected(server, provider=provider, model=model) as connection:
        ServedChat(connection)(TURNS, AMPLE, depth=depth)
        assert {name: server.chats[0].get(name) for name in wanted} == wanted


def test_an_effort_that_a_model_does_not_know_is_left_out_from_then_on(server: FaultServer) -> None:
    refusal = "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model."
    with (
        FaultServer(models=("gpt-5-x",)) as server,
        connected(server, provider="openai", model="gpt-5-x") as connection,
    ):
        server.fail(Status(400, refusal, param="reasoning_effort"))
        said = [ServedChat(connection)(TURNS, AMPLE, depth="none") for _ in range(2)]
        assert [s.usage.calls for s in said] == [2, 1]
        assert [s.get("reasoning_effort") for s in server.chats] == ["minimal", None, None]


THOUGHTS = [
    {"content": "<think>Is it?</think>Yes"},
    {"content": "Is it?</think>\n\nYes"},
    {"content": "Yes", "reasoning_content": "Is it?"},
    {"content": "Yes", "reasoning": "Is it?"},
]


@pytest.mark.parametrize("message", THOUGHTS)
@pytest.mark.parametrize("streams", [False, True])
def test_thoughts_are_kept_out_of_the_text(server: FaultServer, message: dict[str, str], streams: bool) -> None:
    server.fail(Say(message))
    with connected(server) as connection:
        said = ServedChat(connection, streams=streams)(TURNS, AMPLE)
    assert (said.text, said.thought) == ("Yes", "Is it?")


@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_that_ran_into_its_limit_is_cut_and_comes_all_the_same(server: FaultServer, streams: bool) -> None:
    server.fail(Say({"content": '{"outcome": "a'}, finish="length"))
    with connected(server) as connection:
        said = ServedChat(connection, streams=streams)(TURNS, AMPLE, schema=VERDICT)
    assert (said.text, said.cut) == ('{"outcome": "a', True)


USELESS: list[tuple[Fault, str]] = [
    (Say({"content": ""}), "gave an empty answer; it ended by 'stop'"),
    (Say({"content": " \n"}), "gave an empty answer"),
    (Say({"content": None}), "gave an empty answer"),
    (Say({"content": "<think>Let me"}, finish="length"), "gave an empty answer; it ran into its limit of 64 tokens"),
    (Say({"content": "", "reasoning": "Let me"}, finish="length"), "it ran into its limit of 64 tokens"),
    (Say({"content": "Ye"}, finish="content_filter"), "refused to answer under rules of its own"),
    (Say({"content": None, "refusal": "I can't"}), "refused to answer under rules of its own"),
]


@pytest.mark.parametrize(("fault", "told"), USELESS)
def test_an_answer_of_no_use_is_malformed_and_costs(server: FaultServer, fault: Fault, told: str) -> None:
    server.fail(fault)
    with connected(server) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE, most=64)
    assert raised.value.failure == "malformed_answer"
    assert told in str(raised.value)
    assert (raised.value.usage.calls, raised.value.usage.tokens) == (1, 23)


def test_a_stream_that_ends_before_its_end_is_malformed(server: FaultServer) -> None:
    piece = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Ye"}, "finish_reason": None}
    server.fail(Malformed(f"data: {json.dumps(piece | {'choices': [choice]})}\n\n", "text/event-stream"))
    with connected(server) as connection, pytest.raises(Unanswered, match="broke off in the middle") as raised:
        ServedChat(connection, streams=True)(TURNS, AMPLE)
    assert raised.value.failure == "malformed_answer"


def test_what_came_before_a_stream_broke_is_not_taken_for_an_answer(server: FaultServer) -> None:
    server.fail(*[BreakOff()] * 4)
    with connected(server) as connection, pytest.raises(Unanswered, match="the connection broke off") as raised:
        ServedChat(connection, streams=True)(TURNS, AMPLE)
    assert (raised.value.failure, raised.value.usage.calls) == ("backend_unavailable", 4)


def test_an_answer_is_capped_by_the_allowance(server: FaultServer) -> None:
    with connected(server) as connection:
        ServedChat(connection)(TURNS, Allowance(seconds=30, tokens=100), most=1024)
    asked = sum(-(-len(t.text) // 3) + 8 for t in TURNS)
    assert server.chats[0]["max_completion_tokens"] == 100 - asked


def test_a_prompt_beyond_the_allowance_is_not_sent(server: FaultServer) -> None:
    long = [Message(author="user", text="a" * 3000)]
    with connected(server) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(long, Allowance(seconds=30, tokens=1000))
    assert raised.value.failure == "out_of_budget"
    assert "was not asked: the prompt is about 1008 tokens and 1000 are left" in str(raised.value)
    assert (raised.value.usage.calls, server.asked) == (0, [])


TOO_LONG = [
    "max_completion_tokens=2000 cannot be greater than max_model_len=1024. Please request fewer output tokens.",
    "This model's maximum context length is 1024 tokens. However, you requested 2030 tokens (30 in the messages, 2000 in the completion).",
]


@pytest.mark.parametrize("words", TOO_LONG)
def test_an_answer_that_would_not_fit_is_asked_for_shorter_from_then_on(server: FaultServer, words: str) -> None:
    server.fail(Status(400, words))
    with connected(server) as connection:
        said = [ServedChat(connection)(TURNS, AMPLE, most=2000) for _ in range(2)]
    assert [s.usage.calls for s in said] == [2, 1]
    limits = [sent["max_completion_tokens"] for sent in server.chats]
    assert limits[0] == 2000 and limits[1] == limits[2] < 1024


def test_the_longest_answer_of_a_model_is_learned_too(server: FaultServer) -> None:
    server.fail(Status(400, "max_tokens is too large: 2000. This model supports at most 512 completion tokens."))
    with connected(server) as connection:
        said = ServedChat(connection)(TURNS, AMPLE, most=2000)
    assert (said.usage.calls, server.chats[1]["max_completion_tokens"]) == (2, 512)


def test_a_server_that_refuses_shorter_answers_too_is_asked_no_more(server: FaultServer) -> None:
    server.fail(*[Status(400, TOO_LONG[0])] * 9)
    with connected(server) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE, most=2000)
    assert (raised.value.failure, len(server.chats)) == ("out_of_budget", 2)


@pytest.mark.parametrize("streams", [False, True])
def test_a_server_that_does_not_count_is_counted_by_guess(server: FaultServer, streams: bool) -> None:
    server.fail(Say({"content": "Yes"}, usage=False))
    with connected(server) as connection:
        usage = ServedChat(connection, streams=streams)(TURNS, AMPLE).usage
    assert usage.prompt_tokens > 16 and usage.completion_tokens > 0


def test_the_environment_changes_nothing(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "OPENAI_API_KEY": "sk-other", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_API_BASE": "http://127.0.0.1:1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with connected(server) as connection:
        assert ServedChat(connection)(TURNS, AMPLE).text == "Yes"
    assert "sk-other" not in str(server.asked)
