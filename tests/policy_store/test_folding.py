import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_store.folding import folded, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kill YOURSELF", "kill yourself"),
        ("ｋｉｌｌ　yourself", "kill yourself"),
        ("ki\u200bl\u00adl", "kill"),
        ("kíll yourse\u0301lf", "kill yourself"),
        ("don't don’t", "dont dont"),
        ("Straße", "strasse"),
        ("ﾊﾞ", "バ"),
        ("\u1112\u1161\u11ab", "한"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_a_text_folds_to_what_a_reader_sees(text: str, expected: str) -> None:
    assert folded(text).text == unicodedata.normalize("NFC", expected)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_every_folded_character_knows_a_place_in_the_original(text: str) -> None:
    body, starts, ends = folded(text)
    assert len(body) == len(starts) == len(ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    assert list(starts) == sorted(starts)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_folding_a_word_of_the_original_gives_the_word(text: str) -> None:
    for word in words(text):
        assert word.text in folded(text[word.start : word.end]).text


def test_scripts_without_blanks_and_pictographs_give_a_word_a_character() -> None:
    assert [word.text for word in words("他想自杀 🔪you")] == ["他", "想", "自", "杀", "🔪", "you"]


def test_signs_stay_with_their_word_and_its_plain_parts_are_kept() -> None:
    (word,) = words("you|k!ll")
    assert word.text == "you|k!ll"
    assert word.plain == (("you", 0, 3), ("k", 4, 5), ("ll", 6, 8))
