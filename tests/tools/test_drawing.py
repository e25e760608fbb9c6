"""A sheet is a PNG whose pixels show the marks, bounded whatever is drawn."""

import io

import pytest

pytest.importorskip("PIL", reason="pictures: pip install 'precept[vision]'")

from PIL import Image  # noqa: E402

from cases.observation import Box  # noqa: E402
from tools.drawing import COLOURS, MOST_PANELS, NARROW, WIDE, Kind, Mark, Panel, sheet  # noqa: E402

WHOLE = Box(x=0.25, y=0.25, width=0.5, height=0.5)


def picture(width: int = 200, height: int = 100, colour: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(held, "PNG")
    return held.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    return image.convert("RGB")


def count(image: Image.Image, colour: tuple[int, int, int]) -> int:
    return sum(n for n, c in image.getcolors(1 << 24) or () if c == colour)


def test_a_cited_box_is_drawn_in_the_colour_of_what_is_cited() -> None:
    cited = opened(sheet(["ACT"], [Panel("image-1", picture(), (Mark(WHOLE, "cited", "words"),))]))
    plain = opened(sheet(["ACT"], [Panel("image-1", picture(), (Mark(WHOLE, "words", "words"),))]))
    assert count(cited, COLOURS["cited"]) > 1000 > count(plain, COLOURS["cited"])
    assert count(plain, COLOURS["words"]) > 500


def test_a_covered_region_is_coarse_and_the_rest_is_not() -> None:
    held = io.BytesIO()
    Image.effect_noise((400, 200), 100).convert("RGB").save(held, "PNG")
    whole = Box(x=0.0, y=0.0, width=1.0, height=1.0)
    fine = opened(sheet([], [Panel("a", held.getvalue(), (Mark(whole, "region", "x"),))]))
    coarse = opened(sheet([], [Panel("a", held.getvalue(), (Mark(whole, "region", "x", covered=True),))]))
    fine, coarse = (made.crop((0, 100, made.width, made.height)) for made in (fine, coarse))
    assert len(coarse.getcolors(1 << 24) or ()) < len(fine.getcolors(1 << 24) or ()) / 2


def test_the_colours_that_are_drawn_are_explained_and_no_others() -> None:
    def top(*kinds: Kind) -> Image.Image:
        marks = tuple(Mark(Box(x=0.9, y=0.9, width=0.05, height=0.05), kind, "") for kind in kinds)
        made = opened(sheet(["ACT"], [Panel("a", picture(600, 100), marks)]))
        return made.crop((0, 0, made.width, 100))

    for kind, colour in COLOURS.items():
        if kind == "box":  # as grey as the line below the head
            continue
        others = [k for k in COLOURS if k != kind]
        assert count(top(kind), colour) > 20 and count(top(*others), colour) == 0


def test_one_picture_is_wide_and_several_stand_side_by_side() -> None:
    one = opened(sheet([], [Panel("a", picture())]))
    two = opened(sheet([], [Panel("a", picture()), Panel("b", picture())]))
    assert WIDE <= one.width < WIDE + 100 and 2 * NARROW <= two.width < 2 * NARROW + 100


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (1, 1)])
def test_no_shape_of_a_picture_makes_a_sheet_of_any_size(size: tuple[int, int]) -> None:
    made = opened(sheet(["x"], [Panel("a", picture(*size), (Mark(WHOLE, "words", "t"),))]))
    assert made.width < 1400 and made.height < 2400


def test_hostile_words_are_drawn_and_bounded() -> None:
    words = "\x1b[2J\u202e" + "w" * 100_000 + " \n " + "many words " * 5_000
    panels = [Panel(words, None, (), (words,) * 50)] * (MOST_PANELS + 10)
    made = opened(sheet([words] * 100, panels))
    assert made.height < 40_000 and made.width < 1400


def test_a_picture_that_cannot_be_shown_leaves_its_place_and_says_why() -> None:
    made = opened(sheet([], [Panel("video-1", None, (), ("not shown: it is gone",))]))
    assert made.height > 200
