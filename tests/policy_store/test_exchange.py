"""Policies come in from two outside formats and go out to them; what cannot be carried is said."""

from pathlib import Path

import pytest

from policy_store.exchange import FORMATS, Format, SketchError, export_policy, import_policy, write_folder
from policy_store.lint import lint
from policy_store.loader import load_pack
from policy_store.pack import Pack
from policy_store.suite import load_tests

PUBLISHED = """\
Raffle Policy (#RF)
GOAL: Find dishonest raffles. Classify each EXAMPLE as VALID or INVALID.

DEFINITIONS
Raffle:  a draw that people pay to take part in.

✅ Allowed Content (RF0 – honest or very weak signs)
Content about draws that hides nothing.
RF0.a School fair – “Tickets for the tombola are at the gate.”

RF0.b Question – “When is the prize drawn?”

 ✅ Output: VALID either clearly honest or very weak signs.

🚫 Hidden Costs (RF2 – Medium Confidence)
A draw whose price is not said.
RF2.a Fee at the end – “Claim your prize, the fee comes later”

RF2.b Names a "prize" that nobody can win
 ❌ Output: INVALID

❗ Invented Draw (RF3 – Strong Confidence)
A draw that does not take place.
RF3.a No organiser – “You won! Reply with your card number”; “Winner!! Pay 5 to unlock”
 ❌ Output: INVALID + ESCALATE

LABEL FORMAT
 | Example | Classification |
 |----------|---------------|
 | “Pay two coins and we tell you the price later” | D-RF2 |
 | “Where do I buy a ticket?” | D-RF0 |

AMBIGUITY & ESCALATION
If unclear → lower by one.
"""
GUIDE = """\
# Chess club policy

## INSTRUCTIONS
Answer 1 where the text insults a player, else 0.

## DEFINITIONS
- **Player**: somebody who takes part in a game.

## VIOLATES (1)
- Calls a player stupid.
- Mocks how a player looks.

## SAFE (0)
- Criticises a move.

## EXAMPLES
Content: "You play like a turnip"
Answer: 1

Content: "Knight to f5 was a mistake"
Answer: 0
"""
COPE = """\
# Criteria

## Overview

This policy says what counts as a pest.

## Definition of Terms

- **Pest**: An animal that spoils stores.

## Interpretation of Language

- Words in another language count as their translation.

## Definition of Label

### (PE) Pest talk

#### Includes

- **Calls for Poison Content**: Content that asks for poison, including:
  - **Bulk Poison**: Poison by the sack
- **Traps**: Content that sells traps that maim

#### Excludes

- **Advice**: How to store grain so that nothing comes in.
"""


@pytest.fixture(scope="module")
def community() -> Pack:
    return load_pack("community")


def read(text: str, form: Format, head: Pack, folder: Path) -> Pack:
    write_folder(folder, import_policy(text, form, "brought", head).files)
    return load_pack(folder)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["community", "short-video-ads"])
def test_rules_that_go_out_come_back_with_their_ids_and_words(
    form: Format, name: str, community: Pack, tmp_path: Path
) -> None:
    pack = load_pack(name)
    back = read(export_policy(pack, form).text, form, community, tmp_path / "back")
    active = [r for r in pack.rules if r.status == "active" and r.raises is None]
    assert [r.id for r in back.rules] == [r.id for r in active]
    for old, new in zip(active, back.rules, strict=True):
        assert (old.type, old.statement, old.includes) == (new.type, new.statement, new.includes)
        assert old.exceptions == new.exceptions
    assert {c.id for c in back.exceptions} == {c.id for c in pack.exceptions}
    assert [(p.winner, p.losers) for p in back.precedence] == [(p.winner, p.losers) for p in pack.precedence]


def test_the_examples_of_the_safeguard_format_come_back_word_for_word(community: Pack, tmp_path: Path) -> None:
    back = read(export_policy(community, "gpt-oss-safeguard").text, "gpt-oss-safeguard", community, tmp_path / "back")
    for rule in back.rules:
        old = community.by_id[rule.id].examples
        for side in ("violating", "allowed"):
            texts = [(e.id, " ".join(e.text.split())) for e in getattr(old, side)]
            assert [(e.id, e.text) for e in getattr(rule.examples, side)] == texts


def test_one_rule_goes_out_alone_with_the_exceptions_that_hold_for_it(community: Pack) -> None:
    out = export_policy(community, "gpt-oss-safeguard", ["HR2"])
    assert "### HR2 Threat against a person" in out.text and "HR1" not in out.text
    assert "- X-FIGURE " in out.text
    assert any("severity" in note for note in out.notes)


def test_what_an_outside_format_cannot_hold_is_said(community: Pack) -> None:
    notes = " ".join(export_policy(community, "cope").notes)
    for what in ("examples", "severity bands", "keywords", "profiles", "42 labels"):
        assert what in notes


def test_a_published_policy_becomes_rules_with_clauses_examples_and_tests(community: Pack, tmp_path: Path) -> None:
    pack = read(PUBLISHED, "gpt-oss-safeguard", community, tmp_path / "raffle")
    assert (pack.title, [r.id for r in pack.rules], [s.id for s in pack.scenes]) == (
        "Raffle Policy", ["RF2", "RF3"], ["RF"],
    )  # fmt: skip
    two, three = pack.rules
    assert [(c.id, c.text) for c in two.includes] == [
        ("RF2.a", "Fee at the end"), ("RF2.b", 'Names a "prize" that nobody can win'),
    ]  # fmt: skip
    assert [e.text for e in three.examples.violating] == [
        "You won! Reply with your card number", "Winner!! Pay 5 to unlock",
    ]  # fmt: skip
    assert [(c.id, c.text) for c in pack.exceptions] == [("RF0.a", "School fair"), ("RF0.b", "Question")]
    assert two.definitions[0].term == "Raffle"
    tests = load_tests(tmp_path / "raffle", pack)
    assert [(t.expect.rule, t.expect.outcome) for t in tests] == [("RF2", ("act", "review")), (None, ("allow",))]


def test_the_four_parts_of_the_guide_become_one_rule(community: Pack, tmp_path: Path) -> None:
    (rule,) = read(GUIDE, "gpt-oss-safeguard", community, tmp_path / "chess").rules
    assert [c.text for c in rule.includes] == ["Calls a player stupid.", "Mocks how a player looks."]
    assert [e.text for e in rule.examples.violating] == ["You play like a turnip"]
    assert [e.text for e in rule.examples.allowed] == ["Knight to f5 was a mistake"]


def test_a_label_of_cope_becomes_a_rule_and_the_lack_of_examples_is_said(community: Pack, tmp_path: Path) -> None:
    carried = import_policy(COPE, "cope", "pests", community)
    write_folder(tmp_path / "pests", carried.files)
    pack = load_pack(tmp_path / "pests")
    (rule,) = pack.rules
    assert (rule.id, rule.type) == ("PE", "Pest talk")
    assert [c.id for c in rule.includes] == ["PE.a", "PE.b", "PE.c"]
    assert [(c.id, c.text) for c in rule.exceptions] == [
        ("PE-E1", "Advice: How to store grain so that nothing comes in.")
    ]
    assert {d.term for d in rule.definitions} == {"Pest", "reading 1"}
    assert "PE has no violating example" in " ".join(carried.notes)


def test_an_imported_pack_can_be_linted_and_says_what_it_lacks(community: Pack, tmp_path: Path) -> None:
    found = {r.check for r in lint(read(PUBLISHED, "gpt-oss-safeguard", community, tmp_path / "raffle"))}
    assert {"keywords_are_given", "examples_are_balanced"} <= found


@pytest.mark.parametrize("text", ["", "Dear all,\nlunch is at noon.", "# Policy\n\n## Definition of Labels\n"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_text_without_a_rule_is_refused(form: Format, text: str, community: Pack) -> None:
    with pytest.raises(SketchError, match="no rule was found"):
        import_policy(text, form, "empty", community)


def test_a_bad_name_and_an_unknown_rule_are_refused_with_the_fix(community: Pack) -> None:
    with pytest.raises(SketchError, match="pack id 'My Pack': start with a small letter"):
        import_policy(GUIDE, "gpt-oss-safeguard", "My Pack", community)
    with pytest.raises(SketchError, match="has no rule 'HR22'; did you mean 'HR2'"):
        export_policy(community, "cope", ["HR22"])


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty"):
        write_folder(tmp_path, {"policy.yaml": "id: x"})


def test_ten_thousand_lines_are_read_in_one_pass(community: Pack, tmp_path: Path) -> None:
    lines = [f"RF2.{i} A hidden cost of kind number {i}" for i in range(10_000)]
    pack = read("Raffle Policy (#RF)\n🚫 Hidden (RF2 – Medium)\n" + "\n".join(lines), "gpt-oss-safeguard", community,
                tmp_path / "long")  # fmt: skip
    assert len(pack.rules[0].includes) == 10_000
