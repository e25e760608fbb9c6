"""What a model quotes is looked up in the case: found as it stands there, or not found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.framing import neutral
from agents.quoting import found, place
from cases.case import Case, Part

TEXT = "Well — You’re  a total ‘clown’, Zoë\u200b!  <3 See you Friday."
PART = Part(id="text", kind="text", text=TEXT)


@pytest.mark.parametrize(
    ("quote", "held"),
    [
        ("You’re  a total ‘clown’", "You’re  a total ‘clown’"),
        ("you're a total 'clown', zoe", "You’re  a total ‘clown’, Zoë"),
        ("“see you friday.”", "See you Friday."),
        ("... a total ...", "a total"),
        ("‹3 see", "<3 See"),
        ("Well - You're", "Well — You’re"),
    ],
)
def test_a_quotation_is_found_whatever_a_model_made_of_its_marks_blanks_and_case(quote: str, held: str) -> None:
    span = place(PART, quote)
    assert span is not None and TEXT[slice(*span)] == held


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the rapist", "My therapist is kind."),
        ("kill", "What a skill"),
        ("die", "The soldiers left"),
        ("a b", "grab it"),
    ],
)
def test_a_quotation_does_not_stand_inside_other_words(quote: str, text: str) -> None:
    assert place(Part(id="t", kind="text", text=text), quote) is None


@pytest.mark.parametrize("quote", ["You are a total clown", "clown Zoë hates", "", "…", "total total", "Fridays"])
def test_words_that_do_not_stand_there_are_not_found(quote: str) -> None:
    assert place(PART, quote) is None


def test_the_part_that_holds_the_words_is_named_whichever_the_model_named() -> None:
    case = Case(id="c", parts=(Part(id="title", kind="title", text="Buy now"), PART))
    evidence = found(case, "title", "a total")
    assert evidence is not None and (evidence.part, evidence.quote) == ("text", "a total")
    both = Case(id="c", parts=(PART, Part(id="caption", kind="caption", text="a total of four")))
    preferred = found(both, "caption", "a total")
    assert preferred is not None and preferred.part == "caption"


@given(st.text(min_size=1, max_size=80), st.data())
def test_what_is_found_is_verbatim_and_every_plain_run_of_words_is_found(text: str, data: st.DataObject) -> None:
    part = Part(id="text", kind="text", text=text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = place(part, neutral(text[start:end]))
    if span is not None:
        assert 0 <= span[0] < span[1] <= len(text)
    cut = [c for c in (text[start - 1 : start], text[end : end + 1]) if not c.isspace()]
    if text[start:end].isascii() and text[start:end].isalnum() and not "".join(cut):
        assert span is not None and text[slice(*span)].lower() == text[start:end].lower()
