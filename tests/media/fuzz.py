"""Fuzzes the door of the decoders: `python -m tests.media.fuzz --seconds 600 [--videos]`. Fails on a leak or a fault.

Every file is one of the drawings or films in one of the formats, with bytes changed, cut out, doubled or taken from
another. What comes back must be typed, within the limits of the sandbox; no process, file or memory may stay behind.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

from cases.observation import Unseen
from tests.media.pictures import BLACK, Style, animation, clear, encoded, ground, meme, upright, words
from tests.media.videos import Cue, Film, Words, made, tone
from tools.pictures import PictureLimits, decode_picture
from tools.sandbox import Limits
from tools.subtitles import subtitles
from tools.video import audio, sample_frames

LIMITS = PictureLimits(sandbox=Limits(seconds=5.0, cpu_seconds=3, memory=1024 * 1024**2))


def seeds() -> list[bytes]:
    """Return whole files to start from: every format, still and moving, with and without transparency."""
    line, picture = words("Meet us at nine", Style(size=14)), meme("ABOVE", "BELOW", 160)
    still = [encoded(one, form) for one in (line, picture) for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")]
    moving = [animation([line, ground(*line.size, "noise"), line], form) for form in ("GIF", "WEBP", "PNG", "AVIF")]
    more = [encoded(line, "AVIF"), encoded(clear("on nothing", BLACK, 14)), upright(line, 6)]
    more += [encoded(line, "TIFF", compression=name) for name in ("tiff_lzw", "jpeg", "tiff_deflate")]
    more += [encoded(line.convert("1"), "TIFF", compression="group4"), encoded(line, "JPEG", progressive=True)]
    return still + moving + more


def films() -> list[bytes]:
    """Return whole videos to start from, with sound and subtitles."""
    film = Film(
        2, fps=8, size=(96, 64), words=(Words("now", 0.5, 1.5, 14),), cues=(Cue("hello", 0.2, 1.2),), sound=tone(2)
    )
    with tempfile.TemporaryDirectory() as folder:
        return [
            made(Path(folder) / name, one).read_bytes()
            for name, one in (
                ("a.mp4", film), ("a.mkv", film), ("b.mkv", film._replace(gop=1, cuts=(1.0,))),
                ("c.mkv", film._replace(times=tuple(0.1 * n**1.5 for n in range(16)), sound=None, cues=())),
            )
        ]  # fmt: skip


def watched(path: Path) -> tuple[str, ...]:
    """Look at a video file in every way; return what came of each, typed."""
    frames = sample_frames(path, 4, limits=LIMITS.sandbox, standing_out=True)
    heard, said = audio(path, limits=LIMITS.sandbox), subtitles(path, limits=LIMITS.sandbox)
    gaps = [frames] if isinstance(frames, Unseen) else list(frames.gaps)
    gaps += [heard] if isinstance(heard, Unseen) else heard.gaps
    return tuple(f"{gap.why}{', a fault of ours' * ('fault of precept' in gap.told)}" for gap in (*gaps, *said.gaps))


def damaged(rng: random.Random, files: list[bytes]) -> bytes:
    """Return one of the files, changed."""
    data = bytearray(rng.choice(files))
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        at, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 64, 1000))
        act = rng.randrange(6)
        if act <= 1 and at < len(data):
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif act == 2:
            del data[at : at + size]
        elif act == 3:
            data[at:at] = data[at : at + size]
        elif act == 4:
            data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\xff\xff"))
        else:
            other = rng.choice(files)
            data[at : at + size] = other[at : at + size]
        if not data:
            break
    return bytes(data)


def fuzz_videos(seconds: float, rng: random.Random, path: Path) -> None:
    """Fuzz the video decoders for a time and print what came back."""
    files, seen = films(), Counter[str]()
    for data in files:
        path.write_bytes(data)
        assert not watched(path), "a video that is whole was not seen"
    end, longest, count = time.monotonic() + seconds, 0.0, 0
    before = (len(os.listdir("/proc/self/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    while time.monotonic() < end:
        start = time.monotonic()
        path.write_bytes(damaged(rng, files))
        seen.update(watched(path) or ("seen",))
        count, longest = count + 1, max(longest, time.monotonic() - start)
    after = (len(os.listdir("/proc/self/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    left = [task for task in Path("/proc/self/task").glob("*/children") if task.read_text().strip()]
    print(f"{count} videos: {dict(seen.most_common())}; the longest took {longest:.2f} s")
    print(f"open files {before[0]} -> {after[0]}, peak memory {before[1] // 1024} -> {after[1] // 1024} MiB")
    assert not any("fault of ours" in what for what in seen), "a fault of our own"
    assert not left and after[0] <= before[0] and after[1] - before[1] < 64 * 1024, "something stayed behind"


def main() -> None:
    """Fuzz for a time and print what came back."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--videos", action="store_true")
    asked = options.parse_args()
    if asked.videos:
        with tempfile.TemporaryDirectory() as folder:
            fuzz_videos(asked.seconds, random.Random(asked.seed), Path(folder) / "film.mkv")
        return
    rng, files, seen = random.Random(asked.seed), seeds(), Counter[str]()
    whole = [decode_picture(data, LIMITS) for data in files]
    assert not any(isinstance(one, Unseen) or one.gaps for one in whole), "a file that is whole was not seen"
    end, longest = time.monotonic() + asked.seconds, 0.0
    before = (len(os.listdir("/proc/self/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    while time.monotonic() < end:
        start = time.monotonic()
        got = decode_picture(damaged(rng, files), LIMITS)
        longest = max(longest, time.monotonic() - start)
        seen[got.why if isinstance(got, Unseen) else "seen with a gap" if got.gaps else "seen"] += 1
        if isinstance(got, Unseen) and "broke off" in got.told:
            seen["of those, crashes"] += 1
    after = (len(os.listdir("/proc/self/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    left = [task for task in Path("/proc/self/task").glob("*/children") if task.read_text().strip()]
    print(f"{sum(seen.values())} files: {dict(seen.most_common())}; the longest took {longest:.2f} s")
    print(f"open files {before[0]} -> {after[0]}, peak memory {before[1] // 1024} -> {after[1] // 1024} MiB")
    assert not left and after[0] <= before[0] and after[1] - before[1] < 64 * 1024, "something stayed behind"


if __name__ == "__main__":
    main()
