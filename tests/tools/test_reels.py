"""Lines of words over the frames of a video: one that stays is one, one that changes is another."""

import numpy as np

from cases.observation import Box, Locator, Observation, Unseen
from tools.reels import MOST_WORDS, Shot, numbered, regions_of, words_of
from tools.video import Frame, Frames

PIXELS = np.zeros((64, 64, 3), np.uint8)
BOX = Box(x=0.1, y=0.1, width=0.2, height=0.1)


def shot(second: float, *lines: str, sure: float = 0.9, regions: tuple[tuple[str, float], ...] = ()) -> Shot:
    at = Locator(frame=int(second * 10), start=second)
    where = at.model_copy(update={"box": BOX})
    words = [
        Observation(id="x", media="v", kind="words", text=t, locator=where, confidence=sure, tool="t", version="1")
        for t in lines
    ]
    seen = [
        Observation(id="x", media="v", kind="region", label=name, locator=where, confidence=c, tool="t", version="1")
        for name, c in regions
    ]
    return Shot(PIXELS, at, words, seen)


def told(shots: list[Shot], *keys: Shot) -> list[tuple[str, float | None, float | None]]:
    return [(o.text, o.locator.start, o.locator.end) for o in words_of(shots, keys, "v", [])]


def test_a_line_in_frames_one_after_another_is_one_with_its_surest_reading() -> None:
    shots = [
        shot(0.0),
        shot(1.0, "BUY NOW!", sure=0.5),
        shot(2.0, "Buy now", sure=0.8),
        shot(3.0, "Buy  now", sure=0.7),
    ]
    assert told(shots) == [("Buy now", 1.0, 3.0)]


def test_a_line_that_is_missed_once_goes_on_and_one_that_is_gone_for_long_comes_back_as_another() -> None:
    shots = [shot(0.0, "here"), shot(1.0), shot(2.0, "here"), shot(3.0), shot(4.0), shot(5.0, "here")]
    assert told(shots) == [("here", 0.0, 2.0), ("here", 5.0, None)]


def test_one_other_letter_is_another_line() -> None:
    assert told([shot(0.0, "You are loved"), shot(1.0, "You are hated")]) == [
        ("You are loved", 0.0, None), ("You are hated", 1.0, None)
    ]  # fmt: skip


def test_two_equal_lines_of_one_frame_stay_two() -> None:
    assert len(told([shot(0.0, "sale", "sale"), shot(1.0, "sale", "sale")])) == 2


def test_a_line_is_cited_where_a_key_frame_shows_it() -> None:
    shots = [shot(0.0, "here"), shot(1.0, "here"), shot(2.0, "here")]
    (cited,) = words_of(shots, [shots[1]], "v", [])
    assert (cited.locator.frame, cited.locator.start, cited.locator.end) == (10, 1.0, 2.0)


def test_more_lines_than_are_kept_are_a_gap() -> None:
    gaps: list[Unseen] = []
    shots = [shot(0.0, *(f"line {n}" for n in range(MOST_WORDS + 1)))]
    assert len(words_of(shots, [], "v", gaps)) == MOST_WORDS
    assert [gap.why for gap in gaps] == ["too_long"]


def test_regions_of_key_frames_are_kept_and_of_the_rest_the_surest_of_each_label() -> None:
    shots = [
        shot(0.0, regions=(("FACE", 0.5),)), shot(1.0, regions=(("FACE", 0.9), ("BELLY", 0.4))),
        shot(2.0, regions=(("FACE", 0.6),)),
    ]  # fmt: skip
    kept = [(o.label, o.locator.start) for o in regions_of(shots, [shots[0]], "v")]
    assert kept == [("FACE", 0.0), ("FACE", 1.0), ("BELLY", 1.0)]


def test_every_frame_has_a_number_of_its_own_though_the_rate_lies() -> None:
    items = tuple(Frame(at, 0.1 * at, PIXELS) for at in range(4))
    film = Frames(items, 0.4, (64, 64), 0.01, ())
    assert [s.locator.frame for s in numbered(film)] == [0, 1, 2, 3]
