"""Cuts are where their stated error holds, and a scene whose acts are worse than stated gets stricter ones."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install 'precept[train]'")

from agents.calibration import Thresholds
from training.cuts import NEVER, cautious, thresholds

CUTS = Thresholds(router=0.1, allow=0.2, act=0.6, final_allow=0.3, final_act=0.5)
QUIET = (np.zeros(0), np.zeros(0, int), np.zeros(0, str))


def stage(*rows: tuple[str, float, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (probability, truth, scene) of rows (scene, probability, right, wrong)."""
    p, y, scene = [], [], []
    for name, probability, right, wrong in rows:
        p += [probability] * (right + wrong)
        y += [1] * right + [0] * wrong
        scene += [name] * (right + wrong)
    return np.array(p), np.array(y), np.array(scene)


def test_a_scene_whose_acts_are_worse_than_stated_is_raised_to_where_they_are_not() -> None:
    found = cautious(CUTS, QUIET, stage(("HS", 0.6, 10, 12), ("HS", 0.8, 18, 2), ("SC", 0.6, 30, 4)))
    assert set(found) == {"HS"}
    strict = CUTS.model_copy(update={"caution": found})
    assert 0.6 < strict.final_act_in("HS") <= 0.8 and strict.final_act_in("SC") == 0.5
    assert strict.act_in("HS") > 0.6


def test_few_acts_show_nothing() -> None:
    assert cautious(CUTS, QUIET, stage(("HS", 0.7, 1, 1), ("SC", 0.7, 30, 2))) == {}


def test_where_no_cut_is_right_enough_none_is_reached() -> None:
    found = cautious(CUTS, QUIET, stage(("HS", 0.9, 10, 30)))
    assert CUTS.model_copy(update={"caution": found}).final_act_in("HS") == pytest.approx(NEVER, abs=1e-4)


def test_the_stricter_of_both_stages_holds() -> None:
    ranked, reasoned = stage(("HS", 0.7, 5, 15), ("HS", 0.95, 30, 0)), stage(("HS", 0.55, 5, 15), ("HS", 0.6, 30, 0))
    both = cautious(CUTS, ranked, reasoned)["HS"]
    assert both == max(cautious(CUTS, ranked, QUIET)["HS"], cautious(CUTS, QUIET, reasoned)["HS"])


def test_each_cut_keeps_its_stated_error() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=4000)
    y = (rng.uniform(size=4000) < p).astype(int)
    every, grave = np.ones(4000, bool), rng.uniform(size=4000) < 0.2
    cuts = thresholds(0.1, p, p, y, every, p, y, grave)
    assert y[p >= cuts.act].mean() >= 0.9 and y[p >= cuts.final_act].mean() >= 0.8
    assert y[p <= cuts.allow].mean() <= 0.06 and y[p <= cuts.final_allow].mean() <= 0.12
    assert y[grave & (p <= cuts.final_allow_high_harm)].mean() <= 0.06
    assert cuts.final_allow_high_harm < cuts.final_allow < cuts.final_act < cuts.act
