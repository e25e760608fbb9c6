"""Skips a backend that keeps failing, for a while: a dead one must not cost its time-outs on every case.

After `failures` in a row it is skipped for `seconds`; then one caller tries it, and all do once that was well.
"""

import threading
import time
from collections.abc import Callable

FAILURES = 3
SECONDS = 30.0


class Breaker:
    """What is known of one backend's health. Threads may share it; `clock` is in seconds, monotonic."""

    def __init__(
        self, *, failures: int = FAILURES, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = failures, seconds, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._until = 0.0

    def rest(self) -> float:
        """Return for how many seconds more the backend is to be skipped; 0.0 lets the caller try it.

        The first to be let through after a rest is the only one until it has told how it went.
        """
        with self._lock:
            if self._failed < self._most:
                return 0.0
            now = self._clock()
            if now < self._until:
                return self._until - now
            self._until = now + self._seconds
            return 0.0

    def well(self) -> None:
        """Count an answer: the backend is well."""
        with self._lock:
            self._failed = 0

    def ill(self) -> None:
        """Count a failure."""
        with self._lock:
            self._failed += 1
            self._until = self._clock() + self._seconds
