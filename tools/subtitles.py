"""Subtitles of a video as observations: streams inside the file, and `.srt` and `.vtt` files of its name beside it.

Not a transcript: what they say need not be what is spoken, and a viewer may have them off. Words are never dropped for
a broken time: they come without one. A sidecar is parsed here, in one pass over bounded text; a stream in the sandbox.
"""

import html
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from cases.observation import Locator, Observation, Trouble, Unseen
from tools.sandbox import MIB, Failed, Limits, Plain, run
from tools.source import opened

ENDINGS = (".srt", ".vtt")
MAX_SIDECARS = 8
MAX_BYTES = 2 * MIB
MAX_CUES = 5_000
MAX_CUE = 2_000
MAX_SECONDS = 360_000.0
GUESSED = 0.7  # confidence in words whose encoding had to be guessed
VERSION = "1"
READING = Limits(seconds=60.0, cpu_seconds=45, memory=1024 * MIB, answer=32 * MIB)
SPARE = 0.85

_TIMES = re.compile(r"^\s*(\S{1,24})\s+-->\s+(\S{1,24})")
_TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")


class Cue(NamedTuple):
    """Words, and when they are shown in seconds; None where the file gives no time that can be."""

    start: float | None
    end: float | None
    text: str


class Subtitles(NamedTuple):
    """What was read, in order of time within each source, and what was not."""

    observations: tuple[Observation, ...]
    gaps: tuple[Unseen, ...] = ()


def subtitles(
    path: str | Path, media: str = "video", root: str | Path | None = None, limits: Limits = READING
) -> Subtitles:
    """Return all subtitles of a video file: its own streams first, then its sidecars in order of their names.

    A sidecar is named as the video but for the ending, or with a language between: `film.srt`, `film.en.vtt`.
    """
    video = Path(path)
    found, gaps = _inside(path, media, root, limits)
    cues = [(cue, "pyav", _version(), 1.0) for cue in found]
    beside = sidecars(path)
    if len(beside) > MAX_SIDECARS:
        told = f"{len(beside)} subtitle files lie beside it, {MAX_SIDECARS} are read; leave the others out"
        gaps.append(Unseen(media=media, what="words", why="too_large", told=told))
    for sidecar in beside[:MAX_SIDECARS]:
        read = read_sidecar(sidecar, media, video.parent if root is None else root)
        gaps += read.gaps
        cues += [(cue, f"sidecar {sidecar.suffix.lower()}", VERSION, read.confidence) for cue in read.cues]
    observations = tuple(
        Observation(
            id=f"{media}.s{place}", media=media, kind="subtitle", locator=Locator(start=cue.start, end=cue.end),
            text=cue.text, confidence=sure, tool=tool, version=version,
        )
        for place, (cue, tool, version, sure) in enumerate(cues)
    )  # fmt: skip
    return Subtitles(observations, tuple(gaps))


def sidecars(path: str | Path) -> tuple[Path, ...]:
    """Return the subtitle files that belong to a video, in order of their names."""
    video = Path(path)
    try:
        beside = sorted(
            other for other in video.parent.iterdir()
            if other.suffix.lower() in ENDINGS and (other.stem == video.stem or other.stem.startswith(f"{video.stem}."))
        )  # fmt: skip
    except (OSError, ValueError):
        return ()
    return tuple(beside)


class Sidecar(NamedTuple):
    """The cues of a sidecar, how sure its encoding is in [0, 1], and what of it was not read."""

    cues: tuple[Cue, ...]
    confidence: float = 1.0
    gaps: tuple[Unseen, ...] = ()


def read_sidecar(path: Path, media: str, root: str | Path | None = None) -> Sidecar:
    """Return the cues of an `.srt` or `.vtt` file; of a huge one its first MAX_BYTES, with a gap."""

    def gap(why: Trouble, told: str) -> Unseen:
        return Unseen(media=media, what="words", why=why, told=f"subtitles {path.name[:100]!r}: {told}")

    file = opened(path, root, media)
    if isinstance(file, Unseen):
        return Sidecar((), gaps=(gap(file.why, file.told),))
    with file:
        body = file.read(MAX_BYTES + 1)
    gaps: list[Unseen] = []
    if len(body) > MAX_BYTES:
        gaps.append(gap("too_large", f"only the first {MAX_BYTES} bytes were read; give a smaller file"))
    text, sure = _text(body[:MAX_BYTES])
    if text is None:
        return Sidecar((), gaps=(*gaps, gap("unreadable", "is no text; give it as UTF-8")))
    cues: list[Cue] = []
    for cue in parsed(text):
        if len(cues) == MAX_CUES:
            gaps.append(gap("too_long", f"only the first {MAX_CUES} cues were read; give a shorter file"))
            break
        if len(cue.text) > MAX_CUE:
            gaps.append(gap("too_long", f"a cue of {len(cue.text)} characters was cut to {MAX_CUE}; split it"))
        cues.append(cue._replace(text=cue.text[:MAX_CUE]))
    if not cues and not gaps:
        gaps.append(gap("unreadable", "no cue can be found; give SubRip or WebVTT"))
    cues.sort(key=lambda cue: math.inf if cue.start is None else cue.start)
    return Sidecar(tuple(cues), sure, tuple(gaps))


def parsed(text: str) -> Iterator[Cue]:
    """Yield the cues of SubRip or WebVTT text, without tags; notes and styles, which nobody is shown, are left out.

    >>> list(parsed("WEBVTT\\n\\n0:01.5 --> 0:03\\n<i>Hello</i>\\nyou\\n\\nNOTE no\\n\\n0:05 --> NaN\\nBye"))
    [Cue(start=1.5, end=3.0, text='Hello\\nyou'), Cue(start=5.0, end=None, text='Bye')]
    """
    times: tuple[float | None, float | None] | None = None
    said: list[str] = []
    web = text.lstrip("\ufeff \n").startswith("WEBVTT")
    for line in [*text.splitlines(), "", "x --> x"]:
        found = _TIMES.match(line[:200]) if "-->" in line else None
        if not found:
            if times is not None:
                said.append(line)
            continue
        if times is not None:
            if said and said[-1].strip().isdigit():  # the number of the cue that begins here
                said.pop()
            if words := _shown(said, web):
                yield Cue(*times, words)
        start, end = _seconds(found[1]), _seconds(found[2])
        times = (start, end if start is None or end is None or end >= start else None)
        said = []


def _shown(lines: list[str], web: bool) -> str:
    """Return the words of a cue; in WebVTT, not a block after it that opens with NOTE, STYLE or REGION."""
    kept: list[str] = []
    fresh = hidden = False
    for line in lines:
        if not line.strip():
            fresh, hidden = True, False
            continue
        if web and fresh and line.startswith(("NOTE", "STYLE", "REGION")):
            hidden = True
        fresh = False
        if not hidden:
            kept.append(line)
    return _plain("\n".join(kept))


def _seconds(stamp: str) -> float | None:
    """Return "1:02:03,5", "02:03.5" or "3.5" in seconds; None for what is no time or past MAX_SECONDS.

    >>> _seconds("01:00:02,250"), _seconds("1:02.5"), _seconds("-1:00"), _seconds("nan"), _seconds("9" * 24)
    (3602.25, 62.5, None, None, None)
    """
    parts = stamp.replace(",", ".").split(":")
    if len(parts) > 3 or not all(re.fullmatch(r"[0-9]+(\.[0-9]*)?", part) for part in parts):
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return total if total <= MAX_SECONDS else None


def _text(body: bytes) -> tuple[str | None, float]:
    """Return the text and how sure its encoding is; None for bytes that are no text."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            return body.decode(name, "replace"), 1.0
    nulls = body.count(0)
    if nulls > len(body) // 4:  # half of the bytes of Latin text in UTF-16 are zero
        name = "utf-16-le" if body[1::2].count(0) > body[::2].count(0) else "utf-16-be"
        text = body.decode(name, "replace")
        return (text, GUESSED) if "-->" in text else (None, 0.0)
    if nulls > 16:
        return None, 0.0
    try:
        return body.decode(), 1.0
    except UnicodeDecodeError as error:
        # A file that was cut at MAX_BYTES may end within a letter.
        if error.start >= len(body) - 4:
            return body[: error.start].decode(), 1.0
        return body.decode("cp1252", "replace"), GUESSED


def _inside(path: str | Path, media: str, root: str | Path | None, limits: Limits) -> tuple[list[Cue], list[Unseen]]:
    gaps: list[Unseen] = []

    def gap(why: Trouble, told: str) -> None:
        gaps.append(Unseen(media=media, what="words", why=why, told=f"subtitle streams: {told}"))

    file = opened(path, root, media)
    if isinstance(file, Unseen):
        return [], [file]
    with file:
        asked: dict[str, Plain] = {"seconds": limits.seconds * SPARE, "cpu": limits.cpu_seconds * SPARE}
        got = run("tools.tracks:subtitles", asked, file, limits)
    if isinstance(got, Failed):
        gap(got.why, got.told)
        return [], gaps
    value = cast(Mapping[str, Plain], got.value)
    cues: list[Cue] = []
    for _, start, end, text in cast(list[tuple[int, float | None, float | None, str]], value["cues"]):
        begins, ends = _sane(start), _sane(end)
        cues.append(Cue(begins, ends if begins is None or ends is None or ends >= begins else None, _plain(text)))
    if value["drawn"]:
        gap("unknown_format", f"{value['drawn']} are pictures of words; have the frames read that show them")
    if value["unknown"]:
        gap("unknown_format", f"no decoder knows {value['unknown']} of {value['streams']}; give them as SubRip")
    if value["broken"]:
        gap("unreadable", f"{value['broken']} packets are damaged; give the whole file")
    if value["full"] or value["late"]:
        why: Trouble = "out_of_time" if value["late"] else "too_long"
        gap(why, f"only the first {len(cues)} cues were read; give a shorter file")
    return [cue for cue in cues if cue.text], gaps


def _plain(text: str) -> str:
    """Return a cue's words without the tags that style them."""
    lines = (html.unescape(_TAG.sub("", line)).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _sane(seconds: float | None) -> float | None:
    if seconds is None or not math.isfinite(seconds) or seconds > MAX_SECONDS:
        return None
    return max(0.0, seconds)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("av")
    except PackageNotFoundError:
        return "none"
