"""Pictures with marks drawn on them, set out as one sheet: a PNG for people. It knows no case and chooses nothing.

What is written on it comes from content, so characters that are not shown are replaced, and sizes are bounded whatever
is asked for. Bodies can be covered: who judges words need not look at them.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from cases.observation import Box

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDE, NARROW = 960, 640  # pixels of a picture that stands alone, and of one beside others
MOST_PANELS = 24
MOST_LINES = 40  # of words under one picture, and on top of the sheet
LONGEST = 600  # characters of a line
WORD = 40  # characters after which a word is broken, as none of them is wider than a sheet
TALLEST = 1600  # pixels of one picture
SIZE = 16  # of letters
GAP = 14
COARSE = 12  # squares across a body region that is covered
PAPER, INK, FAINT = (250, 250, 248), (24, 24, 27), (110, 110, 118)
Kind = Literal["cited", "words", "region", "box"]
COLOURS: dict[Kind, tuple[int, int, int]] = {
    "cited": (208, 24, 40), "words": (28, 92, 200), "region": (214, 130, 0), "box": (120, 120, 128),
}  # fmt: skip
LEGEND: dict[Kind, str] = {
    "cited": "red: what the decision rests on", "words": "blue: other words that were read",
    "region": "orange: body regions that were found", "box": "grey: what stands out to the eye",
}  # fmt: skip
SANS = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf")


class Mark(NamedTuple):
    """A box on a picture, what is said of it, and whether what lies in it is covered."""

    box: Box
    kind: Kind
    told: str
    covered: bool = False


class Panel(NamedTuple):
    """A picture as an encoded file (None: it cannot be shown), its title, its marks, and lines under it."""

    title: str
    data: bytes | None
    marks: tuple[Mark, ...] = ()
    lines: tuple[str, ...] = ()


def sheet(head: Sequence[str], panels: Sequence[Panel]) -> bytes:
    """Return a sheet with lines on top and panels side by side as a PNG; of more than MOST_PANELS the first ones.

    What the colours mean that are drawn stands below the lines.
    """
    from PIL import Image, ImageDraw

    shown = list(panels[:MOST_PANELS])
    head = [*head, *([f"{len(panels) - len(shown)} more pictures are left out"] if len(panels) > len(shown) else [])]
    columns = 1 if len(shown) < 2 else 2
    width = WIDE if columns == 1 else NARROW
    drawn = [_panel(panel, width) for panel in shown]
    top = _top(head, shown, columns * width + (columns - 1) * GAP)
    rows = [drawn[at : at + columns] for at in range(0, len(drawn), columns)]
    height = top.height + sum(max(one.height for one in row) + GAP for row in rows) + 2 * GAP
    made = Image.new("RGB", (columns * width + (columns + 1) * GAP, height), PAPER)
    made.paste(top, (GAP, GAP))
    down = top.height + 2 * GAP
    for row in rows:
        for at, one in enumerate(row):
            made.paste(one, (GAP + at * (width + GAP), down))
        down += max(one.height for one in row) + GAP
    ImageDraw.Draw(made).line((0, top.height + GAP, made.width, top.height + GAP), fill=COLOURS["box"])
    held = io.BytesIO()
    made.save(held, "PNG")
    return held.getvalue()


def _top(head: Sequence[str], panels: Sequence[Panel], width: int) -> "Image":
    from PIL import Image

    kinds = [kind for kind in LEGEND if any(mark.kind == kind for panel in panels for mark in panel.marks)]
    lines = _text(head, width, INK, SIZE + 2)
    legend = _text([LEGEND[kind] for kind in kinds], width, INK, SIZE - 2, [COLOURS[kind] for kind in kinds])
    made = Image.new("RGB", (width, lines.height + (legend.height if kinds else 0)), PAPER)
    made.paste(lines, (0, 0))
    if kinds:
        made.paste(legend, (0, lines.height))
    return made


def _panel(panel: Panel, width: int) -> "Image":
    from PIL import Image

    title = _text([panel.title], width, FAINT, SIZE)
    picture = _marked(panel, width)
    said = [f"{number}  {mark.told}" for number, mark in enumerate(panel.marks, 1)]
    colours = [COLOURS[mark.kind] for mark in panel.marks]
    legend = _text([*said, *panel.lines], width, INK, SIZE - 2, colours)
    made = Image.new("RGB", (width, title.height + picture.height + legend.height + 6), PAPER)
    made.paste(title, (0, 0))
    made.paste(picture, (0, title.height))
    made.paste(legend, (0, title.height + picture.height + 6))
    return made


def _marked(panel: Panel, width: int) -> "Image":
    from PIL import Image, ImageDraw

    if panel.data is None:
        return Image.new("RGB", (width, width // 4), (225, 225, 222))
    picture = Image.open(io.BytesIO(panel.data)).convert("RGB")
    scale = min(width / picture.width, TALLEST / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    for mark in panel.marks:
        if mark.covered:
            _cover(picture, mark.box)
    draw = ImageDraw.Draw(picture)
    order = sorted(range(len(panel.marks)), key=lambda at: panel.marks[at].kind == "cited")
    for at in order:  # the cited ones last, over the others
        _outline(draw, picture.size, panel.marks[at], at + 1)
    ground = Image.new("RGB", (width, picture.height), (40, 40, 44))
    ground.paste(picture, ((width - picture.width) // 2, 0))
    return ground


def _outline(draw: "ImageDraw", size: tuple[int, int], mark: Mark, number: int) -> None:
    left, top, right, bottom = _edges(mark.box, size)
    colour, thick = COLOURS[mark.kind], 4 if mark.kind == "cited" else 2
    draw.rectangle((left, top, max(left + 1, right), max(top + 1, bottom)), outline=colour, width=thick)
    font, told = _font(SIZE - 2), str(number)
    wide = int(draw.textlength(told, font=font)) + 8
    # Beside the box where there is room: above it stand other words.
    at = (left - wide, top) if left >= wide else (min(left, max(0, size[0] - wide)), max(0, top - SIZE - 4))
    draw.rectangle((*at, at[0] + wide, at[1] + SIZE + 4), fill=colour)
    draw.text((at[0] + 4, at[1] + 1), told, fill=(255, 255, 255), font=font)


def _cover(picture: "Image", box: Box) -> None:
    from PIL import Image

    left, top, right, bottom = _edges(box, picture.size)
    if right <= left or bottom <= top:
        return
    part = picture.crop((left, top, right, bottom))
    small = part.resize((COARSE, max(1, COARSE * part.height // part.width)), Image.Resampling.BOX)
    picture.paste(small.resize(part.size, Image.Resampling.NEAREST), (left, top))


def _edges(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    right, bottom = min(1.0, box.x + box.width), min(1.0, box.y + box.height)
    return int(box.x * width), int(box.y * height), int(right * width), int(bottom * height)


def _text(
    lines: Sequence[str], width: int, ink: tuple[int, int, int], size: int,
    colours: Sequence[tuple[int, int, int]] = (),
) -> "Image":  # fmt: skip
    """Return lines of text, broken where they are too long; `colours` are those of the first lines."""
    from PIL import Image, ImageDraw

    font = _font(size)
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    rows: list[tuple[str, tuple[int, int, int]]] = []
    for at, line in enumerate(lines):
        if len(rows) >= MOST_LINES:
            rows = [*rows[: MOST_LINES - 1], (f"… and {len(lines) - at} more", FAINT)]
            break
        rows += [(row, colours[at] if at < len(colours) else ink) for row in _broken(line, width, measure, font)]
    step = size + 6
    made = Image.new("RGB", (width, max(1, step * len(rows))), PAPER)
    draw = ImageDraw.Draw(made)
    for at, (row, colour) in enumerate(rows):
        draw.text((0, at * step), row, fill=colour, font=font)
    return made


def _broken(line: str, width: int, measure: "ImageDraw", font: "FreeTypeFont | ImageFont") -> list[str]:
    rows: list[str] = []
    row = ""
    said = _shown(line[:LONGEST]) + ("…" if len(line) > LONGEST else "")
    for word in (piece for whole in said.split() for piece in _pieces(whole)):
        if row and measure.textlength(f"{row} {word}", font=font) > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}".strip()
    return [*rows, row] if row or not rows else rows


def _pieces(word: str) -> list[str]:
    return [word[at : at + WORD] for at in range(0, len(word), WORD)]


def _shown(text: str) -> str:
    return "".join(ch if ch.isprintable() else " " for ch in text)


def _font(size: int) -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    for name in SANS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
