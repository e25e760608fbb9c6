"""Which pictures of a case are shown: telling frames and crops, bounded, and only to who sees."""

import pytest

from agents.exhibit import CROPS, FRAMES, MOST, NOTHING, Eyes, all_seen, chosen, exhibited
from cases.case import Case, Media
from cases.observation import Box, Unseen
from tests.agents.shown import SEEN, Drawn, observed, picture_case

BOX = Box(x=0.1, y=0.1, width=0.2, height=0.1)


def film(*seen: object, **more: object) -> Case:
    return Case(id="c", parts=(), media=(Media(type="video", path="a.mp4"),), observations=tuple(seen), **more)  # type: ignore[arg-type]


def frame(number: int, tagged: bool = False, words: int = 0) -> list[object]:
    at = {"frame": number, "start": number * 2.0, "media": "video-1"}
    tags = [observed(f"video-1.t{number}", "tag", **at)] if tagged else []  # type: ignore[arg-type]
    return [*tags, *(observed(f"video-1.w{number}{n}", "words", text="x", box=BOX, **at) for n in range(words))]  # type: ignore[arg-type]


def test_a_picture_is_shown_as_its_tag_names_it_with_crops_of_what_is_small() -> None:
    wanted = chosen(picture_case())["image-1"]
    assert [w.id for w in wanted] == ["image-1.t1", "image-1.w1", "image-1.w2", "image-1.r1"]
    assert [w.of for w in wanted] == ["", *["image-1.t1"] * 3] and wanted[0].locator.box is None


def test_what_draws_the_eye_is_cropped_before_words_and_what_is_large_not_at_all() -> None:
    salient = observed("image-1.c1", "tag", label="stands out", box=BOX, confidence=0.1)
    large = observed("image-1.r2", "region", label="x", box=Box(x=0, y=0, width=0.9, height=0.9))
    wanted = chosen(picture_case(seen=(*SEEN, salient, large)))["image-1"]
    assert [w.id for w in wanted][:2] == ["image-1.t1", "image-1.c1"] and "image-1.r2" not in {w.id for w in wanted}


def test_a_picture_that_nobody_looked_at_is_shown_all_the_same() -> None:
    case = Case(id="c", parts=(), media=(Media(type="image", path="a.png"),))
    assert [w.id for w in chosen(case)["image-1"]] == ["image-1.f0"]


def test_of_a_film_the_key_frames_are_shown_in_order_of_time() -> None:
    case = film(*frame(0, words=5), *frame(4, tagged=True), *frame(1, tagged=True, words=1), *frame(9, words=2))
    assert [w.id for w in chosen(case)["video-1"] if not w.crop] == ["video-1.f0", "video-1.t1", "video-1.t4"]


def test_a_film_of_which_nothing_was_seen_is_not_shown() -> None:
    assert chosen(film()) == {}


def test_no_case_shows_more_than_the_limits() -> None:
    media = tuple(Media(type="video", path=f"{n}.mp4") for n in range(4))
    seen = [
        observed(f"video-{n}.w{f}", "words", text="x", box=BOX, frame=f, start=float(f), media=f"video-{n}")
        for n in range(1, 5) for f in range(8)
    ]  # fmt: skip
    wanted = chosen(Case(id="c", parts=(), media=media, observations=tuple(seen)))
    whole = [w for ws in wanted.values() for w in ws if not w.crop]
    assert len(whole) == MOST and len([w for ws in wanted.values() for w in ws]) == MOST + CROPS
    assert all(len([w for w in ws if not w.crop]) <= FRAMES for ws in wanted.values())


def test_a_still_picture_is_whole_and_an_animation_of_many_frames_a_film_and_a_gap_are_not() -> None:
    assert exhibited(picture_case(), Drawn()).whole == {"image-1"}
    assert exhibited(picture_case(), Drawn(frames=9)).whole == frozenset()
    assert exhibited(film(*frame(0, tagged=True)), Drawn()).whole == frozenset()
    gap = Unseen(media="image-1", what="regions", why="no_tool", told="x")
    assert exhibited(picture_case(unseen=[gap]), Drawn()).whole == frozenset()


def test_a_frame_that_cannot_be_fetched_takes_its_crops_with_it() -> None:
    assert exhibited(picture_case(), Drawn(lost=["image-1.t1"])) == NOTHING
    assert [e.id for e in exhibited(picture_case(), Drawn(lost=["image-1.w1"])).items][1] == "image-1.w2"


def test_who_is_blind_is_shown_nothing_and_no_file_is_opened() -> None:
    show = Drawn()
    eyes = Eyes(show, frozenset({"vllm/seer"}))
    assert eyes.on(picture_case(), "vllm/blind") == NOTHING and show.wanted == []
    assert len(eyes.on(picture_case(), "vllm/seer").items) == 4


@pytest.mark.parametrize(("saw", "whole"), [((["image-1"], ["image-1"]), True), ((["image-1"], []), False)])
def test_a_case_is_seen_when_every_judge_saw_every_file(saw: tuple[list[str], ...], whole: bool) -> None:
    assert all_seen(picture_case(), *saw) is whole
    assert not all_seen(Case(id="c", parts=()), *saw)
