"""What people are told that a decision rests on: whole sentences, cuts that are marked, and places in plain words."""

import pytest

from agents.perceiver import with_seen
from agents.quotation import Quotation, pictured, place, quotations, runs, stood, stopped
from agents.rationale import public_rationale
from cases.case import Case, Media
from cases.finding import Citation, Evidence, Finding, Sighting
from cases.observation import Box, Locator, Observation
from tests.agents.records import WORDS, case, evidence, pack


def line(id: str, text: str, kind: str = "words", *, at: float | None = None, end: float | None = None,
         frame: int | None = None, label: str = "", y: float = 0.8) -> Observation:  # fmt: skip
    media = id.split(".")[0]
    box = Box(x=0.1, y=y, width=0.6, height=0.1) if frame is not None else None
    where = Locator(frame=frame, start=at, end=end, box=box)
    return Observation(id=id, media=media, kind=kind, text=text, label=label, locator=where, tool="t", version="1")  # type: ignore[arg-type]


FILM = (
    line("video-1.w1", "Only 3 places left today", at=1.8, end=3.8, frame=14),
    line("video-1.w2", "Pay the 49 fee by gift card to unlock your", at=7.5, end=9.8, frame=60, y=0.7),
    line("video-1.w3", "prize", at=7.5, end=9.8, frame=60),
    line("video-1.s1", "Call the desk now.", "subtitle", at=2.0, end=4.5),
    line("video-1.a1", "Send it to me before noon.", "speech", at=61.0, end=63.0),
    line("video-1.a2", "Or it is gone.", "speech", at=63.5, end=75.2),
    line("page-1.w1", "Prize desk"),
    line("page-1.w2", "Enter your card number and PIN. We will call you."),
    line("page-1.w3", "A fee is due", label="hidden"),
    line("image-1.w1", "Last chance", frame=0),
)


def ad(*more: Media) -> Case:
    media = (Media(type="video", path="a.mp4"), Media(type="page", path="p.html"), Media(type="image", path="i.png"))
    return with_seen(Case(id="ad", parts=(), media=(*media, *more)), FILM, ())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("places left", [("Only 3 places left today", "from second 1 to 3, in the words on the screen")]),
        (
            "left today\nPay the 49",
            [
                ("Only 3 places left today", "from second 1 to 3, in the words on the screen"),
                ("Pay the 49 fee by gift card to unlock your", "from second 7 to 9, in the words on the screen"),
            ],
        ),
        ("your\nprize", [("Pay the 49 fee by gift card to unlock your prize", "from second 7 to 9, in the words on the screen")]),
        ("the desk", [("Call the desk now.", "from second 2 to 4, in the subtitles")]),
        ("before noon.\nOr", [("Send it to me before noon. Or it is gone.", "from 1:01 to 1:15, in what is said")]),
        ("card number", [("Enter your card number and PIN.", "on the landing page")]),
        ("fee is due", [("A fee is due", "in words that the landing page hides")]),
        ("chance", [("Last chance", "in the picture")]),
    ],
)  # fmt: skip
def test_words_that_were_seen_or_heard_are_whole_and_say_where(words: str, told: list[tuple[str, str]]) -> None:
    about = ad()
    assert [tuple(q) for q in quotations(about, [evidence(about, words)])] == told


def test_one_of_several_files_of_a_kind_is_named() -> None:
    about = ad(Media(type="image", path="j.png"), Media(type="video", path="b.mp4"))
    assert quotations(about, [evidence(about, "chance")])[0].place == "in the first picture"
    assert quotations(about, [evidence(about, "places")])[0].place.endswith("on the screen of the first video")


def test_a_moderator_is_told_file_frame_and_region_of_lines_that_stand_together() -> None:
    about = ad()
    (run,) = runs(about, evidence(about, "your\nprize"))
    assert stood(about, run.seen) == (
        "from second 7 to 9, in the words on the screen (video-1, frame 60, 10%-70% across and 70%-90% down)"
    )
    assert place(about, run.seen) in stood(about, run.seen)


def test_quotes_of_written_words_grow_to_their_sentences_and_stand_once() -> None:
    about = case()
    quotes = [evidence(about, "your stop"), evidence(about, "a bat"), evidence(about, "Dana. I will")]
    assert quotations(about, quotes) == (Quotation(WORDS), Quotation(f"Keep talking, Dana. {WORDS}"))


def test_what_is_too_long_to_be_quoted_whole_is_cut_with_marks_and_holds_the_words() -> None:
    about = case("a" * 300 + " hurt you " + "b" * 300)
    (quote,) = quotations(about, [evidence(about, "hurt you")])
    assert quote.text == "…hurt you…"
    (long,) = quotations(about, [evidence(about, "hurt you " + "b" * 300)], 100)
    assert long.text.startswith("…hurt you b") and long.text.endswith("…") and len(long.text) <= 100


def test_words_that_are_not_where_they_are_said_to_be_are_told_as_they_are() -> None:
    stray = Evidence(part="text", start=0, end=3, quote="xyz")
    assert quotations(case(), [stray]) == (Quotation("xyz"),)


def test_the_public_reason_and_the_notice_quote_the_same_sentences() -> None:
    about = ad()
    rule = pack().by_id["SC2"]
    finding = Finding(
        rule_id="SC2", verdict="hit", probability=0.9, citations=(Citation(clause_id="SC2", quote=rule.statement),),
        evidence=(evidence(about, "gift card"),),
    )  # fmt: skip
    said = public_rationale("act", rule, (finding,), (), about)
    (quote,) = quotations(about, finding.evidence)
    assert quote.told in said and "(from second 7 to 9, in the words on the screen)" in quote.told


def test_what_pictures_show_is_said_with_the_file_and_the_second() -> None:
    def sighting(media: str, start: float | None = None) -> Sighting:
        return Sighting(region=f"{media}.r1", media=media, locator=Locator(frame=0, start=start), shows="a face")

    assert pictured(ad(), [sighting("image-1"), sighting("image-1")]) == "what the picture shows"
    assert pictured(ad(), [sighting("video-1", 7.4)]) == "what the video shows at second 7"
    two = ad(Media(type="image", path="j.png"))
    assert pictured(two, [sighting("image-2")]) == "what the second picture shows"
    assert pictured(ad(), []) == ""


def test_a_quotation_that_ends_a_sentence_is_not_followed_by_a_second_full_stop() -> None:
    assert stopped("It rests on: “Pay up.”. It was found.") == "It rests on: “Pay up.” It was found."
    assert stopped("It rests on: “Pay up!”.") == "It rests on: “Pay up!”"
    assert stopped("It rests on: “pay up”. It was found.") == "It rests on: “pay up”. It was found."
    assert stopped("It rests on “Pay up.” (at second 7).") == "It rests on “Pay up.” (at second 7)."
