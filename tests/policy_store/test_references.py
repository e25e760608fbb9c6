"""References of a pack lead somewhere, and numbers lie in their ranges."""

import pytest
from inline_snapshot import snapshot


def test_unknown_names_show_the_nearest_known(folder) -> None:
    folder.head("off: []", "off: [HR22]")
    folder.head("winner: HR2, losers: [HR1]", "winner: HR3, losers: [HR1, SC9]")
    folder.rules("  scene: HR\n  type: Insult", "  scene: HS\n  type: Insult")
    folder.rules("common: [X-FIGURE]", "common: [X-FIGURE, X-FIGURES]")
    folder.rules("exception: HR1-BANTER", "exception: HR1-BANTR")
    folder.rules("borrows: [HR1-BANTER]", "borrows: [HR1-BANT]")
    folder.rules("priors: {harm: 1}", "priors: {ham: 1}")
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:13:48: unknown rule 'HR22'
      - {id: adult, text: General audience., off: [HR22]}
                                                   ^
    hint: did you mean 'HR2'?

shop/policy.yaml:16:14: unknown rule 'HR3'
      - {winner: HR3, losers: [HR1, SC9], why: A threat is worse than an insult.}
                 ^
    hint: did you mean 'HR2'?

shop/policy.yaml:16:33: unknown rule 'SC9'
      - {winner: HR3, losers: [HR1, SC9], why: A threat is worse than an insult.}
                                    ^
    hint: known rules: HR1, HR2

shop/rules/HR.yaml:2:10: unknown scene 'HS'
      scene: HS
             ^
    hint: known scenes: HR

shop/rules/HR.yaml:14:61: HR1 has no exception 'HR1-BANTR'
          - {id: HR1.n1, text: you clown I love you, exception: HR1-BANTR}
                                                                ^
    hint: did you mean 'HR1-BANTER'?

shop/rules/HR.yaml:16:12: the rubric has no dimension 'ham'
      priors: {ham: 1}
               ^
    hint: did you mean 'harm'?

shop/rules/HR.yaml:27:13: no rule has the exception 'HR1-BANT'
      borrows: [HR1-BANT]
                ^
    hint: did you mean 'HR1-BANTER'?

shop/rules/HR.yaml:28:22: unknown common exception 'X-FIGURES'
      common: [X-FIGURE, X-FIGURES]
                         ^
    hint: did you mean 'X-FIGURE'?\
""")


def test_an_exception_that_the_rule_leaves_out_cannot_save_its_example(folder) -> None:
    folder.rules("exception: X-FIGURE", "exception: X-REPORT")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:33:60: exception 'X-REPORT' does not hold for HR2
          - {id: HR2.n1, text: my mum will kill me, exception: X-REPORT}
                                                               ^
    hint: add X-REPORT to `common` of HR2, or drop it here\
""")


def test_an_exception_of_another_rule_must_be_borrowed(folder) -> None:
    folder.rules("  borrows: [HR1-BANTER]\n", "").rules("exception: X-FIGURE", "exception: HR1-BANTER")
    assert "hint: add HR1-BANTER to `borrows` of HR2, or drop it here" in folder.complaint()


@pytest.mark.parametrize(
    ("name", "problem"),
    [("X-REPORT", "is a common exception, not another rule's"), ("HR1.a", "no rule has the exception 'HR1.a'")],
)
def test_only_exceptions_of_rules_can_be_borrowed(folder, name: str, problem: str) -> None:
    folder.rules("borrows: [HR1-BANTER]", f"borrows: [{name}]")
    assert problem in folder.complaint()


def test_severities_and_priors_keep_their_ranges(folder) -> None:
    folder.rules("severity: 20", "severity: 56").rules("priors: {harm: 4}", "priors: {harm: 5}")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:12:63: severity 56 of HR1.v1 lies outside the band 5-55 of HR1
          - {id: HR1.v1, text: You are a useless clown, severity: 56}
                                                                  ^
    hint: change the severity or the band

shop/rules/HR.yaml:35:18: prior level of 'harm' must be 0 to 4, not 5
      priors: {harm: 5}
                     ^
    hint: 0 is the mildest level of the rubric, 4 the worst\
""")


@pytest.mark.parametrize("severity", [5, 55])
def test_both_ends_of_a_band_belong_to_it(folder, severity: int) -> None:
    folder.rules("severity: 20", f"severity: {severity}")
    assert folder.load().by_id["HR1"].examples.violating[0].severity == severity


def test_tiers_start_at_zero_and_do_not_repeat(folder) -> None:
    folder.head("id: none, low: 0", "id: none, low: 50")
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:10:21: no tier starts at 0; the lowest is 'none' at 50
      - {id: none, low: 50, action: none}
                        ^
    hint: let the lowest tier start at 0: `- {id: none, low: 0, action: none}`

shop/policy.yaml:11:21: tier 'high' starts at 50, where 'none' starts
      - {id: high, low: 50, action: remove}
                        ^
    hint: give each tier its own `low`\
""")


def test_precedence_does_not_contradict_itself(folder) -> None:
    folder.head("why: A threat is worse than an insult.}", "why: A.}\n  - {winner: HR1, losers: [HR2, HR1], why: B.}")
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:17:28: 'HR1' leads over 'HR2' here and the other way round at shop/policy.yaml:16
      - {winner: HR1, losers: [HR2, HR1], why: B.}
                               ^
    hint: keep one of the two

shop/policy.yaml:17:33: 'HR1' leads over itself
      - {winner: HR1, losers: [HR2, HR1], why: B.}
                                    ^
    hint: take it out of `losers`\
""")


def test_products_name_attributes_values_and_profiles(folder) -> None:
    folder.rules(
        "  keywords: [useless clown]\n",
        "  keywords: [useless clown]\n"
        "  attributes:\n"
        "    - {id: tone, text: Tone., values: [{id: mild, text: M.}, {id: harsh, text: H.}]}\n"
        "  products:\n"
        "    - {id: p1, values: {tone: mild}, labels: {'*': allowed, R1: violating}}\n"
        "    - {id: p2, values: {tone: hash, place: home}, labels: {R3: allowed}}\n",
    )
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:22:31: attribute 'tone' has no value 'hash'
        - {id: p2, values: {tone: hash, place: home}, labels: {R3: allowed}}
                                  ^
    hint: did you mean 'harsh'?

shop/rules/HR.yaml:22:37: HR1 has no attribute 'place'
        - {id: p2, values: {tone: hash, place: home}, labels: {R3: allowed}}
                                        ^
    hint: known attributes: tone

shop/rules/HR.yaml:22:60: unknown profile 'R3'
        - {id: p2, values: {tone: hash, place: home}, labels: {R3: allowed}}
                                                               ^
    hint: known profiles: *, R1, adult\
""")


def test_an_empty_pack_is_refused_with_all_that_it_lacks(folder) -> None:
    folder.write("policy.yaml", "id: shop\nversion: 1.0.0\ntitle: Nothing\n").write("rules/HR.yaml", "[]\n")
    (folder.path / "rubric.yaml").unlink()
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:1:1: the pack has no profiles
    id: shop
    ^
    hint: add `profiles:` with `- {id: adult, text: General adult audience.}`, or inherit with `extends:`

shop/policy.yaml:1:1: the pack has no rubric
    id: shop
    ^
    hint: write rubric.yaml with `dimensions:`, or inherit with `extends:`

shop/policy.yaml:1:1: the pack has no rules
    id: shop
    ^
    hint: write them in rules/<SCENE>.yaml, or inherit with `extends:`

shop/policy.yaml:1:1: the pack has no scenes
    id: shop
    ^
    hint: add `scenes:` with `- {id: HR, name: Harassment}`, or inherit with `extends:`

shop/policy.yaml:1:1: the pack has no tiers
    id: shop
    ^
    hint: add `tiers:` with `- {id: none, low: 0, action: none}` as the first, or inherit with `extends:`\
""")


def test_nothing_is_said_of_references_when_a_file_could_not_be_read(folder) -> None:
    folder.head("title: Shop policy", "title: 'Shop policy").rules("severity: 20", "severity: 90")
    complaint = folder.complaint()
    assert complaint.count("hint:") == 2
    assert "this is not YAML" in complaint and "outside the band" in complaint
