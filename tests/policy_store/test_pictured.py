"""Rules that are read by sight: what can be written, what is refused, and what stays as it was for all others."""

import pytest
from pydantic import ValidationError

from policy_store.diff import diff_packs
from policy_store.fault import PackError
from policy_store.lint import lint
from policy_store.loader import load_pack
from policy_store.pack import Pack
from policy_store.rule import Attribute, Rule, Shown, Value, canonical
from policy_store.suite import PackTest

PACK = load_pack("image-child-safety")
SEEN = Shown(regions=[{"label": "BELLY_EXPOSED", "weight": 0.9}])  # type: ignore[list-item]
PLAIN, BARE = Value(id="plain", text="Covered."), Value(id="bare", text="Bare.", shown=SEEN)


def with_rule(rule: Rule) -> Pack:
    return PACK.model_copy(update={"rules": tuple(rule if r.id == rule.id else r for r in PACK.rules)})


def test_fields_that_a_rule_does_not_use_leave_its_digest_alone() -> None:
    rule = load_pack("community").by_id["SX4"]
    assert not rule.by_sight
    assert not {'"shown"', '"read"', '"clause"'} & set(canonical(rule).replace(":", " ").split())
    assert '"read":"sight"' in canonical(PACK.by_id["PB1"]) and '"shown":' in canonical(PACK.by_id["PB1"])


def test_a_rule_reads_back_from_its_canonical_text() -> None:
    for rule in PACK.rules:
        assert Rule.model_validate_json(canonical(rule)) == rule


@pytest.mark.parametrize(
    ("read", "values", "why"),
    [
        ("words", (PLAIN, BARE), "is read by words, but bare has 'shown'"),
        ("sight", (BARE, PLAIN), "every value but the first needs 'shown'"),
        ("sight", (PLAIN, PLAIN.model_copy(update={"id": "other"})), "every value but the first needs 'shown'"),
    ],
)
def test_values_are_told_by_the_sense_that_the_attribute_is_read_by(
    read: str, values: tuple[Value, ...], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        Attribute(id="bareness", text="How bare.", read=read, values=values)  # type: ignore[arg-type]


def test_something_that_shows_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="names nothing that could be seen"):
        Shown(fills=0.5)


def test_a_product_cites_a_clause_of_its_own_rule(folder) -> None:
    folder.rules(
        "  scene: HR\n  type: Threat",
        "  scene: HR\n  products:\n    - {id: any, values: {}, labels: {'*': violating}, clause: HR2.z}\n  type: Threat",
    )
    with pytest.raises(PackError, match=r"HR2 has no clause 'HR2\.z'"):
        folder.load()


def test_a_change_of_what_shows_a_value_is_a_change_of_the_rule() -> None:
    rule = PACK.by_id["PB1"]
    text = (
        canonical(rule)
        .replace('"fills":0.125', '"fills":0.25')
        .replace('"label":"ARMPITS_EXPOSED"', '"label":"FEET_EXPOSED"')
    )
    found = diff_packs(PACK, with_rule(Rule.model_validate_json(text)))
    assert found.touched == {"PB1"}
    (changed,) = [r for r in found.changed if r.rule_id == "PB1"]
    fields = {c.field for c in changed.changes}
    assert any(f.endswith("close.shown.fills") for f in fields)
    assert any("partly-bare.shown.regions.FEET_EXPOSED" in f for f in fields)


def test_advice_is_given_on_a_rule_that_no_picture_can_meet_and_on_products_without_a_clause() -> None:
    rule = PACK.by_id["PB2"]
    bare = rule.products[0].model_copy(update={"clause": None})
    odd = rule.model_copy(update={"modalities": ("text",), "products": (bare, *rule.products[1:])})
    said = {remark.check for remark in lint(with_rule(odd))}
    assert {"rules_by_sight_hold_for_pictures", "products_by_sight_are_cited"} <= said
    none = {remark.check for remark in lint(with_rule(rule.model_copy(update={"products": ()})))}
    assert "rules_by_sight_hold_for_pictures" in none


def test_a_test_may_be_of_pictures_alone_and_of_nothing_it_may_not() -> None:
    made = PackTest(id="t", pictures=[{"regions": [{"label": "FACE_MALE"}]}], expect={"outcome": "allow"})  # type: ignore[list-item, arg-type]
    assert made.text is None and made.pictures[0].regions[0].confidence == 0.9
    with pytest.raises(ValidationError, match="neither `text` nor `parts`"):
        PackTest(id="t", expect={"outcome": "allow"})  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="both `text` and `parts`"):
        PackTest(id="t", text="a", parts={"title": "b"}, pictures=[{}], expect={"outcome": "allow"})  # type: ignore[arg-type, list-item]
