"""One ask of an endpoint, seen through: its deadline, its tries, what they cost, and how it ends.

Passing trouble is waited out with exponential back-off and full jitter, at least as long as the server asks, and never
beyond the deadline: an ask that cannot be answered in time ends at once, so that another backend still has the time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from cases.exchange import Failure, Unanswered, Usage
from tools.connection import Connection
from tools.trouble import Passing, judged

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")
GRACE_SECONDS = 5.0


class Ask:
    """What one ask may still spend, and has spent. `asked` are its texts, which no error may repeat."""

    def __init__(self, connection: Connection, seconds: float, asked: Sequence[str]) -> None:
        self.connection, self.asked = connection, asked
        self.seconds, self.calls = seconds, 0
        self.counted = Usage()  # what the server says that its answers took
        self._begun = connection.patience.clock()

    @property
    def spent(self) -> float:
        """Return the seconds since the ask began."""
        return self.connection.patience.clock() - self._begun

    @property
    def left(self) -> float:
        """Return the seconds until the deadline, negative once it has passed."""
        return self.seconds - self.spent

    @property
    def cost(self) -> Usage:
        """Return the calls and seconds so far, and the tokens of what was answered."""
        asked = (self.connection.endpoint.name,) if self.calls else ()
        return self.counted + Usage(calls=self.calls, seconds=self.spent, backends=asked)

    def failed(self, failure: Failure, told: str) -> Unanswered:
        """Return the error of an ask that came to nothing, with what it cost."""
        return Unanswered(failure, told, self.cost)

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run the ask in its loop and return its result; a coroutine that outlives its deadline is cancelled."""
        try:
            return self.connection.loop.submit(coroutine, max(0.0, self.left) + GRACE_SECONDS)
        except TimeoutError:
            pass
        raise self.failed("out_of_time", self._late())

    async def answer(self, act: Callable[[], Awaitable[T]], optional: Collection[str] = ()) -> T:
        """Return what `act` returns, tried again while trouble passes.

        Raise Unanswered when it does not pass in time, Misbound when it never will, Refused when the server does not
        take one of the `optional` parameters, and Overlong when prompt and answer are too long for the model.
        """
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

        endpoint = self.connection.endpoint
        retrying = AsyncRetrying(
            sleep=self.connection.patience.sleep,
            wait=self._pause,
            stop=stop_after_attempt(endpoint.attempts) | self._too_late,  # type: ignore[operator]
            retry=retry_if_exception_type(Passing),
            reraise=True,
        )
        try:
            return await retrying(self._once, act, optional)
        except Passing as last:
            passing = last
        raise self.failed(passing.failure, self._given_up(passing))

    async def _once(self, act: Callable[[], Awaitable[T]], optional: Collection[str]) -> T:
        meant: Exception
        connection = self.connection
        if self.left <= 0:
            raise self.failed("out_of_time", f"{connection.endpoint.name} was not asked: no time was left")
        try:
            async with asyncio.timeout(self.left):
                await connection.gate.acquire()
        except TimeoutError:
            raise self._crowded() from None
        try:
            self.calls += 1
            async with asyncio.timeout(min(self.left, connection.endpoint.attempt_seconds)):
                return await act()
        except TimeoutError:
            if self.left <= 0:
                meant = self.failed("out_of_time", self._late())
            else:
                meant = Passing("out_of_time", f"no answer within {connection.endpoint.attempt_seconds:g} s")
        except Exception as error:
            meant = judged(error, connection.endpoint, self.asked, optional)
            if meant is error:
                raise
        finally:
            connection.gate.release()
        if isinstance(meant, Unanswered):
            meant = self.failed(meant.failure, str(meant))
        # Outside of the handler: the library's error holds the whole request, and must not be chained to ours.
        raise meant

    def _pause(self, state: "RetryCallState") -> float:
        patience = self.connection.patience
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, Passing) and error.wait else 0.0
        return asked + patience.draw() * min(patience.most, patience.first * 2.0 ** (state.attempt_number - 1))

    def _too_late(self, state: "RetryCallState") -> bool:
        return state.upcoming_sleep >= self.left

    def _given_up(self, last: Passing) -> str:
        endpoint = self.connection.endpoint
        times = {1: "once", 2: "twice"}.get(self.calls, f"{self.calls} times")
        wait = f"; it asks to wait {last.wait:.0f} s and {max(0.0, self.left):.1f} s are left" if last.wait else ""
        fix = f"see that it runs, or mend {endpoint.url_setting}"
        return f"{endpoint.name} at {endpoint.place} was asked {times}, at last: {last}{wait}; {fix}"

    def _late(self) -> str:
        endpoint = self.connection.endpoint
        return f"{endpoint.name} at {endpoint.place} gave no answer within the {self.seconds:.1f} s that were left"

    def _crowded(self) -> Unanswered:
        endpoint = self.connection.endpoint
        told = f"all {endpoint.in_flight} places of {endpoint.name} stayed taken for {self.seconds:.1f} s"
        return self.failed("backend_unavailable", f"{told}; raise PRECEPT_IN_FLIGHT or lower the load")
