"""Who published a case comes in at the command line, too, and can be shown and forgotten there."""

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from cases.decision import Decision
from tests.terminal.commands import CAKE, THREAT, Invoke
from tools.ledger import Ledger


@pytest.fixture
def env(home: Path, tmp_path: Path) -> dict[str, str]:
    """A home of the test's own, as who published what lies in its work.db."""
    own = tmp_path / "home"
    own.mkdir()
    for entry in home.iterdir():
        if not entry.name.startswith(("work.db", "ledger.db")):
            (own / entry.name).symlink_to(entry)
    return {"PRECEPT_HOME": str(own)}


def published(env: dict[str, str]) -> dict[str, str]:
    with sqlite3.connect(Path(env["PRECEPT_HOME"]) / "work.db") as db:
        rows = db.execute("SELECT a.decision_id, b.id FROM authored a JOIN authors b ON a.ref = b.ref").fetchall()
    db.close()
    return dict(rows)


def recorded(env: dict[str, str]) -> list[Decision]:
    with Ledger.open(Path(env["PRECEPT_HOME"]) / "ledger.db", readonly=True) as ledger:
        return list(ledger.decisions())


def test_a_case_is_decided_the_same_with_an_author_and_without(precept: Invoke, env: dict[str, str]) -> None:
    lines = [
        json.loads(precept("decide", THREAT, "--json", *more).stdout) for more in ((), ("--author", "u-81"))
    ]  # fmt: skip
    for line in lines:
        line.pop("decision_id"), line.pop("at", None), line.pop("spent", None)
    assert lines[0] == lines[1] and "u-81" not in json.dumps(lines)
    first, second = recorded(env)
    assert first.case_digest == second.case_digest and published(env) == {second.id: "u-81"}


@pytest.mark.parametrize(
    ("author", "told"), [("", "it is blank"), ("a\u0007", "U+0007"), ("x" * 129, "129 characters")]
)
def test_an_author_that_is_none_is_refused_and_nothing_is_decided(
    precept: Invoke, env: dict[str, str], author: str, told: str
) -> None:
    done = precept("decide", CAKE, "--author", author)
    assert done.exit_code == 2 and told in done.stderr and "--author" in done.stderr
    assert not (Path(env["PRECEPT_HOME"]) / "ledger.db").exists()
    assert "give it without --examples" in precept("decide", "--examples", "--author", "u-81").stderr


def test_lines_of_a_batch_may_name_their_authors(precept: Invoke, env: dict[str, str], tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    said = [
        {"id": "a", "text": THREAT, "author": "u-81"}, {"id": "b", "text": THREAT, "author": "u-82"},
        {"id": "c", "text": CAKE}, {"id": "d", "text": CAKE, "author": ["u-83"]},
    ]  # fmt: skip
    source.write_text("".join(json.dumps(line) + "\n" for line in said), encoding="utf-8")
    done = precept("batch", source, "-o", out)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert done.exit_code == 3 and "line 4, key 'author'" in lines[3]["error"]
    assert published(env) == {lines[0]["decision_id"]: "u-81", lines[1]["decision_id"]: "u-82"}
    assert "u-81" not in out.read_text(encoding="utf-8")
    one, two, _ = recorded(env)
    assert one.case_digest == two.case_digest and one.score == two.score


def test_a_batch_without_authors_opens_no_store(precept: Invoke, env: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"id": "c", "text": CAKE}) + "\n", encoding="utf-8")
    assert precept("batch", source, "-o", tmp_path / "out.jsonl").exit_code == 0
    assert not (Path(env["PRECEPT_HOME"]) / "work.db").exists()


def test_decisions_that_a_kill_left_without_lines_get_their_authors_when_they_are_taken_over(
    precept: Invoke, env: dict[str, str], tmp_path: Path
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    said = [{"id": "same", "text": CAKE, "author": f"u-{n}"} for n in range(3)]
    source.write_text("".join(json.dumps(line) + "\n" for line in said), encoding="utf-8")
    assert precept("batch", source, "-o", out).exit_code == 0
    made = [json.loads(line)["decision_id"] for line in out.read_text(encoding="utf-8").splitlines()]
    # As a kill between the record and the credits leaves it.
    with sqlite3.connect(Path(env["PRECEPT_HOME"]) / "work.db") as db:
        db.execute("DELETE FROM authored")
    db.close()
    whole = out.read_bytes()
    out.write_bytes(whole[: whole.index(b"\n") + 20])
    done = precept("batch", source, "-o", out, "--resume", "--json")
    assert json.loads(done.stderr)["taken_over"] == 2
    lines = [json.loads(line)["decision_id"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert sorted(lines) == sorted(made)
    assert {published(env)[lines[n]] for n in (1, 2)} == {"u-1", "u-2"}


def test_strikes_are_shown_and_an_author_is_forgotten(precept: Invoke, env: dict[str, str]) -> None:
    made = json.loads(precept("decide", THREAT, "--author", "u-81", "--json").stdout)["decision_id"]
    told = precept("author", "show", "u-81")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.startswith("u-81: ") and "from 1 case. Recommended: " in told.stdout and made in told.stdout
    as_json = json.loads(precept("author", "show", "u-81", "--json").stdout)
    assert as_json["counted"] == [made] and as_json["author"] == "u-81"
    assert precept("author", "forget", "u-81").stdout == "u-81 is forgotten; 1 case is nobody's now\n"
    assert published(env) == {} and len(recorded(env)) == 1
    held = subprocess.run(
        ["grep", "-rl", "u-81", env["PRECEPT_HOME"]], capture_output=True, text=True
    ).stdout.split()  # fmt: skip
    assert [p for p in held if "work.db" in p or "ledger.db" in p] == []
    for command in ("show", "forget"):
        gone = precept("author", command, "u-81")
        assert gone.exit_code == 2 and "nothing by 'u-81' is on record" in gone.stderr
