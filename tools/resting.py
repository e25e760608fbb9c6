"""A backend that is left alone for a while after it failed again and again: its time-outs are not paid each time.

One backend each. Who is asked next is decided by whoever knows whether an answer is sound (agents.ask.in_order).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from cases.decision import Depth
from cases.exchange import Allowance, First, Message, Said, Unanswered
from tools.breaker import FAILURES, SECONDS, Breaker

T = TypeVar("T")
FAIR_SECONDS = 5.0  # with less than this, to be late says nothing of a backend


class Chatting(Protocol):
    """Answer in words, as agents.ask.Chat."""

    name: str

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the answer."""
        ...


class Weighing(Protocol):
    """Give the likeliest first tokens, as agents.ask.Odds."""

    name: str

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return one First a prompt."""
        ...


def rested(name: str, breaker: Breaker, allowance: Allowance, ask: Callable[[], T]) -> T:
    """Return an answer, counted for the backend's health; raise Unanswered, at once while the backend rests."""
    if rest := breaker.rest():
        told = f"{name} is skipped for {rest:.0f} s more, since it failed several times in a row"
        raise Unanswered("backend_unavailable", told)
    try:
        answer = ask()
    except Unanswered as error:
        late = error.failure == "out_of_time" and allowance.seconds >= FAIR_SECONDS
        if error.failure == "backend_unavailable" or late:
            breaker.ill()
        elif error.failure == "malformed_answer":
            breaker.well()  # it answers, whatever it says
        raise
    breaker.well()
    return answer


class RestingChat:
    """Answers in words by a backend; fits agents.ask.Chat."""

    def __init__(
        self, chat: Chatting, *, failures: int = FAILURES, seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.name = chat.name
        self._chat, self._breaker = chat, Breaker(failures=failures, seconds=seconds, clock=clock)

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the backend's answer."""
        return rested(
            self.name, self._breaker, allowance,
            lambda: self._chat(messages, allowance, schema=schema, depth=depth, most=most),
        )  # fmt: skip


class RestingOdds:
    """Gives the odds of first tokens by a backend; fits agents.ask.Odds."""

    def __init__(
        self, odds: Weighing, *, failures: int = FAILURES, seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.name = odds.name
        self._odds, self._breaker = odds, Breaker(failures=failures, seconds=seconds, clock=clock)

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return the backend's answers."""
        return rested(self.name, self._breaker, allowance, lambda: self._odds(prompts, allowance, tokens=tokens))
