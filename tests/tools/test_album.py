"""Pictures of cases for a model: small, upright, of the file that was looked at, and never an exception."""

import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="needs pip install 'precept[vision]'")

from PIL import Image  # noqa: E402

from agents.exhibit import Shots, Show, Wanted, exhibited  # noqa: E402
from cases.case import Case, Media  # noqa: E402
from cases.exchange import Picture  # noqa: E402
from cases.observation import Box, Locator, Observation, Unseen  # noqa: E402
from tests.media.pictures import animation, encoded, upright  # noqa: E402
from tools.album import BYTES, CROP_PIXELS, LEAST, LONGEST, NARROWEST, PIXELS, Album  # noqa: E402
from tools.pictures import Picture as Decoded  # noqa: E402
from tools.pictures import open_picture  # noqa: E402

WHOLE = Wanted("image-1.t1", Locator(frame=0))


def case(*media: Media, seen: tuple[Observation, ...] = ()) -> Case:
    return Case(id="c", parts=(), media=media or (Media(type="image", path="a.png"),), observations=seen)


def image(picture: object) -> Image.Image:
    assert isinstance(picture, Picture), picture
    return Image.open(io.BytesIO(picture.data))


def halves(width: int = 600, height: int = 400) -> Image.Image:
    """Return a picture that is red on the left and blue on the right."""
    made = Image.new("RGB", (width, height), "red")
    made.paste(Image.new("RGB", (width // 2, height), "blue"), (width // 2, 0))
    return made


def wanted(box: Box, id: str = "image-1.r1") -> Wanted:
    return Wanted(id, Locator(frame=0, box=box), "image-1.t1")


def put(folder: Path, data: bytes, name: str = "a.png") -> Album:
    (folder / name).write_bytes(data)
    return Album(folder)


def test_it_is_what_agents_ask_for_pictures(tmp_path: Path) -> None:
    album = put(tmp_path, encoded(halves()))

    def show(case: Case, media: str, wanted: object) -> Shots:
        return Shots(*album(case, media, wanted))  # type: ignore[arg-type]

    fits: Show = show
    shown = exhibited(case(), fits)
    assert [e.id for e in shown.items] == ["image-1.f0"] and shown.whole == {"image-1"}


def test_a_picture_is_a_small_jpeg_of_the_same_shape(tmp_path: Path) -> None:
    album = put(tmp_path, encoded(halves(3000, 2000)))
    shots = album(case(), "image-1", [WHOLE])
    (picture,) = shots.pictures
    shown = image(picture)
    assert shots.frames == 1 and shown.format == "JPEG" and shown.size == (picture.width, picture.height)  # type: ignore[union-attr]
    assert 0.95 * PIXELS < shown.width * shown.height <= PIXELS
    assert shown.width / shown.height == pytest.approx(1.5, abs=0.01)


def test_a_small_picture_is_not_enlarged_and_stands_upright(tmp_path: Path) -> None:
    (picture,) = put(tmp_path, upright(halves(60, 40), 6))(case(), "image-1", [WHOLE]).pictures
    expected = open_picture("a.png", tmp_path)
    assert isinstance(expected, Decoded)
    assert image(picture).size == expected.size and min(image(picture).size) == 40


def test_noise_is_pressed_below_the_limit_of_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (1500, 1500, 3), np.uint8))
    (picture,) = put(tmp_path, encoded(noise))(case(), "image-1", [WHOLE]).pictures
    assert isinstance(picture, Picture) and len(picture.data) <= BYTES


def test_a_crop_is_what_its_box_shows_enlarged_to_be_read(tmp_path: Path) -> None:
    album = put(tmp_path, encoded(halves()))
    boxes = [Box(x=0.1, y=0.2, width=0.1, height=0.1), Box(x=0.8, y=0.2, width=0.1, height=0.1)]
    left, right = (image(p) for p in album(case(), "image-1", [wanted(b) for b in boxes]).pictures)
    assert max(left.size) == LEAST and left.width * left.height <= CROP_PIXELS
    (red, _, _), (_, _, blue) = (crop.convert("RGB").getpixel((20, 20)) for crop in (left, right))  # type: ignore[misc]
    assert red > 200 and blue > 200


@pytest.mark.parametrize(
    "box", [Box(x=0, y=0, width=0, height=0), Box(x=1, y=1, width=1, height=1), Box(x=0.99, y=0, width=0.5, height=1)]
)
def test_a_box_at_the_edge_or_of_no_size_is_a_crop_too(tmp_path: Path, box: Box) -> None:
    (picture,) = put(tmp_path, encoded(halves()))(case(), "image-1", [wanted(box)]).pictures
    assert min(image(picture).size) >= NARROWEST


def test_a_thin_strip_is_laid_on_a_ground_that_models_take(tmp_path: Path) -> None:
    (picture,) = put(tmp_path, encoded(halves(6000, 4)))(case(), "image-1", [WHOLE]).pictures
    shown = image(picture)
    assert min(shown.size) >= NARROWEST and max(shown.size) / min(shown.size) <= LONGEST


def test_the_frames_of_an_animation_are_found_by_their_numbers(tmp_path: Path) -> None:
    colours = [Image.new("RGB", (60, 40), c) for c in ("red", "lime", "blue")]
    album = put(tmp_path, animation(colours))
    frames = [Wanted(f"image-1.f{n}", Locator(frame=n)) for n in (2, 0)]
    shots = album(case(), "image-1", frames)
    last, first = (image(p).convert("RGB").getpixel((30, 20)) for p in shots.pictures)
    assert shots.frames == 3 and last[2] > 200 and first[0] > 200  # type: ignore[index]
    (gone,) = album(case(), "image-1", [Wanted("image-1.f9", Locator(frame=9))]).pictures
    assert isinstance(gone, Unseen) and gone.why == "missing"


def test_what_is_drawn_on_two_grounds_is_not_seen_as_a_whole(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    clear.paste((255, 255, 255, 255), (20, 20, 60, 60))
    clear.paste((0, 0, 0, 255), (120, 20, 160, 60))
    assert put(tmp_path, encoded(clear))(case(), "image-1", [WHOLE]).frames == 2


@pytest.mark.parametrize(("data", "why"), [(b"no picture", "unknown_format"), (b"", "unreadable"), (None, "missing")])
def test_a_file_that_cannot_be_shown_is_a_gap(tmp_path: Path, data: bytes | None, why: str) -> None:
    album = Album(tmp_path) if data is None else put(tmp_path, data)
    found = album(case(), "image-1", [WHOLE, WHOLE]).pictures
    assert [p.why for p in found if isinstance(p, Unseen)] == [why, why]


def test_a_path_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, encoded(halves()), "secret.png")
    (tmp_path / "in").mkdir()
    for path in ("../secret.png", str(tmp_path / "secret.png")):
        (found,) = Album(tmp_path / "in")(case(Media(type="image", path=path)), "image-1", [WHOLE]).pictures
        assert isinstance(found, Unseen)


def test_another_file_than_the_one_that_was_looked_at_is_not_shown(tmp_path: Path) -> None:
    album = put(tmp_path, encoded(halves()))
    seen = open_picture("a.png", tmp_path)
    assert isinstance(seen, Decoded)
    tags = [f"png 600x400, sha256 {sha}" for sha in (seen.sha256[:16], "0" * 16)]
    same, other = (
        case(seen=(Observation(id="image-1.t1", media="image-1", kind="tag", label=tag, locator=Locator(frame=0),
                               tool="pillow", version=""),)) for tag in tags
    )  # fmt: skip
    assert isinstance(album(same, "image-1", [WHOLE]).pictures[0], Picture)
    (found,) = Album(tmp_path)(other, "image-1", [WHOLE]).pictures
    assert isinstance(found, Unseen) and "another file" in found.told


def test_a_picture_is_decoded_once_until_its_file_changes(tmp_path: Path) -> None:
    album = put(tmp_path, encoded(halves()))
    first = album(case(), "image-1", [WHOLE])
    assert album(case(), "image-1", [WHOLE]) is first
    put(tmp_path, encoded(halves(300, 200)))
    again = album(case(), "image-1", [WHOLE]).pictures[0]
    assert isinstance(again, Picture) and again.width == 300


def test_it_remembers_no_more_than_it_may(tmp_path: Path) -> None:
    put(tmp_path, encoded(halves(40, 40)))
    album = Album(tmp_path, kept=1)
    first = album(case(), "image-1", [WHOLE])
    album(case(), "image-1", [WHOLE, WHOLE])
    again = album(case(), "image-1", [WHOLE])
    assert again is not first and again == first


def test_it_remembers_no_more_bytes_than_it_may_and_writes_nothing(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(4)]
    for name in names:
        put(tmp_path, encoded(halves()), name)
    cases = [case(Media(type="image", path=name)) for name in names]
    (one,) = Album(tmp_path)(cases[0], "image-1", [WHOLE]).pictures
    assert isinstance(one, Picture)
    album = Album(tmp_path, most=2 * len(one.data))
    first = [album(each, "image-1", [WHOLE]) for each in cases]
    assert album(cases[2], "image-1", [WHOLE]) is first[2] and album(cases[3], "image-1", [WHOLE]) is first[3]
    assert album(cases[0], "image-1", [WHOLE]) is not first[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_frames_of_a_film_are_those_at_their_seconds(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs pip install 'precept[vision]'")
    from tests.media.videos import Film, made
    from tools.video import Frames, sample_frames

    made(tmp_path / "a.mp4", Film(6, size=(96, 64)))
    sampled = sample_frames("a.mp4", 4, tmp_path)
    assert isinstance(sampled, Frames)
    picks = [sampled.items[3], sampled.items[1]]
    asked = [Wanted(f"video-1.f{f.index}", Locator(frame=f.index, start=f.seconds)) for f in picks]
    shots = Album(tmp_path)(case(Media(type="video", path="a.mp4")), "video-1", asked)
    assert shots.frames == 0
    for picture, frame in zip(shots.pictures, picks, strict=True):
        shown = np.asarray(image(picture).convert("RGB"), np.float64)
        assert np.abs(shown - frame.rgb).mean() < 6, frame.seconds
