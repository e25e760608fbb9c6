"""Pictures from the files of cases, made small enough to be sent to a model. Not which ones, and not what they show.

It fits agents.exhibit.Show. Files are decoded in the sandbox, each time that they are not remembered; what comes out
is a JPEG of bounded pixels and bytes. Contract: no error of a file gets out, it is an Unseen. A file that is not the
one that was looked at before is not shown: a verdict would speak of another picture than the record.
"""

import io
import math
import os
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from cases.case import Case, media_ids
from cases.exchange import Picture
from cases.observation import Box, Locator, Unseen
from tools.pictures import open_picture
from tools.sandbox import MIB, Failed, Limits, Plain, run
from tools.source import opened

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 640_000  # of a frame: about 800 tokens for a model that reads squares of 28
CROP_PIXELS = 250_000
BYTES = 400_000
SIDE = 1280
NARROWEST, LONGEST = 28, 50  # pixels, and side to side: with less or more some models refuse a picture
LEAST = 256  # a crop is enlarged to that, at most fourfold
MARGIN = 0.15  # of a box, around it
KEPT, KEPT_BYTES = 64, 64 * MIB
DECODING = Limits(seconds=60.0, cpu_seconds=45, memory=2048 * MIB, answer=64 * MIB)
_SHA = re.compile(r"sha256 ([0-9a-f]{16})")

Pixels = NDArray[np.uint8]


class Wanted(Protocol):
    """A frame of a file, or the box of one, as agents.exhibit.Wanted."""

    @property
    def id(self) -> str:
        """Return what the picture is cited by."""
        ...

    @property
    def locator(self) -> Locator:
        """Return where it is."""
        ...

    @property
    def crop(self) -> bool:
        """Return whether the box alone is wanted."""
        ...


class Shots(NamedTuple):
    """Pictures in the order wanted, and how many frames the file has in all, 0 where nobody knows."""

    pictures: tuple[Picture | Unseen, ...]
    frames: int = 0


class Decoded(NamedTuple):
    """Frames by number (a picture) or by second (a film), and how many the file has."""

    frames: dict[float, Pixels]
    total: int


class Album:
    """Shows pictures of cases whose files are inside `root`, or anywhere where it is None. Many threads may call.

    What the last `kept` asks gave, up to `most` bytes, is remembered until the file changes: every stage asks for the
    same. It is remembered in memory alone: no picture of a case is written to disk.
    """

    def __init__(self, root: Path | None = None, *, kept: int = KEPT, most: int = KEPT_BYTES) -> None:
        self.root, self.kept, self.most = root, kept, most
        self._bytes = 0
        self._kept: OrderedDict[object, Shots] = OrderedDict()
        self._lock = Lock()

    def __call__(self, case: Case, media: str, wanted: Sequence[Wanted]) -> Shots:
        """Return one picture for each that is wanted of a file; raise KeyError for a file that the case has not."""
        one = dict(zip(media_ids(case.media), case.media, strict=True))[media]
        key = self._key(one.path, media, wanted)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._picture(case, one.path, media) if one.type == "image" else self._film(one.path, media, wanted)
        if isinstance(found, Unseen):
            return Shots((found,) * len(wanted))
        shots = Shots(tuple(_shot(found, w, media, one.type == "image") for w in wanted), found.total)
        if key is not None:
            with self._lock:
                self._bytes += _bytes(shots) - _bytes(self._kept.pop(key, Shots(())))
                self._kept[key] = shots
                while self._kept and (len(self._kept) > self.kept or self._bytes > self.most):
                    self._bytes -= _bytes(self._kept.popitem(last=False)[1])
        return shots

    def _key(self, path: str, media: str, wanted: Sequence[Wanted]) -> object | None:
        place = path if self.root is None else os.path.join(self.root, path)
        try:
            about = os.stat(place)
        except (OSError, ValueError):
            return None
        what = tuple((w.id, w.crop, w.locator) for w in wanted)
        return place, about.st_ino, about.st_mtime_ns, about.st_size, media, what

    def _picture(self, case: Case, path: str, media: str) -> Decoded | Unseen:
        picture = open_picture(path, self.root, media=media)
        if isinstance(picture, Unseen):
            return picture
        known = [m[1] for o in case.observations if o.media == media and (m := _SHA.search(o.label))]
        if known and not picture.sha256.startswith(known[0]):
            told = f"{path!r} is another file than the one that was looked at; submit the case again"
            return Unseen(media=media, what="picture", why="unreadable", told=told)
        frames = {float(f.number): f.pixels for f in reversed(picture.frames)}  # of two grounds the first
        # What one ground hides is not seen on the other.
        return Decoded(frames, max(picture.total, len(picture.frames)))

    def _film(self, path: str, media: str, wanted: Sequence[Wanted]) -> Decoded | Unseen:
        times = sorted({w.locator.start for w in wanted if w.locator.start is not None})
        file = opened(path if self.root is None else os.path.join(self.root, path), self.root, media)
        if isinstance(file, Unseen):
            return file
        with file:
            asked: dict[str, Plain] = {
                "times": list[Plain](times), "side": SIDE, "seconds": 0.85 * DECODING.seconds,
                "cpu": 0.85 * DECODING.cpu_seconds,
            }  # fmt: skip
            got = run("tools.moments:moments", asked, file, DECODING)
        if isinstance(got, Failed):
            return Unseen(media=media, what="frames", why=got.why, told=got.told)
        frames: dict[float, Pixels] = {}
        try:
            told = cast(list[list[int]], cast(dict[str, Plain], got.value)["frames"])
            for (place, _, height, width, *_), piece in zip(told, got.pieces, strict=True):
                frames[times[place]] = np.frombuffer(piece, np.uint8).reshape(height, width, 3)
        except (ValueError, KeyError, IndexError, TypeError):
            nonsense = f"{path!r} made the decoder give nonsense; save it again"
            return Unseen(media=media, what="frames", why="unreadable", told=nonsense)
        return Decoded(frames, 0)


def encoded(pixels: Pixels, name: str, box: Box | None = None) -> Picture:
    """Return RGB pixels [height, width, 3] as a JPEG of at most PIXELS and BYTES, or the box of them with a margin."""
    from PIL import Image

    image: Image.Image = Image.fromarray(pixels)
    if box is not None:
        image = _cut(image, box)
    image = _sized(image, PIXELS if box is None else CROP_PIXELS, LEAST if box is not None else 0)
    for quality in (85, 70, 50, 50, 50, 50):
        held = io.BytesIO()
        image.save(held, "JPEG", quality=quality, optimize=True)
        if held.tell() <= BYTES:
            break
        if quality == 50:
            image = _sized(image, image.width * image.height // 2, 0)
    return Picture(id=name, data=held.getvalue(), width=image.width, height=image.height)


def _bytes(shots: Shots) -> int:
    return sum(len(one.data) for one in shots.pictures if isinstance(one, Picture))


def _shot(decoded: Decoded, wanted: Wanted, media: str, still: bool) -> Picture | Unseen:
    where = float(wanted.locator.frame or 0) if still else wanted.locator.start
    pixels = decoded.frames.get(where) if where is not None else None
    if pixels is None:
        told = f"the frame of {wanted.id} is not there any more; submit the case again"
        return Unseen(media=media, what="frames", why="missing", told=told)
    return encoded(pixels, wanted.id, wanted.locator.box if wanted.crop else None)


def _cut(image: "Image", box: Box) -> "Image":
    across, down = box.width * MARGIN, box.height * MARGIN
    left, top = max(0.0, box.x - across) * image.width, max(0.0, box.y - down) * image.height
    right, bottom = (min(1.0, end) for end in (box.x + box.width + across, box.y + box.height + down))
    edges = math.floor(left), math.floor(top), math.ceil(right * image.width), math.ceil(bottom * image.height)
    wide, high = max(edges[2], edges[0] + 1), max(edges[3], edges[1] + 1)
    return image.crop((edges[0], edges[1], min(wide, image.width), min(high, image.height)))


def _sized(image: "Image", most: int, least: int) -> "Image":
    """Return an image of at most `most` pixels, its longer side at least `least`, on black where it is too thin."""
    from PIL import Image

    scale = min(1.0, math.sqrt(most / (image.width * image.height)))
    if least > max(image.size):
        scale = min(4.0, least / max(image.size))
    size = max(1, int(image.width * scale)), max(1, int(image.height * scale))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    narrow = max(NARROWEST, math.ceil(max(image.size) / LONGEST))
    if min(image.size) < narrow:
        ground = Image.new("RGB", (max(image.width, narrow), max(image.height, narrow)))
        ground.paste(image, ((ground.width - image.width) // 2, (ground.height - image.height) // 2))
        image = ground
    return image


__all__ = ["Album", "Decoded", "Shots", "encoded"]
