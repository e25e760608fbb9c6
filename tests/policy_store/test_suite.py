"""The tests that a pack carries: what can be written, and what is refused."""

import pytest
from inline_snapshot import snapshot

from policy_store.fault import PackError
from policy_store.suite import load_tests

TESTS = """\
- id: hr1_clown
  text: what a clown
  expect: {outcome: act, rule: HR1, min_severity: 5, max_severity: 40}
  clause: HR1.a
- id: hr2_banner
  parts: {title: Soft sofas, speech: 'Come in or I will hurt you'}
  surface: ad
  profile: R1
  expect: {outcome: [act, review], not_rule: HR1, tier: high}
- id: hr1_banter
  text: you clown, love you too
  clause: HR1-BANTER
  todo: banter is not learnt yet
  expect: {outcome: allow}
"""


def test_tests_are_read_in_file_order(folder) -> None:
    clown, banner, banter = load_tests(folder.write("cases.yaml", TESTS).path, folder.load())
    assert (clown.expect.outcome, clown.expect.rule, clown.clause) == (("act",), "HR1", "HR1.a")
    assert banner.parts is not None
    assert banner.parts.texts == (("title", "Soft sofas"), ("speech", "Come in or I will hurt you"))
    assert banner.expect.outcome == ("act", "review")
    assert banter.todo == "banter is not learnt yet"


def test_a_pack_without_tests_has_none(folder) -> None:
    assert load_tests(folder.path, folder.load()) == ()
    assert load_tests(folder.write("cases.yaml", "# later\n").path, folder.load()) == ()


def test_unknown_names_and_wrong_shapes_come_at_once(folder) -> None:
    text = TESTS.replace("rule: HR1, min", "rule: HR11, min").replace("clause: HR1.a", "clause: HR1.d")
    text = text.replace("profile: R1", "profile: R11").replace("not_rule: HR1, tier: high", "not_rule: XX, tier: hihg")
    text = text.replace("outcome: allow", "outcome: alow").replace("id: hr1_banter", "id: hr1_clown")
    text = text.replace("  surface: ad\n", "  surfaces: ad\n")
    with pytest.raises(PackError) as raised:
        load_tests(folder.write("cases.yaml", text).path, folder.load())
    assert str(raised.value) == snapshot("""\
shop/cases.yaml:3:32: unknown rule 'HR11'
      expect: {outcome: act, rule: HR11, min_severity: 5, max_severity: 40}
                                   ^
    hint: did you mean 'HR1'?

shop/cases.yaml:4:11: unknown clause 'HR1.d'
      clause: HR1.d
              ^
    hint: did you mean 'HR1.b'?

shop/cases.yaml:7:3: unknown field 'surfaces'
      surfaces: ad
      ^
    hint: did you mean 'surface'?

shop/cases.yaml:8:12: unknown profile 'R11'
      profile: R11
               ^
    hint: did you mean 'R1'?

shop/cases.yaml:9:46: unknown rule 'XX'
      expect: {outcome: [act, review], not_rule: XX, tier: hihg}
                                                 ^
    hint: known rules: HR1, HR2

shop/cases.yaml:9:56: unknown tier 'hihg'
      expect: {outcome: [act, review], not_rule: XX, tier: hihg}
                                                           ^
    hint: did you mean 'high'?

shop/cases.yaml:10:7: test id 'hr1_clown' is taken; the first stands at shop/cases.yaml:1
    - id: hr1_clown
          ^
    hint: give it an id of its own

shop/cases.yaml:14:21: 'alow' is not a value of 'outcome'
      expect: {outcome: alow}
                        ^
    hint: did you mean 'allow'?\
""")


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ("{id: t, expect: {outcome: act}}", "test 't' has neither `text` nor `parts`"),
        ("{id: t, text: a, parts: {title: b}, expect: {outcome: act}}", "test 't' has both `text` and `parts`"),
        ("{id: t, parts: {}, expect: {outcome: act}}", "'parts' holds no text"),
        ("{id: t, text: a}", "t has no 'expect'"),
        ("{id: t, text: a, expect: {}}", "the test expects nothing"),
        ("{id: t, text: a, expect: {outcome: allow, rule: HR1}}", "an allowed content breaks no rule"),
        ("{id: t, text: a, expect: {rule: HR1, not_rule: HR1}}", "HR1 is expected and ruled out"),
        ("{id: t, text: a, expect: {min_severity: 9, max_severity: 8}}", "min_severity 9 is above max_severity 8"),
        ("{id: t, text: a, expect: {outcome: act}, todo: }", "'todo'"),
    ],
)
def test_a_test_that_cannot_mean_anything_is_refused(folder, test: str, problem: str) -> None:
    if "todo" in test:
        test = test.replace("todo: ", "todo: ''")
    with pytest.raises(PackError) as raised:
        load_tests(folder.write("cases.yaml", f"- {test}\n").path, folder.load())
    assert problem in str(raised.value)
    assert len(raised.value.faults) == 1


def test_a_file_of_tests_is_a_list(folder) -> None:
    with pytest.raises(PackError, match="a file of tests must be a list"):
        load_tests(folder.write("cases.yaml", "id: hr1\n").path, folder.load())
