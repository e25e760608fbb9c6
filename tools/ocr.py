"""Words seen in pixels: RapidOCR or Tesseract, whole lines with their boxes, in reading order. Not what words mean.

The whole frame is read: cropping to what looks like text first was measured to lose words. A picture much longer than
wide (or wider than long) is read in overlapping strips instead, since engines shrink the long side. Threads may share
a reader.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from cases.observation import Box, Locator, Observation, Unseen
from tools.lines import Line, Reader, Unreadable, in_reading_order, overlap
from tools.pictures import Picture, Pixels
from tools.rapid import LONG, RapidReader
from tools.tesseract import TesseractReader

Engine = Literal["rapidocr", "tesseract"]
OVERLAP = 200  # pixels that strips share: more than a line of large print is high
_SMALLEST = 8


def reader(engine: Engine) -> Reader:
    """Return the process's one reader of an engine; it is loaded when it first reads."""
    return _READERS[engine]


def read_words(
    pixels: Pixels, media: str, at: Locator | None = None, *, engine: Engine | Reader = "rapidocr", first: int = 1
) -> tuple[Observation, ...] | Unseen:
    """Return the lines of words seen in one frame, in reading order, or why none could be looked for.

    `at` is where the frame is in its file (frame 0 by default); boxes are shares of the frame. Ids are
    "MEDIA.wN" with N from `first` on, so that the frames of one file can be numbered through.
    """
    by = reader(engine) if isinstance(engine, str) else engine
    at = at or Locator(frame=0)
    try:
        lines = in_reading_order(_read(by, pixels))
    except Unreadable as trouble:
        return Unseen(media=media, what="words", why=trouble.why, told=trouble.told)
    return tuple(
        Observation(
            id=f"{media}.w{number}", media=media, kind="words", text=line.text, tool=by.name, version=by.version,
            locator=at.model_copy(update={"box": _share(line, pixels)}),
            confidence=min(1.0, max(0.0, line.confidence)),
        )
        for number, line in enumerate(lines, first)
    )  # fmt: skip


def read_picture(
    picture: Picture, media: str, *, engine: Engine | Reader = "rapidocr"
) -> tuple[Observation, ...] | Unseen:
    """Return the words of all frames of a picture; of a line that stands in several at one place only the first."""
    found: list[Observation] = []
    for frame in picture.frames:
        words = read_words(frame.pixels, media, frame.locator, engine=engine, first=len(found) + 1)
        if isinstance(words, Unseen):
            return words
        found += fresh_words(words, found, media)
    return tuple(found)


def fresh_words(words: Sequence[Observation], known: Sequence[Observation], media: str) -> list[Observation]:
    """Return the lines of a frame that do not stand at the same place in an earlier one, numbered on."""
    fresh = [word for word in words if not any(_same(word, seen) for seen in known)]
    return [word.model_copy(update={"id": f"{media}.w{n}"}) for n, word in enumerate(fresh, len(known) + 1)]


def _read(by: Reader, pixels: Pixels) -> list[Line]:
    height, width = pixels.shape[:2]
    if min(height, width) < _SMALLEST:
        return []
    lines: list[Line] = []
    for left, top, part in _strips(pixels):
        for line in by.lines(part):
            moved = line._replace(
                left=line.left + left, right=line.right + left, top=line.top + top, bottom=line.bottom + top
            )
            twin = next((seen for seen in lines if overlap(seen, moved) > 0.5), None)
            if twin is None:
                lines.append(moved)
            elif len(moved.text) > len(twin.text):  # the strip's edge cut the other
                lines[lines.index(twin)] = moved
    return lines


def _strips(pixels: Pixels) -> Iterator[tuple[int, int, Pixels]]:
    """Yield (left, top, part): the whole where it is not long, else strips along its long side."""
    height, width = pixels.shape[:2]
    if max(height, width) <= LONG or max(height, width) <= 2 * min(height, width):
        yield 0, 0, pixels
        return
    for start in range(0, max(1, max(height, width) - OVERLAP), LONG - OVERLAP):
        part = pixels[start : start + LONG] if height > width else pixels[:, start : start + LONG]
        yield (0, start, part) if height > width else (start, 0, part)


def _share(line: Line, pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    left, right = (min(1.0, max(0.0, value / width)) for value in (line.left, line.right))
    top, bottom = (min(1.0, max(0.0, value / height)) for value in (line.top, line.bottom))
    return Box(x=left, y=top, width=max(0.0, right - left), height=max(0.0, bottom - top))


def _same(one: Observation, other: Observation) -> bool:
    a, b = one.locator.box, other.locator.box
    if one.text.casefold() != other.text.casefold() or a is None or b is None:
        return False
    return all(abs(p - q) < 0.05 for p, q in zip(_edges(a), _edges(b), strict=True))


def _edges(box: Box) -> Sequence[float]:
    return box.x, box.y, box.x + box.width, box.y + box.height


_READERS: Mapping[Engine, Reader] = {"rapidocr": RapidReader(), "tesseract": TesseractReader()}
