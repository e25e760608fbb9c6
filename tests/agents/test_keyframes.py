"""Whatever the scores: every bin of time is covered, no frame comes twice, and they come in order of time."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.keyframes import BINS, FRAMES, TOP, Chooser, Sign, Strongest, Weights, binned, risk_prompts, select
from cases.observation import Locator, Observation
from policy_store.loader import load_pack

SCORES = st.lists(st.floats(0, 1), max_size=60)
ANY = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40)
NUMBERS = st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(any)


@given(SCORES, NUMBERS)
def test_every_bin_of_time_gives_its_best_frame(scores: list[float], numbers: tuple[int, int]) -> None:
    bins, top = numbers
    chosen = select(scores, bins, top)
    for start, end in binned(len(scores), bins):
        inside = [at for at in chosen if start <= at < end]
        assert inside
        assert max(scores[at] for at in inside) == max(scores[start:end])


@given(ANY, NUMBERS)
def test_frames_come_once_in_order_and_as_many_as_asked_for(scores: list[float], numbers: tuple[int, int]) -> None:
    bins, top = numbers
    chosen = select(scores, bins, top)
    assert list(chosen) == sorted(set(chosen))
    assert all(0 <= at < len(scores) for at in chosen)
    assert len(chosen) == min(len(scores), bins + top) or (bins > len(scores) and len(chosen) == len(scores))


@given(SCORES, NUMBERS)
def test_no_frame_left_out_beats_one_that_came_for_its_score_alone(
    scores: list[float], numbers: tuple[int, int]
) -> None:
    bins, top = numbers
    chosen = select(scores, bins, top)
    left = [scores[at] for at in range(len(scores)) if at not in chosen]
    covering = set(select(scores, bins, 0)) if bins else set()
    assert all(scores[at] >= max(left, default=0) for at in chosen if at not in covering)


@given(SCORES.filter(bool), NUMBERS)
def test_the_best_frame_of_all_always_comes(scores: list[float], numbers: tuple[int, int]) -> None:
    assert max(scores) in [scores[at] for at in select(scores, *numbers)]


@given(st.integers(0, 200), st.integers(1, 30))
def test_bins_share_the_frames_out_evenly_and_leave_none_out(count: int, bins: int) -> None:
    found = binned(count, bins)
    assert [at for start, end in found for at in range(start, end)] == list(range(count))
    sizes = [end - start for start, end in found]
    assert not sizes or (min(sizes) >= 1 and max(sizes) - min(sizes) <= 1)


def test_by_default_sixteen_frames_give_three() -> None:
    assert (FRAMES, BINS + TOP) == (16, 3)
    scores = [0.1] * FRAMES
    scores[11], scores[12], scores[3] = 0.9, 0.8, 0.3
    assert select(scores) == (3, 11, 12)
    assert len(select([0.0] * FRAMES)) == 3


def test_fewer_frames_than_asked_for_all_come() -> None:
    assert select([0.2, 0.1]) == (0, 1)
    assert select([0.5], bins=4, top=4) == (0,)
    assert select([]) == ()


def test_of_equal_frames_the_middle_of_a_bin_wins() -> None:
    assert select([0.0] * 9, bins=3, top=0) == (1, 4, 7)


def test_a_score_that_is_no_number_counts_least_and_covers_its_bin_all_the_same() -> None:
    assert select([math.nan, 0.0, math.nan, math.nan], bins=2, top=0) == (1, 2)
    assert select([math.nan, -1.0, 0.5], bins=0, top=2) == (1, 2)


@pytest.mark.parametrize(("bins", "top"), [(0, 0), (-1, 3), (2, -1)])
def test_choosing_nothing_is_an_error(bins: int, top: int) -> None:
    with pytest.raises(ValueError, match="bins"):
        select([0.1, 0.2], bins, top)


def test_a_frame_is_worth_its_strongest_measurement() -> None:
    signs = [Sign(words=0.4, bodies=0.9), Sign(change=1.0), Sign(prompts=0.6, words=0.1), Sign()]
    assert Strongest()(signs) == pytest.approx((0.72, 0.3, 0.6, 0.0))
    assert Strongest(Weights(bodies=0.0, change=1.0))(signs) == pytest.approx((0.4, 1.0, 0.6, 0.0))


@given(st.floats(0, 1), st.floats(0.31, 1))
def test_a_change_of_scene_yields_to_any_words_that_match_a_rule(change: float, words: float) -> None:
    still, said = Strongest()([Sign(change=change), Sign(words=words)])
    assert said > still


class Look(NamedTuple):
    lines: tuple[str, ...] = ()
    regions: tuple[Observation, ...] = ()
    change: float = 0.0
    likeness: float | None = None


def region(label: str, confidence: float) -> Observation:
    return Observation(
        id="r", media="v", kind="region", label=label, locator=Locator(frame=0), confidence=confidence, tool="t",
        version="1",
    )  # fmt: skip


def danger(texts: Sequence[str]) -> list[float]:
    return [0.9 if "kill" in text else 0.1 for text in texts]


def test_the_frame_with_dangerous_words_is_a_key_frame_wherever_it_is() -> None:
    for at in range(16):
        looks = [Look(("hello",), change=0.2)] * 16
        looks[at] = Look(("I will", "kill you"))
        found = Chooser(danger)(looks)
        assert at in found.places and len(found.places) == 3
        assert max(found.scores) == found.scores[at] == 0.9 and found.by == "strongest"


def test_words_that_are_dangerous_over_two_lines_alone_count() -> None:
    def both(texts: Sequence[str]) -> list[float]:
        return [1.0 if "kill" in text and "you" in text else 0.0 for text in texts]

    assert Chooser(both)([Look(("kill",)), Look(("kill", "you")), Look()]).scores == (0.0, 1.0, 0.0)


def test_a_bare_body_counts_and_a_bare_arm_does_not() -> None:
    looks = [Look(regions=(region("ARMPITS_EXPOSED", 1.0),)), Look(regions=(region("FEMALE_BREAST_EXPOSED", 1.0),))]
    assert Chooser(danger)(looks).scores == (0.0, Weights().bodies)


def test_where_an_encoder_of_pictures_measured_all_its_likeness_alone_counts() -> None:
    found = Chooser(danger, bins=1, top=0)([Look(("kill",), likeness=0.1), Look(likeness=0.3), Look(likeness=-0.2)])
    assert (found.places, found.scores, found.by) == ((1,), (0.1, 0.3, 0.0), "likeness")


def test_no_text_is_asked_about_twice_and_none_where_there_is_none() -> None:
    asked: list[str] = []

    def noted(texts: Sequence[str]) -> list[float]:
        asked.extend(texts)
        return [0.0] * len(texts)

    Chooser(noted)([Look(("same",))] * 16)
    assert asked == ["same"]
    Chooser(noted)([Look()] * 16)
    assert asked == ["same"]


def test_risk_prompts_name_every_active_rule_before_any_second_keyword() -> None:
    pack = load_pack("community")
    prompts = risk_prompts(pack)
    active = [rule for rule in pack.rules if rule.status == "active"]
    assert set(prompts[: len({r.type for r in active})]) == {rule.type for rule in active}
    assert len(set(prompts)) == len(prompts) > len(active)
