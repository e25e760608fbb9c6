"""What a program is told of the regions and the words that a finding rests on."""

from agents.perceiver import with_seen
from agents.seen import MOST, seen
from cases.case import Case, Media
from cases.finding import Evidence, Finding, Sighting
from cases.observation import Box, Locator
from tests.agents.shown import MENACE, observed, picture_case

BOX = Box(x=0.1, y=0.8, width=0.6, height=0.08)


def finding(*regions: str, quote: str = "", part: str = "image-1") -> Finding:
    sightings = tuple(
        Sighting(region=r, media="image-1", locator=Locator(frame=0), shows="a face, nudenet at 0.80") for r in regions
    )
    evidence = (Evidence(part=part, start=0, end=len(quote), quote=quote),) if quote else ()
    return Finding(rule_id="VI2", verdict="hit", probability=0.9, evidence=evidence, sightings=sightings)


def test_a_region_is_told_with_box_label_tool_and_confidence() -> None:
    (one,) = seen(finding("image-1.r1"), picture_case())
    assert (one.kind, one.label, one.tool, one.confidence) == ("region", "FACE_MALE", "test", 0.8)
    assert one.box == Box(x=0.4, y=0.2, width=0.2, height=0.3) and one.frame == 0 and one.start is None


def test_words_of_a_picture_that_are_quoted_are_told_with_their_place() -> None:
    (one,) = seen(finding(quote=MENACE), picture_case())
    assert (one.region, one.kind, one.words, one.box) == ("image-1.w1", "words", MENACE, BOX)


def test_a_frame_that_was_looked_at_as_a_whole_has_no_tool_of_its_own() -> None:
    known, unknown = seen(finding("image-1.t1", "image-1.f3"), picture_case())
    for one in (known, unknown):
        assert (one.kind, one.tool, one.confidence, one.label) == ("frame", None, None, "")


def test_what_is_cited_and_quoted_as_well_is_told_once_and_words_of_the_text_are_not_seen() -> None:
    case = picture_case()
    assert [s.region for s in seen(finding("image-1.w1", quote=MENACE), case)] == ["image-1.w1"]
    assert seen(finding(quote="Look", part="text"), case) == ()


def test_a_quote_over_a_whole_film_is_bounded() -> None:
    lines = [observed(f"video-1.w{n}", "words", text=f"line {n}", media="video-1", start=float(n)) for n in range(99)]
    case = with_seen(Case(id="c", parts=(), media=(Media(type="video", path="a.mp4"),)), lines, ())
    whole = finding(quote=case.part("video-1").text, part="video-1")
    found = seen(whole, case)
    assert len(found) == MOST and found[1].start == 1.0
