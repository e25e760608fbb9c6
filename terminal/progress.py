"""Bars on stderr while a batch runs and files are read: only where somebody looks, never in a pipe or a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from terminal.reading import Input

if TYPE_CHECKING:
    from tools.looking import Watch

STAGES = {"frames": "taking frames", "words": "reading words", "sound": "listening"}


@contextmanager
def progress(lines: Input) -> Iterator[Callable[[int], None]]:
    """Show how far an input was read; what is given is called with the count of lines written."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.fields[count]:,} lines"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=lines.size, count=0)
        yield lambda count: bar.update(task, completed=lines.place, count=count)


@contextmanager
def watching() -> "Iterator[Watch | None]":
    """Show how far looking at files is; what is given is told (file, stage, share). None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def watch(name: str, stage: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=1.0)
            bar.update(tasks[name], description=f"{name}: {STAGES.get(stage, stage)}", completed=share)

        yield watch
