"""The input of a batch: raw lines of a file, a .gz file or stdin, one at a time. It never looks into a line.

Contract: memory stays flat whatever the file holds, so a line longer than a case can be is cut; the cut one is still
too long to be taken in.
"""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from cases.intake import MAX_LINE
from terminal.errors import Refused

STDIN = "-"


class Input:
    """An open input. `size` is its length in bytes, None where it is not known; `place` is how far it was read."""

    def __init__(self, name: str, stream: IO[bytes], raw: IO[bytes], size: int | None) -> None:
        self.name = name
        self.stream = stream
        self.raw = raw
        self.size = size
        self.number = 0

    @property
    def place(self) -> int:
        """Return the bytes of the file that were read, compressed ones where it is."""
        return self.raw.tell() if self.size is not None else 0

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield (number, line) with its line break, numbers from 1; raise Refused where the file is damaged."""
        while raw := self._line():
            self.number += 1
            yield self.number, raw

    def _line(self) -> bytes:
        try:
            raw = self.stream.readline(MAX_LINE + 1)
            rest = raw
            while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
                rest = self.stream.readline(MAX_LINE + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Refused(
                f"{self.name}: damaged after line {self.number:,} ({error}); mend the file and pass --resume"
            ) from None
        except OSError as error:
            raise Refused(f"{self.name}: cannot be read on after line {self.number:,} ({error.strerror})") from None
        return raw


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """Open a file of lines, `-` for stdin; raise Refused where it cannot be opened."""
    if name == STDIN:
        yield Input("stdin", sys.stdin.buffer, sys.stdin.buffer, None)
        return
    path = Path(name)
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise Refused(f"{name}: no such file; give a file of JSON lines, or - for stdin") from None
    except OSError as error:
        raise Refused(f"{name}: cannot be opened ({error.strerror}); give a file of JSON lines") from None
    with raw:
        size = path.stat().st_size if path.is_file() else None
        packed = path.suffix == ".gz"
        yield Input(name, cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw, raw, size)
