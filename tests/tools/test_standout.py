"""What is shown for one second of a minute is found: the frame that stands out of each bin is taken."""

from pathlib import Path

import numpy as np
import pytest

from tests.media.videos import Film, Words, clean, made
from tools.sandbox import Limits
from tools.standout import standing
from tools.video import Frames, sample_frames, scene_changes

pytest.importorskip("av", reason="needs pip install 'precept[vision]'")

# Between the frames of a uniform sample of four: at 5, 15, 25 and 35 s.
FLASH = Film(40, fps=8, size=(192, 108), words=(Words("call now", 27.0, 28.0, 18),))


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("standout") / "flash.mp4", FLASH)


def seconds(found: object) -> list[float]:
    assert isinstance(found, Frames), found
    return [frame.seconds for frame in found.items]


def test_a_second_between_uniform_frames_is_found(flash: Path) -> None:
    assert not any(27 <= second < 28 for second in seconds(sample_frames(flash, 4)))
    found = sample_frames(flash, 4, standing_out=True)
    assert isinstance(found, Frames)
    assert [27 <= second < 28 for second in seconds(found)] == [False, False, True, False]
    changes = scene_changes([frame.rgb for frame in found.items])
    assert max(changes) == changes[2]


def test_every_bin_of_time_still_gives_one_frame(flash: Path, tmp_path: Path) -> None:
    for path in (flash, made(tmp_path / "clean.mp4", clean(FLASH))):
        assert [int(second // 10) for second in seconds(sample_frames(path, 4, standing_out=True))] == [0, 1, 2, 3]


def test_without_time_to_decode_all_the_frames_are_uniform(flash: Path) -> None:
    found = sample_frames(flash, 4, standing_out=True, limits=Limits(seconds=60, cpu_seconds=0))
    assert not isinstance(found, Frames) or [int(second // 10) for second in seconds(found)] == [0, 1, 2, 3]


def test_films_without_bins_are_sampled_as_ever(tmp_path: Path) -> None:
    few = made(tmp_path / "few.mkv", Film(size=(96, 64), times=(0.0, 4.0, 9.0)))
    assert seconds(sample_frames(few, 8, standing_out=True)) == seconds(sample_frames(few, 8)) == [0.0, 4.0, 9.0]


def test_the_odd_one_out_is_found_and_of_equals_the_middle_one() -> None:
    cells = np.zeros((9, 50))
    assert standing(cells) == 4
    cells[6, 10:13] = 40
    assert standing(cells) == 6


@pytest.mark.parametrize("lasts", [0.6, 1.6, 2.1, 3.1])
def test_words_are_found_however_much_of_a_bin_they_fill(tmp_path: Path, lasts: float) -> None:
    words = Words("earn it now", 9.1, 9.1 + lasts, 14)
    path = made(tmp_path / "words.mp4", Film(24, fps=6, size=(192, 108), words=(words,)))
    assert any(9.1 <= second < 9.1 + lasts for second in seconds(sample_frames(path, 16, standing_out=True)))
