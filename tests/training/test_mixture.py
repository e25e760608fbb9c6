"""What the network learns from: which laws are known for a text, and our own judgements on public texts."""

import gzip
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agents import reading
from agents.rulebook import statement_text
from policy_store.loader import load_pack
from policy_store.rule import Rule
from training.data import Label, Sample
from training.mixture import (
    ANNOTATIONS,
    OVERALL,
    QUESTIONS,
    QUOTA,
    Item,
    annotated_items,
    authored_items,
    law_text,
    repeated,
    round_of,
    said,
    set_items,
)
from training.public import READERS, UNGRADED

TRUTHS: list[tuple[Label, float]] = [("violating", 1.0), ("allowed", 0.0), ("borderline", 0.5)]
# One line of each set that violates, and one that does not where the set has such.
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "edos_sexism": (
        {"split": "train", "violation": True, "category": ["sexist", "2.1 descriptive attacks"]},
        {"split": "train", "violation": False, "category": []},
    ),
    "hatexplain": (
        {"split": "train", "violation": True, "category": ["hatespeech"], "rationale_spans": [[0, 5]]},
        {"split": "train", "violation": False, "category": ["normal"]},
    ),
    "toxic_spans_semeval2021": ({"split": "train", "rationale_spans": [[0, 5]]},),
    "hatemoji_build": (
        {"split": "train", "violation": True, "category": ["animosity"], "labels": {"matched_id": 7}},
        {"split": "train", "violation": False, "category": None, "labels": {"matched_id": 7}},
    ),
    "stormfront_hate": ({"violation": True}, {"violation": False}),
    "davidson_hate_offensive": ({"category": ["hate_speech"]}, {"category": ["neither"]}),
    "toxigen_demonstrations": ({"violation": True}, {"violation": False}),
    "surge_toxicity": ({"violation": True}, {"violation": False}),
    "catqa": ({"category": ["Fraud", "Phishing"], "lang": "en"},),
}


def packed(path: Path, rows: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    for name, rows in ROWS.items():
        packed(
            tmp_path / f"{name}.jsonl.gz",
            [{"id": f"{name}:{n}", "text": f"words number {n} of {name}"} | row for n, row in enumerate(rows)],
        )
    return tmp_path


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return {r.id: r for name in ("community", "short-video-ads") for r in load_pack(name).rules}


@cache
def annotations() -> tuple[dict[str, Any], ...]:
    files = sorted(ANNOTATIONS.glob("*.jsonl"))
    return tuple(json.loads(line) for f in files for line in f.read_text(encoding="utf-8").splitlines())


def line(label: Label, rule: str | None = "HR2", rule_text: str | None = None) -> Sample:
    return Sample(
        "one", "some words", rule, rule_text, label, 40, "direct", None, ("words",), "file/pair", "train", "post"
    )


@pytest.mark.parametrize(("label", "truth"), TRUTHS)
def test_an_authored_line_answers_its_rule_and_the_overall_question(label: Label, truth: float) -> None:
    (item,) = authored_items([line(label)])
    assert list(item.truths.items()) == [(OVERALL, truth), ("HR2", truth)]
    assert item.known and item.topic == "HR" and item.severity == 40
    assert (item.evidence, item.family, item.stance) == (("words",), "file/pair", "direct")


def test_a_clean_line_answers_the_overall_question_alone() -> None:
    (item,) = authored_items([line("allowed", rule=None)])
    assert item.truths == {OVERALL: 0.0} and item.known


@pytest.mark.parametrize(("label", "truth"), TRUTHS)
def test_a_line_with_a_rule_of_its_own_knows_nothing_of_the_packs(label: Label, truth: float) -> None:
    (item,) = authored_items([line(label, rule=None, rule_text="No cats.")])
    assert item.truths == {"No cats.": truth} and not item.known and item.topic == "custom"


def test_a_set_answers_its_own_question_and_the_nearest_rule(public: Path) -> None:
    sets = set_items(public)
    assert set(sets) == set(READERS)
    yes, no = sorted(sets["edos_sexism"], key=lambda i: -max(i.truths.values()))
    assert yes.truths == {"set:edos_sexism": 1.0, "HS1": 1.0, OVERALL: 1.0}
    assert set(no.truths.values()) == {0.0} and OVERALL not in no.truths
    assert len(no.truths) == 2 and "set:edos_sexism" in no.truths


def test_a_set_without_a_question_answers_the_rule_alone(public: Path) -> None:
    (item,) = set_items(public)["catqa"]
    assert item.truths == {"SC1": 1.0, OVERALL: 1.0}


def test_public_lines_are_ungraded_count_less_and_keep_their_words(public: Path) -> None:
    sets = set_items(public)
    items = [item for found in sets.values() for item in found]
    assert len(items) == sum(map(len, ROWS.values()))
    assert all(i.severity == UNGRADED and i.weight < 1 and not i.known and i.topic == "set" for i in items)
    assert sets["toxic_spans_semeval2021"][0].evidence == ("words",)
    assert len({i.family for i in sets["hatemoji_build"]}) == 1


def test_a_set_that_is_missing_is_named(public: Path) -> None:
    (public / "catqa.jsonl.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"catqa.jsonl.gz: not there"):
        set_items(public)


def test_every_question_and_every_quota_belongs_to_a_set_that_is_read() -> None:
    assert {q.removeprefix("set:") for q in QUESTIONS if q != OVERALL} <= set(READERS)
    assert set(QUOTA) <= set(READERS)
    assert QUESTIONS[OVERALL] == reading.OVERALL


def test_an_epoch_takes_at_most_its_share_of_a_set_and_all_of_a_small_one() -> None:
    def many(count: int, name: str) -> list[Item]:
        return [Item(f"{name} {n}", {}, UNGRADED, None, (), str(n), "set", False) for n in range(count)]

    sets = {"surge_toxicity": many(250, "a"), "unknown": many(450, "b"), "catqa": many(3, "c")}
    taken = round_of(sets, random.Random(1))
    assert len(taken) == len(set(i.text for i in taken)) == QUOTA["surge_toxicity"] + 400 + 3
    assert taken == round_of(sets, random.Random(1)) != round_of(sets, random.Random(2))


def test_what_was_judged_of_a_talk_is_what_the_person_said_last() -> None:
    turns = [
        {"role": "human", "text": "first"},
        {"role": "human", "text": " second "},
        {"role": "assistant", "text": "reply"},
    ]
    assert said({"id": "hh_harmless_pairs:1", "context": turns, "text": "answer"}) == "second"
    assert said({"id": "hh_harmless_pairs:2", "context": None, "text": " answer"}) == "answer"
    assert said({"id": "convabuse:3", "context": turns, "text": "the text"}) == "the text"


def test_annotations_are_joined_to_the_texts_of_their_sets(tmp_path: Path) -> None:
    rows = annotations()
    packed(tmp_path / "all.jsonl.gz", [{"id": r["id"], "text": f"text  of {r['id']}", "context": None} for r in rows])
    items = annotated_items(tmp_path)
    assert len(items) == len(rows)
    for item, row in zip(items, rows, strict=True):
        truth = dict(TRUTHS)[row["label"]]
        assert item.truths == dict.fromkeys((OVERALL, *row["rules"]), truth)
        assert item.text == f"text of {row['id']}" and item.family == row["id"] and item.known
        assert item.severity == (UNGRADED if row["label"] == "borderline" else row["sev"])


def test_every_annotation_has_its_own_id_and_nothing_of_the_text() -> None:
    rows = annotations()
    assert len({r["id"] for r in rows}) == len(rows) > 0
    assert all(set(r) == {"id", "label", "rules", "sev"} and r["label"] in dict(TRUTHS) for r in rows)


def test_annotations_name_rules_of_the_packs_that_judge_by_themselves(rules: dict[str, Rule]) -> None:
    named = {rule for r in annotations() for rule in r["rules"]}
    assert named <= {r.id for r in rules.values() if r.raises is None}
    # Nobody can tell a child from public text alone: MN1 is not judged.
    assert "MN1" not in named
    assert all(len(r["rules"]) == len(set(r["rules"])) for r in annotations())


def test_the_severity_of_a_violating_annotation_is_in_the_band_of_its_leading_rule(rules: dict[str, Rule]) -> None:
    for row in annotations():
        if row["label"] == "violating":
            band = rules[row["rules"][0]].band
            assert band.low <= row["sev"] <= band.high, row


def test_questions_and_rules_in_plain_words_are_read_as_they_stand(rules: dict[str, Rule]) -> None:
    for key, words in QUESTIONS.items():
        assert law_text(key, rules) == law_text(key, rules, random.Random(0)) == words
    assert law_text("No cats.", rules, random.Random(0)) == "No cats."


def test_a_rule_is_judged_by_the_law_that_the_reasoner_reads(rules: dict[str, Rule]) -> None:
    assert all(law_text(r.id, rules) == reading.law_text(r) for r in rules.values())


def test_a_rule_is_learned_in_several_forms_that_all_say_what_it_forbids(rules: dict[str, Rule]) -> None:
    rule = next(r for r in rules.values() if len(r.exceptions) > 1 and r.includes)
    rng = random.Random(3)
    forms = {law_text(rule.id, rules, rng) for _ in range(300)}
    assert all(rule.statement in form for form in forms)
    assert {rule.statement, statement_text(rule), reading.law_text(rule)} <= forms
    assert any(form.endswith(rule.includes[0].text) for form in forms)
    whole = sorted(reading.law_text(rule).split())
    assert sum(sorted(form.split()) == whole for form in forms) > 1  # exceptions in another order


def test_what_is_learnt_slowly_is_met_more_often_and_what_a_run_insists_on_most() -> None:
    def line(family: str, topic: str) -> Item:
        return Item("a", {}, 0, None, (), family, topic, True)

    plain, spoken = line("illicit/1", "IL"), line("voices_kin/1", "HS")
    rule, new = line("q1-01", "custom"), line("y1-01", "custom")
    own = [plain, spoken, rule, new]
    assert repeated(own) == [spoken, spoken, rule, new]
    assert repeated(own, ["y1-"]) == [spoken, spoken, rule, *[new] * 7]
    assert repeated(own, ["voices_kin/", "ill"]) == [*[plain] * 6, *[spoken] * 8, rule, new]
