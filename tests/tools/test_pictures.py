import hashlib
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from cases.observation import Unseen
from tests.media.pictures import BLACK, WHITE, Style, animation, clear, encoded, meme, upright, words
from tools.pictures import Picture, PictureLimits, decode_picture, open_picture
from tools.sandbox import Limits

LINE = words("Meet us behind the old mill", Style(size=20))
FORMS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]


def seen(data: bytes, limits: PictureLimits | None = None) -> Picture:
    got = decode_picture(data, limits)
    assert isinstance(got, Picture), got
    return got


def unseen(data: bytes, limits: PictureLimits | None = None) -> Unseen:
    got = decode_picture(data, limits)
    assert isinstance(got, Unseen), got
    return got


def coloured(*colours: str) -> list[Image.Image]:
    return [Image.new("RGB", (60, 40), colour) for colour in colours]


def header(width: int, height: int) -> bytes:
    """A PNG that says it is that large and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 4096)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_upright_rgb_pixels(form: str) -> None:
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    picture = seen(encoded(LINE, form))
    (frame,) = picture.frames
    assert frame.pixels.shape == (LINE.height, LINE.width, 3) and frame.pixels.dtype == np.uint8
    assert picture.size == LINE.size and picture.format == form.lower() and not picture.animated
    assert float(np.abs(frame.pixels.astype(int) - np.asarray(LINE, int)).mean()) < 12
    assert not picture.gaps and frame.locator.frame == 0 and frame.locator.start is None


def test_the_hash_is_that_of_the_file() -> None:
    data = encoded(LINE)
    assert seen(data).sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_says(orientation: int) -> None:
    drawn = Image.new("RGB", (64, 32), "white")
    drawn.paste((255, 0, 0), (0, 0, 16, 16))
    # Where the red corner, upper left as stored, is shown, by the definition of the tag.
    corner = {1: "ul", 2: "ur", 3: "lr", 4: "ll", 5: "ul", 6: "ur", 7: "lr", 8: "ll"}[orientation]
    picture = seen(upright(drawn, orientation))
    pixels = picture.frames[0].pixels
    assert picture.size == ((64, 32) if orientation <= 4 else (32, 64)) == (pixels.shape[1], pixels.shape[0])
    y = 4 if corner[0] == "u" else -4
    x = 4 if corner[1] == "l" else -4
    assert pixels[y, x, 1] < 60 < 200 < pixels[-y, -x, 1]


def test_a_large_picture_is_scaled_down_and_keeps_its_size_on_record() -> None:
    picture = seen(encoded(Image.new("RGB", (3000, 2000), "white"), "JPEG"), PictureLimits(area=1_000_000))
    height, width = picture.frames[0].pixels.shape[:2]
    assert picture.size == (3000, 2000) and width * height <= 1_000_000 and abs(width / height - 1.5) < 0.01


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_every_mode_of_pixels_is_seen_as_colours(mode: str) -> None:
    grey = LINE.convert("L")
    if mode in {"I;16", "I", "F"}:
        wide = np.asarray(grey).astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode])
        picture = Image.fromarray(wide * 257 if mode == "I;16" else wide)
    else:
        picture = LINE.convert(mode)
    form = "TIFF" if mode in {"CMYK", "YCbCr", "I", "F"} else "PNG"
    pixels = seen(encoded(picture, form)).frames[0].pixels
    assert pixels.min() < 60
    if mode != "I":  # counts of a wide file may be dark as a whole
        assert pixels.max() > 200


@pytest.mark.parametrize(("ink", "ground"), [(WHITE, "black"), (BLACK, "white")])
def test_letters_of_a_transparent_picture_are_seen_on_the_ground_that_shows_them(
    ink: tuple[int, int, int], ground: str
) -> None:
    (frame,) = seen(encoded(clear("look closely", ink))).frames
    assert frame.ground == ground and int(frame.pixels.max()) - int(frame.pixels.min()) > 200


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_gives_its_frames_with_their_times(form: str) -> None:
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    picture = seen(animation(coloured("red", "green", "blue"), form, 200))
    assert picture.animated and picture.total == 3
    assert [frame.number for frame in picture.frames] == [0, 1, 2]
    assert [int(frame.pixels[5, 5].argmax()) for frame in picture.frames] == [0, 1, 2]
    if form in {"GIF", "WEBP"}:
        assert picture.frames[1].start == pytest.approx(0.2) and picture.frames[1].end == pytest.approx(0.4)


def test_of_a_long_animation_the_frame_that_shows_longest_is_among_those_seen() -> None:
    frames = coloured(*(["white", "black"] * 30))
    frames[41] = Image.new("RGB", (60, 40), "red")
    delays = [20] * 60
    delays[41] = 2000
    picture = seen(animation(frames, "GIF", delays), PictureLimits(frames=4))
    assert len(picture.frames) == 4 and 41 in [frame.number for frame in picture.frames]


def test_an_animation_of_more_frames_than_are_looked_at_says_so() -> None:
    picture = seen(animation(coloured(*(["white", "black"] * 10)), "GIF"), PictureLimits(scanned=5))
    assert picture.gaps and "more than 5 frames" in picture.gaps[0].told


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
def test_of_a_file_cut_short_what_is_there_is_seen_and_the_rest_is_a_gap(form: str) -> None:
    data = encoded(meme("UPPER LINE", "LOWER LINE", 320), form)
    got = decode_picture(data[: len(data) * 2 // 3], media="image-2")
    if isinstance(got, Picture):
        assert got.gaps[0].media == "image-2" and got.gaps[0].why == "unreadable" and "cut short" in got.gaps[0].told
    else:
        assert got.why == "unreadable"
    if form in {"PNG", "JPEG"}:
        assert isinstance(got, Picture)


def test_a_gif_whose_first_frame_is_damaged_hides_no_later_ones_in_silence() -> None:
    head = b"GIF89a" + struct.pack("<HH", 40, 20) + b"\xf0\0\0" + b"\0\0\0\xff\xff\xff"
    short = b"\x2c" + struct.pack("<HHHH", 0, 0, 40, 20) + b"\0\x02\x02\x44\x01\0"  # two pixels of eight hundred
    picture = decode_picture(head + short * 5 + b";")
    assert isinstance(picture, Picture) and [gap.why for gap in picture.gaps] == ["unreadable"]


def test_a_gif_without_its_end_is_cut_short_and_padding_behind_the_end_is_none() -> None:
    whole = animation([words("one"), words("two")], "GIF")
    for data, gaps in ((whole, 0), (whole + b"\0\0", 0), (whole[:-1], 1)):
        picture = decode_picture(data)
        assert isinstance(picture, Picture) and (picture.total, len(picture.gaps)) == (2, gaps)


def test_a_picture_that_says_it_is_enormous_is_refused_before_it_is_decoded() -> None:
    got = unseen(header(60_000, 60_000))
    assert got.why == "too_large" and "60000 x 60000" in got.told


def test_a_picture_that_unpacks_to_more_than_it_says_harms_nobody() -> None:
    got = decode_picture(header(9000, 9000))
    assert isinstance(got, Unseen) or got.gaps


def test_a_decoder_that_needs_too_much_memory_or_time_is_stopped() -> None:
    data = encoded(Image.new("RGB", (6000, 6000), "red"))
    small = PictureLimits(sandbox=Limits(memory=64 * 1024**2))
    assert unseen(data, small).why == "too_large"
    quick = PictureLimits(sandbox=Limits(seconds=0.05))
    assert unseen(data, quick).why == "out_of_time"


def test_a_picture_that_is_an_archive_or_a_page_too_is_refused() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("run.js", "x()")
    for form in ("PNG", "JPEG", "GIF"):
        for more in (archive.getvalue(), b"<script>x()</script>"):
            got = unseen(encoded(LINE, form) + more)
            assert got.why == "unknown_format" and "in one" in got.told


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"BM"]
)
def test_what_is_no_picture_is_unseen_with_a_reason(data: bytes) -> None:
    assert unseen(data).why in {"unreadable", "unknown_format"}


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(FORMS[:6]), st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_damaged_file_is_a_picture_or_unseen_and_nothing_else(form: str, seed: int, hits: int) -> None:
    data = bytearray(encoded(LINE, form))
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, len(data), hits):
        data[at] = rng.integers(0, 256)
    assert isinstance(decode_picture(bytes(data)), Picture | Unseen)


def test_a_file_is_opened_inside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "media" / "deep").mkdir(parents=True)
    (tmp_path / "media" / "deep" / "a.png").write_bytes(encoded(LINE))
    (tmp_path / "media" / "b.png").symlink_to(Path("deep") / "a.png")
    for name in ("deep/a.png", "b.png", "deep/../b.png", tmp_path / "media" / "b.png"):
        assert isinstance(open_picture(name, tmp_path / "media"), Picture), name


def test_no_path_or_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(LINE))
    (tmp_path / "media" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "media" / "up").symlink_to(tmp_path)
    for name in ("../secret.png", "link.png", "up/secret.png", tmp_path / "secret.png", "..", "../media/../secret.png"):
        got = open_picture(name, tmp_path / "media")
        assert isinstance(got, Unseen) and got.what == "file" and "out of the folder" in got.told, name


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero", tmp_path / "nowhere.png", "a\0b"):
        got = open_picture(path)
        assert isinstance(got, Unseen) and got.why in {"missing", "unreadable"}, path


def test_a_file_larger_than_allowed_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(LINE))
    got = open_picture("a.png", tmp_path, PictureLimits(file_bytes=100))
    assert isinstance(got, Unseen) and got.why == "too_large" and "100 are read at most" in got.told
