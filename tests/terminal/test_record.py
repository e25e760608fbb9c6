"""explain, ask, review and ledger: what is done with decisions that are on record."""

import json
import shutil
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from tests.terminal.commands import THREAT, Invoke, Spawn

Record = dict[str, str]


@pytest.fixture(scope="module")
def kept(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """A ledger with a decision that acts, one that waits in a paused run, and one of a batch that waits."""
    from typer.testing import CliRunner

    from app import app

    folder = tmp_path_factory.mktemp("kept")
    (folder / "a.png").write_bytes(b"png")
    (folder / "in.jsonl").write_text('{"id": "b", "text": "Look", "media": [{"type": "video", "path": "b.mp4"}]}\n')
    env = {"PRECEPT_HOME": str(home), "PRECEPT_LEDGER": str(folder / "ledger.db")}

    def line(*args: str) -> str:
        done = CliRunner().invoke(app, args, env=env)
        assert done.exit_code == 0, done.output
        return str(json.loads(done.stdout)["decision_id"])

    act = line("decide", THREAT, "--json")
    waits = line("decide", "Look at this", "--image", str(folder / "a.png"), "--json")
    return folder / "ledger.db", {
        "act": act,
        "waits": waits,
        "batch": line("batch", str(folder / "in.jsonl"), "-o", "-"),
    }


@pytest.fixture
def ids(kept: tuple[Path, Record], env: dict[str, str]) -> Record:
    """The ids of those decisions, in a ledger of the test's own."""
    source, ids = kept
    with sqlite3.connect(source) as one, sqlite3.connect(env["PRECEPT_LEDGER"]) as other:
        one.backup(other)
    return ids


def test_a_waiting_case_is_answered_in_its_paused_run(precept: Invoke, ids: Record) -> None:
    done = precept(
        "review", ids["waits"], "--outcome", "act", "--rule", "HR2", "--severity", 70, "--reason", "seen", "--json"
    )
    answered = json.loads(done.stdout)
    assert answered["waited"] is True
    assert (answered["edit"]["rule_id"], answered["edit"]["severity"], answered["edit"]["reason"]) == (
        "HR2",
        70,
        "seen",
    )
    standing = json.loads(precept("ledger", "show", ids["waits"], "--json").stdout)["standing"]
    assert (standing["outcome"], standing["rule_id"], standing["severity"]) == ("act", "HR2", 70)
    again = precept("review", ids["waits"], "--outcome", "allow", "--reason", "no, harmless", "--by", "bo")
    assert "had said act" in again.stdout and "edit beside it" in again.stdout
    edits = precept("ledger", "edits", ids["waits"], "--json").stdout.splitlines()
    assert [json.loads(line)["outcome"] for line in edits] == ["act", "allow"]
    assert precept("ledger", "verify").exit_code == 0


def test_a_case_of_a_batch_and_a_final_decision_get_an_edit_beside_them(precept: Invoke, ids: Record) -> None:
    for name in ("batch", "act"):
        done = precept("review", ids[name], "--outcome", "allow", "--reason", "between friends", "--by", "ann")
        assert done.exit_code == 0 and "No run was paused for it" in done.stdout
    assert precept("ledger", "show", ids["act"], "--json").exit_code == 0
    shown = precept("ledger", "show", ids["act"]).stdout
    assert " ACT " in shown and " ALLOW " in shown and "“between friends”" in shown and "by ann" in shown
    waiting = [json.loads(line)["decision_id"] for line in precept("ledger", "pending", "--json").stdout.splitlines()]
    assert waiting == [ids["waits"]]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--outcome", "act", "--rule", "HR22", "--reason", "x"], "did you mean 'HR2'?"),
        (["--outcome", "allow", "--rule", "HR2", "--reason", "x"], "what is allowed breaks no rule"),
        (["--outcome", "act", "--reason", " "], "is blank"),
        (["--outcome", "act", "--severity", "101", "--reason", "x"], "it goes from 0 to 100"),
        (["--outcome", "allow", "--severity", "5", "--reason", "x"], "leave it out"),
        (["--outcome", "remove", "--reason", "x"], "--outcome"),
        (["--outcome", "act"], "--reason"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_and_not_recorded(
    precept: Invoke, ids: Record, options: list[str], told: str
) -> None:
    done = precept("review", ids["act"], *options)
    assert done.exit_code == 2 and told in done.stderr
    assert "no edits" in precept("ledger", "edits", ids["act"]).stdout


def test_an_unknown_decision_names_its_neighbours(precept: Invoke, ids: Record) -> None:
    for command in (["explain"], ["ledger", "show"], ["ledger", "edits"]):
        done = precept(*command, "d-no-such", "--json")
        error = json.loads(done.stderr)["error"]
        assert (done.exit_code, error["kind"]) == (2, "unknown")
        assert "no decision 'd-no-such' in the ledger; nearest: 'd-" in error["message"]
    assert ids["act"] in precept("explain", ids["act"][:12]).stdout


def test_explanations_are_for_their_readers(precept: Invoke, ids: Record) -> None:
    moderator, user = (precept("explain", ids["act"], "--for", who).stdout for who in ("moderator", "user"))
    assert "HR2" in moderator and "Rubric" in moderator or "## Severity" in moderator
    assert "Threat against a person" in user and "If you disagree" in user
    assert "probab" not in user and "threshold" not in user
    told = json.loads(precept("explain", ids["act"], "--for", "user", "--json").stdout)
    assert told["decision_id"] == ids["act"] and told["text"].strip() == user.strip()


def test_a_statement_of_reasons_is_json_and_says_what_was_assumed(precept: Invoke, ids: Record) -> None:
    done = precept("explain", ids["act"], "--for", "dsa")
    statement = json.loads(done.stdout)
    assert statement["decision_ground"] == "DECISION_GROUND_INCOMPATIBLE_CONTENT"
    assert statement["content_date"] == statement["application_date"] and "give --published" in done.stderr
    given = json.loads(precept("explain", ids["act"], "--for", "dsa", "--published", "2025-03-01").stdout)
    assert date.fromisoformat(given["content_date"]) == date(2025, 3, 1)
    assert "write YYYY-MM-DD" in precept("explain", ids["act"], "--for", "dsa", "--published", "1 March").stderr
    assert precept("explain", ids["waits"], "--for", "dsa").exit_code == 2


def test_questions_are_answered_from_the_record_and_by_fresh_measurement(precept: Invoke, ids: Record) -> None:
    why = json.loads(precept("ask", ids["act"], "why HR2?", "--json").stdout)
    assert why["kind"] == "why" and why["evidence"] and "HR2" in [c["clause_id"] for c in why["citations"]]
    change = json.loads(precept("ask", ids["act"], "what would change the outcome?", "--json").stdout)
    assert change["kind"] == "what_would_change" and "Scored anew" in change["text"]
    similar = json.loads(precept("ask", ids["act"], "similar cases", "--json").stdout)
    assert similar["kind"] == "similar" and "HR2.v" in similar["text"]
    assert "HR2" in precept("ask", ids["act"], "who decided?").stdout


def test_the_policy_of_a_decision_is_read_as_it_was(precept: Invoke, ids: Record, tmp_path: Path, home: Path) -> None:
    elsewhere = tmp_path / "community"
    shutil.copytree(Path(__file__).parents[2] / "policy_store" / "packs" / "community", elsewhere)
    head = elsewhere / "policy.yaml"
    head.write_text(head.read_text().replace("title: Community policy", "title: Another title"))
    line = json.loads(precept("decide", THREAT, "--policy", elsewhere, "--json").stdout)
    shutil.rmtree(elsewhere)
    assert "Another title" in precept("explain", line["decision_id"], "--for", "user").stdout
    assert precept("ask", line["decision_id"], "what would change the outcome?").exit_code == 0


def test_lists_filter_and_stop(precept: Invoke, ids: Record) -> None:
    def listed(*options: str) -> list[str]:
        lines = precept("ledger", "list", "--json", *options).stdout.splitlines()
        return [json.loads(line)["decision_id"] for line in lines]

    assert listed() == [ids["batch"], ids["waits"], ids["act"]]
    assert listed("--outcome", "act", "--rule", "HR2") == [ids["act"]]
    assert listed("--limit", "1") == [ids["batch"]]
    assert listed("--case", "b") == [ids["batch"]]
    assert "HR2" in precept("ledger", "list").stdout
    assert precept("ledger", "list", "--rule", "XX9").stdout.strip() == "none"


def test_verify_finds_what_was_altered_and_holds_to_a_head(precept: Invoke, ids: Record, env: dict[str, str]) -> None:
    head = json.loads(precept("ledger", "head", "--json").stdout)
    assert head["hash"] in precept("ledger", "head").stdout
    assert json.loads(precept("ledger", "verify", "--head", head["hash"], "--json").stdout)["intact"] is True
    assert precept("ledger", "verify", "--head", "0" * 63 + "1").exit_code == 1
    with sqlite3.connect(env["PRECEPT_LEDGER"]) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute('UPDATE entries SET body = replace(body, \'"outcome":"act"\', \'"outcome":"allow"\')')
    db.close()
    done = precept("ledger", "verify")
    assert done.exit_code == 1 and "altered" in done.stdout and "NOT intact" in done.stderr
    assert json.loads(precept("ledger", "verify", "--json").stdout)["faults"][0]["what"] == "altered"
    doctor = precept("doctor", "--json")
    states = {look["what"]: look["state"] for look in json.loads(doctor.stdout)["looks"]}
    assert doctor.exit_code == 1 and states["ledger"] == "bad" and states["policy"] == "ok"


def test_a_reader_of_a_pipe_may_leave_early(spawn: Spawn, ids: Record) -> None:
    process = spawn("ledger", "list", "--json")
    assert process.stdout is not None
    process.stdout.close()
    process.wait(timeout=60)
    assert process.stderr is not None and "Traceback" not in process.stderr.read()


def test_a_command_that_reads_makes_no_ledger(precept: Invoke, env: dict[str, str]) -> None:
    for args in (["ledger", "head"], ["ledger", "pending"], ["explain", "d-12345678"], ["ledger", "verify"]):
        done = precept(*args)
        assert done.exit_code == 2 and "nothing was decided here yet" in done.stderr
    assert not Path(env["PRECEPT_LEDGER"]).exists()
