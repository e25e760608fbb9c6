"""Where in a file something is, in words that a person can follow. Not what it is."""

from cases.observation import Locator


def whereabouts(at: Locator) -> str:
    """Return a place in words: shares of width and height, frame, seconds; "" where nothing is known.

    >>> from cases.observation import Box
    >>> whereabouts(Locator(frame=3, start=1.5, box=Box(x=0.1, y=0.2, width=0.3, height=0.4)))
    '10%-40% across and 20%-60% down of frame 3 at 1.5 s'
    """
    box, out = at.box, list[str]()
    if box is not None:
        spans = ((box.x, box.x + box.width), (box.y, box.y + box.height))
        across, down = (f"{low:.0%}-{high:.0%}" for low, high in spans)
        out.append(f"{across} across and {down} down")
    if at.frame:
        out.append(f"of frame {at.frame}" if out else f"frame {at.frame}")
    if at.start is not None:
        out.append(f"at {at.start:.1f} s")
    return " ".join(out)
