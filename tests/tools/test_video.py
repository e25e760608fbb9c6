"""Frames and sound come out of a video with their time; a hostile file ends in words about it, never in an exception."""

import os
import random
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from cases.observation import Unseen
from tests.media.videos import RATE, Film, Words, clean, made, patched, silence, tone
from tools.sandbox import MIB, Limits
from tools.video import Frames, Sound, audio, sample_frames, scene_changes

pytest.importorskip("av", reason="needs pip install 'precept[vision]'")

SMALL = (96, 64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Path:
    return made(folder / "plain.mp4", Film(8, size=SMALL, sound=tone(8)))


def seen(found: Frames | Unseen) -> Frames:
    assert isinstance(found, Frames), found
    return found


def unseen(found: object, why: str) -> Unseen:
    assert isinstance(found, Unseen), found
    assert found.why == why, found
    assert found.told
    return found


def seconds(found: Frames | Unseen) -> list[float]:
    return [frame.seconds for frame in seen(found).items]


def test_frames_are_uniform_in_time_and_in_order(plain: Path) -> None:
    found = seen(sample_frames(plain, 4))
    assert seconds(found) == pytest.approx([1.0, 3.0, 5.0, 7.0], abs=0.11)
    assert [frame.index for frame in found.items] == [0, 1, 2, 3]
    assert {frame.rgb.shape for frame in found.items} == {(64, 96, 3)}
    assert (found.duration, found.size, found.fps, found.gaps) == (pytest.approx(8, abs=0.01), SMALL, 10, ())
    assert [stream.kind for stream in found.streams] == ["video", "audio"]


def test_each_frame_is_the_one_of_its_second(folder: Path) -> None:
    film = Film(4, size=SMALL, gop=7, words=(Words("noon", 2.0, 3.0, 20),))
    with_words = seen(sample_frames(made(folder / "second.mp4", film), 16))
    without = seen(sample_frames(made(folder / "twin.mp4", clean(film)), 16))
    assert len(with_words.items) == 16
    for one, other in zip(with_words.items, without.items, strict=True):
        away = np.abs(one.rgb.astype(int) - other.rgb.astype(int)).mean()
        assert (away > 8) == (2.0 <= one.seconds < 3.0), one.seconds


def test_frames_are_made_smaller_and_never_larger(folder: Path, plain: Path) -> None:
    found = seen(sample_frames(plain, 1, side=48))
    assert found.items[0].rgb.shape == (32, 48, 3)
    assert found.size == SMALL
    assert seen(sample_frames(plain, 1, side=5000)).items[0].rgb.shape == (64, 96, 3)


@pytest.mark.parametrize(("turned", "corner"), [(90, "left"), (-90, "right"), (180, "below")])
def test_a_turned_video_is_seen_as_it_is_shown(folder: Path, turned: int, corner: str) -> None:
    film = Film(1, size=SMALL, words=(Words("up", 0, 1, 16),))  # a dark band along the lower edge
    found = seen(sample_frames(made(folder / f"turned{turned}.mp4", film._replace(rotation=turned)), 1))
    upright = seen(sample_frames(made(folder / "upright.mp4", film), 1)).items[0].rgb
    assert found.size == ((64, 96) if turned % 180 else SMALL)
    expected = np.rot90(upright, turned // 90).astype(int)
    assert np.abs(found.items[0].rgb.astype(int) - expected).mean() < 6, corner


def test_a_variable_rate_is_sampled_by_time_and_not_by_number(folder: Path) -> None:
    crowd = tuple(n / 100 for n in range(60))
    path = made(folder / "variable.mkv", Film(size=SMALL, times=(*crowd, 3.0, 6.0, 9.0)))
    found = seconds(sample_frames(path, 4))
    assert found[-3:] == pytest.approx([crowd[-1], 3.0, 6.0])


def test_one_wild_time_stamp_hides_no_frames(folder: Path) -> None:
    times = (*(n / 10 for n in range(40)), 900_000.0)
    found = seen(sample_frames(made(folder / "wild.mkv", Film(size=SMALL, times=times)), 8))
    early = [second for second in seconds(found) if second < 4]
    assert len(early) >= 6
    assert max(early) - min(early) > 2
    assert [gap.why for gap in found.gaps] == ["too_long"]


def test_time_stamps_below_zero_start_at_zero(folder: Path) -> None:
    found = seconds(sample_frames(made(folder / "below.mkv", Film(size=SMALL, times=(-2.0, -1.0, 0.0, 1.0))), 4))
    assert found == pytest.approx([0, 1, 2, 3], abs=0.01)


def test_ten_hours_are_sampled_in_bounded_time_and_the_thin_sample_is_told(folder: Path) -> None:
    path = made(folder / "hours.mkv", Film(size=SMALL, times=tuple(600.0 * n for n in range(60)), gop=1))
    found = seen(sample_frames(path, 4))
    assert found.duration > 35_000
    assert [gap.why for gap in found.gaps] == ["too_long"]
    assert not seen(sample_frames(path, 4, longest=50_000)).gaps


def test_a_film_of_one_frame_gives_one(folder: Path) -> None:
    found = seen(sample_frames(made(folder / "one.mp4", Film(0.1, size=SMALL)), 16))
    assert seconds(found) == [0.0]


def test_progress_is_told_up_to_the_end_and_on_a_long_film_in_between(plain: Path, folder: Path) -> None:
    told: list[float] = []
    sample_frames(plain, 8, progress=told.append)
    assert told == [1.0]
    told.clear()
    sample_frames(
        made(folder / "slow.mkv", Film(size=SMALL, times=tuple(10.0 * n for n in range(16)))), 8, progress=told.append
    )
    assert told == [0.5, 1.0]


def test_where_one_call_for_a_short_film_breaks_its_frames_are_taken_in_parts(folder: Path) -> None:
    path = made(folder / "large.mp4", Film(8, size=(640, 480)))
    told: list[float] = []
    narrow = Limits(answer=4 * MIB)  # the frames of one part, not all
    assert seconds(sample_frames(path, 8, limits=narrow, progress=told.append)) == seconds(sample_frames(path, 8))
    assert told == [0.5, 1.0]


def lengthened(body: bytearray) -> None:
    """Let a Matroska file say that it lasts a thousand times as long."""
    at = body.index(b"\x44\x89\x88") + 3
    body[at : at + 8] = struct.pack(">d", 1000 * struct.unpack_from(">d", body, at)[0])


def shortened(body: bytearray) -> None:
    for box, at in ((b"mvhd", 20), (b"mdhd", 20)):
        place = body.index(box) + at
        body[place : place + 4] = (1000).to_bytes(4, "big")


def test_a_file_that_says_it_is_longer_is_sampled_where_it_has_frames_and_told_of(folder: Path) -> None:
    found = seen(sample_frames(patched(made(folder / "long.mkv", Film(8, size=SMALL)), lengthened), 4))
    assert seconds(found) == pytest.approx([1.0, 3.0, 5.0, 7.0], abs=0.11)
    assert [gap.why for gap in found.gaps] == ["unreadable"]
    assert "lies" in found.gaps[0].told


def test_a_file_that_says_it_is_shorter_hides_nothing(folder: Path) -> None:
    found = seconds(sample_frames(patched(made(folder / "short.mp4", Film(8, size=SMALL)), shortened), 4))
    assert found == pytest.approx([1.0, 3.0, 5.0, 7.0], abs=0.11)


def test_a_file_cut_off_gives_what_is_there_and_says_so(folder: Path) -> None:
    path = made(folder / "cut.mkv", Film(8, size=SMALL, gop=5))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = seen(sample_frames(path, 4))
    assert found.items
    assert found.items[-1].seconds < 6
    assert "unreadable" in [gap.why for gap in found.gaps]


def test_a_container_without_its_index_is_unreadable(folder: Path, plain: Path) -> None:
    path = folder / "headless.mp4"
    path.write_bytes(plain.read_bytes()[:2000])
    unseen(sample_frames(path), "unreadable")
    unseen(audio(path), "unreadable")


def test_no_decoder_knows_an_unknown_codec(folder: Path) -> None:
    def renamed(body: bytearray) -> None:
        at = body.index(b"avc1", body.index(b"stsd"))
        body[at : at + 4] = b"zzzz"

    found = unseen(sample_frames(patched(made(folder / "codec.mp4", Film(1, size=SMALL)), renamed)), "unknown_format")
    assert "decoder" in found.told


def test_sound_alone_has_no_frames_and_can_be_heard(folder: Path, plain: Path) -> None:
    import av

    path = folder / "alone.m4a"
    with av.open(str(plain)) as source, av.open(str(path), "w", format="mp4") as out:
        copy = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    assert "audio" in unseen(sample_frames(path), "unknown_format").told
    heard = audio(path)
    assert isinstance(heard, Sound)
    assert heard.seconds == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize(
    "body", [b"", b"\0" * 4096, b"not a video at all", b"%PDF-1.4\n", b"<svg xmlns='x'/>", b"\x89PNG\r\n\x1a\n" * 9]
)
def test_what_is_no_video_is_told_as_such(folder: Path, body: bytes) -> None:
    path = folder / "other.mp4"
    path.write_bytes(body)
    found = sample_frames(path)
    assert isinstance(found, Unseen)
    assert found.why in ("unknown_format", "unreadable")


@pytest.mark.parametrize("kind", ["hls", "concat", "sdp"])
def test_a_playlist_opens_no_other_file_and_no_network(folder: Path, plain: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"
        path = folder / f"list.{kind}"
        path.write_text(
            {
                "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXTINF:9,\n{plain.name}\n#EXT-X-ENDLIST\n",
                "concat": f"ffconcat version 1.0\nfile {plain.name}\nfile {address}\n",
                "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
            }[kind]
        )
        unseen(sample_frames(path), "unknown_format")
        unseen(audio(path), "unknown_format")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_places_outside_the_folder_and_things_that_are_no_files_are_refused(folder: Path, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    outside = made(tmp_path / "outside.mp4", Film(1, size=SMALL))
    (inside / "link.mp4").symlink_to(outside)
    (inside / "loop.mp4").symlink_to(inside / "loop.mp4")
    os.mkfifo(inside / "pipe.mp4")
    for path in (inside / "link.mp4", inside / ".." / "outside.mp4", outside, inside / "pipe.mp4", inside / "loop.mp4"):
        unseen(sample_frames(path, root=inside), "unreadable")
    unseen(sample_frames("/dev/zero"), "unreadable")
    unseen(sample_frames(inside), "unreadable")
    unseen(sample_frames("a\0b"), "unreadable")
    unseen(sample_frames(tmp_path / "gone.mp4"), "missing")
    (inside / "own.mp4").symlink_to(made(inside / "real.mp4", Film(1, size=SMALL)))
    assert seen(sample_frames(inside / "own.mp4", 1, root=inside)).items


def test_a_frame_of_too_many_pixels_is_refused_before_it_is_decoded(folder: Path) -> None:
    def grown(body: bytearray) -> None:
        at = body.index(b"avc1", body.index(b"stsd")) + 28
        body[at : at + 4] = b"\xff\xff\xff\xff"

    path = patched(made(folder / "grown.mp4", Film(1, size=SMALL)), grown)
    found = sample_frames(path)
    assert isinstance(found, Frames | Unseen)

    def vast(body: bytearray) -> None:
        body[6:10] = struct.pack("<HH", 7000, 6000)

    huge = patched(made(folder / "huge.gif", Film(0.2, size=SMALL, codec="gif", pixels="rgb8")), vast)
    assert "pixels" in unseen(sample_frames(huge), "too_large").told


def test_little_memory_or_time_ends_in_a_gap(folder: Path) -> None:
    path = made(folder / "wide.mp4", Film(0.3, size=(1280, 720)))
    found = sample_frames(path, limits=Limits(memory=150 * MIB))
    assert isinstance(found, Unseen) and found.why in ("too_large", "unreadable", "no_tool")
    unseen(sample_frames(path, limits=Limits(seconds=0.01)), "out_of_time")


def test_damaged_bytes_never_raise(folder: Path) -> None:
    dice = random.Random(5)
    whole = made(folder / "whole.mp4", Film(2, size=SMALL, gop=5, sound=tone(2))).read_bytes()
    for number in range(3):
        body = bytearray(whole)
        for _ in range(dice.choice((3, 30, 300))):
            body[dice.randrange(len(body))] = dice.randrange(256)
        path = folder / f"damaged{number}.mp4"
        path.write_bytes(body)
        assert isinstance(sample_frames(path, 2), Frames | Unseen)
        assert isinstance(audio(path), Sound | Unseen)


def test_a_count_below_one_is_the_callers_mistake(plain: Path) -> None:
    with pytest.raises(ValueError, match="count 0"):
        sample_frames(plain, 0)


def test_sound_comes_as_one_channel_at_sixteen_kilohertz(plain: Path) -> None:
    found = audio(plain)
    assert isinstance(found, Sound)
    assert (found.samples.dtype, found.samples.ndim, found.rate, found.tracks) == (np.float32, 1, RATE, 1)
    assert found.seconds == pytest.approx(8, abs=0.1)
    power = np.abs(np.fft.rfft(found.samples[RATE : 2 * RATE]))
    assert int(power.argmax()) == 440
    assert not found.gaps


def test_sound_is_bounded_and_the_rest_is_told(plain: Path) -> None:
    found = audio(plain, most=3)
    assert isinstance(found, Sound)
    assert found.seconds == pytest.approx(3)
    assert [gap.why for gap in found.gaps] == ["too_long"]


def test_channels_that_cancel_each_other_out_are_heard_as_a_listener_hears_them(folder: Path) -> None:
    voice = tone(2)
    path = made(folder / "phase.mp4", Film(2, size=SMALL, sound=np.stack([voice, -voice])))
    found = audio(path)
    assert isinstance(found, Sound)
    assert float(np.sqrt(np.square(found.samples).mean())) > 0.05


def test_a_film_without_sound_has_no_tracks(folder: Path) -> None:
    found = audio(made(folder / "mute.mp4", Film(1, size=SMALL)))
    assert isinstance(found, Sound)
    assert (found.tracks, len(found.samples), found.gaps) == (0, 0, ())
    still = audio(made(folder / "still.mp4", Film(1, size=SMALL, sound=silence(1))))
    assert isinstance(still, Sound) and still.tracks == 1


def test_the_frame_that_shows_something_else_changes_most() -> None:
    grey = np.full((36, 64, 3), 90, np.uint8)
    lettered = grey.copy()
    lettered[24:34, 8:56:2] = 255
    assert scene_changes([]) == ()
    assert scene_changes([grey]) == (0.0,)
    found = scene_changes([grey, grey, lettered, grey, grey])
    assert [score > 0.6 * max(found) for score in found] == [False, False, True, False, False]
    assert scene_changes([grey[:1, :1], lettered[:1, :1]]) == (0.0, 0.0)
