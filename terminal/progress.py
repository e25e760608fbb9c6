"""The bar on stderr while a batch runs: only where somebody looks, so never in a pipe or a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from terminal.reading import Input


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
