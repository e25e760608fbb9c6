import pytest

from policy_store.edit import EditError, append, change
from policy_store.loader import SHELF, load_pack

TEXT = """\
# Rules on parcels.
- id: PA1
  statement: Opens a parcel of somebody else.  # short
  includes:
    - {id: PA1.a, text: 'Cuts the tape.'}
  exceptions:
    - id: PA1-CUSTOMS
      text: >-
        Customs opens it
        by law.

  keywords: [tape, box]
  band: {low: 5, high: 55}

# The second rule.
- id: PA2
  statement: Hides a parcel.
"""


def test_a_value_is_replaced_and_every_other_line_stays() -> None:
    made = change(TEXT, (0, "statement"), 'Opens "any" parcel: also #1.')
    assert made.splitlines()[2] == '  statement: "Opens \\"any\\" parcel: also #1."  # short'
    assert [a for a, b in zip(TEXT.splitlines(), made.splitlines(), strict=True) if a != b] == [TEXT.splitlines()[2]]


def test_a_folded_text_is_replaced_whole() -> None:
    made = change(TEXT, (0, "exceptions", 0, "text"), "Customs.")
    assert '      text: "Customs."\n\n  keywords: [tape, box]' in made


def test_a_number_inside_braces_and_a_list_are_replaced() -> None:
    assert "band: {low: 7, high: 55}" in change(TEXT, (0, "band", "low"), 7)
    assert 'keywords: ["tape", "knife"]' in change(TEXT, (0, "keywords"), ["tape", "knife"])


def test_an_entry_is_added_at_the_end_of_its_list() -> None:
    made = append(TEXT, (0, "includes"), {"id": "PA1.b", "text": "Shakes it: hard."})
    lines = made.splitlines()
    assert lines[5] == '    - {"id": "PA1.b", "text": "Shakes it: hard."}'
    made = append(TEXT, (0, "exceptions"), {"id": "PA1-OWN", "text": "One's own."})
    assert made.index("by law.") < made.index("PA1-OWN") < made.index("keywords")
    assert '[tape, box, "lid"]' in append(TEXT, (0, "keywords"), "lid")


def test_a_field_that_lacks_is_added_to_its_rule() -> None:
    made = change(TEXT, (1, "status"), "draft")
    assert made == TEXT.rstrip("\n") + '\n  status: "draft"\n'


@pytest.mark.parametrize("steps", [(0, "nothing"), (5, "statement"), (0, "statement")])
def test_what_is_no_list_is_not_added_to(steps: tuple[int, str]) -> None:
    with pytest.raises(EditError):
        append(TEXT, steps, "x")


def test_every_statement_and_example_of_the_shipped_packs_can_be_edited() -> None:
    for name in ("community", "short-video-ads"):
        for path in sorted((SHELF / name / "rules").glob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            count = text.count("\n- id:") + text.startswith("- id:")
            for i in range(count):
                text = change(text, (i, "statement"), f"Statement number {i} of a rule.")
                text = append(text, (i, "examples", "violating"), {"id": "X.v99", "text": "x: y, #z", "severity": 9})
                text = append(text, (i, "includes"), {"id": "X.zz", "text": "more"})
    assert load_pack("community")
