"""What differs between two versions, and which verdicts it can change."""

import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_store.diff import Change, PackDiff, diff_packs
from policy_store.loader import load_pack
from policy_store.pack import Pack

TOUCHING = {
    "statement": ("rules/HR.yaml", "Insults or humiliates a person.", "Insults a person.", {"HR1"}),
    "clause": ("rules/HR.yaml", "Calling a person stupid or worthless.", "Calling a person stupid.", {"HR1"}),
    "own exception, also where it is borrowed": (
        "rules/HR.yaml", "Clearly mutual banter.", "Banter.", {"HR1", "HR2"},
    ),
    "common exception of all rules": ("policy.yaml", "News and research.", "News.", {"HR1"}),
    "common exception that is selected": ("policy.yaml", "A figure of speech.", "A figure.", {"HR1", "HR2"}),
    "selection of common exceptions": ("rules/HR.yaml", "common: [X-FIGURE]", "common: [X-FIGURE, X-REPORT]", {"HR2"}),
    "borrowing": ("rules/HR.yaml", "  borrows: [HR1-BANTER]\n", "", {"HR2"}),
    "example": ("rules/HR.yaml", "text: I will hurt you", "text: I will hurt you badly", {"HR2"}),
    "golden seed": ("rules/HR.yaml", ", golden: true", "", {"HR2"}),
    "keywords": ("rules/HR.yaml", "[will hurt you]", "[hurt you]", {"HR2"}),
    "status": ("rules/HR.yaml", "  borrows: ", "  status: draft\n  borrows: ", {"HR2"}),
    "modality": ("rules/HR.yaml", "  borrows: ", "  modalities: [text]\n  borrows: ", {"HR2"}),
    "surface": ("rules/HR.yaml", "  borrows: ", "  surfaces: [ad]\n  borrows: ", {"HR2"}),
    "definition": ("rules/HR.yaml", "  borrows: ", "  definitions: [{term: harm, text: Pain.}]\n  borrows: ", {"HR2"}),
    "switched off": ("policy.yaml", "off: []", "off: [HR2]", {"HR2"}),
}  # fmt: skip
REGRADING = {
    "band": ("rules/HR.yaml", "high: 55", "high: 60", {"HR1"}),
    "priors": ("rules/HR.yaml", "priors: {harm: 1}", "priors: {harm: 2}", {"HR1"}),
    "severity of an example": ("rules/HR.yaml", "severity: 20", "severity: 21", {"HR1"}),
    "action": ("rules/HR.yaml", "  borrows: ", "  action: call for help\n  borrows: ", {"HR2"}),
    "modifier": ("rules/HR.yaml", "  borrows: ", "  raises: 10\n  borrows: ", {"HR2"}),
    "tier": ("policy.yaml", "low: 50", "low: 45", {"HR1", "HR2"}),
    "rubric": ("rubric.yaml", "a nuisance", "a small nuisance", {"HR1", "HR2"}),
    "precedence": ("policy.yaml", "winner: HR2, losers: [HR1]", "winner: HR1, losers: [HR2]", {"HR1", "HR2"}),
}
NEITHER = {
    "reason of precedence": ("policy.yaml", "A threat is worse than an insult.", "A threat leads."),
    "title": ("policy.yaml", "title: Shop policy", "title: Shop"),
    "version": ("policy.yaml", "version: 1.0.0", "version: 1.0.1"),
    "map to another taxonomy": ("rules/HR.yaml", "mlcommons: [vcr]", "mlcommons: [ncr]"),
    "name of a scene": ("policy.yaml", "name: Harassment", "name: Bullying"),
}


def difference(folder, name: str, old: str, new: str) -> PackDiff:
    before = folder.load()
    return diff_packs(before, folder.edit(name, old, new).load())


@pytest.mark.parametrize("case", TOUCHING)
def test_what_a_judge_reads_touches_the_rules_that_read_it(folder, case: str) -> None:
    name, old, new, rules = TOUCHING[case]
    found = difference(folder, name, old, new)
    assert (found.touched, found.regraded) == (rules, frozenset())
    assert not found.empty


@pytest.mark.parametrize("case", REGRADING)
def test_what_sets_severity_regrades_and_touches_nothing(folder, case: str) -> None:
    name, old, new, rules = REGRADING[case]
    found = difference(folder, name, old, new)
    assert (found.touched, found.regraded) == (frozenset(), rules)
    assert not found.empty


@pytest.mark.parametrize("case", NEITHER)
def test_what_no_verdict_depends_on_is_listed_only(folder, case: str) -> None:
    found = difference(folder, *NEITHER[case])
    assert (found.touched, found.regraded) == (frozenset(), frozenset())
    assert not found.empty


def test_a_rule_that_is_touched_is_not_called_regraded(folder) -> None:
    folder.rules("high: 55", "high: 60")
    found = difference(folder, "rules/HR.yaml", "Insults or humiliates a person.", "Insults a person.")
    before = found.regraded
    again = difference(folder, "rules/HR.yaml", "band: {low: 5, high: 60}", "status: draft\n  band: {low: 5, high: 58}")
    assert before == again.regraded == frozenset()
    assert again.touched == {"HR1"}


def test_another_default_profile_touches_the_rules_that_it_treats_otherwise(folder) -> None:
    folder.head("off: []", "off: [HR1]")
    found = difference(folder, "policy.yaml", "profiles:\n", "profiles:\n  - {id: open, text: Everybody.}\n")
    assert found.touched == {"HR1"}


def test_another_default_profile_touches_rules_whose_products_it_relabels(folder) -> None:
    folder.rules(
        "  borrows: ",
        "  attributes: [{id: tone, text: T., values: [{id: a, text: A.}, {id: b, text: B.}]}]\n"
        "  products: [{id: p, values: {tone: a}, labels: {adult: allowed, '*': violating}}]\n"
        "  borrows: ",
    )
    found = difference(folder, "policy.yaml", "profiles:\n", "profiles:\n  - {id: open, text: Everybody.}\n")
    assert found.touched == {"HR2"}


def test_the_same_pack_differs_in_nothing(folder) -> None:
    found = diff_packs(folder.load(), folder.load())
    assert found.empty
    assert (found.touched, found.regraded) == (frozenset(), frozenset())


def test_added_and_removed_rules_are_named_and_touched(folder) -> None:
    before = folder.load()
    text = (folder.path / "rules/HR.yaml").read_text()
    folder.write("rules/HR.yaml", text.replace("HR2", "HR3")).head("winner: HR2", "winner: HR3")
    found = diff_packs(before, folder.load())
    assert (found.added, found.removed, found.changed) == (("HR3",), ("HR2",), ())
    assert found.touched == {"HR2", "HR3"}
    assert found.regraded == {"HR1"}
    assert [(c.field, c.old is None) for c in found.changes] == [
        ("precedence.HR3 > HR1", True), ("precedence.HR2 > HR1", False),
    ]  # fmt: skip


def test_clauses_are_aligned_by_id_with_word_spans(folder) -> None:
    before = folder.load()
    folder.rules("Calling a person stupid or worthless.", "Calling a person openly stupid or not.")
    folder.rules("id: HR1.b, text: Mocking the looks of a person.", "id: HR1.c, text: Mocking a name.")
    (rule,) = diff_packs(before, folder.load()).changed
    assert rule.rule_id == "HR1"
    assert [(c.id, c.kind, c.new_field or c.old_field) for c in rule.clauses] == [
        ("HR1.a", "changed", "includes"), ("HR1.c", "added", "includes"), ("HR1.b", "removed", "includes"),
    ]  # fmt: skip
    assert rule.clauses[0].spans == (
        ("equal", "Calling a person "), ("insert", "openly "), ("equal", "stupid or "), ("delete", "worthless"),
        ("insert", "not"), ("equal", "."),
    )  # fmt: skip


def test_a_clause_that_becomes_an_exception_is_one_change(folder) -> None:
    before = folder.load()
    folder.rules(
        "    - {id: HR1-BANTER, text: Clearly mutual banter.}",
        "    - {id: HR1.b, text: Mocking the looks of a person.}",
    )
    folder.rules(
        "    - {id: HR1.b, text: Mocking the looks of a person.}\n  exceptions",
        "    - {id: HR1-BANTER, text: Clearly mutual banter.}\n  exceptions",
    )
    folder.rules("exception: HR1-BANTER", "exception: HR1.b").rules("borrows: [HR1-BANTER]", "borrows: [HR1.b]")
    rule = diff_packs(before, folder.load()).changed[0]
    assert [(c.id, c.old_field, c.new_field) for c in rule.clauses] == [
        ("HR1-BANTER", "exceptions", "includes"), ("HR1.b", "includes", "exceptions"),
    ]  # fmt: skip


def test_an_example_that_changes_sides_shows_both_labels(folder) -> None:
    before = folder.load()
    folder.rules("{id: HR2.n1, text: my mum will kill me, exception: X-FIGURE}", "{id: HR2.n2, text: a killer look}")
    folder.rules("golden: true}\n", "golden: true}\n      - {id: HR2.n1, text: my mum will kill you}\n")
    (rule,) = diff_packs(before, folder.load()).changed
    moved, new = rule.examples
    assert (moved.id, moved.old_label, moved.new_label) == ("HR2.n1", "allowed", "violating")
    assert moved.spans == (("equal", "my mum will kill "), ("delete", "me"), ("insert", "you"))
    assert (new.id, new.kind, new.old, new.new_label) == ("HR2.n2", "added", None, "allowed")


def test_scalar_fields_show_old_and_new(folder) -> None:
    before = folder.load()
    folder.rules("high: 55", "high: 50").rules("[useless clown]", "[useless clown, 'you, fool']")
    folder.rules("openai: [harassment]", "openai: [hate, harassment]").rules("priors: {harm: 1}", "status: shadow")
    (rule,) = diff_packs(before, folder.load()).changed
    assert set(rule.changes) == {
        Change(field="band.high", old="55", new="50"),
        Change(field="keywords", old="useless clown", new='useless clown, "you, fool"'),
        Change(field="maps.openai", old="harassment", new="hate, harassment"),
        Change(field="priors.harm", old="1", new=None),
        Change(field="status", old="active", new="shadow"),
    }


def test_pack_level_changes_are_listed(folder) -> None:
    before = folder.load()
    folder.head("version: 1.0.0", "version: 1.1.0").head("low: 50, action: remove", "low: 40, action: hide")
    folder.head("text: Under 13.", "text: Under 12., off: [HR1]").head("A figure of speech.", "A figure.")
    folder.edit("rubric.yaml", "weight: 1.0", "weight: 2.0")
    found = diff_packs(before, folder.load())
    assert found.changes == (
        Change(field="version", old="1.0.0", new="1.1.0"),
        Change(field="tiers.high.low", old="50", new="40"),
        Change(field="tiers.high.action", old="remove", new="hide"),
        Change(field="profiles.R1.text", old="Under 13.", new="Under 12."),
        Change(field="profiles.R1.off", old="", new="HR1"),
        Change(field="rubric.harm.weight", old="1.0", new="2.0"),
    )
    assert [(c.id, c.kind, c.spans[1:]) for c in found.exceptions] == [
        ("X-FIGURE", "changed", (("delete", " of speech"), ("equal", "."))),
    ]  # fmt: skip


def test_another_order_is_a_change(folder) -> None:
    one = "    - {id: HR1.a, text: Calling a person stupid or worthless.}\n"
    two = "    - {id: HR1.b, text: Mocking the looks of a person.}\n"
    found = difference(folder, "rules/HR.yaml", one + two, two + one)
    assert found.changed[0].changes == (Change(field="order of includes", old="HR1.a, HR1.b", new="HR1.b, HR1.a"),)


def test_precedence_written_another_way_is_a_change_that_regrades_nothing(folder) -> None:
    folder.head("losers: [HR1], why: A threat is worse than an insult.", "losers: [HR1], why: A.")
    found = difference(
        folder, "policy.yaml", "  - {winner: HR2, losers: [HR1], why: A.}",
        "  - {winner: HR2, losers: [HR1], why: A.}\n  - {winner: HR2, losers: [HR1], why: A.}",
    )  # fmt: skip
    assert [change.field for change in found.changes] == ["form of precedence"]
    assert found.regraded == frozenset()


def test_a_diff_is_plain_json_in_a_stable_order(folder) -> None:
    found = difference(folder, "policy.yaml", "low: 50", "low: 45")
    assert found.model_dump(mode="json")["regraded"] == ["HR1", "HR2"]
    assert PackDiff.model_validate_json(found.model_dump_json()) == found


def mutated(value: object, chance: random.Random) -> object:
    """Return plain data with one leaf, entry or order changed; the result need not be a pack."""
    if isinstance(value, dict) and value:
        key = chance.choice(sorted(value))
        return value | {key: mutated(value[key], chance)}
    if isinstance(value, list) and value:
        i = chance.randrange(len(value))
        what = chance.choice(["drop", "swap", "inside", "inside", "inside"])
        if what == "drop":
            return value[:i] + value[i + 1 :]
        if what == "swap":
            return value[::-1]
        return [*value[:i], mutated(value[i], chance), *value[i + 1 :]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice([-1, 1])
    return f"{value}x" if isinstance(value, str) else value


@settings(max_examples=300, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_packs_of_different_digests_differ_in_something_listed(community: Pack, chance) -> None:
    data = community.model_dump(mode="json")
    data["rules"] = data["rules"][:3]
    old = Pack.model_validate(data)
    try:
        new = Pack.model_validate(mutated(data, chance))
    except ValueError:
        return
    found = diff_packs(old, new)
    assert found.empty == (old.digest == new.digest)
    assert found.regraded.isdisjoint(found.touched)


@pytest.fixture(scope="module")
def community() -> Pack:
    return load_pack("community")


def test_yaml_of_a_pack_survives_a_round_trip_without_a_difference(community: Pack, tmp_path) -> None:
    data = community.model_dump(mode="json")
    rubric = data.pop("rubric")
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    (tmp_path / "rubric.yaml").write_text(yaml.safe_dump(rubric, allow_unicode=True), encoding="utf-8")
    assert diff_packs(community, load_pack(tmp_path)).empty
