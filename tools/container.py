"""A container of pictures, sound and subtitles, opened with PyAV inside the sandbox: streams, packets, frames, a clock.

Not for the calling process. No protocol but the open file is allowed, and only containers that hold their own data, so
that a playlist cannot make it read another file or a network. What is broken is skipped up to a bound, then left.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from tools.inside import Plain, Refused

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,av1,obu,ivf,flv,asf,ogg,rm,nut,mxf,dv,"
    "gif,apng,mjpeg,wav,w64,aiff,au,mp3,aac,ac3,eac3,flac,amr,caf,ape,wv,tta"
)
MARKS = (b"ftyp", b"moov", b"mdat", b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"FLV\x01", b"ID3", b"fLaC", b"GIF8")
MAX_BROKEN = 2_000


class Clock:
    """Time that a function may still use: wall and CPU seconds from now on, whichever runs out first."""

    def __init__(self, asked: Mapping[str, Plain]) -> None:
        self._wall = time.monotonic() + number(asked, "seconds")
        self._cpu = time.process_time() + number(asked, "cpu")

    @property
    def out(self) -> bool:
        """Return whether it is time to give back what there is."""
        return time.monotonic() > self._wall or time.process_time() > self._cpu


def number(asked: Mapping[str, Plain], name: str) -> float:
    """Return a number that the caller asked with; raise TypeError for anything else."""
    value = asked[name]
    if not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}, a number is expected")
    return float(value)


def entered(source: BinaryIO) -> Any:
    """Return the open container; close it when done. Raise Refused for what is none."""
    import av

    av.logging.set_level(None)
    head = os.pread(source.fileno(), 64, 0)
    os.lseek(source.fileno(), 0, os.SEEK_SET)  # FFmpeg reads on from where the descriptor stands
    options = {"fd": str(source.fileno()), "protocol_whitelist": "fd", "format_whitelist": CONTAINERS}
    try:
        return av.open("fd:", options=options, metadata_errors="replace")
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError):
        if any(mark in head for mark in MARKS):
            raise Refused("unreadable", "its container is damaged or cut off; give the whole file") from None
        raise Refused("unknown_format", "it is no video or sound file that is known; give MP4, WebM or MKV") from None


def only(container: Any, kept: Sequence[Any]) -> None:
    """Let the container skip the packets of all other streams."""
    from av.stream import Discard

    for stream in container.streams:
        stream.discard = Discard.default if stream in kept else Discard.all


def packets(container: Any, streams: Sequence[Any]) -> Iterator[Any]:
    """Yield the packets of the streams until the file ends or breaks off; the last ones are empty."""
    import av

    found = container.demux(list(streams))
    while True:
        try:
            packet = next(found)
        except StopIteration:
            return
        except MemoryError:
            raise
        except (av.error.FFmpegError, ValueError):
            return
        yield packet


class Goal:
    """The time stamp that a decoder is on its way to: frames before it that no other frame needs are not decoded."""

    stamp: int | None = None


def decoded(container: Any, stream: Any, clock: Clock, goal: Goal | None = None) -> Iterator[Any]:
    """Yield frames from where the container stands, None for a packet that is broken; end with the clock."""
    import av

    broken = 0
    for packet in packets(container, [stream]):
        if clock.out or broken > MAX_BROKEN:
            return
        if goal is not None:
            early = goal.stamp is not None and packet.pts is not None and packet.pts < goal.stamp
            stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
        try:
            found = packet.decode()
        except MemoryError:
            raise
        except (av.error.FFmpegError, ValueError, EOFError):
            broken += 1
            yield None
            continue
        yield from found


def claimed(container: Any, stream: Any) -> float:
    """Return how many seconds the file says that the stream has; 0 where it says nothing of use."""
    if stream.duration and stream.time_base and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    return max(0.0, (container.duration or 0) / 1_000_000)


def covers(stream: Any) -> bool:
    """Return whether a picture stream is the file's cover: a still that no player shows as its film."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def described(container: Any) -> list[Plain]:
    """Return kind, codec, language of every stream, and whether a decoder knows it."""
    told: list[Plain] = []
    for stream in container.streams:
        context = stream.codec_context
        told.append(
            {
                "kind": "cover" if stream.type == "video" and covers(stream) else str(stream.type),
                "codec": str(context.name) if context is not None else "unknown",
                "language": (stream.language or "")[:16],
                "decodes": context is not None,
            }
        )
    return told


def peak() -> int:
    """Return the peak resident memory of this process in bytes, 0 where the system does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next((int(row.split()[1]) << 10 for row in status if row.startswith("VmHWM")), 0)
    except OSError:
        return 0
