"""Subtitles come with their seconds, from inside the file and from beside it; hostile ones lose no words in silence."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.videos import Cue, Film, made, srt, vtt
from tools.subtitles import MAX_BYTES, MAX_CUES, parsed, read_sidecar, sidecars, subtitles

CUES = (Cue("Call this number now", 1.0, 2.5), Cue("and pay\nin vouchers", 4.0, 6.0))
SMALL = (96, 64)


def lines(path: Path, **more: Path) -> list[tuple[str, float | None, float | None]]:
    found = subtitles(path, **more).observations
    return [(o.text, o.locator.start, o.locator.end) for o in found]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_streams_inside_the_file_are_read_with_their_seconds(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("av", reason="needs pip install 'precept[vision]'")
    path = made(tmp_path / f"film.{ending}", Film(8, size=SMALL, cues=CUES))
    found = subtitles(path, "video-1")
    assert not found.gaps
    assert [(o.text, o.locator.start, o.locator.end) for o in found.observations] == [tuple(cue) for cue in CUES]
    assert {(o.kind, o.media, o.tool) for o in found.observations} == {("subtitle", "video-1", "pyav")}
    assert [o.id for o in found.observations] == ["video-1.s0", "video-1.s1"]


def test_files_of_the_videos_name_are_read_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs pip install 'precept[vision]'")
    path = made(tmp_path / "film.mp4", Film(1, size=SMALL))
    (tmp_path / "film.srt").write_text(srt(CUES))
    (tmp_path / "film.en.vtt").write_text(vtt(CUES[:1]))
    (tmp_path / "filmed.srt").write_text(srt(CUES))
    (tmp_path / "other.srt").write_text(srt(CUES))
    assert [p.name for p in sidecars(path)] == ["film.en.vtt", "film.srt"]
    assert lines(path) == [tuple(cue) for cue in (CUES[0], *CUES)]


def test_a_video_that_cannot_be_read_keeps_its_sidecar(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"broken")
    (tmp_path / "film.srt").write_text(srt(CUES))
    found = subtitles(path)
    assert len(found.observations) == 2
    assert [gap.what for gap in found.gaps] == ["words"]


def test_a_link_beside_the_video_leads_nowhere_else(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.srt").write_text(srt(CUES))
    (inside / "film.srt").symlink_to(tmp_path / "secret.srt")
    (inside / "film.mp4").write_bytes(b"broken")
    for root in (None, inside):
        found = subtitles(inside / "film.mp4", root=root)
        assert not found.observations
        assert any("folder" in gap.told for gap in found.gaps)


def read(tmp_path: Path, body: bytes, name: str = "film.srt"):  # type: ignore[no-untyped-def]
    path = tmp_path / name
    path.write_bytes(body)
    return read_sidecar(path, "video")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_words_survive_their_encoding(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, srt([Cue("Prämie für alle", 1, 2)]).encode(encoding))
    assert [cue.text for cue in found.cues] == ["Prämie für alle"]
    assert not found.gaps
    assert found.confidence == (0.7 if encoding in ("utf-16-le", "utf-16-be", "cp1252") else 1.0)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("NaN --> inf", (None, None)),
        ("00:00:09,000 --> 00:00:02,000", (9.0, None)),
        ("-00:00:01,000 --> 00:00:02,000", (None, 2.0)),
        ("00:00:01.000 --> 00:00:02.000 line:0 position:50%", (1.0, 2.0)),
        ("01.5 --> 1:02:03", (1.5, 3723.0)),
        ("99999999:00:00,000 --> x", (None, None)),
        ("1:2:3:4 --> 00:00:01,000", (None, 1.0)),
    ],
)
def test_words_with_impossible_times_are_kept_without_them(
    tmp_path: Path, times: str, expected: tuple[float | None, float | None]
) -> None:
    found = read(tmp_path, f"1\n{times}\nThe words\n".encode())
    assert [(cue.text, (cue.start, cue.end)) for cue in found.cues] == [("The words", expected)]


def test_overlapping_cues_all_come_in_order_of_time(tmp_path: Path) -> None:
    found = read(tmp_path, srt([Cue("c", 5, 50), Cue("a", 1, 90), Cue("b", 1.5, 2)]).encode())
    assert [cue.text for cue in found.cues] == ["a", "b", "c"]


def test_tags_and_entities_are_no_words_and_notes_of_webvtt_are_not_shown() -> None:
    text = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\n<v Ann><b>Free &amp; easy</b> {\\an8}\n\nNOTE never shown\n\n"
    assert [cue.text for cue in parsed(text)] == ["Free & easy"]
    assert [cue.text for cue in parsed("1\n00:00:01,000 --> 00:00:02,000\na\n\nNOTE b\n")] == ["a\nNOTE b"]


def test_a_cue_that_ends_with_a_number_keeps_it() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\ncall\n555\n\n2\n00:00:03,000 --> 00:00:04,000\n777\n"
    assert [cue.text for cue in parsed(text)] == ["call\n555", "777"]


def test_a_huge_file_is_read_in_part_and_says_so(tmp_path: Path) -> None:
    long = read(tmp_path, (srt([Cue("x" * 100, 1, 2)]) * (MAX_BYTES // 100)).encode())
    assert len(long.cues) == MAX_CUES
    assert {gap.why for gap in long.gaps} == {"too_large", "too_long"}
    wide = read(tmp_path, b"1\n00:00:01,000 --> 00:00:02,000\n" + b"<" * (2 * MAX_BYTES))
    assert {gap.why for gap in wide.gaps} == {"too_large", "too_long"}


@pytest.mark.parametrize("body", [b"\x89PNG\r\n" + bytes(range(256)) * 8, b"no cues here\n" * 3, b"\0" * 4000])
def test_what_is_no_subtitle_file_is_unreadable(tmp_path: Path, body: bytes) -> None:
    found = read(tmp_path, body)
    assert not found.cues
    assert [(gap.why, gap.what) for gap in found.gaps] == [("unreadable", "words")]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.integers(0, 2**32))
def test_no_text_raises_and_no_cue_is_empty(noise: str, seed: int) -> None:
    dice = random.Random(seed)
    text = list(srt(CUES) + noise)
    for _ in range(12):
        text[dice.randrange(len(text))] = dice.choice(["\n", "-->", "<", "{\\", "0", ":", noise[:3]])
    for cue in parsed("".join(text)):
        assert cue.text.strip()
        assert cue.start is None or cue.start >= 0
        assert cue.end is None or cue.start is None or cue.end >= cue.start
