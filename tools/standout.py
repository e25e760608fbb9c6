"""Of each bin of time the frame that stands out from its time, inside the sandbox. tools.video asks for it.

Not for the calling process, and no judge: sixteen uniform frames see one second of a minute with a chance of one in
four, and what is shown for a second alone is unlike the rest of its time. A frame is held against its own bin and
AROUND bins before and after it: against its own alone, words that fill most of a bin were taken for what is usual, and
the frame without them was chosen. With two, what lasts less than two bins and a half is the minority of its time, and
what lasts two fills a bin whole, so none of it is missed for how long it lasts. All frames that others need are decoded
to stamp-sized pictures, of a long film its key frames alone, which encoders put where a scene changes. Bins that were
not reached in time keep the frame at their middle.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, BinaryIO

from tools.container import Clock, decoded, entered, number, only, peak
from tools.footage import Plan, Scan, film, keyed, planned
from tools.inside import Answer, Plain

WIDTH, HEIGHT = 128, 72
CELL = 8
SHARE = 0.06  # of the cells, those that differ most: about a line of words
A_SECOND = 6.0  # pictures compared; a frame in between shows what its neighbours show
LONG = 5_000  # frames: more take longer to decode than they are worth
FEWEST = 3  # in a bin, to tell what is usual there
AROUND = 2  # bins


def look(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return what footage.look does, each pick moved to the frame of its bin that stands out. Asked: as there."""
    import numpy as np

    clock, count = Clock(asked), int(number(asked, "count"))
    plan, seen, value = planned(source, asked)
    # Frames that are found by number, or whose time stamps were not all read, have no bins of time.
    if plan.mode == "stamped" and len(plan.picks) == count:
        pictures = _pictures(source, clock, seen)
        seconds = [second for _, second, _ in pictures]
        edges = [bisect_left(seconds, edge * plan.duration / count) for edge in range(count + 1)]
        for at in range(count):
            low, high = edges[at], edges[at + 1]
            # Of the bin that the clock stopped in not all was seen.
            if high - low >= FEWEST and (high < len(pictures) or not clock.out):
                first, last = edges[max(0, at - AROUND)], edges[min(count, at + 1 + AROUND)]
                cells = np.stack([measured for _, _, measured in pictures[first:last]])
                stamp, second, _ = pictures[low + standing(cells, low - first, high - first)]
                plan.picks[at] = keyed(seen, stamp, second)
        value |= Plan(plan.mode, sorted(plan.picks, key=lambda pick: pick.stamp), plan.duration).told()
    return Answer(value | {"peak": peak()})


def standing(cells: Any, low: int = 0, high: int | None = None) -> int:
    """Return which of the measured pictures [pictures, cells] is least like the median of all, the middle of equals.

    Only those from `low` to `high` (exclusive) are chosen from, and it is counted from `low`.
    """
    import numpy as np

    away = np.abs(cells[low:high] - np.median(cells, axis=0))
    most = max(1, round(SHARE * away.shape[1]))
    far = np.sort(away, axis=1)[:, -most:].mean(axis=1)
    best = np.flatnonzero(far >= far.max() - 1e-9)
    return int(best[len(best) // 2])


def _pictures(source: BinaryIO, clock: Clock, seen: Scan) -> list[tuple[int, float, Any]]:
    """Return (time stamp, seconds, measurements) of frames, A_SECOND at most, from the start as far as time lasts."""
    found: list[tuple[int, float, Any]] = []
    zero = min(seen.stamps)
    with entered(source) as container:
        stream = film(container)
        base = float(stream.time_base or 0)
        only(container, [stream])
        stream.codec_context.skip_frame = "NONKEY" if seen.packets > LONG else "NONREF"
        for frame in decoded(container, stream, clock):
            if frame is not None and frame.pts is not None and base:
                second = (frame.pts - zero) * base
                if second >= 0 and (not found or second - found[-1][1] >= 1 / A_SECOND):
                    found.append((frame.pts, second, _measured(frame)))
    return found


def _measured(frame: Any) -> Any:
    """Return mean and deviation of the brightness of each cell: letters change the second more than the first."""
    import numpy as np

    grey = frame.reformat(width=WIDTH, height=HEIGHT, format="gray", interpolation="AREA").to_ndarray()
    cells = grey.reshape(HEIGHT // CELL, CELL, WIDTH // CELL, CELL).astype(np.float32)
    return np.concatenate([cells.mean(axis=(1, 3)).ravel(), cells.std(axis=(1, 3)).ravel()])
