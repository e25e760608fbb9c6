"""A file of a case is shown by its id alone: a picture as pixels written anew, and nothing that could run."""

import io
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

Image = pytest.importorskip("PIL.Image", reason="pictures need pip install 'precept[media]'")

from fastapi.testclient import TestClient  # noqa: E402

from cases.case import Case, Media, MediaKind, Part  # noqa: E402
from web.office import Office  # noqa: E402
from web.store import journal  # noqa: E402

SignedIn = Callable[..., TestClient]
Shown = Callable[..., str]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def shown(office: Office, tmp_path: Path) -> Shown:
    """Return the address of the file of a new case that holds these bytes."""

    def make(body: bytes, name: str = "a.png", kind: MediaKind = "image", place: str | None = None) -> str:
        file = tmp_path / name
        file.write_bytes(body)
        case = Case(
            id=f"f-{uuid.uuid4().hex[:8]}", parts=(Part(id="text", kind="text", text="See this"),),
            media=(Media(type=kind, path=place or str(file)),),
        )  # fmt: skip
        return f"/cases/{office.desks.live.decide(case).id}/media/{kind}-1"

    return make


def png(comment: str = "") -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info, out = PngInfo(), io.BytesIO()
    info.add_text("Comment", comment)
    Image.new("RGB", (40, 30), (200, 10, 10)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def test_a_picture_comes_written_anew_boxed_and_on_record(signed_in: SignedIn, office: Office, shown: Shown) -> None:
    client, place = signed_in("moderator"), shown(png("<script>secret</script>") + b"<?php trailing")
    answer = client.get(place)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert b"secret" not in answer.content and b"php" not in answer.content
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (40, 30)
    assert journal.lines(office.store, actor=client.account_id, act="case.media")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body", [SVG, b"<html><script>alert(1)</script>", b"GIF89a" + SVG, b"\x89PNG\r\n\x1a\n", b"root:x:0:0"]
)
def test_what_is_no_picture_is_never_shown_whatever_it_is_called(
    signed_in: SignedIn, shown: Shown, body: bytes
) -> None:
    answer = signed_in("moderator").get(shown(body))
    assert answer.status_code == 415 and b"alert(1)" not in answer.content and b"root:x" not in answer.content


@pytest.mark.parametrize(
    "name", ["image-2", "video-1", "..%2f..%2fwork.db", "%2e%2e/%2e%2e/etc/passwd", "image-1/../x"]
)
def test_only_files_of_the_case_have_an_address(signed_in: SignedIn, shown: Shown, name: str) -> None:
    place = shown(png())
    assert signed_in("moderator").get(place.rsplit("/", 1)[0] + "/" + name).status_code in (404, 405)


def test_a_file_that_a_case_names_outside_is_not_sent_and_its_path_is_not_told(
    signed_in: SignedIn, shown: Shown
) -> None:
    for kind, place in (("image", "/etc/passwd"), ("video", "/etc/passwd"), ("image", "/no/such.png")):
        answer = signed_in("moderator").get(shown(png(), kind=kind, place=place))
        assert answer.status_code in (404, 415) and "passwd" not in answer.text and "/no/" not in answer.text


def test_sound_from_a_place_that_is_not_ours_is_not_sent(signed_in: SignedIn, shown: Shown) -> None:
    assert signed_in("moderator").get(shown(b"OggS" + b"\0" * 60, "a.ogg", "audio")).status_code == 415


def test_sound_of_our_own_folder_goes_out_as_what_it_is(signed_in: SignedIn, office: Office, shown: Shown) -> None:
    folder = office.settings.home / "uploads"
    folder.mkdir(exist_ok=True)
    (folder / "b.ogg").write_bytes(b"OggS" + b"\0" * 60)
    answer = signed_in("moderator").get(shown(b"x", "b.txt", "audio", place=str(folder / "b.ogg")))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/ogg")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_nobody_sees_a_file_without_signing_in(client: TestClient, shown: Shown) -> None:
    assert client.get(shown(png()), follow_redirects=False).status_code == 303
