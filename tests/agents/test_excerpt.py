"""Content shown to people: in context, and harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.excerpt import bar, escaped, flat, in_context, shortened
from cases.finding import Evidence
from tests.agents.records import WORDS, case, evidence


def test_a_quote_stands_in_bold_between_its_neighbours() -> None:
    about = case("a" * 70 + " before " + WORDS + " after " + "b" * 70)
    shown = in_context(about, evidence(about, WORDS))
    assert shown == "…" + "a" * 52 + f" before **{WORDS}** after " + "b" * 53 + "…"


def test_a_quote_at_both_ends_has_no_ellipsis() -> None:
    about = case("kill")
    assert in_context(about, evidence(about, "kill")) == "**kill**"


def test_a_quote_that_is_not_where_it_says_has_no_context() -> None:
    assert in_context(case(), Evidence(part="text", start=0, end=3, quote="xyz")) == "**xyz**"
    assert in_context(case(), Evidence(part="gone", start=0, end=3, quote="xyz")) == "**xyz**"


def test_content_cannot_write_markup() -> None:
    about = case("see [x](http://x.example) **now** <script>alert(1)</script>\n# head | cell")
    shown = in_context(about, evidence(about, "**now**"))
    assert "**\\*\\*now\\*\\***" in shown
    assert "\\<script\\>" in shown and "\n" not in shown and "\\|" in shown and "\\[x\\]" in shown


def test_marks_of_reading_direction_and_control_characters_are_taken_out() -> None:
    assert flat("ab\u202ecd\x1b[31m\u2066e\r\nf") == "ab cd [31m e f"


def test_joined_emoji_stay_whole() -> None:
    assert flat("👩\u200d👧 ok") == "👩\u200d👧 ok"


@given(st.text())
def test_escaped_text_is_one_line_and_says_the_same(text: str) -> None:
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    plain, i = "", 0
    while i < len(shown):
        i += shown[i] == "\\"
        plain += shown[i]
        i += 1
    assert plain == flat(text)


@given(st.text(), st.integers(2, 40))
def test_a_shortened_text_keeps_to_its_limit(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= limit


@pytest.mark.parametrize(
    ("value", "drawn"), [(0, "·····"), (0.4, "▌····"), (2, "██▌··"), (3.35, "████·"), (4, "█████"), (9, "█████")]
)
def test_a_bar_goes_from_0_to_4_in_half_cells(value: float, drawn: str) -> None:
    assert bar(value) == drawn
