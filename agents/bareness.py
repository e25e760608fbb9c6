"""From body regions that a detector saw to values of the attribute `bareness` (rule SX4). It labels no product.

The formula is ours. A region's confidence counts towards one value by the weight in TABLE; regions of one frame add up
as independent hints (noisy or), and of several frames the strongest counts, so that a region seen in sixteen frames
counts once. The barest value takes its share first, the next takes its own of what is left: the shares sum to 1.

What a detector of regions cannot see: `nude-implied` as such (towel, foam, a crop at the shoulders), see-through cloth,
what the adult does (`action`), where the camera rests (`framing`). Those come from words, or from a model that sees.
Exposed genitals and breasts are more than SX4 speaks of (that is SX1); here they count as its barest value.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from cases.observation import Observation

VALUES = ("covered", "partly-bare", "mostly-bare", "nude-implied")
# Label of NudeNet -> (value, weight). Faces, feet, covered parts and covered armpits say nothing against `covered`.
# Weights are ours: 1 where the value's own words name the region, less where everyday clothes show it too.
TABLE: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "FEMALE_GENITALIA_EXPOSED": ("nude-implied", 1.0),
        "MALE_GENITALIA_EXPOSED": ("nude-implied", 1.0),
        "ANUS_EXPOSED": ("nude-implied", 1.0),
        "FEMALE_BREAST_EXPOSED": ("nude-implied", 0.8),
        "BUTTOCKS_EXPOSED": ("mostly-bare", 0.9),
        "BELLY_EXPOSED": ("partly-bare", 0.9),
        "MALE_BREAST_EXPOSED": ("partly-bare", 0.9),
        "ARMPITS_EXPOSED": ("partly-bare", 0.2),
    }
)
# All of these together in one frame are a two-piece or underwear: the least sure of them counts towards mostly-bare.
TOGETHER: tuple[tuple[frozenset[str], float], ...] = (
    (frozenset({"BELLY_EXPOSED", "FEMALE_BREAST_COVERED", "FEMALE_GENITALIA_COVERED"}), 0.9),
    (frozenset({"BELLY_EXPOSED", "FEMALE_BREAST_COVERED", "BUTTOCKS_EXPOSED"}), 0.9),
)


def bareness(observations: Iterable[Observation]) -> dict[str, float]:
    """Return P(value) of each of VALUES, summing to 1, from observations of kind region; others are passed over.

    No region at all gives covered 1.0: "no body is described at all". It is not calibrated.
    A belly at 0.8 and an armpit at 0.5: partly-bare = 1 - (1 - 0.9 * 0.8) * (1 - 0.2 * 0.5) = 0.748, covered = 0.252.
    """
    frames: dict[int | None, dict[str, list[float]]] = {}
    for seen in observations:
        if seen.kind == "region":
            frames.setdefault(seen.locator.frame, {}).setdefault(seen.label, []).append(seen.confidence)
    strongest = dict.fromkeys(VALUES[1:], 0.0)
    for labels in frames.values():
        for value, strength in _strengths(labels).items():
            strongest[value] = max(strongest[value], strength)
    shares, left = {}, 1.0
    for value in reversed(VALUES[1:]):
        shares[value] = left * strongest[value]
        left -= shares[value]
    return {"covered": left} | {value: shares[value] for value in VALUES[1:]}


def _strengths(labels: Mapping[str, Sequence[float]]) -> dict[str, float]:
    spared = dict.fromkeys(VALUES[1:], 1.0)
    for label, confidences in labels.items():
        if label in TABLE:
            value, weight = TABLE[label]
            for confidence in confidences:
                spared[value] *= 1 - weight * confidence
    for needed, weight in TOGETHER:
        if needed <= labels.keys():
            spared["mostly-bare"] *= 1 - weight * min(max(labels[label]) for label in needed)
    return {value: 1 - share for value, share in spared.items()}
