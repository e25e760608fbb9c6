"""Backends in a row: small ones of our own for the order, served ones for real trouble."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from agents.ask import Chat, Odds
from cases.decision import Depth
from cases.exchange import Allowance, Failure, First, Message, Misbound, Said, Token, Unanswered, Usage
from tests.tools.fault_server import FaultServer, Status
from tests.tools.served import AMPLE, TURNS, Time, connected, endpoint, gone
from tools.chat import ServedChat
from tools.connection import Connection
from tools.fallback import FallbackChat, FallbackOdds
from tools.loop import Loop
from tools.odds import ServedOdds


class Scripted:
    """A chat that fails or answers as told, and takes its time on a clock of the test."""

    def __init__(self, name: str, time: Time, *, fails: Failure | None = None, seconds: float = 1.0) -> None:
        self.name, self.fails, self.seconds = name, fails, seconds
        self.allowed: list[Allowance] = []
        self._time = time

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        self.allowed.append(allowance)
        self._time.now += self.seconds
        cost = Usage(calls=2, seconds=self.seconds, prompt_tokens=10)
        if self.fails:
            raise Unanswered(self.fails, f"{self.name} failed", cost)
        return Said(text=f"{self.name}: {depth} {most} {schema}", usage=cost + Usage(backends=(self.name,)))


class Wrong(Scripted):
    def __call__(self, messages: Sequence[Message], allowance: Allowance, **given: object) -> Said:
        raise Misbound("mend the key")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


FAILURES: list[Failure] = ["backend_unavailable", "out_of_time", "malformed_answer", "out_of_budget"]


@pytest.mark.parametrize("failure", FAILURES)
def test_what_one_cannot_answer_the_next_does_and_both_count(time: Time, failure: Failure) -> None:
    first, second = Scripted("a", time, fails=failure), Scripted("b", time)
    chat: Chat = FallbackChat([first, second], clock=time)
    said = chat(TURNS, AMPLE, schema={"x": 1}, depth="full", most=7)
    assert chat.name == "a, b"
    assert said.text == "b: full 7 {'x': 1}"
    assert said.usage == Usage(calls=4, seconds=2, prompt_tokens=20, backends=("b",))


def test_the_first_that_answers_is_the_only_one_asked(time: Time) -> None:
    first, second = Scripted("a", time), Scripted("b", time)
    assert FallbackChat([first, second], clock=time)(TURNS, AMPLE).usage.calls == 2
    assert second.allowed == []


def test_each_but_the_last_leaves_time_for_the_next(time: Time) -> None:
    first, second = Scripted("a", time, fails="out_of_time", seconds=20), Scripted("b", time, seconds=10)
    FallbackChat([first, second], clock=time)(TURNS, Allowance(seconds=30, tokens=100))
    assert first.allowed == [Allowance(seconds=20, tokens=100)]
    assert second.allowed == [Allowance(seconds=10, tokens=90)]


def test_when_all_fail_the_last_failure_counts_and_all_are_named(time: Time) -> None:
    backends = [Scripted("a", time, fails="out_of_time"), Scripted("b", time, fails="malformed_answer")]
    with pytest.raises(Unanswered) as raised:
        FallbackChat(backends, clock=time)(TURNS, AMPLE)
    assert raised.value.failure == "malformed_answer"
    assert str(raised.value) == "a failed; then b failed"
    assert raised.value.usage == Usage(calls=4, seconds=2, prompt_tokens=20)


def test_with_no_time_left_the_next_is_not_asked(time: Time) -> None:
    first, second = Scripted("a", time, fails="backend_unavailable", seconds=30), Scripted("b", time)
    with pytest.raises(Unanswered) as raised:
        FallbackChat([first, second], clock=time)(TURNS, Allowance(seconds=30, tokens=100))
    assert raised.value.failure == "backend_unavailable"
    assert str(raised.value) == "a failed; then b was not asked: no time was left"
    assert second.allowed == []


def test_with_no_time_at_all_none_is_asked_and_none_is_held_ill(time: Time) -> None:
    first = Scripted("a", time)
    chat = FallbackChat([first], clock=time)
    for _ in range(5):
        with pytest.raises(Unanswered) as raised:
            chat(TURNS, Allowance(seconds=0, tokens=100))
        assert raised.value.failure == "out_of_time"
    assert chat(TURNS, AMPLE).text.startswith("a:")


def test_a_wrong_set_up_is_not_papered_over(time: Time) -> None:
    second = Scripted("b", time)
    with pytest.raises(Misbound, match="mend the key"):
        FallbackChat([Wrong("a", time), second], clock=time)(TURNS, AMPLE)
    assert second.allowed == []


@pytest.mark.parametrize("failure", ["backend_unavailable", "out_of_time"])
def test_a_dead_backend_costs_its_time_outs_three_times_and_then_rests(time: Time, failure: Failure) -> None:
    first, second = Scripted("a", time, fails=failure, seconds=5), Scripted("b", time, seconds=1)
    chat = FallbackChat([first, second], failures=3, seconds=30, clock=time)
    seconds = [chat(TURNS, AMPLE).usage.seconds for _ in range(6)]
    assert seconds == [6, 6, 6, 1, 1, 1]
    time.now += 30
    first.fails = None
    assert [chat(TURNS, AMPLE).text[0] for _ in range(2)] == ["a", "a"]


@pytest.mark.parametrize("failure", ["malformed_answer", "out_of_budget"])
def test_a_backend_that_answers_badly_is_not_held_dead(time: Time, failure: Failure) -> None:
    first = Scripted("a", time, fails=failure)
    chat = FallbackChat([first, Scripted("b", time)], clock=time)
    for _ in range(5):
        chat(TURNS, AMPLE)
    assert len(first.allowed) == 5


def test_to_be_late_with_hardly_any_time_says_nothing_of_a_backend(time: Time) -> None:
    first = Scripted("a", time, fails="out_of_time", seconds=0.1)
    chat = FallbackChat([first, Scripted("b", time)], clock=time)
    for _ in range(5):
        chat(TURNS, Allowance(seconds=1, tokens=100))
    assert len(first.allowed) == 5


def test_when_all_rest_nothing_is_waited_for(time: Time) -> None:
    only = Scripted("a", time, fails="backend_unavailable")
    chat = FallbackChat([only], clock=time)
    for _ in range(3):
        with pytest.raises(Unanswered, match="a failed"):
            chat(TURNS, AMPLE)
    with pytest.raises(
        Unanswered, match="a is skipped for 30 s more, since it failed several times in a row"
    ) as raised:
        chat(TURNS, AMPLE)
    assert (raised.value.failure, raised.value.usage) == ("backend_unavailable", Usage())


def test_a_role_needs_a_backend() -> None:
    with pytest.raises(ValueError, match="a role needs a backend"):
        FallbackChat([])


def test_odds_fall_back_too_and_count_what_failed_once(time: Time) -> None:
    class Some:
        name = "b"

        def __call__(
            self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
        ) -> tuple[First, ...]:
            usage = Usage(calls=1, backends=("b",))
            return tuple(First(tokens=(Token(text=t, logprob=-1.0),), usage=usage) for t in tokens for _ in prompts)

    class Dead:
        name = "a"

        def __call__(
            self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
        ) -> tuple[First, ...]:
            raise Unanswered("backend_unavailable", "a failed", Usage(calls=4, seconds=2))

    odds: Odds = FallbackOdds([Dead(), Some()], clock=time)
    firsts = odds([TURNS, TURNS], AMPLE, tokens=("Yes",))
    assert [first.tokens[0].text for first in firsts] == ["Yes", "Yes"]
    assert sum((first.usage for first in firsts), Usage()) == Usage(calls=6, seconds=2, backends=("b",))


def test_a_server_that_is_gone_is_replaced_by_one_that_is_there(server: FaultServer) -> None:
    loop = Loop()
    dead = Connection(endpoint(server, url=gone(), model="dead"), patience=Time().patience(), loop=loop)
    with connected(server) as alive:
        chat = FallbackChat([ServedChat(dead), ServedChat(alive)])
        odds = FallbackOdds([ServedOdds(dead), ServedOdds(alive)])
        said = chat(TURNS, AMPLE)
        (first,) = odds([TURNS], AMPLE, tokens=("Yes",))
    assert (said.text, said.usage.calls, said.usage.backends) == ("Yes", 5, ("vllm/dead", alive.endpoint.name))
    assert (first.tokens[0].text, first.usage.calls) == ("Yes", 5)
    dead.close()
    loop.close()


def test_when_both_servers_fail_the_cost_of_both_travels(server: FaultServer) -> None:
    server.fail(*[Status(503)] * 4)
    with connected(server) as one, connected(server) as two:
        server.fail(*[Status(400, "bad")])
        with pytest.raises(Unanswered) as raised:
            FallbackChat([ServedChat(one), ServedChat(two)])(TURNS, AMPLE)
    assert raised.value.usage.calls == len(server.chats) == 5
    assert str(raised.value).count(one.endpoint.name) == 2
