"""Text functions keep every offset true."""

from hypothesis import given
from hypothesis import strategies as st

from cases.text import fold, length, passages, phrases, sentences, windows

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=300)
WORDY = st.lists(st.sampled_from(["Go home.", "now", "No!", "it, then", "a\nb", "—", "x" * 40]), max_size=60).map(
    " ".join
)


@given(TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_takes_out_what_a_reader_does_not_see() -> None:
    assert fold("k\u200bill  \u202eyou\ufe0f\n ﬁrst") == "kill you first"


@given(WORDY)
def test_sentences_are_in_order_apart_and_trimmed(text: str) -> None:
    spans = sentences(text)
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in zip(spans, spans[1:], strict=False))
    assert all(text[a:b] == text[a:b].strip() for a, b in spans)


@given(WORDY)
def test_every_letter_stands_in_some_sentence(text: str) -> None:
    covered = {i for a, b in sentences(text) for i in range(a, b)}
    assert all(i in covered for i, ch in enumerate(text) if ch.isalnum())


@given(WORDY)
def test_phrases_lie_inside_what_they_cut(text: str) -> None:
    for start, end in sentences(text):
        assert all(start <= a < b <= end for a, b in phrases(text, start, end))


@given(WORDY, st.integers(2, 9))
def test_windows_leave_no_word_out(text: str, size: int) -> None:
    covered = {i for a, b in windows(text, size, size // 2) for i in range(a, b)}
    assert all(i in covered for i, ch in enumerate(text) if not ch.isspace())


@given(WORDY, st.integers(2, 9))
def test_passages_hold_every_sentence(text: str, size: int) -> None:
    covered = {i for a, b in passages(text, size) for i in range(a, b)}
    assert all(i in covered for a, b in sentences(text) for i in range(a, b) if not text[i].isspace())


def test_a_text_without_blanks_is_cut_too() -> None:
    assert len(windows("x" * 1000, 10, 2)) > 3


@given(st.text(alphabet=st.sampled_from("e\u0301\u200b\u200d \u3164\ufb01ab\n\u00adＡ①"), max_size=20))
def test_folding_is_settled_around_invisible_and_composed_characters(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_number_is_not_cut_at_its_point() -> None:
    assert [(a, b) for a, b in sentences("It costs 0.99 today. Come.")] == [(0, 20), (21, 26)]


def test_words_are_counted_by_what_is_seen() -> None:
    assert length("one two three") == 3
    assert length("x" * 25) == 3
    assert length("o\u200bn\u200be" + "\u200b" * 100) == 1
