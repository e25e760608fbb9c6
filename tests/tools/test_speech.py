"""What is said comes with its seconds; silence is measured, and sound that nobody listened to is never called silent."""

import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.media import whisper
from tests.media.videos import RATE, Film, made, silence, speaks, speech, tone
from tools.speech import Segment, Unheard, hear, listener, silent
from tools.video import Samples

pytest.importorskip("av", reason="needs pip install 'precept[vision]'")

SMALL = (96, 64)


class Dictated:
    """A listener that says what it was told to, whatever the sound; it keeps what it was given."""

    name, version = "dictated", "1"

    def __init__(self, *said: Segment | Unheard) -> None:
        self._said = said
        self.given: list[Samples] = []

    def __call__(self, samples: Samples) -> Iterator[Segment]:
        self.given.append(samples)
        for one in self._said:
            if isinstance(one, Unheard):
                raise one
            yield one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


@pytest.fixture(scope="module")
def loud(folder: Path) -> Path:
    return made(folder / "loud.mp4", Film(4, size=SMALL, sound=tone(4)))


@pytest.mark.parametrize("spec", ["none", "", " none "])
def test_without_a_listener_there_is_no_transcript_and_nothing_is_claimed(loud: Path, spec: str) -> None:
    found = hear(loud, listener(spec), "video-1")
    assert (found.observations, found.state) == ((), "sounding")
    (gap,) = found.gaps
    assert (gap.what, gap.why, gap.media) == ("speech", "no_tool", "video-1")
    assert gap.told.startswith("no transcript: ")
    assert "nothing was said" not in gap.told


def test_a_silent_file_is_silent_and_needs_no_listener(folder: Path) -> None:
    quiet = made(folder / "quiet.mp4", Film(2, size=SMALL, sound=silence(2)))
    who = Dictated(Segment(0, 1, "never asked", 1))
    for listening in (None, who):
        assert hear(quiet, listening) == ((), (), "silent")
    assert not who.given


def test_a_film_without_a_track_is_mute(folder: Path) -> None:
    assert hear(made(folder / "mute.mp4", Film(1, size=SMALL)), None) == ((), (), "mute")


def test_what_cannot_be_read_is_neither_silent_nor_mute(folder: Path) -> None:
    path = folder / "broken.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + b"\1" * 400)
    found = hear(path, None)
    assert found.state == "unknown"
    assert found.gaps


def test_words_come_with_seconds_inside_the_sound(loud: Path) -> None:
    who = Dictated(Segment(0.5, 2, " Buy now ", 0.8), Segment(3, 99, "today", 7.0), Segment(math.nan, -3, "late", 0.5))
    found = hear(loud, who, "video-1")
    assert [(o.text, o.confidence, o.kind, o.tool) for o in found.observations] == [
        ("Buy now", 0.8, "speech", "dictated"), ("today", 1.0, "speech", "dictated"), ("late", 0.5, "speech", "dictated"),
    ]  # fmt: skip
    spans = [(o.locator.start, o.locator.end) for o in found.observations]
    assert spans == [(0.5, 2.0), (3.0, pytest.approx(4, abs=0.1)), (0.0, 0.0)]
    assert [o.id for o in found.observations] == ["video-1.a0", "video-1.a1", "video-1.a2"]
    assert not found.gaps
    assert who.given[0].dtype == np.float32


def test_what_was_heard_before_trouble_is_kept(loud: Path) -> None:
    found = hear(loud, Dictated(Segment(0, 1, "first", 1), Unheard("unreadable", "the model failed")))
    assert [o.text for o in found.observations] == ["first"]
    assert [(gap.why, gap.told) for gap in found.gaps] == [("unreadable", "no transcript: the model failed")]


def test_listening_stops_when_time_is_up_and_says_where(loud: Path) -> None:
    found = hear(loud, Dictated(Segment(0, 1, "first", 1), Segment(1, 2, "second", 1)), seconds=0.0)
    assert [o.text for o in found.observations] == ["first"]
    assert [gap.why for gap in found.gaps] == ["out_of_time"]
    assert "1 of 4 s" in found.gaps[0].told


def test_sound_past_the_bound_is_a_gap(loud: Path) -> None:
    assert [gap.why for gap in hear(loud, Dictated(), most=2).gaps] == ["too_long"]


def test_a_whisper_is_silence_only_where_nobody_could_hear_it() -> None:
    hum = tone(1, loud=1.0)
    assert silent(hum * 1e-4)
    assert not silent(hum * 1e-2)
    click = silence(2)
    click[RATE : RATE + 200] = hum[:200] * 0.1
    assert not silent(click)
    assert not silent(click[: RATE + 100])


@pytest.mark.skipif(not speaks(), reason="needs espeak-ng")
def test_speech_made_by_rule_sounds_in_its_seconds(folder: Path) -> None:
    said = speech("The shop opens at nine", 6, start=2)
    assert silent(said[: 2 * RATE])
    assert not silent(said[2 * RATE : 4 * RATE])
    assert hear(made(folder / "said.mp4", Film(6, size=SMALL, sound=said)), None).state == "sounding"


@pytest.mark.parametrize("spec", ["faster-whisper", "faster-whisper/", "other/model", "none/model"])
def test_an_unknown_role_names_the_setting(spec: str) -> None:
    with pytest.raises(ValueError, match="SPEECH="):
        listener(spec)


def test_a_model_that_is_not_here_is_no_tool_and_is_not_fetched(loud: Path, tmp_path: Path) -> None:
    for model in ("tiny", str(tmp_path)):
        (gap,) = hear(loud, listener(f"faster-whisper/{model}")).gaps
        assert gap.why == "no_tool"
        assert gap.told.startswith("no transcript: ")
        assert "pip install faster-whisper" in gap.told or "give its folder" in gap.told


@pytest.mark.skipif(
    not all(find_spec(name) for name in ("faster_whisper", "torch", "transformers")),
    reason="pip install faster-whisper",
)
def test_a_tiny_model_made_on_the_spot_is_loaded_and_listens(loud: Path, tmp_path: Path) -> None:
    who = listener(f"faster-whisper/{whisper.made(tmp_path)}")
    assert who is not None
    said = list(who(tone(4)))
    assert said
    assert all(0 <= segment.confidence <= 1 and segment.start <= segment.end for segment in said)
    found = hear(loud, who)
    assert (found.state, found.gaps) == ("sounding", ())
    assert {o.version for o in found.observations} == {who.version}
