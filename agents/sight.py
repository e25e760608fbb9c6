"""Judging pictures by sight: from what tools saw to values of attributes, to a product, to what a profile makes of it.

The rule says what shows a value (`shown`), the profile how a product is labelled; nothing is trained, and another
profile reads the same values anew. The formula is ours: a detector's confidence counts times the weight of a hint;
hints of one frame add up (noisy or), of several frames the strongest counts; the value furthest from the plainest takes
its share first, the next its own of what is left. Shares are NOT calibrated: a confidence of .7 is not right in 70 of
100 pictures, and what a detector missed counts as not there. What a tool does not look for cannot be read here.
"""

from collections.abc import Iterable, Mapping, Sequence

from agents.attributes import Reading, best_values, label_of, masses, violating_share
from cases.exchange import Failure
from cases.finding import AttributeValue
from cases.model import Fact
from cases.observation import Locator, Observation
from policy_store.rule import Attribute, Label, Product, Rule, Shown

Frames = Mapping[int | None, Sequence[Observation]]


class Look(Fact):
    """One picture under one rule. `probability` in [0, 1] is the share of products that the profile calls violating.

    `product` is the likeliest one on the side that the share leans to, with its own share; "" where none matches.
    `regions` are the ids of the observations that speak for its values.
    """

    rule_id: str
    media: str
    probability: float
    values: tuple[AttributeValue, ...]
    product: str
    share: float
    label: Label
    clause: str | None = None
    regions: tuple[str, ...] = ()


class Viewed(Fact):
    """What a model that sees made of the pictures: a look a rule, that of the frame which violates most.

    The frame is the look's only region, and `places` say where it is. `by` names the model. `failure` says why there is
    nothing; `unshown` are the files that it was shown nothing of.
    """

    by: str = ""
    looks: tuple[Look, ...] = ()
    places: dict[str, Locator] = {}
    unshown: tuple[str, ...] = ()
    failure: Failure | None = None

    def of(self, rule_id: str) -> Look | None:
        """Return the look under a rule, None where there is none."""
        return next((one for one in self.looks if one.rule_id == rule_id), None)


NOBODY = Viewed()


def judgeable(rules: Iterable[Rule]) -> bool:
    """Return whether pictures can be let go under these rules: some hold for pictures, and all of those by sight."""
    pictured = [rule for rule in rules if "image" in rule.modalities]
    return bool(pictured) and all(rule.by_sight for rule in pictured)


def look(rule: Rule, media: str, observations: Sequence[Observation], words: Reading, profile_id: str) -> Look:
    """Return what the observations of one file come to; `words` is read off what is said there, empty for nothing."""
    frames = _frames(observations)
    reading = {a.id: read_by_sight(a, frames) for a in rule.attributes if a.read == "sight"}
    return labelled(rule, media, {**words, **reading}, profile_id, _speaking(rule, reading, frames))


def labelled(rule: Rule, media: str, read: Reading, profile_id: str, regions: tuple[str, ...]) -> Look:
    """Return a reading of the attributes as a profile labels it; an attribute that was not read has its first value."""
    reading = {a.id: _worded(a, read) for a in rule.attributes}
    probability = min(1.0, max(0.0, violating_share(rule, reading, profile_id)))
    label: Label = "violating" if probability > 0.5 else "allowed"
    shares = masses(rule, reading)
    side = [p for p in rule.products if _label(p, profile_id) == label and shares.get(p.id, 0.0) > 0]
    chosen = max(side, key=lambda p: shares[p.id], default=None)
    return Look(
        rule_id=rule.id, media=media, probability=round(probability, 4), values=best_values(reading),
        product=chosen.id if chosen else "", share=round(shares[chosen.id] if chosen else 0.0, 4), label=label,
        clause=chosen.clause if chosen else None, regions=regions,
    )  # fmt: skip


def read_by_sight(attribute: Attribute, frames: Frames) -> dict[str, float]:
    """Return P(value) of an attribute that is read by sight, summing to 1; the first value takes what is left.

    A belly at .8 that weighs .9 and an armpit at .5 that weighs .2 for one value: 1 - (1 - .72) * (1 - .1) = .748.
    """
    shares, left = {}, 1.0
    for value in reversed(attribute.values[1:]):
        assert value.shown is not None
        strongest = max((_strength(value.shown, seen) for seen in frames.values()), default=0.0)
        if value.shown.frames and sum(bool(_things(seen)) for seen in frames.values()) >= value.shown.frames:
            strongest = 1.0
        shares[value.id] = left * strongest
        left -= shares[value.id]
    return {attribute.values[0].id: left} | {v.id: shares[v.id] for v in attribute.values[1:]}


def labels_elsewhere(rule: Rule, product_id: str, profiles: Iterable[str]) -> dict[str, Label]:
    """Return how each profile labels a product, by profile."""
    product = next((p for p in rule.products if p.id == product_id), None)
    return {} if product is None else {name: _label(product, name) for name in profiles}


def otherwise(rule: Rule, values: Iterable[AttributeValue], profile_id: str) -> tuple[str, ...]:
    """Return, in words, each single value that would turn the label of the likeliest values under a profile."""
    held = {v.attribute_id: v.value_id for v in values}
    now, out = label_of(rule, held, profile_id), list[str]()
    for attribute in rule.attributes:
        for value in attribute.values:
            then = held | {attribute.id: value.id}
            if value.id != held.get(attribute.id) and label_of(rule, then, profile_id) != now:
                product = next(p for p in rule.products if all(then.get(k) == v for k, v in p.values.items()))
                by = f", by {product.clause}" if product.clause else ""
                out.append(
                    f"Were {attribute.id} {value.id}, it would be {label_of(rule, then, profile_id)} "
                    f"(product {product.id!r}{by})."
                )
    return tuple(out)


def _label(product: Product, profile_id: str) -> Label:
    return product.labels.get(profile_id) or product.labels.get("*", "violating")


def _worded(attribute: Attribute, words: Reading) -> Mapping[str, float]:
    if attribute.id in words:
        return words[attribute.id]
    return {v.id: float(i == 0) for i, v in enumerate(attribute.values)}


def _frames(observations: Sequence[Observation]) -> dict[int | None, list[Observation]]:
    frames: dict[int | None, list[Observation]] = {}
    for one in observations:
        frames.setdefault(one.locator.frame, []).append(one)
    return frames


def _things(seen: Sequence[Observation]) -> list[Observation]:
    return [one for one in seen if one.kind in ("region", "words")]


def _counted(shown: Shown, seen: Sequence[Observation]) -> dict[str, list[Observation]]:
    """Return the regions of a frame that are large enough, by label."""
    out: dict[str, list[Observation]] = {}
    for one in seen:
        if one.kind == "region" and _area(one) >= shown.fills:
            out.setdefault(one.label, []).append(one)
    return out


def _strength(shown: Shown, seen: Sequence[Observation]) -> float:
    by_label, spared = _counted(shown, seen), 1.0
    for hint in shown.regions:
        for one in by_label.get(hint.label, ()):
            spared *= 1 - hint.weight * one.confidence
    for group in shown.together:
        if set(group.labels) <= by_label.keys():
            weakest = min(max(o.confidence for o in by_label[label]) for label in group.labels)
            spared *= 1 - group.weight * weakest
    words = [one for one in seen if one.kind == "words"]
    if shown.lettering is not None and sum(map(_area, words)) >= shown.lettering:
        spared *= 1 - sum(one.confidence for one in words) / len(words)
    return 1 - spared


def _area(one: Observation) -> float:
    box = one.locator.box
    return box.width * box.height if box else 0.0


def _speaking(rule: Rule, reading: Reading, frames: Frames) -> tuple[str, ...]:
    """Return the observations that speak for the likeliest value of any attribute, surest first, then by frame."""
    likeliest = {a.attribute_id: a.value_id for a in best_values(reading)}
    found: dict[str, float] = {}
    for attribute in rule.attributes:
        value = next((v for v in attribute.values if v.id == likeliest.get(attribute.id)), None)
        if value is None or value.shown is None:
            continue
        wanted = {h.label for h in value.shown.regions} | {x for t in value.shown.together for x in t.labels}
        for seen in frames.values():
            by_label = _counted(value.shown, seen)
            found |= {o.id: o.confidence for label in wanted for o in by_label.get(label, ())}
            if value.shown.lettering is not None:
                found |= {o.id: o.confidence for o in seen if o.kind == "words"}
    return tuple(sorted(found, key=lambda name: (-found[name], name)))


__all__ = [
    "NOBODY", "Look", "Viewed", "judgeable", "labelled", "labels_elsewhere", "look", "otherwise", "read_by_sight",
]  # fmt: skip
