"""Files of a case come back as observations or as gaps with the reason, whatever is in them."""

from pathlib import Path

import pytest

from agents.perceiver import seen_at, with_seen
from cases.case import Case, Media, Part

pytest.importorskip("rapidocr", reason="pictures: pip install 'precept[vision]'")
pytest.importorskip("nudenet", reason="pictures: pip install 'precept[vision]'")

from PIL import Image, ImageDraw, ImageFont  # noqa: E402

from tools.looking import Looking  # noqa: E402
from tools.sight import is_page, look, look_at_pages  # noqa: E402

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
        seen = look([image(path)], Looking(root=tmp_path))
        assert not seen.observations and len(seen.unseen) == 1, path


def test_a_relative_path_is_taken_from_the_root_and_from_nowhere_else(sign: Path) -> None:
    seen = look([image(sign.name)], Looking(root=sign.parent))
    assert not seen.unseen and seen.observations
    (gap,) = look([image(sign.name)]).unseen
    assert gap.why == "missing"


def test_links_and_devices_do_not_lead_out_of_the_root(sign: Path, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(sign)
    (tmp_path / "inner").symlink_to(sign.parent)
    for path in ("link.png", f"inner/{sign.name}", f"../{tmp_path.name}/link.png", "/dev/zero"):
        (gap,) = look([image(path)], Looking(root=tmp_path)).unseen
        assert gap.why == "unreadable", path


def test_one_broken_file_leaves_the_others_seen(sign: Path, tmp_path: Path) -> None:
    broken = tmp_path / "film.mp4"
    broken.write_bytes(b"no film")
    seen = look([Media(type="video", path=str(broken)), image(sign)])
    assert {gap.media for gap in seen.unseen} == {"video-1"}
    assert {one.media for one in seen.observations} == {"image-1"}


def test_a_file_that_is_changed_while_it_is_looked_at_is_a_gap(sign: Path, tmp_path: Path) -> None:
    path = tmp_path / "swap.png"
    path.write_bytes(sign.read_bytes())

    def swap(name: str, stage: str, share: float, lasts: float) -> None:
        path.write_bytes(sign.read_bytes() + b" ")

    (gap,) = look([image(path)], Looking(watch=swap)).unseen
    assert gap.why == "unreadable" and "changed" in gap.told


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("<!DOCTYPE html><p>Buy", True),
        ("  <!-- a --><!-- b --><html lang=en>", True),
        ("<?xml version='1.0'?><html>", True),
        ("Write <html> first", False),
        ("<!-- never closed " * 5_000, False),
        ("<!---->" * 50_000 + "x", False),
    ],
)
def test_a_page_is_told_from_words_about_one(text: str, page: bool) -> None:
    assert is_page(text) is page


def test_a_page_in_an_ad_gives_way_to_what_its_visitors_read() -> None:
    html = "<html><title>Tea</title><body><p>Buy our tea today.</p><p style='display:none'>Free gold</p></body></html>"
    case = Case(
        id="c", parts=(Part(id="title", kind="title", text="Tea"), Part(id="landing", kind="landing", text=html))
    )
    seen = look_at_pages([case.part("landing")])
    told = with_seen(case, *seen)
    assert [p.id for p in told.parts] == ["title", "landing", "landing.hidden"]
    assert "Buy our tea today." in told.part("landing").text and "<" not in told.part("landing").text
    assert told.part("landing.hidden").text == "Free gold"


def test_a_page_file_is_read_and_pictures_on_it_are_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html><body><p>Buy our tea today.</p><img src=a.png></body></html>")
    seen = look([Media(type="page", path=str(path))])
    assert [o.text for o in seen.observations if o.kind == "words"] == ["Buy our tea today."]
    assert [(gap.media, gap.what) for gap in seen.unseen] == [("page-1", "picture")]


HOSTILE = {
    "empty.mp4": b"",
    "zeros.mp4": b"\0" * 65_536,
    "script.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    "page.png": b"<html><body>words</body></html>",
    "huge.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01\0\0\0\x01\0\0\x08\x02\0\0\0" + b"\0" * 400,
    "cut.gif": b"GIF89a\xff\xff\xff\xff\xf7\0\0",
    "list.m3u8": b"#EXTM3U\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n",
    "headless.mp4": b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0\0\xff\xffmdat" + b"\xff" * 5_000,
    "riff.webp": b"RIFF\xff\xff\xff\x7fWEBPVP8 \xff\xff\xff\x7f",
    "binary.html": b"\0\x01\x02" * 500,
}


@pytest.mark.parametrize("kind", ["image", "video", "audio", "page"])
def test_no_file_whatever_its_kind_is_passed_over_in_silence(kind: str, tmp_path: Path) -> None:
    for name, body in HOSTILE.items():
        (tmp_path / name).write_bytes(body)
    media = [Media.model_validate({"type": kind, "path": name}) for name in HOSTILE]
    seen = look(media, Looking(root=tmp_path, frames=2))
    names = [f"{kind}-{n}" for n in range(1, len(HOSTILE) + 1)]
    told = {gap.media for gap in seen.unseen}
    if kind == "page":  # words in a file of another kind are words all the same
        told |= {one.media for one in seen.observations}
    assert told == set(names)
    assert kind == "page" or not [o for o in seen.observations if o.kind != "tag"]


def test_what_is_told_of_a_file_names_no_path(tmp_path: Path) -> None:
    for name in ("cut.gif", "huge.png", "script.svg"):
        (tmp_path / name).write_bytes(HOSTILE[name])
        (gap,) = look([image(name)], Looking(root=tmp_path)).unseen
        assert name not in gap.told and str(tmp_path) not in gap.told, gap.told
