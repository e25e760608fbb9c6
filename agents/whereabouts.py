"""Where in a file something is, in words that a person can follow. Not what it is."""

from collections.abc import Sequence

from cases.observation import Box, Locator


def whereabouts(at: Locator) -> str:
    """Return a place in words: shares of width and height, frame, seconds; "" where nothing is known.

    >>> from cases.observation import Box
    >>> whereabouts(Locator(frame=3, start=1.5, box=Box(x=0.1, y=0.2, width=0.3, height=0.4)))
    '10%-40% across and 20%-60% down of frame 3 at 1.5 s'
    """
    out = [region([at.box])] if at.box is not None else []
    if at.frame:
        out.append(f"of frame {at.frame}" if out else f"frame {at.frame}")
    if at.start is not None:
        out.append(f"at {at.start:.1f} s")
    return " ".join(out)


def region(boxes: Sequence[Box]) -> str:
    """Return the part of a picture that holds all of some boxes, in shares of its width and height.

    >>> region([Box(x=0.1, y=0.7, width=0.8, height=0.1), Box(x=0.4, y=0.8, width=0.2, height=0.1)])
    '10%-90% across and 70%-90% down'
    """
    low = min(b.x for b in boxes), min(b.y for b in boxes)
    high = max(b.x + b.width for b in boxes), max(b.y + b.height for b in boxes)
    across, down = (f"{a:.0%}-{b:.0%}" for a, b in zip(low, high, strict=True))
    return f"{across} across and {down} down"


def seconds(start: float | None, end: float | None = None) -> str:
    """Return when something is in a film, in words; whole seconds, as a person would look them up.

    >>> seconds(7.8), seconds(7.8, 9.8), seconds(75.0), seconds(None)
    ('at second 7', 'from second 7 to 9', 'at 1:15', '')
    """
    if start is None:
        return ""
    first, last = int(start), int(max(start, end or start))
    if last < 60:
        return f"at second {first}" if last == first else f"from second {first} to {last}"
    return f"at {_clock(first)}" if last == first else f"from {_clock(first)} to {_clock(last)}"


def _clock(whole: int) -> str:
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
