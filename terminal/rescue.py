"""Decides a chunk of a batch so that one case which breaks the program costs its own line and no other.

Not a way around errors: what is known (a full disk, a damaged ledger) stops the run, and a bug is printed with its
traceback and stands in the output as an error of its line.
"""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

from cases.case import Case
from cases.decision import Decision
from cases.intake import BadLine
from terminal.errors import explained

CHUNK = 256


class Decides(Protocol):
    """A desk, as far as it is needed here."""

    def decide_many(self, cases: Iterable[Case], chunk: int = CHUNK) -> Iterator[Decision]:
        """Decide cases in order."""
        ...


class Recorded(Protocol):
    """Finds decisions that are on record since a moment and have no line."""

    def __call__(self, since: datetime, cases: Mapping[int, Case]) -> Mapping[int, Decision]:
        """Return them by the line of their case."""
        ...


def decide_all(desk: Decides, cases: Mapping[int, Case], recorded: Recorded) -> dict[int, Decision | BadLine]:
    """Return what came of each case, by its line; raise what is known to have broken."""
    begun = datetime.now(UTC)
    try:
        return dict(zip(cases, desk.decide_many(cases.values(), CHUNK), strict=True))
    except Exception as error:
        if explained(error) is not None:
            raise
    # Some of the chunk may be on record already.
    done: dict[int, Decision | BadLine] = dict(recorded(begun, cases))
    for line, case in cases.items():
        if line not in done:
            done[line] = _decide_one(desk, line, case)
    return done


def _decide_one(desk: Decides, line: int, case: Case) -> Decision | BadLine:
    try:
        return next(desk.decide_many([case]))
    except Exception as error:
        if explained(error) is not None:
            raise
        traceback.print_exception(error)
        why = f"it could not be decided ({type(error).__name__}: {error}); this is a bug of precept, please report it"
        return BadLine(id=case.id, line=line, error=f"line {line}: {why}")
