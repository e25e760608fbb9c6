"""Our own writing as training data: lines that can be trusted, and a split that no pair and no family crosses."""

import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from cases.case import Surface
from cases.finding import STANCES
from policy_store.loader import load_pack
from policy_store.rule import Rule
from training.data import AUTHORED, HELD_SHARE, Label, Sample, Split, pack_samples, samples

SPLITS: tuple[Split, ...] = get_args(Split)


@cache
def rows() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return (file, row) of every line."""
    return tuple(
        (path.stem, json.loads(line))
        for path in sorted(AUTHORED.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )


@cache
def split(name: Split) -> tuple[Sample, ...]:
    return tuple(samples(name))


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return {r.id: r for name in ("community", "short-video-ads") for r in load_pack(name).rules}


@pytest.fixture(scope="module")
def known_exceptions() -> set[str]:
    packs = [load_pack(name) for name in ("community", "short-video-ads")]
    return {c.id for pack in packs for rule in pack.rules for c in pack.exceptions_of(rule)}


def test_every_line_stands_on_a_surface_that_a_case_knows() -> None:
    known = set(get_args(Surface))
    assert not [(name, row["id"]) for name, row in rows() if row.get("surface", "post") not in known]


def test_every_line_has_an_id_of_its_own() -> None:
    assert [i for i, count in Counter(row["id"] for _, row in rows()).items() if count > 1] == []


def test_evidence_is_verbatim() -> None:
    wrong = [
        (row["id"], quote)
        for _, row in rows()
        for quote in row.get("evidence", ())
        if not any(quote and quote in text for text in row.get("parts", {"text": row.get("text")}).values() if text)
    ]
    assert wrong == []


def test_violating_lines_have_evidence() -> None:
    assert [row["id"] for _, row in rows() if row["label"] == "violating" and not row.get("evidence")] == []


def test_labels_stances_and_severities_are_known_ones() -> None:
    for _, row in rows():
        assert row["label"] in get_args(Label), row["id"]
        assert 0 <= row["sev"] <= 100, row["id"]
        assert row.get("stance") in (None, *STANCES), row["id"]


def test_rules_and_exceptions_are_those_of_the_packs(rules: dict[str, Rule], known_exceptions: set[str]) -> None:
    judging = {r.id for r in rules.values() if r.raises is None}
    for _, row in rows():
        if "group" in row:
            assert row["rule_text"].strip() and "rule" not in row, row["id"]
            continue
        assert row["rule"] in judging or (row["rule"] is None and row["label"] == "allowed"), row["id"]
        assert row["exc"] is None or row["exc"] in known_exceptions, row["id"]


def test_violating_contrasts_are_graded_in_the_band_of_their_rule(rules: dict[str, Rule]) -> None:
    graded = [
        (row["id"], row["sev"], rules[row["rule"]].band)
        for file, row in rows()
        if file.startswith("contrast_") and row["label"] == "violating" and row.get("rule")
    ]
    assert len(graded) > 1000
    assert [g for g in graded if not g[2].low <= g[1] <= g[2].high] == []


def test_every_line_is_on_one_side_and_training_never_sees_the_other_author() -> None:
    dev = {row["id"] for file, row in rows() if file == "dev_other_author"}
    assert {s.id for s in split("dev")} == dev and dev
    assert all(not dev & {s.id for s in split(name)} for name in ("train", "held", "test"))
    assert sum(len(split(name)) for name in SPLITS) == len(rows())


def test_pairs_and_texts_never_part() -> None:
    sides: dict[str, set[Split]] = defaultdict(set)
    for name in SPLITS:
        for sample in split(name):
            sides[f"family {sample.family}"].add(name)
            sides[f"text {sample.text}"].add(name)
    assert [key for key, found in sides.items() if len(found) > 1] == []


def test_contradictory_variants_of_a_rule_stay_on_one_side() -> None:
    place = {s.id: name for name in SPLITS for s in split(name)}
    sides: dict[str, set[Split]] = defaultdict(set)
    variants: dict[str, set[str]] = defaultdict(set)
    for _, row in rows():
        if "group" in row:
            family = row["group"].rstrip("abcdef")
            sides[family].add(place[row["id"]])
            variants[family].add(row["rule_text"])
    assert any(len(texts) > 1 for texts in variants.values())
    assert [family for family, found in sides.items() if len(found) > 1] == []


def test_about_the_share_that_was_asked_for_is_held_out() -> None:
    every = sum(len(split(name)) for name in ("train", "held", "test"))
    for name in ("held", "test"):
        assert len(split(name)) / every == pytest.approx(HELD_SHARE / 2, abs=0.02)
        assert any(s.rule_text for s in split(name)) and any(s.rule for s in split(name))


def test_a_folder_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no authored lines of split 'held'"):
        samples("held", tmp_path)


def test_the_examples_of_a_pack_are_graded_in_its_bands(rules: dict[str, Rule]) -> None:
    found = pack_samples(rules.values())
    assert {s.rule for s in found} == set(rules) and {s.split for s in found} == {"train"}
    assert all(s.severity >= rules[s.rule].band.low for s in found if s.rule and s.label == "violating")
    assert not {s.family for s in found} & {s.family for s in split("held")}
