"""Harmless parts in front and a violation behind are a contradiction; anything else is not."""

import numpy as np
import pytest

from agents.modality import contradiction
from agents.ranker import rank
from agents.verdict import modifier_of
from cases.view import View
from policy_store.loader import load_pack
from tests.agents.bench import calibration, rulebook

BOOK = rulebook()


def found(**loud: float) -> tuple[str, int] | None:
    """Rank views of the named parts; the number is what each says about VI2."""
    views = tuple(View(text=name, part=None if name == "joined" else name) for name in loud)
    scores = np.full((len(views), len(BOOK.rules)), 0.01)
    scores[:, BOOK.index["VI2"]] = list(loud.values())
    ranking = rank(BOOK, scores, calibration(), [r.id for r in BOOK.rules])
    odd = contradiction(views, scores, ranking, BOOK)
    return (odd.rule_id, odd.view) if odd else None


def test_a_violation_behind_harmless_parts_is_named_with_its_view() -> None:
    assert found(joined=0.4, title=0.1, caption=0.2, speech=0.3, landing=0.9) == ("VI2", 4)


@pytest.mark.parametrize(
    "loud",
    [
        {"title": 0.9, "speech": 0.9},
        {"title": 0.3, "speech": 0.9},
        {"title": 0.1, "speech": 0.4},
        {"title": 0.9, "speech": 0.1},
        {"title": 0.1, "caption": 0.9},
        {"speech": 0.1, "landing": 0.9},
        {"joined": 0.9, "title": 0.1},
    ],
    ids=["both loud", "not quiet", "not loud", "loud in front", "front alone", "behind alone", "joined is no part"],
)
def test_without_harmless_front_and_loud_back_there_is_none(loud: dict[str, float]) -> None:
    assert found(**loud) is None


def test_the_modifier_of_ads_holds_for_ads_alone() -> None:
    pack = load_pack("short-video-ads")
    modifier = modifier_of(pack, "ad")
    assert modifier is not None and modifier.id == "AD-XM"
    assert modifier_of(pack, "post") is None
    assert modifier_of(load_pack("community"), "ad") is None
