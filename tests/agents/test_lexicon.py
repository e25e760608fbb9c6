"""Letters and words of a text, as buckets and as readings that depend on that text alone."""

import numpy as np
import pytest

from agents.lexicon import BUCKETS, KEPT, Lexicon, grams

rng = np.random.default_rng(5)
RULES = ("A1", "A2", "B1")
LEXICON = Lexicon(
    rarity=rng.uniform(1, 9, 2 * BUCKETS).astype(np.float32),
    weights=rng.integers(-127, 128, (2 * BUCKETS, 1 + len(RULES))).astype(np.int8),
    scale=np.array([0.02, 0.03, 0.03, 0.03]), bias=np.array([-1.0, 0.0, 0.2, 0.1]), rules=RULES,
    laws=np.eye(3, 8, dtype=np.float32),
)  # fmt: skip


def test_case_blanks_and_repetition_change_nothing() -> None:
    letters, words = grams("you are  VERMIN, vermin")
    again = grams(" You are vermin, vermin")
    assert np.array_equal(letters, again[0]) and np.array_equal(words, again[1])


def test_a_word_that_is_misspelt_keeps_most_of_its_letters_and_none_of_its_word() -> None:
    right, wrong = grams("extermination"), grams("exterminatiom")
    assert len(np.intersect1d(right[0], wrong[0])) > 0.7 * len(right[0])
    assert len(np.intersect1d(right[1], wrong[1])) == 0


def test_what_stands_side_by_side_counts_beside_the_words_themselves() -> None:
    ordered, turned = grams("never trust them"), grams("trust them never")
    assert len(np.intersect1d(ordered[1], turned[1])) == 4  # three words and "trust them"


@pytest.mark.parametrize("text", ["", " ", "!", "a", "é\u0301", "\U0001f600 \U0001f600", "\ud800", "界" * 9])
def test_every_text_has_a_reading(text: str) -> None:
    found = LEXICON.read([text])
    assert np.isfinite(found.any).all() and np.exp(found.shares).sum() == pytest.approx(1.0, abs=0.01)


def test_nothing_to_read_says_what_all_texts_say_on_average() -> None:
    assert LEXICON.read([""]).any[0] == -1.0


def test_a_text_reads_the_same_alone_among_others_and_after_others() -> None:
    texts = [f"text number {n} about the gate" for n in range(40)]
    together = LEXICON.read(texts)
    alone = [LEXICON.read([t]) for t in reversed(texts)][::-1]
    assert np.array_equal(together.any, np.concatenate([w.any for w in alone]))
    assert np.array_equal(together.shares, np.concatenate([w.shares for w in alone]))


def test_what_is_remembered_stays_bounded() -> None:
    fresh = Lexicon(LEXICON.rarity, LEXICON.weights, LEXICON.scale, LEXICON.bias, RULES, LEXICON.laws)
    fresh.read([f"{n}" for n in range(KEPT + 10)])
    assert len(fresh._known) <= KEPT
