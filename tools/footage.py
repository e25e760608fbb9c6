"""Frames of a video, inside the sandbox: first look which ones to take, then take them. tools.video asks for both.

Not for the calling process. Which frames is decided from the time stamps of all packets, read without decoding: so a
duration that the file lies about decides nothing, a variable frame rate is seen as it is shown, and only the way from
the key frame before each pick is decoded. Both functions watch their clock and give what they have when it runs out.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from tools.container import Clock, Goal, claimed, covers, decoded, described, entered, number, only, packets, peak
from tools.inside import Answer, Plain, Refused

MAX_PIXELS = 40_000_000
MAX_PACKETS = 3_000_000
WIDEST = 4.0  # of a pixel, width to height, where the file asks for pixels that are not square
DOUBLED = 0.9  # with fewer distinct time stamps a packet than this, time stamps are no use


class Scan(NamedTuple):
    """The time stamps of a stream's packets and of its key frames, the packets' number, and whether all were read."""

    stamps: "array[int]"
    keys: "array[int]"
    packets: int
    whole: bool


class Pick(NamedTuple):
    """A frame to take: the key frame to start from (None: unknown), its time stamp, or its number, and its second."""

    key: int | None
    stamp: int
    seconds: float


class Plan(NamedTuple):
    """Which frames to take: "stamped" by time stamp, "claimed" as near to it as there is, "counted" by number."""

    mode: str
    picks: list[Pick]
    duration: float

    def told(self) -> dict[str, Plain]:
        """Return it as plain values."""
        return {"mode": self.mode, "picks": [list(pick) for pick in self.picks], "duration": self.duration}


def look(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return what the container says and holds, and a Plan of `count` frames. Asked: count, seconds, cpu."""
    _, _, value = planned(source, asked)
    return Answer(value | {"peak": peak()})


def planned(source: BinaryIO, asked: Mapping[str, Plain]) -> tuple[Plan, Scan, dict[str, Plain]]:
    """Return the plan, the scan that it was made from, and both as `look` tells them."""
    clock, count = Clock(asked), int(number(asked, "count"))
    with entered(source) as container:
        stream = film(container)
        rate, says = _rate(stream), claimed(container, stream)
        base = float(stream.time_base or 0) or 1.0 / rate
        seen = _scan(container, stream, clock)
        if not seen.packets:
            raise Refused("unreadable", "its film holds no frame; the file is damaged or has no length")
        plan = _plan(seen, count, base, rate, says)
        value = plan.told() | {"claimed": says, "whole": seen.whole, "rate": rate, "streams": described(container)}
    return plan, seen, value


def frames(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return the picked frames as RGB bytes, at most `side` pixels wide and high, turned as they are shown.

    The value tells [place in picks, seconds, height, width, shown width, shown height] of each. Asked: mode, picks,
    side, seconds, cpu.
    """
    clock, side, given = Clock(asked), int(number(asked, "side")), asked["picks"]
    assert isinstance(given, list)
    picks = [Pick(*pick) for pick in given]
    told: list[Plain] = []
    pieces: list[bytes] = []
    with entered(source) as container:
        stream = film(container)
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.codec_context.thread_count = 1  # frames in flight are memory
        base = float(stream.time_base or 0) or 1.0 / _rate(stream)
        only(container, [stream])
        take = _counted if asked["mode"] == "counted" else _stamped
        for place, frame in take(container, stream, picks, clock):
            pixels, shown = _picture(frame, side, stream)
            # Nobody knows what frame stands at a claimed second until it was decoded.
            away = (frame.pts - picks[place].stamp) * base if asked["mode"] == "claimed" else 0.0
            told.append([place, max(0.0, picks[place].seconds + away), *pixels.shape[:2], *shown])
            pieces.append(pixels.tobytes())
        late = clock.out
    return Answer({"frames": told, "late": late, "peak": peak()}, pieces)


def spread(seconds: Sequence[float], count: int, end: float) -> list[int]:
    """Return places of `count` frames, uniform in time: of each bin of time the frame that is shown at its middle.

    Where several bins show one frame, places uniform in number fill up: one wild time stamp hides nothing.

    >>> spread([0.0, 1.0, 2.0, 3.0], 2, 4.0), spread([0.0, 1.0, 9e9], 3, 9e9)
    ([1, 3], [0, 1, 2])
    """
    most = min(count, len(seconds))
    chosen = {max(0, bisect_right(seconds, (at + 0.5) * end / count) - 1) for at in range(count)}
    for place in (*(int((at + 0.5) * len(seconds) / count) for at in range(count)), *range(most)):
        if len(chosen) >= most:
            break
        chosen.add(place)
    return sorted(chosen)


def film(container: Any) -> Any:
    """Return the picture stream that a player shows; raise Refused for none, none that decodes, and huge frames."""
    films = [stream for stream in container.streams.video if not covers(stream)]
    if not films:
        kinds = ", ".join(sorted({str(stream.type) for stream in container.streams})) or "nothing"
        raise Refused("unknown_format", f"it holds no moving picture, but {kinds}; give sound as sound")
    known = [stream for stream in films if stream.codec_context is not None]
    if not known:
        raise Refused("unknown_format", "no decoder knows its pictures; give it as H.264, VP9 or AV1")
    stream = next((s for s in known if s.disposition & 1), known[0])
    pixels = stream.codec_context.width * stream.codec_context.height
    if pixels > MAX_PIXELS:
        raise Refused("too_large", f"a frame has {pixels} pixels, {MAX_PIXELS} are read at most; give a smaller video")
    return stream


def _rate(stream: Any) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if 0.01 <= rate <= 1000 else 25.0


def _scan(container: Any, stream: Any, clock: Clock) -> Scan:
    stamps, keys, read = array("q"), array("q"), 0
    only(container, [stream])
    for packet in packets(container, [stream]):
        if not packet.size:
            continue
        read += 1
        if packet.pts is not None and not packet.is_discard:
            stamps.append(packet.pts)
        if packet.pts is not None and packet.is_keyframe:
            keys.append(packet.pts)
        if read >= MAX_PACKETS or (not read % 1024 and clock.out):
            return Scan(stamps, keys, read, False)
    return Scan(stamps, keys, read, True)


def _plan(seen: Scan, count: int, base: float, rate: float, says: float) -> Plan:
    ordered = sorted(set(seen.stamps))
    if seen.whole and len(ordered) < DOUBLED * seen.packets:
        end = seen.packets / rate
        places = spread([n / rate for n in range(seen.packets)], count, end)
        return Plan("counted", [Pick(None, place, place / rate) for place in places], end)
    zero = ordered[0] if ordered else 0
    seconds = [(stamp - zero) * base for stamp in ordered]
    last = seconds[-1] if seconds else 0.0
    if not seen.whole:
        end = max(says, last)
        times = [(at + 0.5) * end / count for at in range(count)]
        return Plan("claimed", [Pick(None, zero + int(t / base), t) for t in times], end)
    end = last + (last / (len(seconds) - 1) if len(seconds) > 1 else 1 / rate)
    picks = [keyed(seen, ordered[place], seconds[place]) for place in spread(seconds, count, end)]
    return Plan("stamped", picks, end)


def keyed(seen: Scan, stamp: int, seconds: float) -> Pick:
    """Return the pick of a time stamp, with the key frame before it."""
    return Pick(max((key for key in seen.keys if key <= stamp), default=None), stamp, seconds)


def _counted(container: Any, stream: Any, picks: Sequence[Pick], clock: Clock) -> Iterator[tuple[int, Any]]:
    wanted = {pick.stamp: place for place, pick in enumerate(picks)}
    number = 0
    for frame in decoded(container, stream, clock):
        if frame is not None and number in wanted:
            yield wanted[number], frame
        number += 1
        if number > max(wanted):
            return


def _stamped(container: Any, stream: Any, picks: Sequence[Pick], clock: Clock) -> Iterator[tuple[int, Any]]:
    import av

    source: Iterator[Any] = iter(())
    at: int | None = None
    given: int | None = None
    goal = Goal()
    for place, pick in enumerate(picks):
        if clock.out:
            return
        goal.stamp = pick.stamp
        if at is None or pick.key is None or pick.key > at:
            try:
                container.seek(pick.stamp if pick.key is None else pick.key, stream=stream, backward=True)
            except (av.error.FFmpegError, ValueError, OverflowError):
                pass  # a file that cannot be sought in is read on from where it stands
            source = decoded(container, stream, clock, goal)
        found: Any = None
        for frame in source:
            if frame is not None and frame.pts is not None:
                found, at = frame, frame.pts
                if frame.pts >= pick.stamp:
                    break
        if found is not None and found.pts != given:
            given = found.pts
            yield place, found


def _picture(frame: Any, side: int, stream: Any) -> tuple[Any, tuple[int, int]]:
    """Return a frame as RGB [height, width, 3] as it is shown, and the width and height that it is shown at."""
    import numpy as np

    if frame.width * frame.height > MAX_PIXELS:
        raise Refused("too_large", f"a frame has {frame.width}x{frame.height} pixels; give a smaller video")
    aspect = min(WIDEST, max(1 / WIDEST, float(stream.sample_aspect_ratio or 1) or 1.0))
    wide, high = (frame.width * aspect, frame.height) if aspect >= 1 else (frame.width, frame.height / aspect)
    share = min(1.0, side / max(wide, high))
    width, height = max(1, round(wide * share)), max(1, round(high * share))
    pixels = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA").to_ndarray()
    turns = round((frame.rotation or 0) / 90) % 4
    shown = (round(wide), round(high)) if turns % 2 == 0 else (round(high), round(wide))
    return np.ascontiguousarray(np.rot90(pixels, turns)), shown
