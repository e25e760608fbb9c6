"""Advice on packs that load: each check speaks when it should and is silent on a sound pack."""

import pytest

from policy_store.lint import CHECKS, Remark, lint
from policy_store.pack import Pack

VIOLATING = {
    "HR1": ["What an idiot you are", "nobody likes your ugly face", "Worthless, that is what Dana is, worthless"],
    "HR2": ["Leave or my brother breaks your legs", "tonight we come for you", "Say it again and you bleed"],
}
ALLOWED = {
    "HR1": ["The film is stupid", "a clown came to the party", "My own face looks ugly today"],
    "HR2": ["I could murder a pizza", "the boss fight killed us twice"],
}


def one(pack: Pack, check: str) -> Remark:
    """Return the only remark of a check."""
    (remark,) = [remark for remark in lint(pack) if remark.check == check]
    return remark


def checks(pack: Pack) -> list[str]:
    return [remark.check for remark in lint(pack)]


@pytest.fixture
def quiet(folder):
    """The pack of `folder` with nothing left to remark."""
    folder.head("  - {id: X-REPORT, text: News and research.}\n", "")
    for rule, band in (("HR1", "low: 5, high: 55"), ("HR2", "low: 60, high: 100")):
        severity = 30 if rule == "HR1" else 80
        lines = [
            f"      - {{id: {rule}.v{i}, text: '{t}', severity: {severity}}}\n"
            for i, t in enumerate(VIOLATING[rule], 2)
        ]
        first = "severity: 20}\n" if rule == "HR1" else "golden: true}\n"
        folder.rules(first, first + "".join(lines))
        lines = [f"      - {{id: {rule}.n{i}, text: '{t}'}}\n" for i, t in enumerate(ALLOWED[rule], 2)]
        if rule == "HR2":
            lines.append("      - {id: HR2.n9, text: kill you later bro haha love, exception: HR1-BANTER}\n")
        folder.rules(f"  band: {{{band}}}", "".join(lines) + f"  band: {{{band}}}")
    assert lint(folder.load()) == ()
    return folder


def test_vague_words_are_named_in_statements_clauses_and_common_exceptions(quiet) -> None:
    quiet.rules("Insults or humiliates a person.", "Generally insults a person in an inappropriate way.")
    quiet.rules("Clearly mutual banter.", "Usually banter and so on.").head(
        "A figure of speech.", "Often a figure of speech."
    )
    said = {(r.rule_id, r.field): r.message for r in lint(quiet.load()) if r.check == "clauses_are_precise"}
    assert said == {
        ("HR1", "statement"): "vague: 'generally', 'inappropriate'",
        ("HR1", "HR1-BANTER"): "vague: 'and so on', 'usually'",
        (None, "X-FIGURE"): "vague: 'often'",
    }


def test_a_word_that_only_contains_a_vague_one_is_fine(quiet) -> None:
    quiet.rules("Insults or humiliates a person.", "Insults a person about an unusually private or etched thing.")
    assert lint(quiet.load()) == ()


def test_a_statement_of_more_than_sixty_words_is_too_long(quiet) -> None:
    quiet.rules("Insults or humiliates a person.", " ".join(["word"] * 60))
    assert lint(quiet.load()) == ()
    quiet.rules(" ".join(["word"] * 60), " ".join(["word"] * 61))
    remark = one(quiet.load(), "statements_are_short")
    assert (remark.rule_id, remark.field) == ("HR1", "statement")
    assert "61 words" in remark.message


def test_a_rule_too_long_for_a_prompt_is_mentioned(quiet) -> None:
    quiet.rules("Mocking the looks of a person.", " ".join(["word"] * 440))
    assert one(quiet.load(), "rules_fit_a_prompt").level == "info"


def test_fewer_than_four_examples_a_side_are_too_few(quiet) -> None:
    quiet.rules("      - {id: HR1.n2, text: 'The film is stupid'}\n", "")
    remark = one(quiet.load(), "examples_are_balanced")
    assert (remark.field, remark.message) == ("examples.allowed", "3 allowed examples, fewer than 4")


def test_more_than_twice_as_many_examples_are_unbalanced(quiet) -> None:
    numbers = "one two three four five".split()
    lines = [f"      - {{id: HR1.v{i}, text: you {w} {w}head, severity: 9}}\n" for i, w in enumerate(numbers, 10)]
    quiet.rules("severity: 20}\n", "severity: 20}\n" + "".join(lines[:4]))
    assert lint(quiet.load()) == ()
    quiet.rules(lines[3], lines[3] + lines[4])
    assert one(quiet.load(), "examples_are_balanced").message == "9 violating examples against 4 allowed ones"


def test_nearly_the_same_example_twice_is_seen_on_one_side(quiet) -> None:
    quiet.rules("'tonight we come for you'", "'say it again, and you bleed!!'")
    assert one(quiet.load(), "examples_differ").message == "HR2.v3 and HR2.v4 are nearly the same text"


def test_the_same_text_on_both_sides_is_seen_but_a_minimal_pair_is_not(quiet) -> None:
    quiet.rules("'a clown came to the party'", "'that is what Dana is: not worthless'")
    assert lint(quiet.load()) == ()
    quiet.rules("'that is what Dana is: not worthless'", "'that is what Dana is, WORTHLESS...'")
    assert "HR1.v4 violates and HR1.n3 is allowed" in one(quiet.load(), "examples_differ").message


def test_a_violating_example_without_severity_and_an_allowed_one_with_it_are_seen(quiet) -> None:
    quiet.rules("text: You are a useless clown, severity: 20", "text: You are a useless clown")
    quiet.rules("text: 'The film is stupid'", "text: 'The film is stupid', severity: 3")
    messages = [r.message for r in lint(quiet.load()) if r.check == "severities_are_given"]
    assert messages == ["no severity for HR1.v1", "a severity for HR1.n2, which is allowed"]


def test_an_exception_on_a_violating_example_is_seen(quiet) -> None:
    quiet.rules("text: You are a useless clown,", "text: You are a useless clown, exception: HR1-BANTER,")
    assert "HR1.v1" in one(quiet.load(), "violating_examples_are_not_excepted").message


def test_own_and_borrowed_exceptions_need_an_allowed_example(quiet) -> None:
    quiet.rules("text: you clown I love you, exception: HR1-BANTER", "text: you clown I love you")
    quiet.rules("text: kill you later bro haha love, exception: HR1-BANTER", "text: kill you later bro haha love")
    said = [(r.rule_id, r.message) for r in lint(quiet.load()) if r.check == "own_exceptions_are_shown"]
    assert said == [("HR1", "no allowed example shows HR1-BANTER"), ("HR2", "no allowed example shows HR1-BANTER")]


def test_common_exceptions_are_shown_somewhere_and_where_they_are_selected(quiet) -> None:
    quiet.head("exceptions:\n", "exceptions:\n  - {id: X-SELF, text: Talk about oneself.}\n")
    quiet.rules("common: [X-FIGURE]", "common: [X-FIGURE, X-SELF]")
    said = [(r.rule_id, r.level) for r in lint(quiet.load()) if r.check == "common_exceptions_are_shown"]
    assert said == [(None, "info"), ("HR2", "info")]


@pytest.mark.parametrize("keywords", ["[you]", "[good man]", "[ok]", "['18']"])
def test_everyday_keywords_are_named(quiet, keywords: str) -> None:
    quiet.rules("[useless clown]", keywords)
    assert one(quiet.load(), "keywords_are_telling").rule_id == "HR1"


def test_a_phrase_of_everyday_words_is_telling(quiet) -> None:
    quiet.rules("[useless clown]", "[know where you live]")
    assert lint(quiet.load()) == ()


def test_a_rule_without_keywords_is_named(quiet) -> None:
    quiet.rules("keywords: [useless clown]", "keywords: []")
    assert one(quiet.load(), "keywords_are_given").rule_id == "HR1"


def test_overlapping_bands_need_precedence_in_either_direction(quiet) -> None:
    quiet.rules("band: {low: 5, high: 55}", "band: {low: 5, high: 60}")
    assert lint(quiet.load()) == ()
    quiet.head("precedence:\n  - {winner: HR2, losers: [HR1], why: A threat is worse than an insult.}\n", "")
    remark = one(quiet.load(), "ties_are_settled")
    assert (remark.rule_id, remark.level) == ("HR1", "info")
    assert "overlaps with HR2" in remark.message
    quiet.rules("band: {low: 5, high: 60}", "band: {low: 5, high: 59}")
    assert lint(quiet.load()) == ()


def test_precedence_by_way_of_a_third_rule_settles_a_tie(quiet) -> None:
    text = (quiet.path / "rules/HR.yaml").read_text().replace("band: {low: 5, high: 55}", "band: {low: 5, high: 90}")
    third = text[: text.index("- id: HR2")].replace("HR1", "HR3")
    quiet.write("rules/HR.yaml", text).write("rules/HR3.yaml", third)
    quiet.head("worse than an insult.}", "worse than an insult.}\n  - {winner: HR1, losers: [HR3], why: A.}")
    assert lint(quiet.load()) == ()


def test_rules_that_are_not_active_cannot_tie(quiet) -> None:
    quiet.rules("band: {low: 5, high: 55}", "status: draft\n  band: {low: 5, high: 60}")
    quiet.head("precedence:\n  - {winner: HR2, losers: [HR1], why: A threat is worse than an insult.}\n", "")
    assert "ties_are_settled" not in checks(quiet.load())


def test_a_missing_prior_is_named(quiet) -> None:
    quiet.edit(
        "rubric.yaml", "dimensions:\n", "dimensions:\n  - {id: reach, name: R, weight: 1, levels: [a, b, c, d, e]}\n"
    )
    said = [r.message for r in lint(quiet.load()) if r.check == "priors_cover_the_rubric"]
    assert said == ["no prior level for reach", "no prior level for reach"]


def test_a_profile_that_allows_everything_is_named(quiet) -> None:
    quiet.head("off: []", "off: [HR1, HR2]")
    assert "'adult'" in one(quiet.load(), "profiles_leave_a_rule_on").message


def test_a_rule_without_outside_categories_is_mentioned(quiet) -> None:
    quiet.rules("    openai: [harassment]\n", "")
    assert one(quiet.load(), "rules_are_mapped").level == "info"


def test_retired_rules_are_left_alone(quiet) -> None:
    quiet.rules("keywords: [useless clown]", "status: retired")
    assert all(remark.rule_id != "HR1" for remark in lint(quiet.load()))


def test_warnings_come_before_info_and_print_on_a_line(quiet) -> None:
    quiet.rules("    openai: [harassment]\n", "").rules("[will hurt you]", "[ok]")
    first, second = lint(quiet.load())
    assert (first.level, second.level) == ("warning", "info")
    assert str(first) == ("warning: HR2 keywords: very common: 'ok' (use a phrase that innocent texts do not contain)")


def test_every_check_is_registered_once() -> None:
    names = [check.__name__ for check, _ in CHECKS]
    assert len(names) == len(set(names)) == 17
