"""Ids of spellings, looked up over real HTTP and used by the odds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.tools.fault_server import FaultServer, Status
from tests.tools.served import AMPLE, TURNS, connected
from tools.odds import ServedOdds

SPELLINGS = ("Yes", " Yes", "No", " No", "YES")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def looked_up(server: FaultServer) -> list[str]:
    return sorted(asked.body["prompt"] for asked in server.asked if asked.path == "/tokenize")


def test_vllm_is_asked_for_the_exact_ids_of_spellings_that_are_one_token(server: FaultServer) -> None:
    with connected(server) as connection:
        (first,) = ServedOdds(connection)([TURNS], AMPLE, tokens=SPELLINGS)
    assert server.chats[0]["logprob_token_ids"] == [11, 12, 21, 22]
    assert {t.text for t in first.tokens} == {"Yes", " Yes", "No", " No"}
    assert looked_up(server) == sorted(SPELLINGS)
    assert not any(asked.body["add_special_tokens"] for asked in server.asked if asked.path == "/tokenize")


def test_ids_are_looked_up_once_however_many_ask_at_once(server: FaultServer) -> None:
    with connected(server) as connection, ThreadPoolExecutor(16) as threads:
        odds = ServedOdds(connection)
        list(threads.map(lambda _: odds([TURNS], AMPLE, tokens=SPELLINGS), range(16)))
        odds([TURNS], AMPLE, tokens=("yes", "Yes"))
    assert looked_up(server) == sorted((*SPELLINGS, "yes"))
    assert server.chats[-1]["logprob_token_ids"] == [31, 11]


def test_a_server_without_tokenize_gives_the_likeliest_and_is_not_asked_again(server: FaultServer) -> None:
    server.tokenize = 404
    with connected(server) as connection:
        odds = ServedOdds(connection)
        (first,) = odds([TURNS], AMPLE, tokens=("Yes",))
        odds([TURNS], AMPLE, tokens=("Yes",))
    assert [t.text for t in first.tokens] == ["Yes", "No", " Yes", "Maybe"]
    assert looked_up(server) == ["Yes"]
    assert not any("logprob_token_ids" in sent for sent in server.chats)


def test_passing_trouble_with_the_look_up_costs_ids_once(server: FaultServer) -> None:
    server.tokenize = 503
    with connected(server) as connection:
        odds = ServedOdds(connection)
        odds([TURNS], AMPLE, tokens=("Yes",))
        server.tokenize = 200
        odds([TURNS], AMPLE, tokens=("Yes",))
    assert ["logprob_token_ids" in sent for sent in server.chats] == [False, True]


def test_ids_that_a_server_does_not_take_are_left_out_from_then_on(server: FaultServer) -> None:
    server.fail(Status(400, "Unknown field: logprob_token_ids", param="logprob_token_ids"))
    with connected(server) as connection:
        firsts = [ServedOdds(connection)([TURNS], AMPLE, tokens=("Yes",))[0] for _ in range(2)]
    assert ["logprob_token_ids" in sent for sent in server.chats] == [True, False, False]
    assert [first.usage.calls for first in firsts] == [2, 1]


def test_hosted_models_are_asked_for_no_ids() -> None:
    with FaultServer(models=("gpt-4.1",)) as server:
        with connected(server, provider="openai", model="gpt-4.1") as connection:
            ServedOdds(connection)([TURNS], AMPLE, tokens=SPELLINGS)
        assert [a.path for a in server.asked] == ["/v1/chat/completions"]
        assert "chat_template_kwargs" not in server.chats[0]
