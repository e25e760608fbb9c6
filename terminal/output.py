"""The output of a batch: lines that are whole or not there. Of what they say it reads the ids alone.

Contract: a line counts once its line break is in the file; what stands behind the last one was cut off by a kill or a
full disk, and is dropped on resume. One process writes an output at a time.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from terminal.errors import Broken, Refused
from terminal.seen import Seen

STDOUT = "-"
READ = 1000


class Held(NamedTuple):
    """What an output held when it was opened: whole `lines`, and `dropped` bytes of one that was not whole.

    `counts` are those of lines by outcome, "bad" for one that was not decided; `last` is the last line, `first` the
    first decision that is named, `touched` when it was written last, None for a new output.
    """

    lines: int = 0
    counts: Counter[str] = Counter()
    dropped: int = 0
    last: dict[str, object] | None = None
    first: str | None = None
    touched: datetime | None = None


class Output:
    """An open output. `ids` and `decisions` are those that it held; `lines` counts all that it holds."""

    def __init__(self, name: str, file: IO[bytes] | FileIO) -> None:
        self.name = name
        self.file = file
        self.ids = Seen()
        self.decisions = Seen()
        self.held = Held()
        self.lines = 0

    def write(self, lines: list[bytes]) -> None:
        """Append whole lines; raise Broken where the disk refuses."""
        left = memoryview(b"".join(lines))
        try:
            while left:
                left = left[self.file.write(left) or 0 :]
            self.file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Broken(f"{self.name}: {error.strerror}; make room for it") from error
        self.lines += len(lines)

    def settle(self) -> None:
        """Have everything on disk before it is said to be done."""
        if self.name != STDOUT and Path(self.name).is_file():
            os.fsync(self.file.fileno())

    def take_up(self, path: Path) -> None:
        """Read what the file holds, drop a line that is not whole, and go on behind the last one."""
        held = Held(touched=datetime.fromtimestamp(path.stat().st_mtime, UTC))
        with path.open("rb") as file:
            numbered = enumerate(file, 1)
            while some := list(islice(numbered, READ)):
                whole = [(number, raw) for number, raw in some if raw.endswith(b"\n")]
                said = [_read(raw, path, number) for number, raw in whole]
                made = [str(line["decision_id"]) for line in said if "decision_id" in line]
                self.ids.add(str(line["id"]) for line in said if line["id"] is not None)
                self.decisions.add(made)
                held = held._replace(
                    lines=held.lines + len(whole),
                    dropped=0 if len(whole) == len(some) else len(some[-1][1]),
                    counts=held.counts + Counter(str(line.get("outcome", "bad")) for line in said),
                    last=said[-1] if said else held.last,
                    first=held.first or (made[0] if made else None),
                )
        if held.dropped:
            self.file.truncate(path.stat().st_size - held.dropped)
        self.file.seek(0, os.SEEK_END)
        self.held, self.lines = held, held.lines

    def close(self) -> None:
        """Let go of the files."""
        self.ids.close()
        self.decisions.close()


@contextmanager
def open_output(name: str, *, resume: bool) -> Iterator[Output]:
    """Open a new output, `-` for stdout, or with `resume` one that was begun; raise Refused where it cannot be."""
    path = Path(name)
    if name == STDOUT and resume:
        raise Refused("--resume needs a file: stdout does not say what it was given; pass -o OUT.jsonl")
    if name != STDOUT and path.is_file() and path.stat().st_size and not resume:
        raise Refused(f"{name} exists already; pass --resume to go on with it, or give another name")
    if name != STDOUT and not path.parent.is_dir():
        raise Refused(f"{name}: there is no folder {str(path.parent)!r}; make it, or give another name")
    begun = resume and path.is_file()
    with _opened(name) as file:
        output = Output(name, file)
        try:
            if name != STDOUT and path.is_file():
                _alone(file, name)
            if begun:
                output.take_up(path)
            yield output
        finally:
            output.close()


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes] | FileIO]:
    if name == STDOUT:
        yield sys.stdout.buffer
        return
    try:
        number = os.open(name, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise Refused(f"{name}: cannot be written ({error.strerror}); give another name") from None
    # Unbuffered: what a write has taken is in the file, and closing has nothing left to fail on.
    with FileIO(number, "r+") as file:
        yield file


def _read(raw: bytes, path: Path, number: int) -> dict[str, object]:
    try:
        said = json.loads(raw)
    except ValueError:
        said = None
    if not isinstance(said, dict) or "id" not in said or not ("decision_id" in said or "error" in said):
        raise Refused(f"{path}, line {number}: {raw[:60]!r} was not written by precept batch; give another name")
    return said


def _alone(file: IO[bytes] | FileIO, name: str) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Refused(f"{name}: another precept batch is writing it; wait for it, or give another name") from None
