"""Decomposed rules (ICM-Assistant, I1): read attribute values, then let the profile label their products.

Switching the profile relabels products; nothing is trained and nothing is encoded again.
"""

from collections.abc import Mapping
from itertools import product as combinations

import numpy as np

from agents.vectors import Floats, Vectors
from cases.finding import AttributeValue
from policy_store.rule import Label, Rule

SHARPNESS = 12.0
Reading = Mapping[str, Mapping[str, float]]


def read(rule: Rule, values: Vectors, vector: Vectors) -> dict[str, dict[str, float]]:
    """Return P(value) per attribute, from the rule's value vectors (in order) and one case vector [width]."""
    out: dict[str, dict[str, float]] = {}
    at = 0
    for attribute in rule.attributes:
        x: Floats = SHARPNESS * np.asarray(values[at : at + len(attribute.values)] @ vector, np.float64)
        odds = np.exp(x - x.max())
        out[attribute.id] = {v.id: float(o) for v, o in zip(attribute.values, odds / odds.sum(), strict=True)}
        at += len(attribute.values)
    return out


def label_of(rule: Rule, values: Mapping[str, str], profile_id: str) -> Label:
    """Return the label of one combination of values under a profile: that of the first product that matches."""
    for item in rule.products:
        if all(values.get(k) == v for k, v in item.values.items()):
            return item.labels.get(profile_id) or item.labels.get("*", "violating")
    return "violating"


def violating_share(rule: Rule, reading: Reading, profile_id: str) -> float:
    """Return P(the product is labelled violating), in [0, 1]; 1.0 for a rule without products."""
    if not rule.products:
        return 1.0
    names = list(reading)
    share = 0.0
    for combo in combinations(*(reading[n] for n in names)):
        if label_of(rule, dict(zip(names, combo, strict=True)), profile_id) == "violating":
            share += float(np.prod([reading[n][v] for n, v in zip(names, combo, strict=True)]))
    return share


def masses(rule: Rule, reading: Reading) -> dict[str, float]:
    """Return the share of each product that matches, by its id; they sum to 1, "" being what no product matches."""
    names, out = list(reading), dict[str, float]()
    for combo in combinations(*(reading[n] for n in names)):
        values = dict(zip(names, combo, strict=True))
        found = next((p.id for p in rule.products if all(values.get(k) == v for k, v in p.values.items())), "")
        out[found] = out.get(found, 0.0) + float(np.prod([reading[n][v] for n, v in values.items()]))
    return out


def best_values(reading: Reading) -> tuple[AttributeValue, ...]:
    """Return the likeliest value of each attribute."""
    return tuple(
        AttributeValue(attribute_id=a, value_id=max(p, key=lambda v: p[v]), probability=round(max(p.values()), 4))
        for a, p in reading.items()
    )
