import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

from cases.observation import Box, Locator, Observation, Unseen
from tests.media.pictures import (
    BLACK,
    CONDITIONS,
    HARDER,
    SENTENCES,
    WHITE,
    Style,
    animation,
    clear,
    encoded,
    font,
    meme,
    recall,
    words,
)
from tools.lines import Line, in_reading_order
from tools.ocr import read_picture, read_words, reader
from tools.pictures import Picture, Pixels, decode_picture
from tools.rapid import LONG, RapidReader
from tools.tesseract import TesseractReader

if TYPE_CHECKING:
    from rapidocr import RapidOCR

HARD = {"size 8", "dotted letters", *HARDER}


class Scripted:
    """A reader that gives the same lines for whatever it is shown, and notes what it was shown."""

    name, version = "scripted", "1"

    def __init__(self, *lines: Line) -> None:
        self.given = lines
        self.shown: list[tuple[int, ...]] = []

    def lines(self, pixels: Pixels) -> list[Line]:
        self.shown.append(pixels.shape)
        return list(self.given)


def read(picture: Image.Image) -> tuple[Observation, ...]:
    pytest.importorskip("rapidocr")
    got = read_words(np.asarray(picture), "image-1")
    assert not isinstance(got, Unseen), got
    return got


def text(found: tuple[Observation, ...]) -> str:
    return " ".join(one.text for one in found)


def line(word: str, left: float, top: float, right: float = 0, bottom: float = 0) -> Line:
    return Line(word, 0.9, left, top, right or left + 40, bottom or top + 10)


def decoded(data: bytes) -> Picture:
    got = decode_picture(data)
    assert isinstance(got, Picture)
    return got


def test_a_line_is_an_observation_with_its_place_and_tool() -> None:
    (one,) = read(words("Meet us behind the old mill", Style(size=32)))
    assert one.id == "image-1.w1" and one.kind == "words" and one.media == "image-1"
    assert one.text == "Meet us behind the old mill" and one.confidence > 0.9
    assert one.tool == "rapidocr" and one.version
    box = one.locator.box
    assert one.locator.frame == 0 and box is not None
    # Drawn in the middle with two of its sizes of room on each side.
    assert 0.05 < box.x < 0.2 and 0.6 < box.width < 0.9 and 0.3 < box.y + box.height / 2 < 0.7


@pytest.mark.parametrize("condition", sorted(CONDITIONS.keys() - HARD))
def test_words_are_read_under_each_condition(condition: str) -> None:
    seed = len(condition) % len(SENTENCES)
    found = read(CONDITIONS[condition](SENTENCES[seed], seed))
    assert recall(SENTENCES[seed], text(found)) >= 0.8, text(found)


def test_upside_down_words_are_read_the_right_way_round() -> None:
    for sentence in SENTENCES[:4]:
        found = read(words(sentence, Style(turn=180)))
        assert recall(sentence, text(found)) == 1.0, text(found)


def test_mirrored_words_are_read_as_they_are_meant() -> None:
    for sentence in SENTENCES[:4]:
        found = read(words(sentence).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
        assert recall(sentence, text(found)) == 1.0, text(found)


def test_a_picture_without_words_gives_none() -> None:
    assert read(Image.new("RGB", (400, 300), "teal")) == ()
    assert read(Image.new("RGB", (1, 1))) == () == read(Image.new("RGB", (900, 2)))


def test_a_long_screenshot_is_read_from_top_to_bottom() -> None:
    pytest.importorskip("rapidocr")
    picture = Image.new("RGB", (700, 5200), "white")
    for row, sentence in enumerate(SENTENCES):
        picture.paste(words(sentence, Style(size=22)), (10, 60 + 640 * row))
    found = read(picture)
    assert [one.text for one in found] == list(SENTENCES)
    assert [one.id for one in found] == [f"image-1.w{n}" for n in range(1, 9)]
    for row, one in enumerate(found):
        assert one.locator.box is not None and abs(one.locator.box.y * 5200 - 60 - 640 * row) < 120


def test_strips_overlap_and_a_line_in_two_of_them_counts_once() -> None:
    # Each strip reports the line at its own top: where strips meet, the same place in the picture once only.
    scripted = Scripted(line("top", 5, 5))
    found = read_words(np.zeros((4000, 300, 3), np.uint8), "image-1", engine=scripted)
    assert not isinstance(found, Unseen) and len(found) == len(scripted.shown) == 3
    assert all(shape[0] <= LONG for shape in scripted.shown)


def test_reading_order_is_by_rows_then_from_the_left() -> None:
    lines = [line("d", 200, 52), line("b", 300, 12), line("c", 10, 50), line("a", 10, 10), line("e", 10, 90)]
    assert [one.text for one in in_reading_order(lines)] == ["a", "b", "c", "d", "e"]


def test_numbers_go_on_from_the_first_and_boxes_stay_inside_the_frame() -> None:
    scripted = Scripted(Line("over the edge", 1.2, -5, -5, 500, 500), line("second", 10, 600))
    at = Locator(frame=7, start=1.5, end=1.5)
    found = read_words(np.zeros((100, 100, 3), np.uint8), "video-1", at, engine=scripted, first=31)
    assert not isinstance(found, Unseen)
    assert [one.id for one in found] == ["video-1.w31", "video-1.w32"]
    assert found[0].locator == at.model_copy(update={"box": Box(x=0, y=0, width=1, height=1)})
    assert found[0].confidence == 1.0


def test_words_that_stay_through_an_animation_are_told_once() -> None:
    pytest.importorskip("rapidocr")
    frames = [words("the same all along", Style(size=24)) for _ in range(3)]
    frames[1] = words("only in the middle", Style(size=24)).resize(frames[0].size)
    found = read_picture(decoded(animation(frames, "PNG")), "image-1")
    assert not isinstance(found, Unseen)
    assert [(one.text, one.locator.frame, one.id) for one in found] == [
        ("the same all along", 0, "image-1.w1"),
        ("only in the middle", 1, "image-1.w2"),
    ]


@pytest.mark.parametrize("ink", [WHITE, BLACK])
def test_words_of_a_transparent_picture_are_read_in_either_colour(ink: tuple[int, int, int]) -> None:
    pytest.importorskip("rapidocr")
    found = read_picture(decoded(encoded(clear("hidden in the open", ink))), "image-1")
    assert not isinstance(found, Unseen) and text(found) == "hidden in the open"


def test_both_lines_of_a_meme_are_read_in_order() -> None:
    assert [one.text.casefold() for one in read(meme("WHEN THE KETTLE", "FINALLY BOILS", seed=3))] == [
        "when the kettle",
        "finally boils",
    ]


def test_threads_share_one_reader() -> None:
    pytest.importorskip("rapidocr")
    assert reader("rapidocr") is reader("rapidocr")
    got: dict[int, str] = {}

    def work(number: int) -> None:
        got[number] = text(read(words(SENTENCES[number], Style(size=20))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == dict(enumerate(SENTENCES[:4]))


def test_a_missing_program_is_named_with_what_to_do() -> None:
    got = read_words(np.zeros((50, 50, 3), np.uint8), "image-1", engine=TesseractReader("no-such-tesseract"))
    assert isinstance(got, Unseen) and got.why == "no_tool" and got.what == "words"
    assert "no-such-tesseract" in got.told and "apt-get install" in got.told


def test_an_engine_that_fails_is_unseen_and_no_exception() -> None:
    class Broken(RapidReader):
        def load(self) -> "RapidOCR":
            raise RuntimeError("deep inside")

    got = read_words(np.zeros((50, 50, 3), np.uint8), "image-1", engine=Broken())
    assert isinstance(got, Unseen) and got.why == "unreadable" and "RuntimeError" in got.told


def test_a_picture_with_more_lines_than_there_is_time_for_is_given_up_and_said_to_be() -> None:
    pytest.importorskip("rapidocr")
    picture = Image.new("RGB", (900, 900), "white")
    for row in range(8):
        picture.paste(words(SENTENCES[row], Style(size=20)).crop((30, 30, 480, 80)), (10, 20 + 100 * row))
    got = read_words(np.asarray(picture), "image-1", engine=RapidReader(seconds=0.0))
    assert isinstance(got, Unseen) and got.why == "out_of_time" and got.what == "words" and "lines" in got.told


def test_tesseract_reads_printed_lines_where_it_is_installed() -> None:
    if not TesseractReader().version:
        pytest.skip("the program tesseract is not installed")
    picture = Image.new("RGB", (640, 200), "white")
    picture.paste(words("Meet us behind the mill", Style(size=24)).crop((40, 40, 500, 110)), (20, 10))
    found = read_words(np.asarray(words("Meet us behind the mill", Style(size=32))), "image-1", engine="tesseract")
    assert not isinstance(found, Unseen)
    assert (
        text(found) == "Meet us behind the mill" and found[0].tool == "tesseract" and found[0].locator.box is not None
    )


def test_the_fonts_of_the_drawings_are_there() -> None:
    assert font("serif", 20).getname()[0] == "DejaVu Serif"
