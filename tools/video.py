"""Frames and sound of a video file whose maker nobody vouches for. Not what they show: no text is read, nothing judged.

All decoding is done in the sandbox, a few frames a call: memory does not grow with the length of a film, and a spot
that the decoder breaks on costs its few frames alone. A short film is taken in one call first, as a start of the
sandbox costs more than its frames. What was not seen of a file is in `gaps`, and they forbid an
automatic allow: a film that is cut off, longer than asked for, or has a second film inside.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from cases.model import Fact
from cases.observation import Trouble, Unseen
from tools.sandbox import MIB, Answer, Failed, Limits, Plain, run
from tools.source import opened

Picture = NDArray[np.uint8]
Samples = NDArray[np.float32]
Progress = Callable[[float], None]

COUNT = 16
SIDE = 1280
BATCH = 4  # frames a call at least
CALLS = 4  # a film at most, beside the first look
SHORT = 120.0  # seconds up to which all frames are asked for in one call first
RATE = 16_000
LONGEST = 3600.0
MOST_SOUND = 600.0
DECODING = Limits(seconds=120.0, cpu_seconds=90, memory=2048 * MIB, answer=256 * MIB)
SPARE = 0.85  # of its limits after which a worker gives what it has, so that it is not killed with it
SHORTER = 0.9
CELLS = 4
LOUDEST_CELLS = 4
LEVELS = 16


class Stream(Fact):
    """One stream of a file; `kind` "cover" is a still that no player shows as its film."""

    kind: str
    codec: str
    language: str = ""
    decodes: bool = True


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame [height, width, 3] in RGB as it is shown; `index` is its place in the sample, from 0."""

    index: int
    seconds: float
    rgb: Picture


class Frames(NamedTuple):
    """Frames in order of time, and the film that they are of: seconds, (width, height) as shown, frames a second.

    `gaps` are what of it was not seen. `peak` is the resident memory of the decoding process in bytes.
    """

    items: tuple[Frame, ...]
    duration: float
    size: tuple[int, int]
    fps: float
    streams: tuple[Stream, ...]
    gaps: tuple[Unseen, ...] = ()
    peak: int = 0


class Sound(NamedTuple):
    """A sound track as one channel of `rate` samples a second in [-1, 1]; no samples and no `tracks`: a silent film.

    `duration` is what the file says, `gaps` what of it was not heard.
    """

    samples: Samples
    duration: float
    tracks: int
    gaps: tuple[Unseen, ...] = ()
    rate: int = RATE
    peak: int = 0

    @property
    def seconds(self) -> float:
        """Return how long the samples last."""
        return len(self.samples) / self.rate


def sample_frames(
    path: str | Path,
    count: int = COUNT,
    root: str | Path | None = None,
    limits: Limits = DECODING,
    *,
    media: str = "video",
    side: int = SIDE,
    longest: float = LONGEST,
    standing_out: bool = False,
    progress: Progress | None = None,
) -> Frames | Unseen:
    """Return `count` frames uniform in time, fewer where the film has fewer, at most `side` pixels wide and high.

    With `standing_out` each is, of its bin of time, the frame that is least like the others of the bin, as far as half
    of the time allows to decode all: what is shown for one second of a minute is then rarely missed.
    `limits.seconds` is for the whole film. Over `longest` seconds the sample is too thin: it comes, with a gap.
    `progress` is called with the share of frames that is done. Raise ValueError for a count or side below 1.
    """
    if count < 1 or side < 1:
        raise ValueError(f"count {count!r} and side {side!r} must be at least 1")
    file = opened(path, root, media)
    if isinstance(file, Unseen):
        return file
    with file:
        until = time.monotonic() + limits.seconds
        looking = "tools.standout:look" if standing_out else "tools.footage:look"
        seen = run(looking, {"count": count, **_budget(limits, 0.5)}, file, limits)
        if isinstance(seen, Failed):
            return Unseen(media=media, what="frames", why=seen.why, told=seen.told)
        film = cast(Mapping[str, Plain], seen.value)
        picks, mode = cast(list[Plain], film["picks"]), str(film["mode"])
        items: list[Frame] = []
        size, gaps, peak = (0, 0), _film_gaps(film, media, longest), _whole(film["peak"])
        # Frames that are found by their number are counted from the start, so they are taken in one go.
        step = len(picks) if mode == "counted" else max(BATCH, -(-len(picks) // CALLS))
        cut = [picks[first : first + step] for first in range(0, len(picks), step)]
        parts = [picks] if _real(film["duration"]) <= SHORT else cut
        done = 0
        while parts:
            taken = parts.pop(0)
            left = until - time.monotonic()
            asked: dict[str, Plain] = {"mode": mode, "picks": taken, "side": side}
            now = limits._replace(seconds=left)
            got = run("tools.footage:frames", asked | _budget(now), file, now) if left > 1 else _late(limits)
            if isinstance(got, Failed) and len(taken) > step:
                parts = cut
                continue
            if isinstance(got, Failed):
                gaps.append(Unseen(media=media, what="frames", why=got.why, told=got.told))
            else:
                value = cast(Mapping[str, Plain], got.value)
                peak = max(peak, _whole(value["peak"]))
                size = _taken(got, items, done) or size
                if value["late"]:
                    gaps.append(Unseen(media=media, what="frames", why="out_of_time", told=_late(limits).told))
            done += len(taken)
            if progress is not None:
                progress(done / len(picks))
    if not items:
        return (
            gaps[-1] if gaps else Unseen(media=media, what="frames", why="unreadable", told="no frame can be decoded")
        )
    if len(items) < len(picks):
        told = f"{len(picks) - len(items)} of {len(picks)} frames cannot be decoded; the file is damaged or cut off"
        gaps.append(Unseen(media=media, what="frames", why="unreadable", told=told))
    items = [replace(frame, index=place) for place, frame in enumerate(items)]
    streams = tuple(Stream.model_validate(s) for s in cast(list[Plain], film["streams"]))
    return Frames(tuple(items), _real(film["duration"]), size, _real(film["rate"]), streams, tuple(gaps), peak)


def audio(
    path: str | Path,
    root: str | Path | None = None,
    limits: Limits = DECODING,
    *,
    media: str = "video",
    most: float = MOST_SOUND,
) -> Sound | Unseen:
    """Return the first sound track, at most `most` seconds of it; what is longer is a gap, never dropped in silence."""
    file = opened(path, root, media)
    if isinstance(file, Unseen):
        return file
    with file:
        got = run("tools.tracks:sound", {"most": most, **_budget(limits)}, file, limits)
    if isinstance(got, Failed):
        return Unseen(media=media, what="speech", why=got.why, told=got.told)
    value = cast(Mapping[str, Plain], got.value)
    samples = np.frombuffer(got.pieces[0], np.float32)
    tracks, says = _whole(value["tracks"]), _real(value["claimed"])
    gaps: list[Unseen] = []

    def gap(why: Trouble, told: str) -> None:
        gaps.append(Unseen(media=media, what="speech", why=why, told=told))

    if value["cut"] and says > most:
        gap("too_long", f"only the first {most:g} of {says:.0f} s of sound were heard; allow more seconds")
    if value["late"]:
        gap("out_of_time", f"{_late(limits).told}; {len(samples) / RATE:.0f} s of sound were heard")
    elif not value["cut"] and len(samples) / RATE < SHORTER * min(says, most) - 1:
        gap("unreadable", f"says {says:.1f} s of sound, {len(samples) / RATE:.1f} s can be read; the file is cut off")
    if tracks > 1:
        gap("unknown_format", f"{tracks - 1} more sound tracks were not heard; give one file a track")
    return Sound(samples, says, tracks, tuple(gaps), peak=_whole(value["peak"]))


def scene_changes(frames: Sequence[Picture]) -> tuple[float, ...]:
    """Return how unlike its neighbours each frame is, in [0, 1]: 1 for one that has nothing of those beside it.

    A frame is laid out as CELLS x CELLS cells; two frames differ by the earth mover's distance between the histograms
    of each cell (per channel, over LEVELS levels; all black to all white is 1), mean of the LOUDEST_CELLS cells that
    differ most, so that a line of words counts though the rest stands still. A frame's score is the mean over the two
    frames beside it; the first and the last have theirs on one side.

    >>> black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    >>> scene_changes([black, black, white, black])
    (0.5, 0.5, 1.0, 0.5)
    """
    found = [_cumulated(frame) for frame in frames]
    scores = []
    for at, cells in enumerate(found):
        middle = min(max(at, 1), len(found) - 2)
        beside = [found[place] for place in range(max(0, middle - 1), middle + 2) if place != at and place < len(found)]
        scores.append(min(1.0, float(np.mean([_away(cells, other) for other in beside]))) if beside else 0.0)
    return tuple(scores)


def _away(cells: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    moved = np.abs(cells - others).sum(axis=-1).mean(axis=0) / (LEVELS - 1)
    return float(np.sort(moved)[-LOUDEST_CELLS:].mean())


def _cumulated(frame: Picture) -> NDArray[np.float64]:
    """Return the cumulated histogram of every channel and cell, [3, cells, levels], each ending with 1."""
    height, width = frame.shape[:2]
    small = frame[:: max(1, height // 144), :: max(1, width // 256)]
    rows = np.arange(small.shape[0]) * CELLS // small.shape[0]
    columns = np.arange(small.shape[1]) * CELLS // small.shape[1]
    cell = (rows[:, None] * CELLS + columns[None, :])[..., None] * 3 + np.arange(3)
    places = (cell * LEVELS + small.astype(np.int64) * LEVELS // 256).ravel()
    counts = np.bincount(places, minlength=CELLS * CELLS * 3 * LEVELS).reshape(CELLS * CELLS, 3, LEVELS)
    shares = counts / np.maximum(1, counts.sum(axis=-1, keepdims=True))
    return np.cumsum(shares, axis=-1).transpose(1, 0, 2)


def _film_gaps(film: Mapping[str, Plain], media: str, longest: float) -> list[Unseen]:
    says, lasts = _real(film["claimed"]), _real(film["duration"])
    streams = [cast(Mapping[str, Plain], s) for s in cast(list[Plain], film["streams"])]
    found: list[tuple[Literal["frames", "picture"], Trouble, str]] = []
    if lasts > longest:
        told = f"is {lasts:.0f} s long, and a sample stands for {longest:.0f} s at most; cut it or allow more"
        found.append(("frames", "too_long", told))
    if film["whole"] and lasts < SHORTER * says - 1:
        told = f"says that it lasts {says:.1f} s, frames end at {lasts:.1f} s; the file is cut off or lies"
        found.append(("frames", "unreadable", told))
    more = sum(s["kind"] == "video" for s in streams) - 1
    if more:
        found.append(("frames", "unknown_format", f"{more} more films inside were not seen; give one film a file"))
    if any(s["kind"] == "cover" for s in streams):
        found.append(("picture", "unknown_format", "its cover picture was not seen; give it as a picture"))
    return [Unseen(media=media, what=what, why=why, told=told) for what, why, told in found]


def _taken(got: Answer, items: list[Frame], first: int) -> tuple[int, int] | None:
    """Append what came; return the size that the film is shown at."""
    size = None
    told = cast(list[list[float]], cast(Mapping[str, Plain], got.value)["frames"])
    for (place, seconds, height, width, wide, high), piece in zip(told, got.pieces, strict=True):
        rgb = np.frombuffer(piece, np.uint8).reshape(int(height), int(width), 3)
        if not items or seconds > items[-1].seconds:
            items.append(Frame(first + int(place), float(seconds), rgb))
        size = int(wide), int(high)
    return size


def _budget(limits: Limits, share: float = 1.0) -> dict[str, Plain]:
    return {"seconds": limits.seconds * SPARE * share, "cpu": limits.cpu_seconds * SPARE * share}


def _late(limits: Limits) -> Failed:
    return Failed("out_of_time", f"took longer than {limits.seconds:g} s; give a shorter video or more time")


def _real(value: Plain) -> float:
    return float(cast(float, value))


def _whole(value: Plain) -> int:
    return int(cast(int, value))
