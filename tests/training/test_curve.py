"""The learning curve: shares of families, the gain of a doubling, and readings that are fitted on few lines."""

import doctest

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra `train` is not installed")
pytest.importorskip("scipy", reason="the extra `evals` is not installed")

from training import curve  # noqa: E402
from training.curve import FIGURES, SEEDS, SETS, SHARES, Lines, Point, gain, gains, judged, measure, part, points  # noqa: E402
from training.data import Label, Sample  # noqa: E402


def sample(n: int, label: Label = "allowed", rule: str | None = None, severity: int = 0) -> Sample:
    return Sample(
        f"s{n}", f"text {n}", rule, None, label, severity, None, None, (), f"f{n // 2}", "train", "post"
    )  # fmt: skip


def lines(count: int, seed: int = 0) -> Lines:
    """Return lines whose vectors tell everything: an axis for each rule, and one that grows with severity."""
    rng = np.random.default_rng(seed)
    found, rows = [], []
    for n in range(count):
        rule, grade = n % 4, int(rng.integers(20, 100))
        found.append(sample(n, "violating", f"R{rule}", grade) if rule else sample(n))
        row = 0.02 * rng.normal(size=6)
        row[rule] += 1
        row[5] += grade / 100 if rule else 0
        rows.append(row / np.linalg.norm(row))
    return found, np.array(rows, np.float32)


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(curve).failed == 0


def test_lines_of_a_family_never_part_and_shares_are_nested() -> None:
    data = [sample(n) for n in range(4000)]
    for seed in range(SEEDS):
        shares = [set(part(data, share, seed)) for share in SHARES]
        assert all(small < large for small, large in zip(shares, shares[1:], strict=False))
        assert shares[-1] == set(range(4000))
        for share, taken in zip(SHARES, shares, strict=True):
            assert all((n ^ 1) in taken for n in taken)
            assert len(taken) / 4000 == pytest.approx(share, abs=0.04)
    assert part(data, 0.5, 0) != part(data, 0.5, 1)


def test_only_lines_that_say_yes_or_no_under_a_pack_take_part() -> None:
    for split in ("train", *SETS.values()):
        found = judged(split)
        assert {s.label for s in found} == {"violating", "allowed"}
        assert not any(s.rule_text for s in found)
        assert all(s.rule for s in found if s.label == "violating")


def test_the_gain_is_that_of_a_straight_line_over_doublings() -> None:
    found = gain([1000, 2000, 4000, 8000], [0.6, 0.65, 0.7, 0.72])
    assert found.per_doubling == pytest.approx(0.041)
    assert found.next_thousand == pytest.approx(0.041 * np.log2(9 / 8))
    assert found.last_doubling == pytest.approx(0.02)


def test_a_gain_goes_through_the_means_of_the_shares() -> None:
    found = [
        Point(on, share, seed, int(1600 * share), 0.5 + 0.02 * np.log2(16 * share) + (seed - 1) / 100, 0.4, 0.3)
        for on in SETS
        for share in SHARES
        for seed in (range(3) if share < 1 else [1])
    ]
    trends = gains(found)
    assert set(trends) == {(on, figure) for on in SETS for figure in FIGURES}
    for on in SETS:
        assert trends[on, "roc_any"].per_doubling == pytest.approx(0.02)
        assert trends[on, "rule_top1"].per_doubling == pytest.approx(0)


@pytest.fixture
def calibrated() -> None:
    """Skip where what training/calibrate.py imports is not installed."""
    for name in ("torch", "onnx", "transformers"):
        pytest.importorskip(name, reason="the extra `train` is not installed")


@pytest.mark.usefixtures("calibrated")
def test_vectors_that_tell_everything_are_read_well() -> None:
    (train, x), test = lines(200), lines(80, seed=1)
    ((roc, first, tau),) = measure(train, x, [test])
    assert roc > 0.99 and first == 1.0 and tau > 0.8


@pytest.mark.usefixtures("calibrated")
def test_a_curve_has_a_point_for_each_share_seed_and_set() -> None:
    found = list(points(lines(400), {on: lines(40, seed) for seed, on in enumerate(SETS, 1)}))
    assert {(p.on, p.share, p.seed) for p in found} == {
        (on, share, seed) for on in SETS for share in SHARES for seed in range(SEEDS if share < 1 else 1)
    }
    assert len(found) == len(SETS) * (SEEDS * (len(SHARES) - 1) + 1)
    assert {p.lines for p in found if p.share == 1} == {400}
    assert set(gains(found)) == {(on, figure) for on in SETS for figure in FIGURES}
