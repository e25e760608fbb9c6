"""Sentences with a slot for a group: filled without a fault, and fair to every group."""

import random
import re

import pytest

from training.data import split_of
from training.templates import Group, Template, filled, groups, template_samples, templates

POLES = Group("Poles", "a Pole", "Polish", True)
GAMERS = Group("gamers", "a gamer", None, False)


def template(text: str, **more: object) -> Template:
    given = {"id": "x", "family": "f", "rule": "HS2", "label": "violating", "severity": 50, "stance": "direct",
             "evidence": (), "exception": None, "split": "train"} | more  # fmt: skip
    return Template(text=text, **given)  # type: ignore[arg-type]


def test_every_sentence_is_filled_whole_and_its_evidence_stands_in_it() -> None:
    for split in ("train", "held", "test"):
        for sample in template_samples(split, random.Random(3), 2):
            assert not re.search(r"[{}]|\ban? (an?|the)\b", sample.text), sample.text
            assert all(e in sample.text for e in sample.evidence), sample
            assert bool(sample.evidence) <= (sample.label != "allowed"), sample


def test_a_set_of_sentences_stays_on_one_side_of_the_split() -> None:
    sides = {t.family: t.split for s in ("train", "held", "test") for t in templates(s)}
    assert {"train", "held", "test"} == set(sides.values())
    assert all(split_of(family) == side for family, side in sides.items())


def test_both_sides_are_said_about_as_often() -> None:
    labels = [t.label for t in templates("train")]
    assert 0.38 < labels.count("violating") / len(labels) < 0.6


def test_a_sentence_begins_with_a_capital_where_its_slot_says_so() -> None:
    sample = filled(template("{Groups} and {adj} food: {a_group} knows."), POLES)
    assert sample is not None and sample.text == "Poles and Polish food: a Pole knows."
    sample = filled(template("{A_group} said so."), POLES)
    assert sample is not None and sample.text == "A Pole said so."


def test_hate_of_a_group_that_nobody_is_protected_as_is_allowed() -> None:
    hateful = template("Keep {groups} out.", evidence=("Keep {groups} out",))
    poles, gamers = filled(hateful, POLES), filled(hateful, GAMERS)
    assert poles is not None and gamers is not None
    assert (poles.label, poles.evidence) == ("violating", ("Keep Poles out",))
    assert (gamers.label, gamers.evidence, gamers.exception, gamers.severity) == ("allowed", (), "HS1-NONGROUP", 10)


@pytest.mark.parametrize(
    "one",
    [template("Hit {groups}.", rule="HS3"), template("This {adj} man."), template("Hm, {groups}.", label="borderline")],
)
def test_what_would_be_another_rules_matter_or_has_no_such_word_is_not_filled(one: Template) -> None:
    assert filled(one, GAMERS) is None and filled(one, POLES) is not None


def test_the_same_seed_fills_with_the_same_groups_and_a_set_shares_its_group() -> None:
    first, again = (template_samples("train", random.Random(5), 2) for _ in range(2))
    assert first == again != template_samples("train", random.Random(6), 2)
    by_family: dict[str, set[str]] = {}
    for sample in first:
        by_family.setdefault(sample.family, set()).add(sample.id.split("/")[1])
    assert all(len(named) == 1 for named in by_family.values())


def test_the_forms_of_a_group_fit_their_places() -> None:
    assert len({g.groups for g in groups()}) == len(groups()) > 100
    for group in groups():
        assert re.match(r"an? \S", group.a_group) and group.groups[0] != " "
        assert (group.a_group.split()[0] == "an") == (
            group.a_group.split()[1].lower().startswith(("a", "e", "i", "o", "und"))
        ), group
        assert group.protected or group.adj is None
