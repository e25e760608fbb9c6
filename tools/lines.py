"""Lines of words as an engine read them, in pixels, and the order in which a person reads them. No engine is here."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol

from tools.pictures import Pixels

LEAST_CONFIDENCE = 0.5


class Line(NamedTuple):
    """A line as an engine read it: its words, confidence in [0, 1], and box in pixels (left, top, right, bottom)."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float


class Reader(Protocol):
    """Read the lines of pixels [height, width, 3], RGB. Raise Unreadable with the reason where that cannot be done."""

    name: str

    @property
    def version(self) -> str:
        """Return the version of the engine."""
        ...

    def lines(self, pixels: Pixels) -> list[Line]:
        """Return the lines in any order."""
        ...


class Unreadable(Exception):
    """Words could not be looked for; `why` as in Unseen."""

    def __init__(self, why: Literal["no_tool", "unreadable", "out_of_time"], told: str) -> None:
        super().__init__(told)
        self.why, self.told = why, told


def in_reading_order(lines: Iterable[Line]) -> list[Line]:
    """Return lines as a person reads them: rows from the top, within a row from the left.

    Lines are of one row when they overlap in height by more than half of the lower one.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: (one.top + one.bottom) / 2):
        if rows and _level(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda one: one.left)]


def _level(one: Line, other: Line) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def overlap(one: Line, other: Line) -> float:
    """Return the share of the smaller line's box that both boxes cover."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    least = min((line.right - line.left) * (line.bottom - line.top) for line in (one, other))
    return width * height / least
