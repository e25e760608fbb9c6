import io

import pytest

pytest.importorskip("PIL")

from PIL import Image
from PIL.Image import Image as Picture

from tests.media.pictures import BLACK, WHITE, Style, clear, words
from tools.raster import grounded, spread
from tools.sandbox import Refused
from tools.signature import picture_format, second_nature


def grounds(picture: Picture) -> list[str | None]:
    return [ground for ground, _ in grounded(picture)]


def test_white_letters_on_nothing_are_shown_on_black() -> None:
    assert grounds(clear("only the dark shows me", WHITE)) == ["black"]


def test_black_letters_on_nothing_are_shown_on_white() -> None:
    assert grounds(clear("only the light shows me", BLACK)) == ["white"]


def test_letters_in_both_colours_are_shown_on_both_grounds() -> None:
    upper, lower = clear("seen on black", WHITE), clear("seen on white", BLACK)
    both = Image.new("RGBA", (max(upper.width, lower.width), upper.height + lower.height))
    both.paste(upper, (0, 0))
    both.paste(lower, (0, upper.height))
    assert grounds(both) == ["white", "black"]


def test_coloured_letters_on_nothing_are_shown_once() -> None:
    assert grounds(clear("seen anyway", (200, 30, 30))) == ["white"]


def test_a_picture_without_transparency_is_shown_as_it_is() -> None:
    assert grounds(words("plain", Style())) == [None]


def test_every_frame_of_a_short_animation_is_chosen() -> None:
    assert spread([0.1] * 5, 16) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("most", [1, 3, 16])
def test_a_frame_on_show_longer_than_its_share_of_the_time_is_always_chosen(most: int) -> None:
    for at in range(0, 200, 7):
        delays = [0.05] * 200
        delays[at] = sum(delays) / most * 1.6
        chosen = spread(delays, most)
        assert at in chosen and len(chosen) == most == len(set(chosen)) and chosen == sorted(chosen)


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><svg/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe", "PostScript"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "video"),
        (b"plain words", "no known format"),
        (b"\0" * 64, "no known format"),
    ],
)
def test_what_is_no_picture_that_is_read_is_refused_by_name(start: bytes, named: str) -> None:
    with pytest.raises(Refused, match=named) as refused:
        picture_format(start)
    assert refused.value.why == "unknown_format"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("tail", [b"<html><script>x()</script>", b"\n<?php echo 1;", b"\x7fELF\x02"])
def test_a_page_or_program_behind_a_picture_is_seen(form: str, tail: bytes) -> None:
    file = io.BytesIO()
    words("a plain picture", Style(size=16)).save(file, form)
    assert second_nature(form, file.getvalue()) is None
    assert second_nature(form, file.getvalue() + tail) is not None
