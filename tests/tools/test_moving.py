"""What a video shows, writes, subtitles and says comes back in time, and what nobody heard is said."""

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("av", reason="videos: pip install 'precept[vision]'")
pytest.importorskip("rapidocr", reason="videos: pip install 'precept[vision]'")
pytest.importorskip("nudenet", reason="videos: pip install 'precept[vision]'")

from agents.keyframes import Chooser, Sign  # noqa: E402
from cases.observation import Observation  # noqa: E402
from tests.media.seen import LINE, SIZE, film  # noqa: E402
from tests.media.videos import Cue, Film, made, silence, tone  # noqa: E402
from tests.tools.test_speech import Dictated  # noqa: E402
from tools.fingerprint import Bank, fingerprint, known_as  # noqa: E402
from tools.looking import Looking, Seen  # noqa: E402
from tools.moving import KEY, sound_heard, video_seen  # noqa: E402
from tools.speech import Segment  # noqa: E402
from tools.video import Frames, sample_frames  # noqa: E402

FEW = Looking(frames=6)


def squeezed(text: str) -> str:
    return "".join(text.casefold().split())


def of(seen: Seen, kind: str, label: str = "") -> list[Observation]:
    return [o for o in seen.observations if o.kind == kind and o.label.startswith(label)]


def chooser(dangerous: str) -> Chooser:
    def risk(texts: Sequence[str]) -> list[float]:
        return [1.0 if squeezed(dangerous) in squeezed(text) else 0.0 for text in texts]

    return Chooser(risk, bins=1, top=1)


class First:
    """Scores the first frame alone."""

    name = "first"

    def __call__(self, signs: Sequence[Sign]) -> tuple[float, ...]:
        return (1.0, *[0.0] * (len(signs) - 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("moving")


@pytest.fixture(scope="module")
def shown(folder: Path) -> Path:
    return film(folder, sound=tone(6), cues=(Cue("said below", 1, 2),))


@pytest.fixture(scope="module")
def seen(shown: Path) -> Seen:
    return video_seen(str(shown), "video-1", FEW._replace(choose=chooser(LINE)))


def test_words_lead_back_to_a_key_frame_a_second_and_a_box(seen: Seen) -> None:
    (words,) = of(seen, "words")
    assert squeezed(words.text) == squeezed(LINE)
    at = words.locator
    assert at.start is not None and 2 <= at.start < 4 and at.frame == round(at.start * 6)
    assert at.box is not None and at.box.y > 0.6
    assert any(k.locator.frame == at.frame for k in of(seen, "tag", KEY))


def test_key_frames_are_those_that_were_chosen_with_their_scores(seen: Seen) -> None:
    keys = of(seen, "tag", KEY)
    assert len(keys) == 2 and [k.id for k in keys] == ["video-1.k1", "video-1.k2"]
    assert max(k.confidence for k in keys) == 1.0 and {k.tool for k in keys} == {"strongest"}


def test_subtitles_beside_it_come_with_their_seconds(seen: Seen) -> None:
    (cue,) = of(seen, "subtitle")
    assert (cue.text, cue.locator.start, cue.locator.end) == ("said below", 1.0, 2.0)


def test_sound_that_nobody_listened_to_is_a_gap_and_never_silence(seen: Seen) -> None:
    (gap,) = seen.unseen
    assert (gap.what, gap.why) == ("speech", "no_tool") and "no transcript" in gap.told
    assert not of(seen, "speech") and not of(seen, "tag", "no sound")


def test_ids_are_unique_and_speak_of_the_file(seen: Seen) -> None:
    ids = [o.id for o in seen.observations]
    assert len(set(ids)) == len(ids) and all(id.startswith("video-1.") for id in ids)
    assert {o.media for o in seen.observations} == {"video-1"}


def test_what_is_said_comes_with_its_seconds(shown: Path) -> None:
    how = FEW._replace(frames=2, listener=Dictated(Segment(0.5, 2.0, "meet me there", 0.9)))
    found = video_seen(str(shown), "v", how)
    (said,) = of(found, "speech")
    assert (said.text, said.locator.start, said.locator.end) == ("meet me there", 0.5, 2.0)
    assert not found.unseen


@pytest.mark.parametrize(
    ("sound", "label"), [(None, "no sound track"), (silence(2), "a sound track with nothing on it")]
)
def test_a_video_without_sound_says_so_and_has_no_gap(folder: Path, sound: object, label: str) -> None:
    path = made(folder / f"quiet{label[:2].strip()}.mp4", Film(2, fps=4, size=(96, 64), sound=sound))  # type: ignore[arg-type]
    found = video_seen(str(path), "v", FEW._replace(frames=2))
    assert of(found, "tag", label) and not found.unseen


def test_a_line_that_stays_is_one_line_until_it_was_seen_last(folder: Path) -> None:
    path = film(folder, "stays.mp4", at=0.0, seconds=2.0)
    found = video_seen(str(path), "v", FEW._replace(frames=4))
    (words,) = of(found, "words")
    assert words.locator.start is not None and words.locator.end is not None
    assert words.locator.end - words.locator.start > 1.0


def test_words_outside_of_key_frames_are_not_dropped(folder: Path) -> None:
    first = Chooser(lambda texts: [0.0] * len(texts), bins=0, top=1, scorer=First())
    found = video_seen(str(film(folder, "else.mp4")), "v", FEW._replace(choose=first))
    (key,) = of(found, "tag", KEY)
    assert key.locator.start is not None and key.locator.start < 1
    assert [squeezed(w.text) for w in of(found, "words")] == [squeezed(LINE)]


def test_with_an_encoder_of_pictures_only_key_frames_are_read(folder: Path) -> None:
    asked: list[int] = []

    def first(frames: Sequence[object]) -> list[float]:
        asked.append(len(frames))
        return [1.0, *[0.0] * (len(frames) - 1)]

    how = FEW._replace(choose=Chooser(lambda texts: [0.0] * len(texts), bins=1, top=0), likeness=first)
    found = video_seen(str(film(folder, "liked.mp4")), "v", how)
    assert asked == [6] and not of(found, "words")
    (key,) = of(found, "tag", KEY)
    assert key.tool == "likeness" and key.locator.start is not None and key.locator.start < 1


def test_a_known_picture_is_recognised_in_a_frame(folder: Path, shown: Path) -> None:
    taken = sample_frames(shown, 6, standing_out=True)
    assert isinstance(taken, Frames)
    known = fingerprint(taken.items[2].rgb)
    bank = Bank(folder / "bank.jsonl")
    bank.add([known_as(known.hash, "known scam")])
    found = video_seen(str(shown), "v", FEW._replace(bank=bank))
    if known.quality >= 50:
        assert [m.label for m in of(found, "match")] == ["known scam"]
        assert of(found, "match")[0].confidence == 1.0


def test_what_cannot_be_read_in_time_is_a_gap(shown: Path) -> None:
    found = video_seen(str(shown), "v", FEW._replace(seconds=0.0))
    assert any(gap.why == "out_of_time" for gap in found.unseen)


def test_a_file_that_is_no_video_is_a_gap_and_no_exception(tmp_path: Path) -> None:
    for name, body in (("text.mp4", b"not a film"), ("cut.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 60)):
        path = tmp_path / name
        path.write_bytes(body)
        found = video_seen(str(path), "v", FEW)
        assert not found.observations and {gap.what for gap in found.unseen} >= {"frames", "speech"}


def test_a_sound_file_is_heard_and_one_that_holds_a_film_says_so(folder: Path, tmp_path: Path) -> None:
    both = made(folder / "both.mp4", Film(1, fps=4, size=SIZE, sound=tone(1)))
    found = sound_heard(str(both), "audio-1", Looking(listener=Dictated(Segment(0, 1, "hello", 0.8))))
    assert [o.text for o in found.observations] == ["hello"]
    assert [(gap.what, gap.why) for gap in found.unseen] == [("frames", "unknown_format")]


def test_whoever_watches_is_told_of_every_stage(shown: Path) -> None:
    told: list[tuple[str, str, float, float]] = []
    video_seen(str(shown), "v", FEW._replace(frames=2, watch=lambda *more: told.append(more)))
    assert {stage for _, stage, _, _ in told} == {"frames", "words", "sound"}
    assert all(name == "v" and 0 <= share <= 1 for name, _, share, _ in told)
    assert {lasts > 0 for _, stage, _, lasts in told if stage == "words"} == {True}
