import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.attributes import label_of
from agents.bareness import TABLE, VALUES, bareness
from cases.observation import Kind, Locator, Observation
from policy_store.loader import load_pack

HINTS = st.lists(
    st.tuples(st.sampled_from([*sorted(TABLE), "FACE_MALE", "FEMALE_BREAST_COVERED"]), st.floats(0, 1)), max_size=12
)


def region(label: str, confidence: float = 0.9, frame: int = 0, kind: Kind = "region") -> Observation:
    return Observation(
        id=f"image-1.{label}.{frame}", media="image-1", kind=kind, locator=Locator(frame=frame), label=label,
        confidence=confidence, tool="nudenet", version="3",
    )  # fmt: skip


def likeliest(*labels: str) -> str:
    shares = bareness([region(label) for label in labels])
    return max(shares, key=lambda value: shares[value])


def test_no_region_is_covered() -> None:
    assert bareness([]) == {"covered": 1.0, "partly-bare": 0.0, "mostly-bare": 0.0, "nude-implied": 0.0}


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        (("FACE_FEMALE", "FEMALE_BREAST_COVERED", "BELLY_COVERED"), "covered"),
        (("FACE_MALE", "ARMPITS_EXPOSED"), "covered"),
        (("FACE_FEMALE", "FEMALE_BREAST_COVERED", "BELLY_EXPOSED"), "partly-bare"),
        (("FACE_MALE", "MALE_BREAST_EXPOSED"), "partly-bare"),
        (("FEMALE_BREAST_COVERED", "BELLY_EXPOSED", "FEMALE_GENITALIA_COVERED"), "mostly-bare"),
        (("BUTTOCKS_EXPOSED",), "mostly-bare"),
        (("FEMALE_BREAST_EXPOSED", "BELLY_EXPOSED"), "nude-implied"),
        (("MALE_GENITALIA_EXPOSED",), "nude-implied"),
    ],
)
def test_regions_speak_for_the_value_whose_words_name_them(labels: tuple[str, ...], value: str) -> None:
    assert likeliest(*labels) == value


def test_the_worked_example_of_the_docstring_holds() -> None:
    shares = bareness([region("BELLY_EXPOSED", 0.8), region("ARMPITS_EXPOSED", 0.5)])
    assert shares["partly-bare"] == pytest.approx(0.748) and shares["covered"] == pytest.approx(0.252)


def test_the_same_region_in_many_frames_counts_once() -> None:
    once = bareness([region("BELLY_EXPOSED", 0.4)])
    often = bareness([region("BELLY_EXPOSED", 0.4, frame) for frame in range(16)])
    assert once == often


def test_the_parts_of_a_two_piece_in_different_frames_are_no_two_piece() -> None:
    apart = [region("BELLY_EXPOSED", frame=0), region("FEMALE_BREAST_COVERED", frame=1)]
    assert bareness([*apart, region("FEMALE_GENITALIA_COVERED", frame=2)])["mostly-bare"] == 0.0


def test_only_regions_count() -> None:
    assert bareness([region("BUTTOCKS_EXPOSED", kind="words"), region("no label of ours")])["covered"] == 1.0


@given(HINTS)
def test_shares_are_probabilities(hints: list[tuple[str, float]]) -> None:
    shares = bareness([region(label, confidence) for label, confidence in hints])
    assert tuple(shares) == VALUES and sum(shares.values()) == pytest.approx(1.0)
    assert all(-1e-9 <= share <= 1 + 1e-9 for share in shares.values())


@given(HINTS, st.sampled_from(sorted(TABLE)), st.floats(0, 1))
def test_more_bare_skin_never_makes_a_body_more_covered(
    hints: list[tuple[str, float]], label: str, confidence: float
) -> None:
    seen = [region(one, share) for one, share in hints]
    assert bareness([*seen, region(label, confidence)])["covered"] <= bareness(seen)["covered"] + 1e-9


def test_the_values_are_those_of_the_rule_and_the_profiles_read_them_differently() -> None:
    pack = load_pack("community")
    rule = next(rule for rule in pack.rules if rule.id == "SX4")
    (attribute,) = (one for one in rule.attributes if one.id == "bareness")
    assert tuple(value.id for value in attribute.values) == VALUES
    values = {"bareness": likeliest("MALE_BREAST_EXPOSED"), "action": "posing", "framing": "neutral"}
    assert (label_of(rule, values, "R1"), label_of(rule, values, "R2")) == ("violating", "allowed")
