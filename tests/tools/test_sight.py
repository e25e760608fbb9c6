"""Files of a case come back as observations or as gaps with the reason, whatever is in them."""

from pathlib import Path

import pytest

from agents.perceiver import seen_at, with_seen
from cases.case import Case, Media, Part

pytest.importorskip("rapidocr", reason="pictures: pip install 'precept[vision]'")
pytest.importorskip("nudenet", reason="pictures: pip install 'precept[vision]'")

from PIL import Image, ImageDraw, ImageFont  # noqa: E402

from tools.sight import look  # noqa: E402

LINES = ("BAKE SALE ON SUNDAY", "BRING A FORK")


@pytest.fixture(scope="module")
def sign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = Image.new("RGB", (900, 400), (235, 235, 225))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=56)
    for row, line in enumerate(LINES):
        draw.text((60, 80 + 120 * row), line, fill=(20, 20, 20), font=font)
    path = tmp_path_factory.mktemp("pictures") / "sign.png"
    picture.save(path)
    return path


def image(path: object) -> Media:
    return Media(type="image", path=str(path))


def test_words_of_a_picture_become_a_part_and_lead_back_to_their_region(sign: Path) -> None:
    seen = look([image(sign)])
    assert seen.unseen == ()
    case = with_seen(
        Case(id="c", parts=(Part(id="text", kind="text", text="See you there."),), media=(image(sign),)), *seen
    )
    part = case.part("image-1")
    assert part.text.upper().split("\n") == list(LINES)
    from cases.finding import Evidence

    at = part.text.index("\n") + 1
    (place,) = seen_at(case, Evidence(part="image-1", start=at, end=len(part.text), quote=part.text[at:]))
    assert place.text.upper() == LINES[1] and place.locator.box is not None
    assert 0.4 < place.locator.box.y < 0.7
    assert seen_at(case, Evidence(part="text", start=0, end=3, quote="See")) == ()


def test_a_case_with_what_was_seen_has_a_digest_of_its_own_and_survives_the_record(sign: Path) -> None:
    plain = Case(id="c", parts=(Part(id="text", kind="text", text="x"),), media=(image(sign),))
    case = with_seen(plain, *look(plain.media))
    assert case.digest != plain.digest
    assert Case.model_validate_json(case.model_dump_json()).digest == case.digest


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unknown_format"),
        (b"", None),
        (b"\x89PNG\r\n\x1a\n truncated", None),
    ],
)
def test_what_is_no_picture_is_a_gap_with_a_reason(tmp_path: Path, content: bytes, why: str | None) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(content)
    seen = look([image(path)])
    assert not seen.observations and len(seen.unseen) == 1
    assert why is None or seen.unseen[0].why == why


def test_files_outside_the_root_and_files_that_are_gone_are_gaps(sign: Path, tmp_path: Path) -> None:
    for path in (sign, tmp_path / "gone.png", "../../etc/hostname"):
        seen = look([image(path)], tmp_path)
        assert not seen.observations and len(seen.unseen) == 1, path


def test_video_is_said_to_be_unread() -> None:
    seen = look([Media(type="video", path="clip.mp4")])
    assert seen.unseen[0].what == "file" and "person" in seen.unseen[0].told
