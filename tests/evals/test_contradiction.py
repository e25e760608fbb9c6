"""Ads are put together as they should be, and scored as they should be."""

from evals.contradiction import Told, ads_of, halved, mixed, score
from evals.quality import case_of


def line(id: str, label: str, xm: bool = False, **parts: str) -> dict[str, object]:
    return {"id": id, "rule": "AD5", "label": label, "surface": "ad", "parts": parts} | ({"xm": True} if xm else {})


LINES = [
    line("a", "violating", title="Double your money", speech="Guaranteed, by Friday"),
    line("b", "allowed", title="A cake", caption="For Sunday", screen="Mix eggs"),
    line("c", "violating", xm=True, title="Flowers", speech="Fake passports"),
    line("d", "allowed", title="No back"),
    {"id": "e", "label": "violating", "surface": "post", "text": "no parts"},
]


def test_made_ads_have_the_front_of_an_allowed_one_and_the_rest_of_a_violating_one() -> None:
    ads = ads_of(LINES)
    assert [kind for kind, _ in ads] == ["violating", "allowed", "marked", "made"]
    made = ads[-1][1]
    assert {p.id: p.text for p in made.parts} == {
        "title": "A cake", "caption": "For Sunday", "speech": "Guaranteed, by Friday",
    }  # fmt: skip
    assert made.id == "a+b" and ads_of(LINES) == ads


def test_parts_of_a_made_ad_stand_in_reading_order() -> None:
    front, behind = case_of(LINES[1]), case_of(line("z", "violating", landing="Pay", screen="Now"))
    assert [p.id for p in mixed(front, behind).parts] == ["title", "caption", "screen", "landing"]


def test_marked_ads_and_the_other_half_count_on_neither_side() -> None:
    told = [
        Told("made", True, True), Told("made", True, False), Told("made", False, True), Told("marked", True, True),
        Told("violating", True, True), Told("allowed", True, False), Told("borderline", False, True),
    ]  # fmt: skip
    assert score(told) == (0.5, 0.5, 1, 2, 1, 2)
    assert score([]) == (0.0, 0.0, 0, 0, 0, 0)


def test_the_halves_are_both_used() -> None:
    assert {halved(case_of(line(f"n{i}", "allowed", title="x", speech="y"))) for i in range(20)} == {True, False}
