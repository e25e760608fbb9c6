"""Pictures drawn for tests: words under one condition each, on a known place, and memes. All words are our own and mild.

Deterministic: the same condition and seed give the same pixels. Fonts are the DejaVu that matplotlib carries.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Pixels = NDArray[np.uint8]
Face = Literal["sans", "sans-bold", "sans-italic", "serif", "serif-italic", "mono"]
Texture = Literal["plain", "gradient", "noise", "stripes", "clouds"]
Colour = tuple[int, int, int]
_FILES: Mapping[Face, str] = {
    "sans": "DejaVuSans.ttf", "sans-bold": "DejaVuSans-Bold.ttf", "sans-italic": "DejaVuSans-Oblique.ttf",
    "serif": "DejaVuSerif.ttf", "serif-italic": "DejaVuSerif-Italic.ttf", "mono": "DejaVuSansMono.ttf",
}  # fmt: skip
BLACK, WHITE, GREY = (0, 0, 0), (255, 255, 255), (128, 128, 128)
SENTENCES = (
    "Meet us behind the old mill at nine",
    "Double your savings within seven days",
    "Nobody from that street belongs here",
    "Bring the blue tickets and no phones",
    "Secret recipe cures every winter cold",
    "Winners only need to send their name",
    "Tomorrow the whole village stays home",
    "Cheap watches shipped from the harbour",
)


class Style(NamedTuple):
    """How words are drawn: `size` in pixels of the font, `turn` in degrees, counter-clockwise."""

    face: Face = "sans"
    size: int = 32
    ink: Colour = BLACK
    paper: Colour = WHITE
    texture: Texture = "plain"
    turn: float = 0.0
    outline: int = 0
    spacing: str = ""


def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """Return a font that is wherever matplotlib is."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _FILES[face]), size)


def ground(width: int, height: int, texture: Texture, paper: Colour = WHITE, seed: int = 0) -> Image.Image:
    """Return a background; `paper` is its colour where it is plain, its middle where it is not."""
    rng = np.random.default_rng(seed)
    if texture == "plain":
        return Image.new("RGB", (width, height), paper)
    if texture == "gradient":
        field = np.linspace(-90, 90, width)[None, :, None] + np.linspace(-40, 40, height)[:, None, None]
    elif texture == "noise":
        field = rng.normal(0, 45, (height, width, 3))
    elif texture == "stripes":
        field = 50 * np.sign(np.sin((np.arange(width)[None, :] + np.arange(height)[:, None]) / 6.0))[:, :, None]
    else:
        small = Image.fromarray(rng.integers(0, 256, (max(2, height // 40), max(2, width // 40), 3), dtype=np.uint8))
        field = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), float) - 128
    return Image.fromarray(np.clip(np.array(paper, float) + field, 0, 255).astype(np.uint8))


def words(text: str, style: Style | None = None, seed: int = 0) -> Image.Image:
    """Return a picture of one line of words in the middle, with room round it."""
    style = style or Style()
    shown = style.spacing.join(text) if style.spacing else text
    face = font(style.face, style.size)
    left, top, right, bottom = face.getbbox(shown, stroke_width=style.outline)
    margin = 2 * style.size + 8
    size = (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    at = (margin - left, margin - top)
    draw.text(at, shown, fill=255, font=face)
    edge = Image.new("L", size)
    if style.outline:
        ImageDraw.Draw(edge).text(at, shown, fill=255, font=face, stroke_width=style.outline, stroke_fill=255)
    if style.turn:
        mask, edge = (one.rotate(style.turn, Image.Resampling.BICUBIC, expand=True) for one in (mask, edge))
    picture = ground(*mask.size, style.texture, style.paper, seed)
    if style.outline:
        picture.paste(tuple(255 - value for value in style.ink), mask=edge)
    picture.paste(style.ink, mask=mask)
    return picture


def meme(above: str, below: str, side: int = 640, seed: int = 0) -> Image.Image:
    """Return white words with a black outline above and below a textured picture, as memes have them."""
    picture = ground(side, side, "clouds", GREY, seed)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((side * 0.3, side * 0.3, side * 0.7, side * 0.7), fill=(200, 160, 90), outline=BLACK, width=4)
    for text, y, anchor in ((above, 14, "ma"), (below, side - 14, "md")):
        face = font("sans-bold", 40)
        while face.getlength(text) > side - 30:
            face = font("sans-bold", int(face.size) - 2)
        draw.text((side / 2, y), text, fill=WHITE, font=face, anchor=anchor, stroke_width=3, stroke_fill=BLACK)
    return picture


def wavy(picture: Image.Image, height: float = 5.0, length: float = 90.0) -> Image.Image:
    """Return a picture whose columns are shifted up and down as a wave."""
    pixels = np.asarray(picture)
    shifts = (height * np.sin(np.arange(pixels.shape[1]) * 2 * np.pi / length)).astype(int)
    rows = (np.arange(pixels.shape[0])[:, None] + shifts[None, :]).clip(0, pixels.shape[0] - 1)
    return Image.fromarray(pixels[rows, np.arange(pixels.shape[1])[None, :]])


def struck(picture: Image.Image, every: int = 14) -> Image.Image:
    """Return a picture crossed by thin slanting lines."""
    picture = picture.copy()
    draw = ImageDraw.Draw(picture)
    for x in range(-picture.height, picture.width, every):
        draw.line((x, picture.height, x + picture.height, 0), fill=GREY, width=1)
    return picture


def dotted(picture: Image.Image, share: float = 0.06, seed: int = 0) -> Image.Image:
    """Return a picture with that share of its pixels black or white."""
    pixels = np.array(picture)
    rng = np.random.default_rng(seed)
    hit = rng.random(pixels.shape[:2]) < share
    pixels[hit] = rng.choice([0, 255], int(hit.sum()))[:, None]
    return Image.fromarray(pixels)


def blurred(picture: Image.Image, radius: float = 2.0) -> Image.Image:
    """Return a picture out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(radius))


def pressed(picture: Image.Image, quality: int = 10) -> Image.Image:
    """Return a picture as JPEG of low quality leaves it."""
    return Image.open(io.BytesIO(encoded(picture, "JPEG", quality=quality))).convert("RGB")


def negative(picture: Image.Image) -> Image.Image:
    """Return a picture in opposite colours."""
    return ImageChops.invert(picture)


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return a picture as a file's bytes."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def clear(text: str, ink: Colour = WHITE, size: int = 40) -> Image.Image:
    """Return words on nothing: RGBA, transparent where no letter is."""
    mask = words(text, Style(size=size, ink=WHITE, paper=BLACK)).convert("L")
    picture = Image.new("RGBA", mask.size, (*ink, 0))
    picture.putalpha(mask)
    return picture


def animation(frames: "list[Image.Image]", form: str = "GIF", milliseconds: "int | list[int]" = 100) -> bytes:
    """Return an animated file; forms are GIF, WEBP, PNG and AVIF."""
    file = io.BytesIO()
    options = {"lossless": True} if form == "WEBP" else {}
    frames[0].save(file, form, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, **options)
    return file.getvalue()


def upright(picture: Image.Image, orientation: int) -> bytes:
    """Return a JPEG whose EXIF says that it is to be shown in an orientation (1 to 8)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture, "JPEG", exif=exif, quality=95)


Drawing = Callable[[str, int], Image.Image]


def _styled(**changes: Any) -> Drawing:
    return lambda text, seed: words(text, Style()._replace(**changes), seed)


def _then(change: Callable[[Image.Image], Image.Image], **changes: Any) -> Drawing:
    return lambda text, seed: change(words(text, Style()._replace(**changes), seed))


# Each condition changes one thing of the plain one, except where its name says two.
CONDITIONS: Mapping[str, Drawing] = {
    "plain": _styled(),
    "font sans-bold": _styled(face="sans-bold"),
    "font sans-italic": _styled(face="sans-italic"),
    "font serif": _styled(face="serif"),
    "font serif-italic": _styled(face="serif-italic"),
    "font mono": _styled(face="mono"),
    "size 8": _styled(size=8),
    "size 11": _styled(size=11),
    "size 16": _styled(size=16),
    "size 64": _styled(size=64),
    "turned 5": _styled(turn=5),
    "turned 15": _styled(turn=15),
    "turned 30": _styled(turn=30),
    "turned 90": _styled(turn=90),
    "turned 180": _styled(turn=180),
    "white on black": _styled(ink=WHITE, paper=BLACK),
    "red on blue": _styled(ink=(220, 30, 40), paper=(30, 40, 160)),
    "faint grey": _styled(ink=(205, 205, 205)),
    "fainter grey": _styled(ink=(238, 238, 238)),
    "on gradient": _styled(texture="gradient", paper=(150, 150, 150)),
    "on noise": _styled(texture="noise", paper=(190, 190, 190)),
    "on stripes": _styled(texture="stripes", paper=(190, 190, 190)),
    "on clouds, outlined": _styled(texture="clouds", paper=GREY, ink=WHITE, outline=3, face="sans-bold"),
    "on clouds": _styled(texture="clouds", paper=GREY, ink=WHITE),
    "spaced letters": _styled(spacing=" "),
    "dotted letters": _styled(spacing="."),
    "struck through": _then(struck),
    "speckled": _then(dotted),
    "wavy": _then(wavy),
    "blurred": _then(blurred),
    "jpeg quality 10": _then(pressed),
    "meme": lambda text, seed: meme(*_halves(text), seed=seed),
    # Harder: made to be missed.
    "size 6": _styled(size=6),
    "turned 45": _styled(turn=45),
    "turned 135": _styled(turn=135),
    "green on red": _styled(ink=(60, 130, 40), paper=(170, 70, 60)),
    "faint on noise": _styled(ink=(120, 120, 120), texture="noise", paper=(190, 190, 190)),
    "grey on clouds": _styled(ink=(120, 120, 120), texture="clouds", paper=GREY),
    "struck densely": _then(lambda picture: struck(picture, 5)),
    "speckled 25 %": _then(lambda picture: dotted(picture, 0.25)),
    "wavy 12": _then(lambda picture: wavy(picture, 12.0)),
    "blurred 5": _then(lambda picture: blurred(picture, 5.0)),
    "mirrored": _then(lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "small in 12 MP": lambda text, seed: _placed(words(text, Style(size=28)), 4000, 3000, seed),
}
HARDER = tuple(CONDITIONS)[tuple(CONDITIONS).index("meme") + 1 :]


def recall_by_condition(
    read: Callable[[Image.Image], str], conditions: Iterable[str] = tuple(CONDITIONS), sentences: int = len(SENTENCES)
) -> dict[str, float]:
    """Return the mean word recall of a reader (picture to words in order) on the drawings of each condition."""
    return {
        name: sum(
            recall(SENTENCES[number], read(CONDITIONS[name](SENTENCES[number], number))) for number in range(sentences)
        )
        / sentences
        for name in conditions
    }


def _placed(line: Image.Image, width: int, height: int, seed: int) -> Image.Image:
    picture = ground(width, height, "clouds", (190, 190, 190), seed)
    picture.paste(line, (width // 2, height // 3))
    return picture


def _halves(text: str) -> tuple[str, str]:
    parts = text.split()
    return " ".join(parts[: len(parts) // 2]), " ".join(parts[len(parts) // 2 :])


def recall(text: str, read: str) -> float:
    """Return the share of the words of `text` that `read` holds, by letters alone and each counted once.

    >>> recall("meet us at nine", "Meet u5 at nine o'clock")
    0.75
    """
    there = _plain(read).split()
    wanted = _plain(text).split()
    found = 0
    for word in wanted:
        if word in there:
            there.remove(word)
            found += 1
    return found / len(wanted)


def _plain(text: str) -> str:
    return "".join(ch if ch.isalnum() else " " for ch in text.casefold())
