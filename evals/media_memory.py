"""Peak memory of `precept decide --video` by the length of the video: stills of few bits, as they are made cheaply."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from evals.media_film import Film, Words, write_film

LENGTHS = (1, 5, 10)  # minutes
SIZE = (1920, 1080)
EVERY = 0.1  # seconds between two looks
DOOR = "from app import main; main()"


class Peak(NamedTuple):
    """What a run needed at most: of all processes together and of the largest, in MiB, and its seconds."""

    minutes: float
    together: float
    largest: float
    seconds: float
    status: int


def long_film(folder: Path, minutes: float) -> Path:
    """Write a video of 1080p with sound, another line of words every twenty seconds, kept where it is there already."""
    path = folder / f"long-{minutes:g}.mp4"
    if not path.is_file():
        seconds = 60.0 * minutes
        shown = tuple(
            Words(f"Chapter {at // 20 + 1} of the garden calendar", at, at + 10) for at in range(5, int(seconds), 20)
        )
        cuts = tuple(float(at) for at in range(20, int(seconds), 20))
        write_film(path, Film(seconds, shown, cuts=cuts, size=SIZE, fps=5, seed=1))
    return path


def peak(command: Sequence[str], minutes: float, environ: dict[str, str] | None = None) -> Peak:
    """Run a command and return the peak of its processes together, looked at every EVERY seconds."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environ or {})}
    )
    together = largest = 0
    while process.poll() is None:
        own = _resident(process.pid)
        together, largest = max(together, sum(own)), max(largest, *own, 0)
        time.sleep(EVERY)
    mib = 1024 * 1024
    return Peak(minutes, together / mib, largest / mib, time.monotonic() - begun, process.returncode)


def measure(folder: Path, home: Path, lengths: Sequence[float] = LENGTHS) -> list[Peak]:
    """Return the peak of deciding a video of each length, each in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for minutes in lengths:
        path = long_film(folder, minutes)
        command = [sys.executable, "-c", DOOR, "--home", str(home), "decide", "Garden calendar", "--video", str(path)]
        out.append(peak([*command, "--json"], minutes, {"PRECEPT_MEDIA_SECONDS": "3600"}))
    return out


def _resident(pid: int) -> list[int]:
    """Return the resident bytes of a process and of all below it."""
    found, waiting = [], [pid]
    page = os.sysconf("SC_PAGE_SIZE")
    while waiting:
        one = waiting.pop()
        try:
            found.append(int(Path(f"/proc/{one}/statm").read_text().split()[1]) * page)
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError, IndexError):
            continue
    return found
