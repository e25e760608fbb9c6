"""Ids of a pack stand for one thing each."""

import pytest
from inline_snapshot import snapshot


def test_a_repeated_rule_id_is_one_fault_and_names_the_first(folder) -> None:
    text = (folder.path / "rules/HR.yaml").read_text()
    folder.write("rules/ZZ.yaml", text[: text.index("- id: HR2")])
    assert folder.complaint() == snapshot("""\
shop/rules/ZZ.yaml:1:7: rule id 'HR1' is taken; the first stands at shop/rules/HR.yaml:1
    - id: HR1
          ^
    hint: give it an id of its own\
""")


def test_repeated_clauses_and_examples_name_the_first(folder) -> None:
    folder.rules("id: HR1.b", "id: HR1.a")
    folder.rules("id: HR1.n1", "id: HR1.v1")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:7:12: clause id 'HR1.a' is taken; the first stands at shop/rules/HR.yaml:6
        - {id: HR1.a, text: Mocking the looks of a person.}
               ^
    hint: give it an id of its own

shop/rules/HR.yaml:14:14: example id 'HR1.v1' is taken; the first stands at shop/rules/HR.yaml:12
          - {id: HR1.v1, text: you clown I love you, exception: HR1-BANTER}
                 ^
    hint: give it an id of its own\
""")


def test_a_clause_belongs_to_its_rule(folder) -> None:
    folder.rules("id: HR1.b", "id: HR10.b")
    folder.rules("  borrows: [HR1-BANTER]\n", "  exceptions: [{id: HR1-JOKE, text: A joke.}]\n")
    folder.rules("id: HR2.v1", "id: HR9.v1")
    folder.rules("id: HR2.n1", "id: HR1.n2")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:7:12: clause 'HR10.b' does not start with 'HR1'
        - {id: HR10.b, text: Mocking the looks of a person.}
               ^
    hint: name it HR1.b

shop/rules/HR.yaml:27:21: clause 'HR1-JOKE' does not start with 'HR2'
      exceptions: [{id: HR1-JOKE, text: A joke.}]
                        ^
    hint: name it HR2-…, or take another rule's exception with `borrows: [HR1-JOKE]`

shop/rules/HR.yaml:31:14: example 'HR9.v1' does not start with 'HR2'
          - {id: HR9.v1, text: I will hurt you, severity: 80, golden: true}
                 ^
    hint: name it HR2.v1

shop/rules/HR.yaml:33:14: example 'HR1.n2' does not start with 'HR2'
          - {id: HR1.n2, text: my mum will kill me, exception: X-FIGURE}
                 ^
    hint: name it HR2.n2\
""")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("  - {id: HR, name: Harassment}", "  - {id: HR, name: A}\n  - {id: HR, name: B}", "scene id 'HR'"),
        ("id: X-FIGURE, text: A figure of speech.", "id: X-REPORT, text: Again.", "exception id 'X-REPORT'"),
        ("id: high, low: 50", "id: none, low: 50", "tier id 'none'"),
        ("{id: R1, text: Under 13.}", "{id: adult, text: Under 13.}", "profile id 'adult'"),
        ("id: X-FIGURE, text: A figure of speech.", "id: HR1, text: Again.", "exception 'HR1' has the id of a rule"),
    ],
)
def test_entries_of_the_head_are_unique(folder, old: str, new: str, what: str) -> None:
    folder.head(old, new)
    assert what in folder.complaint()


def test_dimensions_attributes_and_values_are_unique(folder) -> None:
    folder.edit(
        "rubric.yaml", "dimensions:\n", "dimensions:\n  - {id: harm, name: A, weight: 1, levels: [a, b, c, d, e]}\n"
    )
    folder.rules(
        "  keywords: [useless clown]\n",
        "  keywords: [useless clown]\n"
        "  attributes:\n"
        "    - {id: tone, text: Tone., values: [{id: mild, text: M.}, {id: mild, text: N.}]}\n"
        "    - {id: tone, text: Tone., values: [{id: a, text: A.}, {id: b, text: B.}]}\n",
    )
    complaint = folder.complaint()
    assert "dimension id 'harm' is taken; the first stands at shop/rubric.yaml:2" in complaint
    assert "value id 'mild' is taken" in complaint
    assert "attribute id 'tone' is taken" in complaint
