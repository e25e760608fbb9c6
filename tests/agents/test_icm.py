"""The ICM-score: a question a term and picture, read into attribute values that a profile labels."""

import pytest

from agents.attributes import violating_share
from agents.exhibit import NOTHING
from agents.icm import POSITIVE, icm_scores, read_pictures
from cases.exchange import Unanswered
from policy_store.loader import load_pack
from tests.agents.recorded import PLENTY, RecordedOdds
from tests.agents.shown import Drawn, observed, picture_case, shown

PACK = load_pack("community")
RULE = next(r for r in PACK.rules if r.products)
CASE = picture_case()


def says(**certain: float) -> RecordedOdds:
    """Return odds of values by a word of their text, .02 for all others."""
    texts = {v.id: v.text for a in RULE.attributes for v in a.values}

    def p(prompt: str) -> float:
        last = prompt.rsplit("Look at the picture", 1)[1]
        return next((p for name, p in certain.items() if texts[name.replace("_", "-")] in last), 0.02)

    return RecordedOdds(p)


def test_a_term_is_asked_of_each_frame_with_the_pictures_shown() -> None:
    odds = RecordedOdds([0.9, 0.1])
    scored = icm_scores(CASE, shown(), ["horrifying", "gambling"], PACK, odds, PLENTY)
    assert scored.scores["image-1.t1"] == pytest.approx({"horrifying": 0.9, "gambling": 0.1})
    assert scored.scores["image-1.t1"]["horrifying"] > POSITIVE and scored.usage.calls == 2
    one, two = (prompt[1] for prompt in odds.asked[0])
    assert len(one.pictures) == 4 and one.pictures == two.pictures
    assert one.text.endswith('Look at the picture "image-1.t1" alone. Is this picture horrifying? Answer Yes or No.')
    assert one.text.split("Is this picture")[0] == two.text.split("Is this picture")[0]


def test_two_profiles_label_one_reading_differently() -> None:
    odds = says(mostly_bare=0.97, posing=0.97, neutral=0.97)
    looked = read_pictures(CASE, shown(), RULE, PACK, odds, PLENTY)
    reading = looked.readings["image-1.t1"]
    assert len(odds.asked[0]) == sum(len(a.values) for a in RULE.attributes)
    assert all(sum(values.values()) == pytest.approx(1.0) for values in reading.values())
    assert reading["bareness"]["mostly-bare"] > 0.9
    assert violating_share(RULE, reading, "R1") > 0.8 > 0.2 > violating_share(RULE, reading, "R2")


def test_every_frame_has_a_reading_of_its_own() -> None:
    seen = [observed(f"image-1.w{n}", "words", text="x", frame=n) for n in range(3)]
    case = picture_case(seen=seen)
    looked = read_pictures(case, shown(case, Drawn(frames=3)), RULE, PACK, says(), PLENTY)
    assert list(looked.readings) == ["image-1.f0", "image-1.f1", "image-1.f2"]


def test_where_nothing_is_shown_nothing_is_asked() -> None:
    assert read_pictures(CASE, NOTHING, RULE, PACK, RecordedOdds([]), PLENTY).readings == {}


def test_a_model_that_answers_something_else_gives_no_score() -> None:
    with pytest.raises(Unanswered) as error:
        icm_scores(CASE, shown(), ["gambling"], PACK, RecordedOdds([Unanswered("out_of_time", "late")]), PLENTY)
    assert error.value.failure == "out_of_time"
