"""What a model says that it saw: the region exists, its words were read there, every picture is described."""

import pytest

from agents.region import CITABLE, Glimpse, citable, faults, sightings, words
from cases.observation import Box
from tests.agents.shown import MENACE, SEEN, observed, picture_case, shown

CASE = picture_case()
WHOLE = Glimpse(region="image-1.t1", shows="A man in the dark.")


def glimpse(region: str, said: str = "") -> Glimpse:
    return Glimpse(region=region, shows="It is there.", words=said)


def test_pictures_regions_and_words_can_be_cited_and_nothing_else() -> None:
    assert citable(CASE, shown()) == ("image-1.t1", "image-1.w1", "image-1.w2", "image-1.r1")
    many = picture_case(seen=(*SEEN, *(observed(f"image-1.w{n}", "words", text="x") for n in range(3, 200))))
    assert len(citable(many, shown(many))) <= CITABLE + 9


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (glimpse("image-1.w9"), "the region 'image-1.w9', which does not exist"),
        (glimpse("image-2.t1"), "does not exist; cite image-1.t1"),
        (glimpse("image-1.w1", "i will break your arms"), "was read in image-1.w1, and it was not"),
        (glimpse("image-1.w2", MENACE), "was read in image-1.w2, and it was not"),
        (glimpse("image-1.r1", MENACE), "was read in image-1.r1, and it was not"),
        (glimpse("image-1.t1", "burn it down"), "was read in image-1.t1, and it was not"),
    ],
)
def test_an_invented_region_or_word_is_named(one: Glimpse, told: str) -> None:
    (fault,) = faults([WHOLE, one], CASE, shown())
    assert told in fault


@pytest.mark.parametrize(
    "one", [glimpse("image-1.w1", "break your LEGS"), glimpse("image-1.w2", "Friday night"), glimpse("image-1.r1")]
)
def test_what_was_read_in_a_region_may_be_cited_of_it_and_of_the_frame(one: Glimpse) -> None:
    assert faults([WHOLE, one], CASE, shown()) == []
    assert faults([WHOLE.model_copy(update={"words": one.words})], CASE, shown()) == []


def test_words_that_overlap_a_region_were_read_in_it() -> None:
    sign = observed("image-1.r2", "region", label="SIGN", box=Box(x=0.3, y=0.7, width=0.4, height=0.3))
    case = picture_case(seen=(*SEEN, sign))
    assert faults([WHOLE, glimpse("image-1.r2", MENACE)], case, shown(case)) == []


def test_every_picture_has_to_be_described() -> None:
    assert faults([glimpse("image-1.w1")], CASE, shown()) == ["seen does not say what image-1.t1 shows"]
    blank = WHOLE.model_copy(update={"shows": " "})
    assert faults([blank], CASE, shown()) == ["seen does not say what image-1.t1 shows"]


def test_cited_words_are_evidence_at_their_place_in_the_part_that_holds_them() -> None:
    (found,) = words([glimpse("image-1.w2", "friday NIGHT")], CASE)
    part = CASE.part("image-1")
    assert part.text[found.start : found.end] == found.quote == "friday night" and found.part == "image-1"


def test_the_same_words_in_two_regions_are_told_apart() -> None:
    again = observed("image-1.w3", "words", text=MENACE, box=Box(x=0.1, y=0.5, width=0.3, height=0.08))
    case = picture_case(seen=(*SEEN, again))
    first, second = words([glimpse("image-1.w1", "your legs"), glimpse("image-1.w3", "your legs")], case)
    assert first.quote == second.quote and first.start < second.start


def test_a_sighting_keeps_where_the_region_is_once_each() -> None:
    found = sightings([WHOLE, glimpse("image-1.r1"), glimpse("image-1.r1"), glimpse("image-1.w9")], CASE, shown())
    assert [(s.region, s.media) for s in found] == [("image-1.t1", "image-1"), ("image-1.r1", "image-1")]
    assert found[1].locator.box == SEEN[3].locator.box and found[0].shows == "A man in the dark."
