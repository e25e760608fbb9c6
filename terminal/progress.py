"""What is shown on stderr while a batch runs and files are looked at: only where somebody looks, never in a log.

Names in it come from the cases, so nothing of them is taken for markup or for an order to the terminal.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from terminal.reading import Input

if TYPE_CHECKING:
    from graphs.wiring import Watch

STAGES = {"frames": "taking frames", "words": "reading words", "sound": "listening"}
NAMED = 30  # characters of a case's id


class Bar(NamedTuple):
    """How far a batch is: `lines` is told the count of lines written, `watch` what is looked at; None for nobody."""

    lines: Callable[[int], None]
    watch: "Watch | None" = None


@contextmanager
def progress(lines: Input, *, quiet: bool = False) -> Iterator[Bar]:
    """Show how far an input was read, how many files were looked at so far, and at what the one in hand is."""
    if quiet or not sys.stderr.isatty():
        yield Bar(lambda count: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        BarColumn(), TextColumn("{task.fields[count]:,} lines{task.fields[files]}", markup=False), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=lines.size, count=0, files="")
        begun: list[tuple[str, str]] = []  # the last file alone: a batch may hold millions
        number = 0

        def watch(case_id: str, name: str, stage: str, share: float, lasts: float) -> None:
            nonlocal number
            if begun != [(case_id, name)]:
                begun[:], number = [(case_id, name)], number + 1
            at = f"{_short(case_id)} {name}: {told(stage, share, lasts)}"
            bar.update(task, files=f", file {number:,}: {at}")

        yield Bar(lambda count: bar.update(task, completed=lines.place, count=count), watch)


@contextmanager
def watching(*, quiet: bool = False) -> "Iterator[Watch | None]":
    """Show how far looking at files is, a bar a file; None where nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[tuple[str, str], TaskID] = {}

        def watch(case_id: str, name: str, stage: str, share: float, lasts: float) -> None:
            if (case_id, name) not in tasks:
                tasks[case_id, name] = bar.add_task(name, total=1.0)
            bar.update(tasks[case_id, name], description=f"{name}: {told(stage, share, lasts)}", completed=share)

        yield watch


def told(stage: str, share: float, lasts: float) -> str:
    """Return how far a stage is, in words.

    >>> told("words", 0.25, 60.0), told("frames", 0.5, 0.0)
    ('reading words, 15 of 60 s', 'taking frames, 50%')
    """
    done = f"{share * lasts:.0f} of {lasts:.0f} s" if lasts else f"{share:.0%}"
    return f"{STAGES.get(stage, stage)}, {done}"


def _short(case_id: str) -> str:
    from terminal.paint import harmless

    shown = " ".join(harmless(case_id).split())
    return shown if len(shown) <= NAMED else f"{shown[: NAMED - 1]}…"
