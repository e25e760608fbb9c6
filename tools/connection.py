"""One live connection to an endpoint: client, limit on what is in flight, and what the server was found not to take.

Chat, odds and the doctor's probe of the same endpoint share one, so that its limit holds for all of them together and
a parameter that the server refused once is not sent again. All state but the client is touched in the loop alone.
"""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.endpoint import Endpoint
from tools.loop import SHARED, Loop

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 5.0


class MissingLibrary(ImportError):
    """A library of the `models` extra that is not installed; the text says how to install it."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"{missing} is not installed, and served models need it: pip install 'precept[models]'")


@dataclass(frozen=True)
class Patience:
    """How passing trouble is waited out: exponential back-off with full jitter, from `first` to `most` seconds.

    `sleep`, `clock` (seconds, monotonic) and `draw` (uniform in [0, 1)) are what a test may put its own in for.
    """

    first: float = 0.5
    most: float = 8.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = random.random


class Connection:
    """A connection of one endpoint in a loop; nothing is opened before the first ask. Close it when done."""

    def __init__(self, endpoint: Endpoint, *, patience: Patience | None = None, loop: Loop = SHARED) -> None:
        self.endpoint, self.loop = endpoint, loop
        self.patience = patience or Patience()
        self.gate = asyncio.Semaphore(endpoint.in_flight)
        self.refused: set[str] = set()
        self.context: int | None = None  # tokens that the model reads and writes together, once the server said so
        self.answer: int | None = None  # tokens that an answer may have, likewise
        self.ids: dict[str, int | None] = {}  # token ids of spellings; None for one that is not a single token
        self.finding = asyncio.Lock()  # held while ids are looked up, so that concurrent asks look once
        self.counted = False  # whether token probabilities ever came
        self._lock = threading.Lock()
        self._client: AsyncOpenAI | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"Connection({self.endpoint!r})"

    @property
    def client(self) -> "AsyncOpenAI":
        """Return the client, made on first use; raise MissingLibrary without openai, RuntimeError once closed.

        It never tries again by itself: waiting is bounded by what an ask may spend, which it does not know.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the connection of {self.endpoint.name} is closed; open a new one")
            if self._client is None:
                try:
                    from openai import AsyncOpenAI, Timeout
                except ImportError:
                    raise MissingLibrary("openai") from None
                self._client = AsyncOpenAI(
                    base_url=self.endpoint.base,
                    api_key=self.endpoint.key or "none",  # the client wants one; servers without keys ignore it
                    max_retries=0,
                    timeout=Timeout(None, connect=CONNECT_SECONDS),
                )
            return self._client

    def close(self) -> None:
        """Close the sockets; later asks are refused. Harmless to repeat."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
        if client is not None and not self.loop.closed:
            self.loop.submit(client.close(), CLOSE_SECONDS)
