"""A backend that fails again and again is left alone for a while, and comes back by one caller's try."""

from collections.abc import Sequence

import pytest

from agents.ask import Chat, Odds
from cases.exchange import Allowance, Failure, First, Message, Misbound, Said, Token, Unanswered, Usage
from tests.tools.served import AMPLE, TURNS, Time
from tools.resting import RestingChat, RestingOdds

COST = Usage(calls=2, seconds=1.0, prompt_tokens=10)


class Scripted:
    """A chat that fails or answers as told; it counts how often it was asked."""

    name = "vllm/a"

    def __init__(self, fails: Exception | Failure | None = None) -> None:
        self.fails, self.asked = fails, 0

    def __call__(self, messages: Sequence[Message], allowance: Allowance, **given: object) -> Said:
        self.asked += 1
        if isinstance(self.fails, Exception):
            raise self.fails
        if self.fails:
            raise Unanswered(self.fails, "a failed", COST)
        return Said(text=f"{given['depth']} {given['most']} {given['schema']}", usage=COST)


def fail(chat: Chat, times: int, allowance: Allowance = AMPLE) -> None:
    for _ in range(times):
        with pytest.raises(Unanswered, match="a failed"):
            chat(TURNS, allowance)


def test_an_answer_goes_through_as_it_was_asked_for() -> None:
    chat: Chat = RestingChat(Scripted())
    said = chat(TURNS, AMPLE, schema={"x": 1}, depth="full", most=7)
    assert (chat.name, said.text, said.usage) == ("vllm/a", "full 7 {'x': 1}", COST)


@pytest.mark.parametrize("failure", ["backend_unavailable", "out_of_time"])
def test_a_dead_backend_costs_its_time_outs_three_times_and_then_rests(failure: Failure) -> None:
    time, backend = Time(), Scripted(failure)
    chat = RestingChat(backend, failures=3, seconds=30, clock=time)
    fail(chat, 3)
    with pytest.raises(Unanswered, match="vllm/a is skipped for 30 s more, since it failed several times") as raised:
        chat(TURNS, AMPLE)
    assert (raised.value.failure, raised.value.usage, backend.asked) == ("backend_unavailable", Usage(), 3)
    time.now += 30
    backend.fails = None
    assert [chat(TURNS, AMPLE).usage for _ in range(2)] == [COST, COST]


@pytest.mark.parametrize("failure", ["malformed_answer", "out_of_budget"])
def test_a_backend_that_answers_badly_is_not_held_dead(failure: Failure) -> None:
    backend = Scripted(failure)
    fail(RestingChat(backend, clock=Time()), 5)
    assert backend.asked == 5


def test_a_bad_answer_after_a_rest_shows_that_the_backend_is_there() -> None:
    time, backend = Time(), Scripted("backend_unavailable")
    chat = RestingChat(backend, failures=3, seconds=30, clock=time)
    fail(chat, 3)
    time.now += 30
    backend.fails = "malformed_answer"
    fail(chat, 1)
    backend.fails = None
    assert chat(TURNS, AMPLE).usage == COST


def test_to_be_late_with_hardly_any_time_says_nothing_of_a_backend() -> None:
    backend = Scripted("out_of_time")
    fail(RestingChat(backend, clock=Time()), 5, Allowance(seconds=1, tokens=100))
    assert backend.asked == 5


def test_a_wrong_set_up_is_raised_every_time() -> None:
    chat = RestingChat(Scripted(Misbound("mend the key")), clock=Time())
    for _ in range(5):
        with pytest.raises(Misbound, match="mend the key"):
            chat(TURNS, AMPLE)


def test_odds_rest_too() -> None:
    class Dying:
        name = "vllm/a"
        dead = False

        def __call__(
            self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
        ) -> tuple[First, ...]:
            if self.dead:
                raise Unanswered("backend_unavailable", "a failed")
            return tuple(First(tokens=(Token(text=tokens[0], logprob=-1.0),), usage=COST) for _ in prompts)

    backend = Dying()
    odds: Odds = RestingOdds(backend, clock=Time())
    assert [first.tokens[0].text for first in odds([TURNS, TURNS], AMPLE, tokens=("Yes",))] == ["Yes", "Yes"]
    backend.dead = True
    for told in ("a failed",) * 3 + ("is skipped",):
        with pytest.raises(Unanswered, match=told):
            odds([TURNS], AMPLE)
