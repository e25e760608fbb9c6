"""Decomposed rules: profiles relabel products of what was read, with nothing encoded again."""

import pytest

from agents.attributes import best_values, label_of, violating_share
from policy_store.loader import load_pack

SX4 = load_pack("community").by_id["SX4"]


def reading(**values: str) -> dict[str, dict[str, float]]:
    return {a.id: {v.id: float(v.id == values.get(a.id, a.values[0].id)) for v in a.values} for a in SX4.attributes}


def test_each_combination_has_a_label_under_every_profile() -> None:
    for bareness in SX4.attributes[0].values:
        for profile in ("R1", "R2", "adult"):
            assert label_of(SX4, {SX4.attributes[0].id: bareness.id}, profile) in ("violating", "allowed")


def test_profiles_agree_on_the_extremes_and_differ_between() -> None:
    from itertools import product

    names = [a.id for a in SX4.attributes]
    labels = [
        tuple(label_of(SX4, dict(zip(names, combo, strict=True)), p) for p in ("R1", "R2"))
        for combo in product(*([v.id for v in a.values] for a in SX4.attributes))
    ]
    assert {("violating", "violating"), ("allowed", "allowed"), ("violating", "allowed")} <= set(labels)
    assert ("allowed", "violating") not in labels


def test_the_share_is_one_label_when_the_reading_is_sure() -> None:
    sure = reading()
    values = {a: max(p, key=lambda v: p[v]) for a, p in sure.items()}
    assert violating_share(SX4, sure, "R1") == pytest.approx(float(label_of(SX4, values, "R1") == "violating"))


def test_a_rule_without_products_is_not_scaled() -> None:
    assert violating_share(load_pack("community").by_id["HR2"], {}, "R1") == 1.0


def test_the_likeliest_value_is_told_with_its_probability() -> None:
    found = best_values({"bareness": {"covered": 0.7, "bare": 0.3}})
    assert (found[0].value_id, found[0].probability) == ("covered", 0.7)
