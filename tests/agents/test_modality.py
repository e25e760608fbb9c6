"""Harmless parts in front and a violation behind are a contradiction; anything else is not."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.modality import (
    ALIKE,
    FRONT,
    HEARD,
    LEAST,
    LOUD,
    QUIET,
    SEEN,
    Contradiction,
    Said,
    Spoken,
    contradicted,
    contradiction,
    shown_otherwise,
)
from agents.ranker import rank
from agents.sight import Look
from agents.verdict import modifier_of
from cases.case import Case, Part
from cases.view import views
from policy_store.loader import load_pack
from tests.agents.bench import calibration, rulebook
from tests.policy_store.small_pack import bag_of_words

BOOK = rulebook()
SHARES = st.floats(0, 1)
PARTS = st.dictionaries(
    st.sampled_from(["title", "caption", "text", "screen", "speech", "landing", "image-1", "video-1.speech"]),
    st.tuples(SHARES, st.integers(1, 40)),
    max_size=6,
)


def spoken(alike: float = 0.1, whole: float = 0.0, words: int = 6, **parts: float) -> Spoken:
    """Return parts of so many words; the number is what each says about VI2."""
    said = tuple(Said(part=name.replace("_", "-"), words=words, scores={"VI2": p}) for name, p in parts.items())
    return Spoken(parts=said, whole={"VI2": whole}, alike=alike)


def found(**fields: float) -> Contradiction | None:
    return contradiction(spoken(**fields), ["VI2"])  # type: ignore[arg-type]


def test_a_violation_behind_harmless_parts_is_named_with_what_each_part_says() -> None:
    odd = found(title=0.01, caption=0.0, screen=0.03, speech=0.9)
    assert odd is not None and (odd.rule_id, odd.loud) == ("VI2", "speech")
    assert odd.scores == (("title", 0.01), ("caption", 0.0), ("screen", 0.03), ("speech", 0.9))
    assert odd.probability == pytest.approx(0.89)
    assert "title 0.01, caption 0.00, screen 0.03, speech 0.90" in odd.told


def test_what_the_parts_say_together_counts_where_one_behind_is_heard() -> None:
    assert found(title=0.01, image_1=0.05, whole=0.4) is not None
    assert found(title=0.01, image_1=HEARD / 2, whole=0.4) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"title": 0.9, "speech": 0.9},
        {"title": 2 * QUIET, "speech": 0.9},
        {"title": 0.0, "caption": 2 * QUIET, "speech": 0.9},
        {"title": 0.0, "speech": LOUD / 2},
        {"title": 0.9, "speech": 0.0},
        {"title": 0.0, "caption": 0.9},
        {"speech": 0.0, "landing": 0.9},
        {"text": 0.9},
        {"image_1": 0.9},
        {"title": 0.0, "speech": 0.9, "alike": ALIKE + 0.05},
        {"title": 0.0, "speech": 0.9, "words": LEAST - 1},
    ],
    ids=[
        "both loud", "a hint", "a hint in one of two", "not loud", "loud in front", "front alone", "behind alone",
        "one violating part", "a picture alone", "the same matter", "a front of a word or two",
    ],
)  # fmt: skip
def test_without_harmless_front_and_loud_back_there_is_none(fields: dict[str, float]) -> None:
    assert found(**fields) is None


@settings(deadline=None)
@given(PARTS, st.floats(-1, 1), SHARES)
def test_a_contradiction_always_has_a_quiet_front_and_a_part_behind_that_says_it(
    parts: dict[str, tuple[float, int]], alike: float, whole: float
) -> None:
    said = tuple(Said(part=name, words=n, scores={"VI2": p}) for name, (p, n) in parts.items())
    odd = contradiction(Spoken(parts=said, whole={"VI2": whole}, alike=alike), ["VI2"])
    if odd is None:
        return
    front = [s for s in said if s.part in FRONT]
    assert front and sum(s.words for s in front) >= LEAST and alike <= ALIKE
    assert all(s.scores["VI2"] <= QUIET for s in front)
    assert odd.loud not in FRONT and parts[odd.loud][0] >= HEARD and odd.together >= LOUD
    assert 0 <= odd.probability <= 1


@settings(deadline=None)
@given(PARTS, st.floats(-1, 1), SHARES, st.randoms(use_true_random=False))
def test_neither_the_order_of_parts_nor_a_louder_back_takes_a_contradiction_away(
    parts: dict[str, tuple[float, int]], alike: float, whole: float, shuffled: Random
) -> None:  # fmt: skip
    said = [Said(part=name, words=n, scores={"VI2": p}) for name, (p, n) in parts.items()]
    odd = contradiction(Spoken(parts=tuple(said), whole={"VI2": whole}, alike=alike), ["VI2"])
    louder = [s if s.part in FRONT else s.model_copy(update={"scores": {"VI2": 1.0}}) for s in said]
    shuffled.shuffle(louder)
    again = contradiction(Spoken(parts=tuple(louder), whole={"VI2": whole}, alike=alike), ["VI2"])
    assert odd is None or again is not None


@settings(deadline=None)
@given(PARTS, st.floats(-1, 1))
def test_one_part_is_never_a_contradiction(parts: dict[str, tuple[float, int]], alike: float) -> None:
    for name, (p, n) in parts.items():
        said = (Said(part=name, words=n, scores={"VI2": p}),)
        assert contradiction(Spoken(parts=said, whole={"VI2": 1.0}, alike=alike), ["VI2"]) is None


def picture(probability: float) -> Look:
    return Look(rule_id="PB1", media="image-1", probability=probability, values=(), product="", share=0.0,
                label="violating")  # fmt: skip


def test_a_picture_that_violates_by_sight_contradicts_harmless_words() -> None:
    odd = shown_otherwise(spoken(text=0.0), [picture(SEEN)], ["VI2"])
    assert odd is not None and (odd.rule_id, odd.loud, odd.view) == ("PB1", "image-1", None)
    assert odd.scores == (("text", 0.0), ("image-1", SEEN))
    assert shown_otherwise(spoken(text=0.0), [picture(SEEN - 0.1)], ["VI2"]) is None
    assert shown_otherwise(spoken(text=2 * QUIET), [picture(0.9)], ["VI2"]) is None
    assert shown_otherwise(spoken(text=0.0, words=1), [picture(0.9)], ["VI2"]) is None
    assert shown_otherwise(spoken(), [picture(0.9)], ["VI2"]) is None
    assert shown_otherwise(spoken(text=0.0), [], ["VI2"]) is None


def told(title: str, speech: str) -> Contradiction | None:
    case = Case(
        id="c", parts=(Part(id="title", kind="title", text=title), Part(id="speech", kind="speech", text=speech))
    )
    seen = views(case).items
    scores = np.full((len(seen), len(BOOK.rules)), 0.001)
    loud = [i for i, v in enumerate(seen) if v.part == "speech"]
    scores[loud, BOOK.index["VI2"]] = 0.9
    ranking = rank(BOOK, scores, calibration(), [r.id for r in BOOK.rules])
    return contradicted(case, seen, bag_of_words([v.text for v in seen]), scores, ranking, BOOK)


def test_a_case_contradicts_itself_where_its_parts_speak_of_different_matters() -> None:
    odd = told("A lemon cake for Sunday", "i will break your legs")
    assert odd is not None and odd.loud == "speech" and odd.view is not None and odd.alike < ALIKE
    assert told("your legs break", "i will break your legs") is None


def test_the_modifier_of_ads_holds_for_ads_alone() -> None:
    pack = load_pack("short-video-ads")
    modifier = modifier_of(pack, "ad")
    assert modifier is not None and modifier.id == "AD-XM"
    assert modifier_of(pack, "post") is None
    assert modifier_of(load_pack("community"), "ad") is None
