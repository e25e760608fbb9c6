"""Severity: each dimension moves by what was measured, stays in 0-4, and the whole stays in the rule's band."""

import numpy as np
import pytest

from agents import markers
from agents.markers import quoted
from agents.severity import SIGNALS, Facts, grade, raised, share_of
from cases.case import Case, Part
from cases.finding import Finding, Stance
from policy_store.loader import load_pack
from policy_store.pack import Pack
from tests.agents.bench import calibration

PACK: Pack = load_pack("community")
LINE = calibration()


def known(
    text: str, rule: str = "HR2", p: float = 0.9, stance: Stance = "direct", surface: str = "post", near: int = 80
) -> Facts:
    case = Case.model_validate({"id": "c", "parts": (Part(id="text", kind="text", text=text),), "surface": surface})
    finding = Finding(rule_id=rule, verdict="hit", probability=p, stance=stance)
    return Facts(case, PACK.by_id[rule], finding, np.zeros(256, np.float32), ((0.8, near),), float(near))


def values(facts: Facts) -> dict[str, float]:
    return {g.dimension: g.value for g in grade(facts, PACK, LINE).grades}


def test_every_dimension_of_the_shipped_rubric_is_measured() -> None:
    assert {d.id for d in PACK.rubric.dimensions} == set(SIGNALS)


@pytest.mark.parametrize("rule", [r.id for r in PACK.rules])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_severity_stays_in_the_band_and_grades_on_the_scale(rule: str, p: float) -> None:
    loud = "Tonight at your house with a gun, kids! Share this, how do I, join, DM me at x.com"
    for text, near in (("", 0), (loud, 100)):
        facts = known(text, rule, p, near=near)
        found = grade(facts, PACK, LINE)
        band = PACK.by_id[rule].band
        assert band.low <= found.value <= band.high
        assert all(0 <= g.value <= 4 and abs(g.level - g.value) <= 0.5 for g in found.grades)
        assert 0 <= share_of(facts, PACK) <= 1


@pytest.mark.parametrize(
    ("dimension", "mild", "grave"),
    [
        ("credibility", known("I will hurt you"), known("I will be at your house tonight with a knife")),
        ("credibility", known("I will hurt you, lol"), known("I will hurt you")),
        ("credibility", known("I will hurt you", stance="joke"), known("I will hurt you")),
        ("vulnerability", known("They will see"), known("You will see, and your children too")),
        ("actionability", known("They will see"), known("Join us, message me, here is how to get there")),
        ("reach", known("They will see", surface="message"), known("They will see, share this", surface="ad")),
        ("explicitness", known("Mind yourself", p=0.5), known("Mind yourself", p=0.95)),
        ("harm", known("Mind yourself", near=62), known("Mind yourself", near=98)),
    ],
)
def test_what_is_worse_is_graded_higher(dimension: str, mild: Facts, grave: Facts) -> None:
    assert values(mild)[dimension] < values(grave)[dimension]


def test_the_reason_quotes_what_was_found() -> None:
    reasons = {g.dimension: g.reason for g in grade(known("I will be at your house tonight"), PACK, LINE).grades}
    assert "'tonight'" in reasons["credibility"] and "'your house'" in reasons["credibility"]
    assert "addressed" in reasons["vulnerability"]


def test_the_anchor_is_that_of_the_level() -> None:
    anchors = {d.id: d.levels for d in PACK.rubric.dimensions}
    assert all(g.anchor == anchors[g.dimension][g.level] for g in grade(known("x"), PACK, LINE).grades)


def test_a_modifier_never_lowers_and_never_leaves_the_band() -> None:
    rule = PACK.by_id["HR2"]
    assert raised(rule.band.low, rule, 10) == rule.band.low + 10
    assert raised(rule.band.high - 3, rule, 10) == rule.band.high
    assert raised(rule.band.high, rule, 10) == rule.band.high


@pytest.mark.parametrize(
    ("pattern", "hit", "miss"),
    [
        (markers.TIME, "see you on Friday", "see you around"),
        (markers.PLACE, "I know where you live", "I know what you like"),
        (markers.MEANS, "with a knife", "with a cake"),
        (markers.HEDGE, "jk haha", "I mean it"),
        (markers.YOUNG, "a 13-year-old", "a 30-year-old"),
        (markers.FRAIL, "an elderly man", "an eager man"),
        (markers.CONTACT, "dm me", "ask her"),
        (markers.ASKS, "how do I do it", "I did it"),
        (markers.CALL, "come and join", "he went home"),
        (markers.SPREAD, "#now", "now"),
    ],
)
def test_marks_find_their_words_and_no_others(pattern: "markers.re.Pattern[str]", hit: str, miss: str) -> None:
    assert quoted(pattern, hit) and quoted(pattern, hit) in hit  # type: ignore[operator]
    assert quoted(pattern, miss) is None
