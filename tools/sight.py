"""Looks at the files of a case: what can be seen in its pictures, and what could not. It judges nothing.

Contract: every file comes back with at least one observation or one gap, whatever is in it; no error of a library gets
out. A picture that was looked through carries a `tag` observation with its format and size, so that a picture without
words is told from one that nobody looked at.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from cases.case import Media, media_ids
from cases.observation import Locator, Observation, Unseen

NEEDED = ("PIL", "rapidocr", "nudenet", "cv2")
VISION = "pip install 'precept[vision]'"


class Seen(NamedTuple):
    """What was seen in all files of a case, and what was not."""

    observations: tuple[Observation, ...]
    unseen: tuple[Unseen, ...]


def missing() -> tuple[str, ...]:
    """Return the libraries of the vision extra that are not installed."""
    return tuple(name for name in NEEDED if find_spec(name) is None)


def look(media: Sequence[Media], root: Path | None = None) -> Seen:
    """Return what is seen in files, in their order; paths stay inside `root` where one is given."""
    observations: list[Observation] = []
    unseen: list[Unseen] = []
    for name, one in zip(media_ids(media), media, strict=True):
        if one.type != "image":
            told = f"{one.path!r}: {one.type} is not read in this release; a person has to look at it"
            unseen.append(Unseen(media=name, what="file", why="no_tool", told=told))
            continue
        found, gaps = _picture(one.path, name, root)
        observations += found
        unseen += gaps
    return Seen(tuple(observations), tuple(unseen))


def _picture(path: str, name: str, root: Path | None) -> tuple[list[Observation], list[Unseen]]:
    from tools.bodies import detector
    from tools.ocr import read_picture
    from tools.pictures import open_picture

    picture = open_picture(path, root, media=name)
    if isinstance(picture, Unseen):
        return [], [picture]
    width, height = picture.size
    tag = f"{picture.format} {width}x{height}, sha256 {picture.sha256[:16]}"
    found = [
        Observation(id=f"{name}.t1", media=name, kind="tag", label=tag, locator=Locator(frame=0), tool="pillow",
                    version="")
    ]  # fmt: skip
    gaps = list(picture.gaps)
    words = read_picture(picture, name)
    if isinstance(words, Unseen):
        gaps.append(words)
    else:
        found += words
    regions = 0
    for frame in picture.frames:
        seen = detector()(frame.pixels, name, frame.locator, first=regions + 1)
        if isinstance(seen, Unseen):
            gaps.append(seen)
            break
        found += seen
        regions += len(seen)
    return found, gaps
