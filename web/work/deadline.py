"""How long a request may take. It stops nothing by itself: work asks it between steps."""

import time
from typing import NamedTuple

from web.problem import Problem


class Deadline(NamedTuple):
    """A moment on the monotonic clock, and the seconds that led to it."""

    until: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline that many seconds from now."""
        return cls(time.monotonic() + seconds, seconds)

    @property
    def left(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self.until - time.monotonic())

    def check(self, told: str) -> None:
        """Raise Problem 504 where it is over; `told` says how far the work came."""
        if self.left <= 0:
            raise Problem(504, f"The deadline of {self.seconds:g} s is over: {told}", code="deadline_exceeded")


__all__ = ["Deadline"]
