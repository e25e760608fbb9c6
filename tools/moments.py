"""Frames of a film at given seconds, inside the sandbox: those that were looked at before, to be looked at again.

Not for the calling process, and it samples nothing: tools.footage does. A frame stands for the seconds until the next.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import BinaryIO

from tools.container import entered, number
from tools.footage import Pick, film, frames, keyed, planned
from tools.inside import Answer, Plain

JITTER = 0.002  # seconds that a time may have lost where it was written down


def moments(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return what footage.frames does for `times`, seconds in rising order; the place of a frame is that of its time.

    Asked: times, side, seconds, cpu.
    """
    times = asked["times"]
    assert isinstance(times, list)
    half: dict[str, Plain] = {name: number(asked, name) / 2 for name in ("seconds", "cpu")}
    plan, seen, value = planned(source, {"count": 1, **half})
    with entered(source) as container:
        stream = film(container)
        rate = number(value, "rate")
        base = float(stream.time_base or 0) or 1.0 / rate
    if plan.mode == "counted":
        picks = [Pick(None, int((t + JITTER) * rate), t) for t in times]
    else:
        stamps = sorted(set(seen.stamps))
        zero = stamps[0] if stamps else 0
        picks = []
        for t in times:
            stamp = zero + int((t + JITTER) / base)
            if plan.mode == "stamped" and stamps:
                stamp = stamps[max(0, bisect_right(stamps, stamp) - 1)]
            picks.append(keyed(seen, stamp, t) if plan.mode == "stamped" else Pick(None, stamp, t))
    wanted: list[Plain] = [list(pick) for pick in picks]
    return frames(source, {"mode": plan.mode, "picks": wanted, "side": number(asked, "side"), **half})
