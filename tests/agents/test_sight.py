"""From regions and boxes to values, from values to a product, from a product to what a profile says of it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.attributes import label_of, masses
from agents.sight import judgeable, labels_elsewhere, look, read_by_sight
from cases.observation import Box, Kind, Locator, Observation
from policy_store.loader import load_pack

PACK = load_pack("image-child-safety")
PB1, PB2 = PACK.by_id["PB1"], PACK.by_id["PB2"]
ATTRIBUTES = {a.id: a for a in PB1.attributes}
BARE = ["BELLY_EXPOSED", "MALE_BREAST_EXPOSED", "ARMPITS_EXPOSED", "BUTTOCKS_EXPOSED"]
HINTS = st.lists(
    st.tuples(st.sampled_from([*BARE, "FACE_MALE", "FEMALE_BREAST_COVERED"]), st.floats(0, 1)), max_size=10
)
SMALL, LARGE = Box(x=0.4, y=0.4, width=0.2, height=0.2), Box(x=0.2, y=0.2, width=0.6, height=0.6)


def region(
    label: str, confidence: float = 0.9, frame: int = 0, kind: Kind = "region", box: Box | None = SMALL
) -> Observation:
    return Observation(
        id=f"image-1.{label}.{frame}", media="image-1", kind=kind, label=label, confidence=confidence, tool="nudenet",
        version="3", locator=Locator(frame=frame, box=box), text=label if kind == "words" else "",
    )  # fmt: skip


def shares(seen: Sequence[Observation], attribute: str = "bareness") -> dict[str, float]:
    frames: dict[int | None, list[Observation]] = {}
    for one in seen:
        frames.setdefault(one.locator.frame, []).append(one)
    return read_by_sight(ATTRIBUTES[attribute], frames)


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        ((), "covered"),
        (("FACE_FEMALE", "FEMALE_BREAST_COVERED", "BELLY_COVERED"), "covered"),
        (("FACE_MALE", "ARMPITS_EXPOSED"), "covered"),
        (("FACE_FEMALE", "FEMALE_BREAST_COVERED", "BELLY_EXPOSED"), "partly-bare"),
        (("FACE_MALE", "MALE_BREAST_EXPOSED"), "partly-bare"),
        (("FEMALE_BREAST_COVERED", "BELLY_EXPOSED", "FEMALE_GENITALIA_COVERED"), "mostly-bare"),
        (("BUTTOCKS_EXPOSED",), "mostly-bare"),
    ],
)
def test_regions_speak_for_the_value_that_names_them(labels: tuple[str, ...], value: str) -> None:
    found = shares([region(label) for label in labels])
    assert max(found, key=lambda v: found[v]) == value


def test_the_worked_example_of_the_docstring_holds() -> None:
    found = shares([region("BELLY_EXPOSED", 0.8), region("ARMPITS_EXPOSED", 0.5)])
    assert found["partly-bare"] == pytest.approx(0.748) and found["covered"] == pytest.approx(0.252)


def test_the_same_region_in_many_frames_counts_once() -> None:
    often = [region("BELLY_EXPOSED", 0.4, frame) for frame in range(16)]
    assert shares(often) == shares(often[:1])


def test_the_parts_of_a_two_piece_in_different_frames_are_no_two_piece() -> None:
    apart = [region("BELLY_EXPOSED"), region("FEMALE_BREAST_COVERED", frame=1)]
    assert shares([*apart, region("FEMALE_GENITALIA_COVERED", frame=2)])["mostly-bare"] == 0.0


def test_only_regions_and_boxes_of_words_count() -> None:
    seen = [region("BUTTOCKS_EXPOSED", kind="match"), region("no label of ours"), region("BELLY_EXPOSED", kind="tag")]
    assert shares(seen)["covered"] == 1.0


def test_a_region_fills_a_picture_by_its_box_alone() -> None:
    assert shares([region("BELLY_EXPOSED", box=SMALL)], "framing")["close"] == 0.0
    assert shares([region("BELLY_EXPOSED", box=None)], "framing")["close"] == 0.0
    assert shares([region("BELLY_EXPOSED", box=LARGE)], "framing")["close"] == pytest.approx(0.81)


def test_a_page_is_told_by_how_much_of_it_words_cover() -> None:
    assert shares([region("a line", kind="words", box=SMALL)], "medium")["page"] == 0.0
    assert shares([region("a line", kind="words", box=LARGE)], "medium")["page"] == pytest.approx(0.9)


@settings(deadline=None)
@given(HINTS, st.sampled_from(["bareness", "framing", "medium"]))
def test_shares_are_probabilities(hints: list[tuple[str, float]], attribute: str) -> None:
    found = shares([region(label, confidence) for label, confidence in hints], attribute)
    assert list(found) == [v.id for v in ATTRIBUTES[attribute].values]
    assert sum(found.values()) == pytest.approx(1.0) and all(-1e-9 <= p <= 1 + 1e-9 for p in found.values())


@settings(deadline=None)
@given(HINTS, st.sampled_from(BARE), st.floats(0, 1))
def test_more_bare_skin_never_makes_a_body_more_covered(
    hints: list[tuple[str, float]], label: str, confidence: float
) -> None:
    seen = [region(one, share) for one, share in hints]
    assert shares([*seen, region(label, confidence)])["covered"] <= shares(seen)["covered"] + 1e-9


@settings(deadline=None)
@given(HINTS)
def test_another_profile_relabels_the_same_values(hints: list[tuple[str, float]]) -> None:
    seen = [region(label, confidence) for label, confidence in hints]
    strict, lenient = (look(PB1, "image-1", seen, {}, profile) for profile in ("R1", "R2"))
    assert strict.values == lenient.values
    assert strict.probability >= lenient.probability


def test_one_picture_has_two_labels_and_each_names_product_and_clause() -> None:
    seen = [region("MALE_BREAST_EXPOSED", 0.85)]
    strict, lenient = (look(PB1, "image-1", seen, {}, profile) for profile in ("R1", "R2"))
    assert (strict.label, strict.product, strict.clause) == ("violating", "partly-bare", "PB1.a")
    assert (lenient.label, lenient.product, lenient.clause) == ("allowed", "partly-bare", "PB1.a")
    assert strict.regions == lenient.regions == ("image-1.MALE_BREAST_EXPOSED.0",)
    assert labels_elsewhere(PB1, "partly-bare", ("R1", "R2")) == {"R1": "violating", "R2": "allowed"}
    assert labels_elsewhere(PB1, "no product", ("R1",)) == {}


def test_words_that_belong_to_an_activity_excuse_bare_skin_and_no_words_excuse_nothing() -> None:
    seen = [region("BELLY_EXPOSED"), region("FEMALE_BREAST_COVERED"), region("FEMALE_GENITALIA_COVERED")]
    spoken = {"wording": {"nothing": 0.05, "activity": 0.9, "display": 0.05}}
    assert look(PB1, "image-1", seen, {}, "R2").label == "violating"
    excused = look(PB1, "image-1", seen, spoken, "R2")
    assert (excused.label, excused.clause) == ("allowed", "PB1-ACTIVITY")


def test_nothing_seen_is_allowed_and_names_no_region() -> None:
    found = look(PB2, "image-1", [], {}, "R1")
    assert (found.probability, found.label, found.product, found.regions) == (0.0, "allowed", "none", ())


def test_the_shares_of_products_sum_to_one_and_agree_with_their_labels() -> None:
    reading = {"bareness": {"covered": 0.2, "partly-bare": 0.5, "mostly-bare": 0.3},
               "framing": {"person": 0.7, "close": 0.3}, "medium": {"photo": 1.0, "page": 0.0},
               "wording": {"nothing": 0.6, "activity": 0.3, "display": 0.1}}  # fmt: skip
    found = masses(PB1, reading)
    assert sum(found.values()) == pytest.approx(1.0)
    labels = {p.id: p.labels.get("R1") or p.labels["*"] for p in PB1.products}
    violating = sum(p for name, p in found.items() if labels[name] == "violating")
    assert look(PB1, "image-1", [], {}, "R1").probability == 0.0
    assert 0 < violating < 1


def test_every_product_is_reachable_and_every_combination_has_a_label_for_each_profile() -> None:
    for rule in (PB1, PB2):
        reading = {a.id: {v.id: 1 / len(a.values) for v in a.values} for a in rule.attributes}
        assert set(masses(rule, reading)) == {p.id for p in rule.products}
        first = {a.id: a.values[0].id for a in rule.attributes}
        assert all(label_of(rule, first, profile.id) == "allowed" for profile in PACK.profiles)


def test_pictures_can_be_let_go_where_every_rule_for_them_is_read_by_sight() -> None:
    own = [rule for rule in PACK.rules if rule.raises is None]
    assert judgeable(own)
    assert not judgeable([PACK.by_id["PW1"]])
    assert not judgeable(load_pack("community").rules)
    assert not judgeable([*own, load_pack("community").by_id["VI2"]])
