"""The odds of first tokens over real HTTP, with the real client."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agents.ask import Odds
from cases.exchange import Allowance, Message, Misbound, Picture, Placed, Token, Unanswered
from tests.tools.fault_server import MODEL, FaultServer, Hang, Malformed, Say, Status
from tests.tools.served import AMPLE, TURNS, connected
from tools.connection import Patience
from tools.odds import Countless, ServedOdds

SPELLINGS = ("Yes", " Yes", "No", " No", "YES")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def prompts(count: int) -> list[list[Message]]:
    return [[TURNS[0], Message(author="user", text=f"the case\nrule {n}")] for n in range(count)]


def test_served_odds_are_what_agents_ask_for(server: FaultServer) -> None:
    with connected(server) as connection:
        odds: Odds = ServedOdds(connection)
        (first,) = odds([TURNS], AMPLE, tokens=())
    assert odds.name == f"vllm/{MODEL}"
    assert first.tokens == (
        Token(text="Yes", logprob=-0.2), Token(text="No", logprob=-2.0), Token(text=" Yes", logprob=-3.0),
        Token(text="Maybe", logprob=-4.0),
    )  # fmt: skip
    assert (first.usage.calls, first.usage.tokens, first.usage.cached_tokens) == (1, 23, 16)
    assert first.usage.backends == (odds.name,)


def test_pictures_go_out_with_the_question(server: FaultServer) -> None:
    shot = Picture(id="image-1.t1", data=b"x", width=4, height=3)
    asked = Message(author="user", text="see it?", pictures=(Placed(at=0, picture=shot),))
    with connected(server) as connection:
        ServedOdds(connection)([[TURNS[0], asked]], AMPLE)
    (sent,) = server.chats
    assert sent["messages"][1]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,eA=="}},
        {"type": "text", "text": "see it?"},
    ]


def test_one_cold_token_is_asked_for_with_its_rivals(server: FaultServer) -> None:
    with connected(server) as connection:
        ServedOdds(connection)([TURNS], AMPLE)
    (sent,) = server.chats
    assert (sent["max_tokens"], sent["logprobs"], sent["top_logprobs"], sent["temperature"]) == (1, True, 20, 0.0)
    assert sent["chat_template_kwargs"] == {"enable_thinking": False}
    assert [m["content"] for m in sent["messages"]] == [t.text for t in TURNS]


def test_all_prompts_are_in_flight_at_once_and_answers_keep_their_order(server: FaultServer) -> None:
    server.gate = threading.Barrier(8)
    likely = {f"the case\nrule {n}": n for n in range(8)}

    def speak(body: dict[str, Any]) -> Say:
        return Say({"content": "Yes"}, first=-float(likely[body["messages"][-1]["content"]]))

    server.speak = speak
    with connected(server) as connection:
        firsts = ServedOdds(connection)(prompts(8), AMPLE)
    assert server.busiest == len(server.chats) == 8
    assert [next(t.logprob for t in first.tokens if t.text == "Yes") for first in firsts] == [
        0,
        -1,
        -2,
        -3,
        -4,
        -5,
        -6,
        -7,
    ]


def test_seconds_of_a_call_are_shared_out(server: FaultServer) -> None:
    with connected(server, patience=Patience()) as connection:
        firsts = ServedOdds(connection)(prompts(4), AMPLE)
    assert len({first.usage.seconds for first in firsts}) == 1
    assert firsts[0].usage.seconds > 0


def test_no_prompts_are_no_request(server: FaultServer) -> None:
    with connected(server) as connection:
        assert ServedOdds(connection)([], AMPLE, tokens=SPELLINGS) == ()
    assert server.asked == []


def test_models_that_reason_out_of_sight_are_asked_in_their_own_words() -> None:
    with FaultServer(models=("gpt-5.2",)) as server:
        with connected(server, provider="openai", model="gpt-5.2") as connection:
            ServedOdds(connection)([TURNS], AMPLE)
        (sent,) = server.chats
        assert (sent["max_completion_tokens"], sent["reasoning_effort"]) == (1, "none")
        assert "max_tokens" not in sent and "temperature" not in sent


def test_a_backend_without_probabilities_is_misbound(server: FaultServer) -> None:
    server.fail(Say({"content": "Yes"}, logprobs=False))
    with connected(server) as connection, pytest.raises(Misbound) as raised:
        ServedOdds(connection)([TURNS], AMPLE)
    where = f"vllm/{MODEL} at {server.url}"
    told = f"{where} offers no token probabilities (its answer holds no logprobs); bind RANKER to a backend that does"
    assert str(raised.value).startswith(told)


def test_a_backend_that_refuses_to_give_probabilities_is_misbound_too(server: FaultServer) -> None:
    server.fail(Status(400, "logprobs are not supported with this model", param="logprobs"))
    with (
        connected(server) as connection,
        pytest.raises(Countless, match="'logprobs are not supported with this model'"),
    ):
        ServedOdds(connection)([TURNS], AMPLE)
    assert len(server.chats) == 1


def test_probabilities_that_stay_away_once_are_a_malformed_answer(server: FaultServer) -> None:
    with connected(server) as connection:
        odds = ServedOdds(connection)
        odds([TURNS], AMPLE)
        server.fail(Say({"content": "Yes"}, logprobs=False))
        with pytest.raises(Unanswered, match="without token probabilities") as raised:
            odds(prompts(3), AMPLE)
    assert raised.value.failure == "malformed_answer"
    assert (raised.value.usage.calls, raised.value.usage.prompt_tokens) == (3, 60)


def test_one_prompt_without_an_answer_leaves_all_unanswered_and_all_count(server: FaultServer) -> None:
    server.gate = threading.Barrier(3)
    server.fail(Status(400, "bad"), Hang(), Hang())
    with connected(server) as connection, pytest.raises(Unanswered, match="'bad'") as raised:
        ServedOdds(connection)(prompts(3), AMPLE)
    assert (raised.value.failure, raised.value.usage.calls) == ("backend_unavailable", 3)


def test_answers_that_stay_malformed_are_told_as_such(server: FaultServer) -> None:
    server.fail(*[Malformed()] * 4)
    with connected(server) as connection, pytest.raises(Unanswered, match="is no chat completion") as raised:
        ServedOdds(connection)([TURNS], AMPLE)
    assert (raised.value.failure, raised.value.usage.calls) == ("malformed_answer", 4)


def test_prompts_beyond_the_allowance_are_not_sent(server: FaultServer) -> None:
    with connected(server) as connection, pytest.raises(Unanswered) as raised:
        ServedOdds(connection)(prompts(8), Allowance(seconds=30, tokens=100), tokens=SPELLINGS)
    assert raised.value.failure == "out_of_budget"
    assert "was not asked: 8 prompts are about" in str(raised.value)
    assert server.asked == []
