from collections.abc import Iterator

import pytest

from cases.decision import Decision
from evals.policy_tests import Result, Run, case_of, expected_text, mismatches, run_tests
from graphs.desk import Desk
from policy_store.pack import Pack
from policy_store.suite import Expect, PackTest, Parts
from tests.evals.changes import policy
from tests.evals.conftest import Opened

THREAT = "I will come to your house tonight and break your legs, Marcus."
CAKE = "My grandmother's plum cake: flour, butter, plums and sugar. Bake it for forty minutes."


def made(test_id: str, text: str, clause: str | None = None, todo: str | None = None, **expect: object) -> PackTest:
    return PackTest(id=test_id, text=text, clause=clause, todo=todo, expect=Expect.model_validate(expect))


TESTS = (
    made("cake", CAKE, outcome="allow", clause="X-FIGURE"),
    made("threat", THREAT, outcome="act", rule="HR2", min_severity=60),
    made("wrong", THREAT, outcome="allow", tier="none", max_severity=10, clause="HR2.a"),
    made("gap", "[a meme that nobody can read]", outcome="act", rule="HS1", todo="memes are not read", clause="HS1.a"),
    made("closed", CAKE, outcome="allow", todo="was a gap once"),
    # A profile that no pack has cannot come out of cases.yaml; it stands for whatever else may break.
    PackTest(id="broken", text=THREAT, profile="nobody", expect=Expect(outcome=("allow",))),
)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return policy()


@pytest.fixture(scope="module")
def run(opened: Opened, pack: Pack) -> Iterator[tuple[Run, list[str]]]:
    told: list[str] = []
    with opened(pack) as deps:
        yield run_tests(Desk(deps), pack, TESTS, lambda result: told.append(result.id)), told


def result(run: tuple[Run, list[str]], test_id: str) -> Result:
    return next(r for r in run[0].results if r.id == test_id)


def test_a_test_passes_when_everything_that_it_expects_comes_out(run: tuple[Run, list[str]]) -> None:
    threat = result(run, "threat")
    assert (threat.status, threat.wrong) == ("PASS", ())
    assert threat.got is not None and threat.got.rule == "HR2"
    assert threat.seconds > 0


def test_a_failing_test_says_what_was_expected_what_came_out_and_why(run: tuple[Run, list[str]]) -> None:
    wrong = result(run, "wrong")
    assert wrong.status == "FAIL"
    assert wrong.expected == "allow, tier none, severity <= 10"
    assert wrong.wrong[0] == "outcome is act, not allow"
    assert [w.split(" is ")[0] for w in wrong.wrong] == ["outcome", "tier", "severity"]
    assert "Threatens a person" in wrong.rationale


def test_a_test_with_todo_is_skipped_and_told_when_it_would_pass(run: tuple[Run, list[str]]) -> None:
    assert (result(run, "gap").status, result(run, "gap").would_pass) == ("SKIPPED", False)
    assert (result(run, "closed").status, result(run, "closed").would_pass) == ("SKIPPED", True)


def test_a_test_that_cannot_be_decided_is_an_error_and_the_others_still_run(run: tuple[Run, list[str]]) -> None:
    broken = result(run, "broken")
    assert (broken.status, broken.got) == ("ERROR", None)
    assert "nobody" in broken.rationale
    assert run[1] == [t.id for t in TESTS]


def test_the_counts_add_up_and_a_failure_makes_the_run_unsound(run: tuple[Run, list[str]]) -> None:
    counts = run[0].counts
    assert (counts.passed, counts.failed, counts.errors, counts.skipped, counts.closed) == (2, 1, 1, 2, 1)
    assert not run[0].sound


def test_coverage_counts_the_clauses_that_tests_name_and_those_that_passing_decisions_cite(
    run: tuple[Run, list[str]],
) -> None:
    cover = {c.id: c for c in run[0].coverage.clauses}
    assert cover["X-FIGURE"].tested == ("cake",)
    assert cover["HR2.a"].tested == ("wrong",)
    assert "threat" in cover["HR2"].cited and "wrong" not in cover["HR2"].cited
    assert not cover["HS1.a"].covered, "a skipped test covers nothing"
    assert not cover["SC1.a"].covered
    assert run[0].coverage.percent == pytest.approx(100 * sum(c.covered for c in cover.values()) / len(cover), abs=0.06)


def test_coverage_by_rule_lists_what_is_missing(run: tuple[Run, list[str]], pack: Pack) -> None:
    rules = {r.rule_id: r for r in run[0].coverage.rules}
    assert set(rules) == {*pack.by_id, None}
    assert rules["SC1"].covered == 0 and rules["SC1"].missing[0] == "SC1"
    assert "HR2.a" not in rules["HR2"].missing and "HR2" not in rules["HR2"].missing


def test_an_expectation_is_compared_word_for_word() -> None:
    expect = Expect(outcome=("act", "review"), rule="HR2", not_rule="HR1", min_severity=60)
    assert expected_text(expect) == "act or review, HR2, not HR1, severity >= 60"
    decision = Decision.model_construct(outcome="allow", rule_id=None, severity=0, tier="none")
    assert mismatches(expect, decision) == (
        "outcome is allow, not act or review", "no rule leads, not HR2", "severity is 0, below 60"
    )  # fmt: skip
    other = Decision.model_construct(outcome="review", rule_id="HR1", severity=70, tier="high")
    assert mismatches(expect, other) == ("HR1 leads, not HR2", "HR1 leads, which it must not")


def test_the_parts_surface_and_profile_of_a_test_reach_the_case() -> None:
    test = PackTest(
        id="ad", parts=Parts(speech="Buy now", title="Tea"), surface="ad", profile="R1", expect=Expect(rule="AD5")
    )
    case = case_of(test)
    assert [(p.id, p.kind, p.text) for p in case.parts] == [("title", "title", "Tea"), ("speech", "speech", "Buy now")]
    assert (case.id, case.surface, case.profile) == ("ad", "ad", "R1")
