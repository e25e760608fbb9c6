"""Several backends of one role, tried in order: what one cannot answer the next may, while the allowance lasts.

Each but the last may take two thirds of the time that is left, so that one which hangs leaves some. A backend that is
set up wrongly stops everything (Misbound): silently going on without it would hide it for ever.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from cases.decision import Depth
from cases.exchange import Allowance, Failure, First, Message, Said, Unanswered, Usage
from tools.breaker import FAILURES, SECONDS, Breaker

SHARE = 2 / 3
FAIR_SECONDS = 5.0  # to be late with less than this left says nothing about a backend


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


class Named(Protocol):
    """Anything with a backend's name."""

    name: str


B = TypeVar("B", bound=Named)
T = TypeVar("T")


class Line(Generic[B]):
    """Backends in the order in which they are tried, each with its breaker."""

    def __init__(
        self, backends: Sequence[B], *, failures: int = FAILURES, seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        if not backends:
            raise ValueError("a role needs a backend; name at least one")
        self.backends, self._clock = tuple(backends), clock
        self._breakers = [Breaker(failures=failures, seconds=seconds, clock=clock) for _ in backends]

    @property
    def name(self) -> str:
        """Return the names of all, in order."""
        return ", ".join(backend.name for backend in self.backends)

    def first(self, allowance: Allowance, ask: Callable[[B, Allowance], T]) -> tuple[T, Usage]:
        """Return the first answer, and what the backends that failed before it cost.

        Raise Unanswered with the last failure, naming all backends, when none answers.
        """
        spent = Usage()
        told: list[str] = []
        last: Failure = "backend_unavailable"
        for place, (backend, breaker) in enumerate(zip(self.backends, self._breakers, strict=True)):
            left = allowance.less(spent)
            if left.seconds <= 0:
                last = last if told else "out_of_time"
                told.append(f"{backend.name} was not asked: no time was left")
                continue
            if rest := breaker.rest():
                told.append(f"{backend.name} is skipped for {rest:.0f} s more, since it failed several times in a row")
                continue
            if place + 1 < len(self.backends):
                left = Allowance(seconds=left.seconds * SHARE, tokens=left.tokens)
            try:
                answer = ask(backend, left)
            except Unanswered as unanswered:
                last, spent = unanswered.failure, spent + unanswered.usage
                told.append(str(unanswered))
                if last == "backend_unavailable" or (last == "out_of_time" and left.seconds >= FAIR_SECONDS):
                    breaker.ill()
                elif last == "malformed_answer":
                    breaker.well()  # it answers, whatever it says
                continue
            breaker.well()
            return answer, spent
        raise Unanswered(last, "; then ".join(told), spent)


class FallbackChat:
    """Answer in words by the first backend that can; `name` is the names of all."""

    def __init__(
        self, backends: Sequence[Chatting], *, failures: int = FAILURES, seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._line = Line(backends, failures=failures, seconds=seconds, clock=clock)
        self.name = self._line.name

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the first answer, its usage with that of the backends that failed before."""
        said, spent = self._line.first(
            allowance, lambda chat, left: chat(messages, left, schema=schema, depth=depth, most=most)
        )
        return said.model_copy(update={"usage": spent + said.usage})


class FallbackOdds:
    """Give the odds of first tokens by the first backend that can; `name` is the names of all."""

    def __init__(
        self, backends: Sequence[Weighing], *, failures: int = FAILURES, seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._line = Line(backends, failures=failures, seconds=seconds, clock=clock)
        self.name = self._line.name

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return one First a prompt; what failed before is counted with the first of them."""
        firsts, spent = self._line.first(allowance, lambda odds, left: odds(prompts, left, tokens=tokens))
        if not firsts:
            return firsts
        return (firsts[0].model_copy(update={"usage": spent + firsts[0].usage}), *firsts[1:])
