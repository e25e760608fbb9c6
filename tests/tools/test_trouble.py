"""What servers' errors come to: over real HTTP, as each kind of server words them."""

from collections.abc import Iterator

import pytest

from cases.exchange import Failure, Message, Misbound, Unanswered
from tests.tools.fault_server import FaultServer, Status
from tests.tools.served import AMPLE, CONTENT, TURNS, connected
from tools.chat import ServedChat
from tools.connection import Connection
from tools.endpoint import Provider
from tools.odds import ServedOdds

Standing = tuple[FaultServer, Connection]


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    with FaultServer() as server, connected(server) as connection:
        yield server, connection


@pytest.fixture(autouse=True)
def anew(standing: Standing) -> None:
    standing[0].asked.clear()
    standing[0].faults.clear()


MISBOUND: list[tuple[Provider, Status, str]] = [
    ("vllm", Status(401, "Unauthorized"), "does not take the key (401 Unauthorized: 'Unauthorized'); mend PRECEPT_VLLM_KEY"),
    ("openai", Status(401, "no"), "does not take the key (401 Unauthorized: 'no'); mend OPENAI_API_KEY"),
    ("openai", Status(403, "region"), "does not take the key (403 Forbidden: 'region'); mend OPENAI_API_KEY"),
    (
        "vllm",
        Status(404, "The model `m` does not exist."),
        "has no such model or path (404 Not Found: 'The model `m` does not exist.'); bind the role to a model that it "
        "serves, or mend PRECEPT_VLLM_URL (it usually ends in /v1)",
    ),
    ("openai", Status(404, "no"), "or mend PRECEPT_OPENAI_URL (it usually ends in /v1)"),
    ("openai", Status(400, "Unsupported parameter: 'max_tokens'", param="max_tokens"), "bind the role to another model"),
    ("vllm", Status(422, "Extra inputs are not permitted"), "does not take what it is sent (422 Unprocessable"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "status", "told"), MISBOUND)
def test_what_a_person_must_mend_is_raised_with_the_setting_and_never_tried_again(
    provider: Provider, status: Status, told: str
) -> None:
    with FaultServer() as server, connected(server, provider=provider) as connection:
        server.fail(status)
        with pytest.raises(Misbound) as raised:
            ServedChat(connection)(TURNS, AMPLE)
        assert told in str(raised.value)
        assert f"{connection.endpoint.name} at {server.url}" in str(raised.value)
        assert len(server.chats) == 1


UNANSWERED: list[tuple[Status, Failure, str]] = [
    (Status(429, "You exceeded your quota", error_code="insufficient_quota"), "backend_unavailable", "has no quota left"),
    (Status(400, "flagged", error_code="content_filter"), "malformed_answer", "refused the case under rules of its own"),
    (Status(400, "Invalid prompt: flagged", error_code="invalid_prompt"), "malformed_answer", "refused the case"),
    (Status(400, "Bad image"), "backend_unavailable", "does not take this ask (400 Bad Request: 'Bad image')"),
    (Status(400, "Invalid value", param="messages[1].content"), "backend_unavailable", "does not take this ask"),
    (Status(402, "Pay"), "backend_unavailable", "does not take this ask (402 Payment Required: 'Pay')"),
    (Status(499, "odd"), "backend_unavailable", "499 of no known meaning"),
    (
        Status(400, "This model's maximum context length is 1024 tokens. However, your prompt contains at least 1025 input tokens, which exceeds this limit even without any output tokens.", param="input_tokens"),
        "out_of_budget",
        "ask for less, or serve the model with a longer context",
    ),
    (Status(400, "Input length (2000) exceeds model's maximum context length (1024)."), "out_of_budget", "Input length"),
    (Status(400, "too long", error_code="context_length_exceeded"), "out_of_budget", "too long"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "failure", "told"), UNANSWERED)
@pytest.mark.parametrize("asker", ["chat", "stream", "odds"])
def test_what_is_wrong_with_one_ask_leaves_it_unanswered_and_is_not_tried_again(
    standing: Standing, status: Status, failure: Failure, told: str, asker: str
) -> None:
    server, connection = standing
    server.fail(status)
    with pytest.raises(Unanswered) as raised:
        if asker == "odds":
            ServedOdds(connection)([TURNS], AMPLE)
        else:
            ServedChat(connection, streams=asker == "stream")(TURNS, AMPLE)
    assert raised.value.failure == failure
    assert told in str(raised.value)
    assert raised.value.usage.calls == len(server.chats) == 1


def test_words_of_a_server_are_one_short_line(standing: Standing) -> None:
    server, connection = standing
    server.fail(Status(400, "first\n\n  second\\n third " + "x" * 500))
    with pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert "'first second third xxx" in str(raised.value)
    assert "x…'" in str(raised.value)
    assert len(str(raised.value)) < 350


@pytest.mark.parametrize(
    "echo",
    [
        f"bad value: Say: {CONTENT}",
        "bad value: the walrus met the carp... [truncated]",
        "bad value: one word. Say: the walrus",
        "bad value: the\\nwalrus met\\nthe carpenter",
        f"{'bad value ' * 50}: {CONTENT}, an unknown parameter",
    ],
)
def test_words_that_repeat_the_request_are_left_out(standing: Standing, echo: str) -> None:
    server, connection = standing
    server.fail(Status(400, echo))
    with pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert "(400 Bad Request: (its words repeat the request and are left out))" in str(raised.value)
    assert "walrus" not in str(raised.value)


def test_content_that_is_repeated_decides_neither_what_an_error_means_nor_what_is_sent_later(
    standing: Standing,
) -> None:
    server, connection = standing
    hostile = Message(author="user", text="unknown parameter temperature response_format maximum context length is 1")
    before = connection.context
    server.fail(Status(400, f"cannot read {hostile.text!r}"))
    with pytest.raises(Unanswered) as raised:
        ServedChat(connection)([hostile], AMPLE)
    assert raised.value.failure == "backend_unavailable"
    assert (connection.refused, connection.context) == (set(), before)


def test_a_key_that_looks_like_one_is_hidden_even_where_it_is_not_ours(standing: Standing) -> None:
    server, connection = standing
    server.fail(Status(401, "Incorrect API key provided: sk-proj-****abcd."))
    with pytest.raises(Misbound) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert "abcd" not in str(raised.value)
