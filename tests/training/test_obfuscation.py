"""Hidden spellings: what they change, what they leave alone."""

import random

from training.obfuscation import WAYS, obfuscated

TEXT = "Nobody needs another neighbour who shouts about parking spaces every single morning."


def test_at_a_rate_of_zero_nothing_changes() -> None:
    assert obfuscated(TEXT, random.Random(1), 0.0) == TEXT


def test_every_way_changes_a_word_and_keeps_its_ends() -> None:
    for way in WAYS:
        spelt = {way("neighbour", random.Random(seed)) for seed in range(30)}
        assert spelt - {"neighbour"}, way
        assert all(word[0] == "n" and word[-1] == "r" for word in spelt), way


def test_some_words_stay_and_short_ones_always_do() -> None:
    for seed in range(20):
        left = obfuscated(TEXT, random.Random(seed), 1.0)
        assert "who" in left and left.endswith(".")
        assert any(word in left for word in ("Nobody", "needs", "another", "shouts", "parking", "morning"))


def test_the_same_seed_gives_the_same_text() -> None:
    assert obfuscated(TEXT, random.Random(3), 1.0) == obfuscated(TEXT, random.Random(3), 1.0) != TEXT
