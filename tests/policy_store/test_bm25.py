import math

import numpy as np
import pytest

from policy_store.bm25 import K1, B, Bm25

DOCUMENTS = [["kill", "you", "you"], ["send", "card", "number", "you"], ["card"]]


def test_a_score_is_the_published_formula() -> None:
    scores = Bm25(DOCUMENTS).scores(["you", "card"])
    mean = 8 / 3

    def weight(count: int, length: int, holding: int) -> float:
        idf = math.log(1 + (3 - holding + 0.5) / (holding + 0.5))
        return idf * count / (count + K1 * (1 - B + B * length / mean))

    assert scores == pytest.approx([weight(2, 3, 2), weight(1, 4, 2) + weight(1, 4, 2), weight(1, 1, 2)], rel=1e-5)


def test_rare_words_tell_more_than_common_ones() -> None:
    scores = Bm25([["a", "b"], ["a", "c"], ["a", "d"]])
    assert scores.scores(["b"])[0] > scores.scores(["a"])[0] > 0


def test_repeated_and_unknown_words_add_nothing() -> None:
    index = Bm25(DOCUMENTS)
    assert np.array_equal(index.scores(["you", "you", "zebra"]), index.scores(["you"]))


@pytest.mark.parametrize("documents", [[], [[]], [[], ["a"]]])
def test_empty_documents_score_nothing(documents: list[list[str]]) -> None:
    assert Bm25(documents).scores(["b"]).tolist() == [0.0] * len(documents)
