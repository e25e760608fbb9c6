"""A page comes as lines that lead back to themselves; what is hidden stands apart, what was not seen is a gap."""

import pytest

pytest.importorskip("lxml", reason="pages: pip install 'precept[vision]'")

from tools.landing import HIDDEN, MOST_LINES, page_given  # noqa: E402


def test_lines_that_are_shown_and_texts_that_are_hidden_are_told_apart() -> None:
    seen = page_given("<html><body><h1>Tea</h1><p>Good tea.</p><p hidden>Bad tea.</p></body></html>", "landing")
    words = [(o.label.startswith(HIDDEN), o.text) for o in seen.observations if o.kind == "words"]
    assert (False, "Good tea.") in words and (True, "Bad tea.") in words
    assert {o.media for o in seen.observations} == {"landing"} and not seen.unseen


def test_the_characters_of_a_page_survive_whatever_it_says_of_its_encoding() -> None:
    html = "<html><head><meta charset='iso-8859-1'></head><body><p>Café Zürich</p></body></html>"
    assert "Café Zürich" in [o.text for o in page_given(html, "landing").observations]


def test_a_long_page_loses_no_line() -> None:
    html = "<html><body>" + "".join(f"<p>Line {n}.</p>" for n in range(MOST_LINES + 50)) + "</body></html>"
    seen = page_given(html, "landing")
    words = [o.text for o in seen.observations if o.kind == "words"]
    assert len(words) == MOST_LINES and words[-1].endswith(f"Line {MOST_LINES + 49}.")


def test_pictures_and_pages_inside_are_gaps() -> None:
    seen = page_given("<html><body><p>Tea</p><img src=a.png><iframe src='b.html'></iframe></body></html>", "landing")
    assert sorted(gap.what for gap in seen.unseen) == ["page", "picture"]


def test_an_empty_page_is_told_from_one_that_nobody_read() -> None:
    seen = page_given("<html><body></body></html>", "landing")
    assert [o.kind for o in seen.observations] == ["tag"]
