"""Asks over real HTTP through trouble that passes, and through trouble that does not."""

import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from cases.exchange import Allowance, Misbound, Said, Unanswered
from tests.tools.fault_server import (
    KEY,
    MODEL,
    BreakOff,
    Drip,
    Fault,
    FaultServer,
    Hang,
    HangUp,
    Malformed,
    Page,
    Say,
    Status,
    limited,
)
from tests.tools.served import AMPLE, CONTENT, TURNS, Time, connected, gone
from tools.chat import ServedChat
from tools.connection import Connection, Patience
from tools.endpoint import Endpoint
from tools.loop import Loop
from tools.odds import ServedOdds

PASSING: list[Fault] = [
    limited("1"), Status(408), Status(409), Status(500), Status(503), Page(502), HangUp(), BreakOff(), Malformed(),
    Malformed("oops", "text/plain"), Malformed('{"choices": null}'), Malformed('{"choices": []}'),
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[FaultServer, Connection]]:
    """Opened once: to open a client costs more than what is tested with it."""
    with FaultServer() as server, connected(server) as connection:
        yield server, connection


@pytest.mark.parametrize("fault", PASSING, ids=repr)
@pytest.mark.parametrize("streams", [False, True])
def test_an_ask_that_meets_passing_trouble_is_tried_again_and_answers(
    standing: tuple[FaultServer, Connection], fault: Fault, streams: bool
) -> None:
    server, connection = standing
    server.asked.clear()
    server.fail(fault)
    said = ServedChat(connection, streams=streams)(TURNS, AMPLE)
    assert (said.text, said.usage.calls, len(server.chats)) == ("Yes", 2, 2)
    assert server.chats[0] == server.chats[1]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_odds_that_meet_passing_trouble_are_tried_again_and_come(
    standing: tuple[FaultServer, Connection], fault: Fault
) -> None:
    server, connection = standing
    server.asked.clear()
    server.fail(fault)
    (first,) = ServedOdds(connection)([TURNS], AMPLE)
    assert (first.tokens[0].text, first.usage.calls, len(server.chats)) == ("Yes", 2, 2)


def test_pauses_grow_and_never_pass_the_longest(server: FaultServer) -> None:
    server.fail(*[Status(503)] * 7)
    time = Time()
    with connected(server, patience=time.patience(), attempts=8) as connection:
        ServedChat(connection)(TURNS, Allowance(seconds=100, tokens=8000))
    assert time.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_pauses_are_drawn_from_all_of_their_range(server: FaultServer) -> None:
    server.fail(Status(503), Status(503))
    time = Time()
    with connected(server, patience=time.patience(draw=0.25)) as connection:
        ServedChat(connection)(TURNS, AMPLE)
    assert time.slept == [0.125, 0.25]


@pytest.mark.parametrize(
    ("headers", "least"),
    [((("Retry-After", "7"),), 7.0), ((("retry-after-ms", "1500"),), 1.5), ((("Retry-After", "soon"),), 0.0)],
)
def test_a_server_that_asks_to_wait_is_waited_for(
    server: FaultServer, headers: tuple[tuple[str, str]], least: float
) -> None:
    server.fail(Status(429, "slow down", headers))
    time = Time()
    with connected(server, patience=time.patience(draw=0.5)) as connection:
        said = ServedChat(connection)(TURNS, AMPLE)
    assert time.slept == [least + 0.25]
    assert len(server.chats) == 2
    assert said.usage.seconds == time.now


def test_a_date_to_wait_for_is_read_too(server: FaultServer) -> None:
    server.fail(limited("Wed, 21 Oct 2015 07:28:00 GMT"), limited("Fri, 31 Dec 9999 23:59:59 GMT"))
    time = Time()
    with connected(server, patience=time.patience()) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert time.slept == [0.5]
    assert "asks to wait" in str(raised.value)


def test_a_wait_beyond_the_deadline_ends_the_ask_at_once(server: FaultServer) -> None:
    server.fail(limited("60"))
    time = Time()
    with connected(server, patience=time.patience()) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert raised.value.failure == "backend_unavailable"
    assert "it asks to wait 60 s and 30.0 s are left" in str(raised.value)
    assert (time.slept, len(server.chats)) == ([], 1)


def test_pauses_end_with_the_deadline(server: FaultServer) -> None:
    server.fail(*[Status(503)] * 9)
    time = Time()
    with connected(server, patience=time.patience(), attempts=9) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, Allowance(seconds=5, tokens=8000))
    assert time.slept == [0.5, 1.0, 2.0]
    assert raised.value.usage.calls == len(server.chats) == 4
    assert raised.value.usage.seconds == 3.5


def test_after_its_last_try_an_ask_is_unanswered_and_says_what_it_cost(server: FaultServer) -> None:
    server.fail(*[Status(503, "overloaded\nby far")] * 4)
    time = Time()
    with connected(server, patience=time.patience()) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert raised.value.failure == "backend_unavailable"
    told = f"vllm/{MODEL} at {server.url} was asked 4 times, at last: 503 Service Unavailable: 'overloaded by far'"
    assert str(raised.value) == f"{told}; see that it runs, or mend PRECEPT_VLLM_URL"
    assert (raised.value.usage.calls, raised.value.usage.seconds) == (4, 3.5)
    assert raised.value.usage.backends == (f"vllm/{MODEL}",)


def test_a_server_that_is_gone_is_unavailable() -> None:
    loop = Loop()
    connection = Connection(Endpoint("vllm", MODEL, gone()), patience=Time().patience(), loop=loop)
    with pytest.raises(Unanswered, match="was asked 4 times, at last: no connection; see that it runs") as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert raised.value.failure == "backend_unavailable"
    connection.close()
    loop.close()


@pytest.mark.parametrize("asker", ["chat", "stream", "odds"])
def test_a_server_that_hangs_is_left_at_the_deadline(server: FaultServer, asker: str) -> None:
    server.fail(Hang())
    little = Allowance(seconds=0.3, tokens=8000)
    with connected(server, patience=Patience()) as connection:
        with pytest.raises(Unanswered, match="gave no answer within the 0.3 s that were left") as raised:
            if asker == "odds":
                ServedOdds(connection)([TURNS], little)
            else:
                ServedChat(connection, streams=asker == "stream")(TURNS, little)
    assert raised.value.failure == "out_of_time"
    assert raised.value.usage.calls == len(server.chats) == 1
    assert raised.value.usage.seconds >= 0.3


@pytest.mark.parametrize("asker", ["chat", "stream", "odds"])
def test_a_server_that_drips_its_answer_is_left_at_the_deadline(server: FaultServer, asker: str) -> None:
    server.fail(Drip())
    little = Allowance(seconds=0.5, tokens=8000)
    with connected(server, patience=Patience()) as connection, pytest.raises(Unanswered) as raised:
        if asker == "odds":
            ServedOdds(connection)([TURNS], little)
        else:
            ServedChat(connection, streams=asker == "stream")(TURNS, little)
    assert raised.value.failure == "out_of_time"
    assert raised.value.usage.calls == len(server.chats) == 1


def test_one_try_that_drips_leaves_time_for_the_next(server: FaultServer) -> None:
    server.fail(Drip())
    with connected(server, attempt_seconds=0.5) as connection:
        said = ServedChat(connection)(TURNS, AMPLE)
    assert (said.text, said.usage.calls) == ("Yes", 2)


def test_one_try_that_hangs_leaves_time_for_the_next(server: FaultServer) -> None:
    server.fail(Hang())
    with connected(server, attempt_seconds=0.3) as connection:
        said = ServedChat(connection)(TURNS, AMPLE)
    assert (said.text, said.usage.calls) == ("Yes", 2)


def test_tries_that_all_hang_are_out_of_time(server: FaultServer) -> None:
    server.fail(Hang(), Hang())
    with connected(server, attempt_seconds=0.1, attempts=2) as connection, pytest.raises(Unanswered) as raised:
        ServedChat(connection)(TURNS, AMPLE)
    assert raised.value.failure == "out_of_time"
    assert "was asked twice, at last: no answer within 0.1 s" in str(raised.value)


def test_with_no_time_left_nothing_is_asked(server: FaultServer) -> None:
    with connected(server) as connection, pytest.raises(Unanswered, match="no time was left") as raised:
        ServedChat(connection)(TURNS, Allowance(seconds=0, tokens=8000))
    assert raised.value.failure == "out_of_time"
    assert server.asked == []


def test_sixteen_callers_are_answered_at_once_through_all_kinds_of_trouble(server: FaultServer) -> None:
    server.gate = threading.Barrier(16)  # lets requests in by sixteens
    server.fail(*PASSING[:8], *PASSING[:8])  # so that the second sixteen are the tries again
    with connected(server) as connection, ThreadPoolExecutor(16) as threads:
        chat = ServedChat(connection)
        said: list[Said] = list(threads.map(lambda _: chat(TURNS, AMPLE), range(16)))
    assert [s.text for s in said] == ["Yes"] * 16
    assert {s.usage.calls for s in said} == {2}
    assert len(server.chats) == server.busiest * 2 == 32


def test_no_more_are_in_flight_than_an_endpoint_takes(server: FaultServer) -> None:
    server.gate = threading.Barrier(4)
    with connected(server, in_flight=4) as connection, ThreadPoolExecutor(16) as threads:
        chat, odds = ServedChat(connection), ServedOdds(connection)
        chats = [threads.submit(chat, TURNS, AMPLE) for _ in range(8)]
        counts = [threads.submit(odds, [TURNS, TURNS], AMPLE) for _ in range(4)]
        assert all(c.result(30).text == "Yes" for c in chats)
        assert all(len(c.result(30)) == 2 for c in counts)
    assert server.busiest == 4


def test_who_finds_no_place_in_time_is_told_so(server: FaultServer) -> None:
    server.fail(Hang())
    with connected(server, in_flight=1, patience=Patience()) as connection, ThreadPoolExecutor(1) as threads:
        chat = ServedChat(connection)
        first = threads.submit(chat, TURNS, Allowance(seconds=0.6, tokens=8000))
        assert server.reached.wait(10)
        with pytest.raises(
            Unanswered, match="all 1 places of .* stayed taken for 0.1 s; raise PRECEPT_IN_FLIGHT"
        ) as raised:
            chat(TURNS, Allowance(seconds=0.1, tokens=8000))
        assert (raised.value.failure, raised.value.usage.calls) == ("backend_unavailable", 0)
        with pytest.raises(Unanswered):
            first.result(10)
    assert len(server.chats) == 1


def test_neither_the_key_nor_content_is_in_any_error_or_log(
    server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"cannot read 'Answer in one word.', 'Say: {CONTENT}' with {KEY}"
    told: list[str] = []
    for fault in (
        Status(401, echo),
        Status(404, echo),
        Status(400, echo),
        Status(400, echo, param="n"),
        Status(503, echo),
    ):
        with connected(server) as connection:
            asks: list[Callable[[], object]] = [
                partial(ServedChat(connection), TURNS, AMPLE),
                partial(ServedChat(connection, streams=True), TURNS, AMPLE),
                partial(ServedOdds(connection), [TURNS], AMPLE),
            ]
            for ask in asks:
                server.faults.clear()
                server.fail(*[fault] * 4)
                with pytest.raises((Unanswered, Misbound)) as raised:
                    ask()
                told.append("".join(traceback.format_exception(raised.value)))
                told.append(f"{raised.value!r} {connection!r} {vars(raised.value)} {raised.value.__context__!r}")
    assert len(told) == 30
    for text in told:
        assert "walrus" not in text and "one word" not in text.lower()
        assert KEY not in text and "0123456789" not in text
    assert KEY not in caplog.text
    assert {"Bearer " + KEY} == {asked.headers["authorization"] for asked in server.asked}


def test_an_answer_after_trouble_counts_the_tokens_of_the_answer_alone(server: FaultServer) -> None:
    server.fail(Status(500), Say({"content": "No"}))
    with connected(server) as connection:
        usage = ServedChat(connection)(TURNS, AMPLE).usage
    assert (usage.calls, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (2, 20, 16, 3)
    assert usage.backends == (f"vllm/{MODEL}",)


def test_what_is_no_trouble_of_the_server_is_raised_as_it_is(server: FaultServer) -> None:
    with connected(server) as connection:
        chat = ServedChat(connection)
        connection.close()
        with pytest.raises(RuntimeError, match="the connection of vllm/.* is closed; open a new one"):
            chat(TURNS, AMPLE)
