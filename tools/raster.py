"""Picture files to pixels with Pillow, inside the sandbox: sizes are read before pixels. Never called outside it.

Imports neither numpy nor our models, so that a call costs tens of milliseconds. What Pillow may open is the one format
that the file's first bytes name. Pieces are RGB, row by row, one byte a channel.
"""

import importlib
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from tools.inside import Answer, Plain, Refused
from tools.signature import picture_format, second_nature, webp_delays

if TYPE_CHECKING:
    from PIL.Image import Image

BROKEN = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
)  # what Pillow raises on damaged files
PLUGINS: Mapping[str, tuple[str, str]] = {
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("TiffImagePlugin", "TiffImageFile"),
    "AVIF": ("AvifImagePlugin", "AvifImageFile"),
}
DEFAULT_DELAY = 0.1
EDGE = 32  # grey levels across which an edge is seen
TELLING = 0.0005  # share of a picture's pixels: more edges than this on one ground alone are worth a look
_WIDE = {"I;16", "I;16B", "I;16L", "I;16N", "I", "F"}


class Wanted(NamedTuple):
    """The caller's limits, as tools.pictures.PictureLimits."""

    pixels: int
    side: int
    area: int
    frames: int
    scanned: int


def decoded(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    """Answer with the frames of a picture file; the value is tools.pictures.Decoded."""
    wanted = Wanted(*(int(str(arguments[name])) for name in Wanted._fields))
    data = source.read()
    form = picture_format(data)
    picture = _opened(source, form)
    width, height = picture.size
    if width * height > wanted.pixels:
        raise Refused("too_large", f"has {width} x {height} pixels; at most {wanted.pixels} are decoded, scale it down")
    if other := second_nature(form, data):
        raise Refused("unknown_format", f"is {form} and {other} in one; save it as a plain picture")
    total, broken = _total(picture, form, wanted.scanned, data)
    delays = _delays(picture, form, data, total) if total > 1 else [0.0]
    animated = total > 1 and form != "TIFF"
    turn = _turn(picture)
    frames: list[Plain] = []
    pieces: list[bytes] = []
    for number in spread(delays, wanted.frames):
        try:
            if total > 1:
                picture.seek(number)
            elif form == "JPEG":
                picture.draft("RGB", _fit(width, height, wanted))
            picture.load()
        except BROKEN as error:
            if total > 1:
                broken = f"is damaged at frame {number + 1} of {total}; that and later frames were not all seen"
                break
            picture, broken = _what_is_there(source, form, error), "is cut short; only the part that is there was seen"
        start = sum(delays[:number])
        for ground, image in grounded(_fitted(picture, wanted, turn)):
            frames.append(
                {
                    "number": number, "ground": ground, "width": image.width, "height": image.height,
                    "start": start if animated else None, "end": start + delays[number] if animated else None,
                }
            )  # fmt: skip
            pieces.append(image.tobytes())
    if not frames:
        raise Refused("unreadable", f"{broken or 'has no frame'}; save it again")
    if turn >= 5:
        width, height = height, width
    about: dict[str, Plain] = {
        "format": form.lower(), "width": width, "height": height, "animated": animated, "total": total,
        "broken": broken, "frames": frames,
    }  # fmt: skip
    return Answer(about, pieces)


def spread(delays: Sequence[float], most: int) -> list[int]:
    """Return at most `most` frame numbers, in order: the frames on show at evenly spread times, then between them.

    >>> spread([0.1] * 10, 4), spread([0.1, 5.0, 0.1], 2), spread([0.1, 0.1], 3)
    ([1, 3, 6, 8], [0, 1], [0, 1])
    """
    count, whole = len(delays), sum(delays)
    if count <= most:
        return list(range(count))
    chosen, at, end = set[int](), 0, delays[0]
    for k in range(most):
        while at < count - 1 and end <= whole * (k + 0.5) / most:
            at += 1
            end += delays[at]
        chosen.add(at)
    # Frames on show for long take several of the times; what is left over goes to the widest gaps of frames.
    while len(chosen) < most:
        marks = sorted({-1, *chosen, count})
        left, right = max(zip(marks, marks[1:], strict=False), key=lambda gap: (gap[1] - gap[0], -gap[0]))
        chosen.add((left + right) // 2)
    return sorted(chosen)


def grounded(image: "Image") -> Iterator[tuple[str | None, "Image"]]:
    """Yield the picture on the grounds that show something: on white, and on black where edges are seen there alone.

    What is drawn in the ground's own colour is not seen on it: white letters of a transparent picture show on black
    alone. A ground is left out when the other shows every edge that it shows, all but TELLING of the pixels.
    """
    from PIL import Image

    if image.mode != "RGBA":
        yield None, image
        return
    white, black = (Image.new("RGB", image.size, colour) for colour in ("white", "black"))
    white.paste(image, mask=image.getchannel("A"))
    black.paste(image, mask=image.getchannel("A"))
    on_white, on_black = _edges(white), _edges(black)
    if _more(on_white, on_black) or not _more(on_black, on_white):
        yield "white", white
    if _more(on_black, on_white):
        yield "black", black


def _opened(source: BinaryIO, form: str) -> "Image":
    # Image.open would import the plugins of a dozen formats first.
    module, name = PLUGINS[form]
    plugin = getattr(importlib.import_module(f"PIL.{module}"), name)
    source.seek(0)
    try:
        return cast("Image", plugin(source))
    except BROKEN:
        raise Refused("unreadable", f"begins as {form}, but its header cannot be read; save it again") from None


def _what_is_there(source: BinaryIO, form: str, error: Exception) -> "Image":
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        picture = _opened(source, form)
        picture.load()
    except BROKEN:
        raise Refused("unreadable", f"is a damaged {form} ({type(error).__name__}); save it again") from None
    return picture


def _total(picture: "Image", form: str, most: int, data: bytes) -> tuple[int, str | None]:
    """Return how many frames there are, at most `most`, and what is wrong where those are not all."""
    more = f"holds more than {most} frames; the rest was not looked at"
    if form in {"JPEG", "BMP"}:
        return 1, None
    if form != "GIF":
        total = int(getattr(picture, "n_frames", 1)) if getattr(picture, "is_animated", False) else 1
        return min(total, most), None if total <= most else more
    # A GIF says nowhere how many it has, and each costs time to count. Whether it moves is not asked: Pillow says that
    # one whose first frame is damaged does not, while a browser shows what comes after.
    for number in range(1, most + 1):
        try:
            picture.seek(number)
        except EOFError:
            ends = data.rstrip(b"\0\r\n ").endswith(b";")
            return number, None if ends else f"is cut short after {number} frames; only those that are there were seen"
        except BROKEN:
            return number, f"is damaged at frame {number}; what comes after it was not seen"
    return most, more


def _delays(picture: "Image", form: str, data: bytes, total: int) -> list[float]:
    found: list[float] = []
    if form == "WEBP":
        found = [delay / 1000 for delay in webp_delays(data)]
    elif form == "GIF":
        for number in range(total):
            picture.seek(number)
            delay = picture.info.get("duration")
            found.append(delay / 1000 if isinstance(delay, int | float) and math.isfinite(delay) else 0.0)
    # Browsers show a frame that asks for next to no time for a tenth of a second.
    return [delay if delay > 0.01 else DEFAULT_DELAY for delay in [*found, *[0.0] * total][:total]]


def _turn(picture: "Image") -> int:
    try:
        turn = picture.getexif().get(0x0112, 1)
    except Exception:  # metadata that lies must not cost the picture
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _fit(width: int, height: int, wanted: Wanted) -> tuple[int, int]:
    scale = min(1.0, wanted.side / max(width, height), math.sqrt(wanted.area / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _fitted(picture: "Image", wanted: Wanted, turn: int) -> "Image":
    from PIL import Image

    image = _eight_bit(picture)
    size = _fit(*image.size, wanted)
    if size != image.size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    way = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(turn)  # fmt: skip
    return image if way is None else image.transpose(way)


def _eight_bit(picture: "Image") -> "Image":
    """Return RGB, or RGBA where something is transparent; wide values are scaled, since Pillow would clip them."""
    if picture.mode in _WIDE:
        wide = picture.convert("F")
        low, high = (float(value) for value in wide.getextrema() if not isinstance(value, tuple))
        if picture.mode != "F" and low >= 0:
            low, high = 0.0, 65535.0 if high <= 65535 else high
        factor = 255.0 / (high - low) if high > low else 0.0
        return wide.point(lambda value: value * factor - low * factor).convert("L").convert("RGB")
    if not picture.has_transparency_data:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    clear = picture.convert("RGBA")
    opaque = clear.getchannel("A").getextrema()[0] == 255
    return clear.convert("RGB") if opaque else clear


def _edges(image: "Image") -> "Image":
    from PIL import ImageFilter

    edges = image.convert("L").filter(ImageFilter.FIND_EDGES)
    edges = edges.point([255 if value >= EDGE else 0 for value in range(256)])
    # The filter leaves the outermost pixels as they were.
    return edges.crop((1, 1, max(2, edges.width - 1), max(2, edges.height - 1)))


def _more(these: "Image", those: "Image") -> bool:
    from PIL import ImageChops, ImageFilter

    # Widened, so that an edge which lies a pixel beside counts as the same.
    alone = ImageChops.subtract(these, those.filter(ImageFilter.MaxFilter(5)))
    return alone.histogram()[255] > TELLING * these.width * these.height
