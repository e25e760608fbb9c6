"""Pictures: a file that a case names, opened safely and turned into frames of pixels. Not what the pixels mean.

The file is hostile: it is looked up inside the folder given, without following a symlink out of it, read once (so
`sha256` names the very bytes that were decoded), and decoded in the sandbox. Trouble is an Unseen, never an exception.
"""

import hashlib
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cases.model import Fact
from cases.observation import Locator, Unseen
from tools.sandbox import MIB, Failed, Limits, Plain, run
from tools.source import opened

Pixels = NDArray[np.uint8]
Ground = Literal["white", "black"]


class PictureLimits(NamedTuple):
    """What a picture may be and what comes back of it.

    `file_bytes` of the file; `pixels` of one frame as stored; longest `side` and `area` in pixels of what comes back;
    `frames` of an animation, spread over its time; `scanned`, how many frames of one are looked at to choose them.
    """

    file_bytes: int = 64 * MIB
    pixels: int = 100_000_000
    side: int = 8000
    area: int = 4_000_000
    frames: int = 16
    scanned: int = 2000
    sandbox: Limits = Limits()


class Frame(NamedTuple):
    """One frame: `pixels` [height, width, 3], RGB; its `number` in the file; when it shows, in seconds (animations).

    `ground` is what shows through where the picture is transparent, None for one that is not.
    """

    pixels: Pixels
    number: int = 0
    start: float | None = None
    end: float | None = None
    ground: Ground | None = None

    @property
    def locator(self) -> Locator:
        """Return where the frame is in its file."""
        return Locator(frame=self.number, start=self.start, end=self.end)


class Picture(NamedTuple):
    """A decoded picture: upright, RGB, scaled down to the limits.

    `size` is (width, height) upright, before it was scaled; `total` the frames of the file, of which `frames` are some
    (a number comes twice where both grounds show something). `gaps` say what could not be seen of it.
    """

    frames: tuple[Frame, ...]
    size: tuple[int, int]
    sha256: str
    format: str
    animated: bool
    total: int
    gaps: tuple[Unseen, ...] = ()


class Shown(Fact):
    """What the sandbox says of one frame: see Frame."""

    number: int = Field(ge=0)
    ground: Ground | None
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    start: float | None = Field(ge=0, allow_inf_nan=False)
    end: float | None = Field(ge=0, allow_inf_nan=False)


class Decoded(Fact):
    """What the sandbox says of a picture: see Picture. `broken` says in words what could not be seen of it."""

    format: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    animated: bool
    total: int = Field(ge=1)
    broken: str | None
    frames: tuple[Shown, ...] = Field(min_length=1)


def open_picture(
    path: str | Path,
    root: str | Path | None = None,
    limits: PictureLimits | None = None,
    *,
    media: str = "image-1",
    called: str | None = None,
) -> Picture | Unseen:
    """Return the frames of a picture file, or why it was not seen. `media` is the file's id in its case.

    `called` is how it is named in what is told, by its path where that is None. A path is taken from `root` and must
    stay inside it once symlinks are followed; None lets the caller name any file.
    """
    limits = limits or PictureLimits()
    file = opened(path, root, media, limits.file_bytes)
    if isinstance(file, Unseen):
        return file
    with file:
        try:
            # A file may have grown since its size was checked.
            data = file.read(limits.file_bytes)
        except OSError as error:
            told = f"{str(path)!r} cannot be read ({error.strerror})"
            return Unseen(media=media, what="file", why="unreadable", told=told)
    return decode_picture(data, limits, media=media, name=called or repr(str(path)))


def decode_picture(
    data: bytes, limits: PictureLimits | None = None, *, media: str = "image-1", name: str = "the picture"
) -> Picture | Unseen:
    """Return the frames of a picture given as bytes, or why it was not seen; `name` is how it is called in that."""
    limits = limits or PictureLimits()
    wanted: dict[str, Plain] = {key: getattr(limits, key) for key in ("pixels", "side", "area", "frames", "scanned")}
    answer = run("tools.raster:decoded", wanted, data, limits.sandbox)
    if isinstance(answer, Failed):
        return Unseen(media=media, what="picture", why=answer.why, told=f"{name} {answer.told}")
    try:
        about = Decoded.model_validate(answer.value)
        frames = tuple(map(_framed, about.frames, answer.pieces))
    except ValueError:
        # What ran on a hostile file is not believed either.
        told = f"{name} made the decoder give nonsense; save it again"
        return Unseen(media=media, what="picture", why="unreadable", told=told)
    gaps: tuple[Unseen, ...] = ()
    if about.broken is not None:
        gaps = (Unseen(media=media, what="picture", why="unreadable", told=f"{name} {about.broken}"),)
    return Picture(
        frames=frames,
        size=(about.width, about.height),
        sha256=hashlib.sha256(data).hexdigest(),
        format=about.format,
        animated=about.animated,
        total=about.total,
        gaps=gaps,
    )


def _framed(shown: Shown, piece: bytes | memoryview) -> Frame:
    pixels = np.frombuffer(piece, np.uint8).reshape(shown.height, shown.width, 3)
    return Frame(pixels, shown.number, shown.start, shown.end, shown.ground)
