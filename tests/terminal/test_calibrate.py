"""`precept calibrate` as a team meets it: what is asked for, what is refused, what is saved and what is in force."""

import json
from pathlib import Path

import pytest

from tests.terminal.commands import CAKE, THREAT, Invoke

NAMES = [
    "Dana", "Priya", "Omar", "Lena", "Igor", "Mei", "Tariq", "Nora", "Pablo", "Ines", "Kofi", "Yuki", "Anton",
    "Sara", "Milo", "Zoe", "Ravi", "Elif", "Jonas", "Amal", "Teo", "Vera", "Hugo", "Ida",
]  # fmt: skip
EASY = ("--max-error", "0.3", "--confidence", "0.8")


@pytest.fixture
def own(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A home of the test's own: thresholds that are saved there are in force nowhere else."""
    env["PRECEPT_HOME"] = str(tmp_path / "home")
    return env


@pytest.fixture
def team(tmp_path: Path) -> Path:
    cakes = [
        {"id": f"a{n}", "text": CAKE.replace("grandmother", name), "label": "allowed"} for n, name in enumerate(NAMES)
    ]
    threats = [
        {"id": f"v{n}", "text": THREAT.replace("Dana", name), "label": "violating", "rule": "VI2"}
        for n, name in enumerate(NAMES)
    ]
    return write(tmp_path / "team.jsonl", [*cakes, *threats, {"id": "b", "text": "Watch it.", "label": "borderline"}])


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_without_cases_it_says_what_is_needed(precept: Invoke) -> None:
    done = precept("calibrate")
    assert done.exit_code == 2
    assert "none ship with Precept" in done.output
    assert "183 automatic verdicts without an error" in done.output


@pytest.mark.slow
def test_thresholds_are_shown_saved_in_force_and_reset(own: dict[str, str], precept: Invoke, team: Path) -> None:
    dry = json.loads(precept("calibrate", team, *EASY, "--dry-run", "--json").output)
    assert (dry["saved"], dry["read"]["cases"], dry["read"]["borderline"]) == (None, 48, 1)
    done = precept("calibrate", team, *EASY)
    assert done.exit_code == 0, done.output
    assert "at most 30.0% errors among automatic allows" in done.output
    assert "drawn at random from what the system will see" in done.output
    kept = json.loads((Path(own["PRECEPT_HOME"]) / "calibration.json").read_text())["community"]
    assert kept["data"] == dry["data"]
    assert kept["thresholds"] == dry["thresholds"]
    looks = {look["what"]: look["told"] for look in json.loads(precept("doctor", "--json").output)["looks"]}
    assert "your own of" in looks["thresholds"]
    assert "at most 30.0% errors at 80%" in looks["thresholds"]
    assert "removed; the shipped ones are in force" in precept("calibrate", "--reset").output
    looks = {look["what"]: look["told"] for look in json.loads(precept("doctor", "--json").output)["looks"]}
    assert looks["thresholds"].startswith("shipped ones")


@pytest.mark.slow
def test_too_few_cases_save_nothing_and_exit_with_one(own: dict[str, str], precept: Invoke, tmp_path: Path) -> None:
    few = write(
        tmp_path / "few.jsonl",
        [{"id": "1", "text": CAKE, "label": "allowed"}, {"id": "2", "text": THREAT, "label": "violating"}],
    )
    done = precept("calibrate", few)
    assert done.exit_code == 1, done.output
    assert "too few cases: 183 tested verdicts without an error would show 2.0%" in " ".join(done.output.split())
    assert not (Path(own["PRECEPT_HOME"]) / "calibration.json").exists()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "1", "text": CAKE}, "line 1, key 'label': it is missing; use one of violating, allowed, borderline"),
        ({"id": "1", "text": CAKE, "label": "bad"}, "line 1, key 'label': 'bad' is no label"),
        (
            {"id": "1", "text": THREAT, "label": "violating", "rule": "VI22"},
            "key 'rule': 'VI22' is no rule of the policy",
        ),
        ({"id": "1", "text": CAKE, "label": "allowed", "profile": "x"}, "key 'profile': 'x' is no profile"),
        ({"id": "1", "txt": CAKE, "label": "allowed"}, "key 'txt'"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_before_anything_is_decided(
    precept: Invoke, tmp_path: Path, row: dict[str, object], told: str
) -> None:
    done = precept("calibrate", write(tmp_path / "t.jsonl", [row]))
    assert (done.exit_code, told in done.output) == (2, True), done.output


def test_two_labels_for_one_content_are_refused(precept: Invoke, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "text": CAKE, "label": "allowed"}, {"id": "2", "text": CAKE, "label": "violating"},
    ]  # fmt: skip
    done = precept("calibrate", write(tmp_path / "t.jsonl", rows))
    assert done.exit_code == 2
    assert "line 2, key 'label': it says violating of what line 1 says otherwise of" in done.output


def test_a_file_of_borderline_and_plain_word_lines_alone_holds_no_case(precept: Invoke, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "text": CAKE, "label": "borderline"},
        {"id": "2", "text": CAKE, "label": "violating", "rule_text": "No cakes.", "sev": 3},
    ]
    done = precept("calibrate", write(tmp_path / "t.jsonl", rows))
    assert done.exit_code == 2
    assert "none of its 2 lines can be used" in done.output


def test_a_share_above_one_is_refused(precept: Invoke, team: Path) -> None:
    done = precept("calibrate", team, "--max-error", "2")
    assert (done.exit_code, "--max-error 2.0 is not between 0 and 1; give a share" in done.output) == (2, True)
