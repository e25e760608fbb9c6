"""`precept policy` on a policy of two rules, small enough that its index takes no time."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from typer.testing import CliRunner, Result

from app import app
from terminal.policy import policy_app

RULES = """\
- id: HR1
  scene: HR
  type: Insult
  statement: Insults or humiliates a person.
  includes:
    - {id: HR1.a, text: Calling a person stupid or worthless.}
  exceptions:
    - {id: HR1-BANTER, text: Clearly mutual banter.}
  examples:
    violating:
      - {id: HR1.v1, text: You are a useless clown, severity: 20}
    allowed:
      - {id: HR1.n1, text: you clown I love you, exception: HR1-BANTER}
  band: {low: 5, high: 55}
  keywords: [useless clown]
  maps: {openai: [harassment], dsa: {category: STATEMENT_CATEGORY_CYBER_VIOLENCE}}
- id: HR2
  scene: HR
  type: Threat
  statement: Threatens a person with violence, harm or death, openly or in veiled words.
  includes:
    - {id: HR2.a, text: Saying that a person will be hurt or killed.}
  examples:
    violating:
      - {id: HR2.v1, text: 'I will kill you tonight, Marcus.', severity: 90, golden: true}
      - {id: HR2.v2, text: I will come to your house and break your legs, severity: 80}
    allowed:
      - {id: HR2.n1, text: my mum will kill me, exception: X-FIGURE}
  band: {low: 60, high: 100}
  keywords: [kill you, break your legs]
  maps: {openai: [harassment/threatening], mlcommons: [vcr], dsa: {category: STATEMENT_CATEGORY_CYBER_VIOLENCE}}
"""
POLICY = """\
id: shop
version: 1.0.0
title: Shop policy
scenes:
  - {id: HR, name: Harassment}
exceptions:
  - {id: X-FIGURE, text: A figure of speech.}
tiers:
  - {id: none, low: 0, action: none}
  - {id: high, low: 50, action: remove}
profiles:
  - {id: adult, text: General audience.}
precedence:
  - {winner: HR2, losers: [HR1], why: A threat is worse than an insult.}
"""
RUBRIC = """\
dimensions:
  - {id: harm, name: Harm, weight: 1.0, levels: [nothing, a nuisance, distress, injury, death]}
"""
TESTS = """\
- {id: threat, text: 'I will kill you tonight, Marcus.', expect: {outcome: act, rule: HR2, min_severity: 60}, clause: HR2.a}
- {id: cake, text: 'Stir flour, butter and sugar, then bake the cake for forty minutes.', expect: {outcome: allow}}
- {id: gap, text: 'Stir flour, butter and sugar.', expect: {outcome: act}, todo: nobody minds cakes}
"""  # noqa: E501
Policy = Callable[..., Result]


@pytest.fixture(scope="module")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def policy(shop_home: Path) -> Policy:
    """Run `precept policy …` as the door does."""

    def run(*args: object) -> Result:
        return CliRunner().invoke(
            app, ["policy", *map(str, args)], env={"PRECEPT_HOME": str(shop_home), "NO_COLOR": "1"}
        )

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return written(tmp_path / "shop")


def written(folder: Path, **edits: tuple[str, str]) -> Path:
    """Write the policy; an edit replaces a text that stands in one of its files once."""
    (folder / "rules").mkdir(parents=True)
    texts = {"policy": POLICY, "rules": RULES, "rubric": RUBRIC, "cases": TESTS}
    for name, (old, new) in edits.items():
        assert texts[name].count(old) == 1, f"{old!r} in {name}"
        texts[name] = texts[name].replace(old, new)
    places = {"policy": "policy.yaml", "rules": "rules/HR.yaml", "rubric": "rubric.yaml", "cases": "cases.yaml"}
    for name, text in texts.items():
        (folder / places[name]).write_text(text, encoding="utf-8")
    return folder


def jsonl(path: Path, *lines: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_lint_shows_remarks_and_counts_and_fails_only_when_strict(policy: Policy, shop: Path) -> None:
    done = policy("lint", shop)
    assert done.exit_code == 0, done.output
    assert "warning HR1 examples.violating: 1 violating example, fewer than 4" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("shop 1.0.0 loads: 2 rules, 3 tests, ")
    assert policy("lint", shop, "--strict").exit_code == 1


def test_lint_gives_remarks_as_json(policy: Policy, shop: Path) -> None:
    said = json.loads(policy("lint", shop, "--json").stdout)
    assert (said["pack"]["id"], said["faults"]) == ("shop", [])
    assert {"check", "level", "rule_id", "field", "message", "fix"} == set(said["remarks"][0])


def test_a_fault_is_shown_with_file_and_line_and_the_exit_code_is_2(policy: Policy, tmp_path: Path) -> None:
    broken = written(tmp_path / "shop", rules=("{low: 5, high: 55}", "{low: 95, high: 55}"))
    for command in (("lint", broken), ("test", broken), ("diff", broken, broken), ("show", broken)):
        done = policy(*command)
        assert done.exit_code == 2
        assert f"{os.sep}shop{os.sep}rules{os.sep}HR.yaml:14:" in done.stderr and "band low 95" in done.stderr
    said = policy("lint", broken, "--json")
    assert said.exit_code == 2
    fault = json.loads(said.stdout)["faults"][0]
    assert (fault["line"], fault["hint"] != "") == (14, True)


def test_a_fault_in_the_tests_is_a_fault_of_the_policy(policy: Policy, tmp_path: Path) -> None:
    broken = written(tmp_path / "shop", cases=("rule: HR2", "rule: HR7"))
    done = policy("test", broken)
    assert done.exit_code == 2
    assert "cases.yaml:1:" in done.stderr and "unknown rule 'HR7'" in done.stderr


def test_a_policy_that_does_not_exist_is_refused_with_those_that_do(policy: Policy) -> None:
    done = policy("lint", "comunity")
    assert done.exit_code == 2
    assert "did you mean 'community'?" in done.stderr


def test_tests_pass_and_are_summed_up(policy: Policy, shop: Path) -> None:
    done = policy("test", shop)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split(" (")[0] for line in lines[:3]] == ["PASS threat", "PASS cake", "SKIPPED gap"]
    assert lines[0].endswith("ms)") and lines[2].endswith(": nobody minds cakes")
    assert lines[-1].startswith("PASS: 2/3, SKIPPED: 1/3 in ")


def test_a_failing_test_shows_what_was_expected_and_why_it_came_out_otherwise(policy: Policy, tmp_path: Path) -> None:
    shop = written(tmp_path / "shop", cases=("{outcome: allow}", "{outcome: act, rule: HR1}"))
    done = policy("test", shop, "--run", "^cake$")
    assert done.exit_code == 1
    said = done.stdout.splitlines()
    assert said[0].startswith("FAIL cake (")
    assert said[1] == "    expected act, HR1"
    assert said[2].startswith("    got      allow, severity 0 (none), score 0.")
    assert said[3] == "    wrong    outcome is allow, not act; no rule leads, not HR1"
    assert said[4] == "    because  No rule of the policy was found to be broken."
    assert said[-1].startswith("PASS: 0/1, FAIL: 1/1 in ")


def test_test_results_come_as_json_with_coverage(policy: Policy, shop: Path) -> None:
    done = policy("test", shop, "--json")
    said = json.loads(done.stdout)
    assert said["sound"] is True and said["counts"]["passed"] == 2
    cover = {c["id"]: c for c in said["coverage"]["clauses"]}
    assert cover["HR2.a"]["tested"] == ["threat"]
    assert cover["HR1-BANTER"] == {"id": "HR1-BANTER", "rule_id": "HR1", "kind": "exception", "tested": [], "cited": []}


def test_coverage_below_the_threshold_fails_and_lists_what_is_missing(policy: Policy, shop: Path) -> None:
    done = policy("test", shop, "--coverage", "--threshold", "90")
    assert done.exit_code == 1
    assert "HR1 0/3, not reached: HR1, HR1.a, HR1-BANTER" in done.stdout
    assert "is below 90 %" in done.stdout


def test_skipped_tests_can_be_made_to_fail(policy: Policy, shop: Path) -> None:
    assert policy("test", shop, "--run", "gap").exit_code == 0
    assert policy("test", shop, "--run", "gap", "--fail-on-todo").exit_code == 1


def test_a_run_that_would_check_nothing_is_refused(policy: Policy, shop: Path) -> None:
    nothing = policy("test", shop, "--run", "zebra")
    assert (nothing.exit_code, "matches no test" in nothing.stderr) == (2, True)
    odd = policy("test", shop, "--run", "(")
    assert (odd.exit_code, "no regular expression" in odd.stderr) == (2, True)
    (shop / "cases.yaml").unlink()
    bare = policy("test", shop)
    assert (bare.exit_code, "nothing was checked" in bare.stderr) == (2, True)


def test_testing_a_policy_leaves_no_record(policy: Policy, shop: Path, shop_home: Path) -> None:
    assert policy("test", shop, "--run", "threat").exit_code == 0
    assert not (shop_home / "ledger.db").exists()


def test_a_diff_marks_the_words_that_changed(policy: Policy, shop: Path, tmp_path: Path) -> None:
    new = written(
        tmp_path / "new",
        rules=("Insults or humiliates a person.", "Insults, mocks or humiliates somebody."),
        policy=("low: 50, action: remove", "low: 60, action: remove"),
    )
    done = policy("diff", shop, new)
    assert done.exit_code == 0
    digests = [line for line in done.stdout.splitlines() if line.startswith("shop 1.0.0")]
    assert len(digests) == 1 and digests[0].count("(") == 2
    assert "\n".join(line for line in done.stdout.splitlines() if line not in digests) == snapshot(
        """\

HR1
  changed HR1 (statement): Insults{+, mocks+} or humiliates [-a person-]{+somebody+}.

policy
  tiers.high.low: 50 -> 60

verdicts can change for HR1; severity or lead alone for HR2\
"""
    )
    said = json.loads(policy("diff", shop, new, "--json").stdout)
    assert (said["touched"], said["regraded"]) == (["HR1"], ["HR2"])


def test_a_policy_does_not_differ_from_itself(policy: Policy, shop: Path) -> None:
    assert "They say the same." in policy("diff", shop, shop).stdout


def test_an_impact_shows_what_flips_and_what_gold_labels_say(policy: Policy, shop: Path, tmp_path: Path) -> None:
    new = written(tmp_path / "new", rules=("  keywords: [kill you", "  status: retired\n  keywords: [kill you"))
    cases = jsonl(
        tmp_path / "cases.jsonl",
        {"id": "threat", "text": "I will kill you tonight, Marcus.", "gold": {"outcome": "act", "rule": "HR2"}},
        {"id": "cake", "text": "Stir flour and butter, then bake the cake."},
    )
    done = policy("impact", shop, new, "--cases", cases)
    assert done.exit_code == 0, done.output
    assert "shop 1.0.0 -> shop 1.0.0: 1 of 2 cases flip (50.0%" in done.stdout
    assert "Of 1 labelled cases 0 become right and 1 become wrong" in done.stdout
    assert "    I will kill you tonight, Marcus.\n    old  act HR2, severity" in done.stdout
    assert policy("impact", shop, new, "--cases", cases, "--fail-on-regression").exit_code == 1
    said = json.loads(policy("impact", shop, new, "--cases", cases, "--json").stdout)
    assert (said["flipped"], said["flips"][0]["bucket"], said["spared"]["first"]) == (1, "regressed", 0)
    assert json.loads(policy("impact", shop, new, "--cases", cases, "--json", "--limit", 0).stdout)["flips"] == []


def test_bad_lines_of_an_impact_are_named_and_the_others_compared(policy: Policy, shop: Path, tmp_path: Path) -> None:
    cases = jsonl(
        tmp_path / "cases.jsonl",
        {"id": "a", "text": "Bake the cake.", "profile": "toddlers"},
        {"id": "b", "text": "Bake the cake.", "gold": "act"},
        {"id": "c"},
        {"id": "d", "text": "Bake the cake."},
    )
    done = policy("impact", shop, shop, "--cases", cases, "--json")
    assert done.exit_code == 3
    said = json.loads(done.stdout)
    assert said["spared"]["cases"] == 1
    assert [line[:16] for line in said["bad_lines"]] == ["line 1, key 'pro", "line 2, key 'gol", "line 3, key 'tex"]
    assert policy("impact", shop, shop, "--cases", tmp_path / "none.jsonl").exit_code == 2


def test_a_rule_in_plain_words_is_tried_on_one_content(policy: Policy) -> None:
    done = policy("try", "Threatens to kill or hurt a person.", "I will kill you tonight, Marcus.", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert 0 <= said["probability"] <= 1 and said["verdict"] in ("hit", "not_hit")
    shown = policy("try", "Threatens to kill or hurt a person.", "I will kill you tonight, Marcus.\x1b[2J")
    assert "I will kill you tonight, Marcus.␛[2J" in shown.stdout


def test_a_file_of_trials_gives_a_line_for_each_line(policy: Policy, tmp_path: Path) -> None:
    lines = jsonl(
        tmp_path / "in.jsonl",
        {"id": "a", "rule": "Sells live animals.", "text": "Three puppies for sale, 50 each."},
        {"id": "b", "rule": "", "text": "Three puppies for sale, 50 each."},
    )
    done = policy("try", lines, "-o", tmp_path / "out.jsonl")
    assert done.exit_code == 3
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert set(out[0]) == {"id", "probability", "verdict", "evidence", "rationale"}
    assert (out[1]["id"], "key 'rule'" in out[1]["error"]) == ("b", True)
    assert policy("try", lines, "-o", lines).exit_code == 2, "it would overwrite what it reads"
    assert len(lines.read_text().splitlines()) == 2


def test_a_trial_without_a_content_or_a_rule_is_refused(policy: Policy) -> None:
    assert policy("try", "Sells live animals.").exit_code == 2
    assert "says nothing" in policy("try", "...", "a puppy").stderr
    assert policy("try", "Sells live animals.", " ").exit_code == 2


def test_the_schemas_for_editors_are_written(policy: Policy, tmp_path: Path) -> None:
    done = policy("schema", tmp_path / "made")
    assert done.exit_code == 0
    names = [Path(line).name for line in done.stdout.splitlines()]
    assert names == ["policy.json", "rules.json", "rubric.json", "cases.json"]
    assert all(json.loads((tmp_path / "made" / name).read_text()) for name in names)


def test_a_policy_and_a_rule_are_shown(policy: Policy, shop: Path) -> None:
    whole = policy("show", shop).stdout
    assert "Shop policy (shop 1.0.0" in whole and "Threat" in whole and "high from 50 (remove)" in whole
    rule = policy("show", shop, "HR1").stdout
    assert "HR1-BANTER  Clearly mutual banter." in rule and "X-FIGURE    A figure of speech." in rule
    assert json.loads(policy("show", shop, "HR1", "--json").stdout)["id"] == "HR1"
    unknown = policy("show", shop, "HR9")
    assert unknown.exit_code == 2 and "shop has no rule 'HR9'" in unknown.stderr


def test_the_commands_also_run_by_themselves(shop: Path) -> None:
    done = CliRunner().invoke(policy_app, ["lint", str(shop / "nowhere"), "--json"])
    assert done.exit_code == 2 and json.loads(done.stdout)["faults"]
