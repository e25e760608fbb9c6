import json
from pathlib import Path

import pytest

from terminal.decide import EXAMPLES
from tests.terminal.commands import CAKE, THREAT, Invoke
from tools.sight import missing

ROOT = Path(__file__).parents[2]


def test_a_threat_is_acted_on_and_a_cake_is_allowed(precept: Invoke) -> None:
    threat = json.loads(precept("decide", THREAT, "--json").stdout)
    assert (threat["outcome"], threat["rule_id"], threat["tier"]) == ("act", "HR2", "critical")
    assert all(THREAT[e["start"] : e["end"]] == e["quote"] for f in threat["findings"] for e in f["evidence"])
    assert json.loads(precept("decide", CAKE, "--json").stdout)["outcome"] == "allow"


def test_people_see_the_outcome_the_rule_the_words_and_what_to_do_next(precept: Invoke) -> None:
    shown = precept("decide", THREAT).stdout
    for seen in (
        " ACT ",
        "HR2 Threat against a person",
        "severity",
        "HR2 “Threatens a person with violence",
        "Rubric",
        "Keep talking",
        "precept explain d-",
    ):
        assert seen in shown


def test_content_cannot_command_the_terminal(precept: Invoke) -> None:
    shown = precept("decide", f"\x1b[2J\x9b31m[red]{THREAT}\u202e").stdout
    assert "␛[2J" in shown and "[red]" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)


def test_stdin_is_decided_like_an_argument(precept: Invoke) -> None:
    line = json.loads(precept("decide", "-", "--json", input=THREAT).stdout)
    assert line["id"] == json.loads(precept("decide", THREAT, "--json").stdout)["id"]
    assert line["outcome"] == "act"
    bad = precept("decide", "-", input=b"caf\xe9")
    assert bad.exit_code == 2 and "byte 0xe9 at offset 3 is not UTF-8" in bad.stderr


def test_options_reach_the_case(precept: Invoke) -> None:
    line = json.loads(
        precept(
            "decide", CAKE, "--id", "mine", "--profile", "R1", "--surface", "chat", "--context", "a", "--json"
        ).stdout
    )
    assert (line["id"], line["profile"]) == ("mine", "R1")
    shown = json.loads(precept("ledger", "show", line["decision_id"], "--json").stdout)
    assert (shown["case"]["surface"], shown["case"]["context"]) == ("chat", ["a"])


def test_an_ad_is_decided_by_its_parts(precept: Invoke, tmp_path: Path) -> None:
    ad = tmp_path / "tea.json"
    ad.write_text(json.dumps({"title": "Tea", "caption": CAKE, "speech": THREAT}))
    line = json.loads(precept("decide", "--ad", ad, "--json").stdout)
    assert (line["id"], line["outcome"]) == ("tea", "act")
    leading = next(f for f in line["findings"] if f["rule_id"] == line["rule_id"])
    assert {e["part"] for e in leading["evidence"]} == {"speech"}


def test_a_picture_is_kept_for_a_person_and_the_command_says_why(precept: Invoke, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"png")
    for text in ("", "Look at this"):
        done = precept("decide", text, "--image", picture, "--json")
        line = json.loads(done.stdout)
        assert (done.exit_code, line["outcome"]) == (0, "review") and "media_not_read" in line["causes"]
        assert not missing() or "precept[vision]" in done.stderr


def test_a_case_in_review_says_what_to_do(precept: Invoke, tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"mp4")
    shown = precept("decide", "Look at this", "--video", video).stdout
    assert "REVIEW" in shown and "media not read" in shown and "precept review d-" in shown


def test_steps_come_one_by_one_before_the_decision(precept: Invoke) -> None:
    lines = [json.loads(line) for line in precept("decide", THREAT, "--steps", "--json").stdout.splitlines()]
    steps = [line["step"] for line in lines[:-1]]
    assert steps[:4] == ["perceive", "route", "retrieve", "rank"] and steps[-1] == "record"
    assert lines[-1]["decision_id"] == lines[-2]["decision"]
    assert "retrieve" in precept("decide", THREAT, "--steps").stdout


def test_the_examples_cover_every_outcome_they_were_written_for(precept: Invoke) -> None:
    lines = [json.loads(line) for line in precept("decide", "--examples", "--json").stdout.splitlines()]
    written = (ROOT / "cases" / EXAMPLES).read_text(encoding="utf-8").splitlines()
    assert [line["id"] for line in lines] == [json.loads(line)["id"] for line in written]
    outcomes = {line["id"]: line["outcome"] for line in lines}
    assert (outcomes["bus-stop"], outcomes["recipe"]) == ("act", "allow")


def test_the_examples_are_shown_as_a_table(precept: Invoke) -> None:
    shown = precept("decide", "--examples").stdout
    assert "Fold the egg whites" in shown and "precept explain d-" in shown


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "nothing to decide"),
        (["a", "--examples"], "a text and --examples are given; give one of them"),
        ([" \u200b"], "key 'text': ' \\u200b' holds nothing that can be read"),
        (["a", "--policy", "comunity"], "did you mean 'community'?"),
        (["a", "--profile", "r2"], "--profile: 'r2' is no profile of the policy community; did you mean 'R2'?"),
        (["a", "--surface", "coment"], "did you mean 'comment'?"),
        (["--ad", "none.json"], "none.json: no such file"),
        (["--image", "none.png"], "none.png: no such file"),
        (["a\udcff"], "half a surrogate pair at offset 1"),
        (["a", "--polcy", "x"], "No such option: --polcy"),
    ],
)
def test_a_command_that_cannot_be_used_says_why_and_exits_with_2(precept: Invoke, args: list[str], told: str) -> None:
    done = precept("decide", *args)
    assert done.exit_code == 2 and told in done.stderr and not done.stdout
    done = precept("decide", *args, "--json")
    error = json.loads(done.stderr)["error"]
    assert done.exit_code == 2 == error["code"] and told in error["message"]


def test_a_refused_command_leaves_no_home_behind(precept: Invoke, tmp_path: Path) -> None:
    home = tmp_path / "home"
    precept("--home", home, "decide", "a", "--surface", "coment")
    precept("--home", home, "ledger", "list")
    assert not home.exists()


def test_a_person_sees_who_says_that_everyone_would_be_better_off_without_them(precept: Invoke) -> None:
    lines = [json.loads(line) for line in (ROOT / "cases" / "examples.jsonl").read_text(encoding="utf-8").splitlines()]
    tired = next(line for line in lines if line["id"] == "tired")
    args = ("--surface", tired["surface"], "--context", tired["context"][0], "--json")
    found = json.loads(precept("decide", tired["text"], *args).stdout)
    assert (found["outcome"], found["rule_id"]) in {("review", "SH3"), ("act", "SH3")}
