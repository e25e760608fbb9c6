"""`precept eval` as a person meets it: what it lists, refuses, writes and compares."""

import json
from pathlib import Path

import pytest

from tests.evals.small_sets import write
from tests.terminal.commands import Invoke

pytest.importorskip("sklearn", reason="the extra `evals` is not installed")
pytest.importorskip("matplotlib", reason="the extra `evals` is not installed")


def test_suites_are_listed_with_what_they_measure(precept: Invoke) -> None:
    done = precept("eval", "list")
    assert done.exit_code == 0
    assert "hatecheck" in done.stdout and "guarantee" in done.stdout


def test_an_unknown_suite_is_answered_with_the_nearest(precept: Invoke) -> None:
    done = precept("eval", "hatechek")
    assert done.exit_code == 2
    assert "'hatechek' is no suite" in done.stderr and "hatecheck" in done.stderr


def test_a_suite_without_data_says_what_to_run_and_fails(precept: Invoke, tmp_path: Path) -> None:
    done = precept("eval", "hatecheck", "--data", tmp_path)
    assert done.exit_code == 1
    assert "python -m evals.sets fetch hatecheck" in done.stderr


@pytest.mark.slow
def test_a_run_is_written_and_the_next_is_compared_with_it(precept: Invoke, tmp_path: Path) -> None:
    data, out = write(tmp_path / "data", families=40), tmp_path / "out"
    first = precept("eval", "custom_rules", "--data", data, "--out", out)
    assert first.exit_code == 0, first.output
    assert "contradictory_pairs" in first.stdout and "targets met" in first.stdout
    saved = json.loads((out / "results.json").read_text())
    assert {"weights", "machine", "at", "packs"} <= set(saved["made"])
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    again = precept("eval", "custom_rules", "--data", data, "--against", out / "results.json", "--json")
    told = json.loads(again.stdout)
    assert {c["difference"] for c in told["changes"]} == {0.0}
    assert all("replicates" not in m for f in told["found"] for m in f["measures"])


def test_a_file_that_is_no_saved_run_is_refused_before_anything_is_measured(precept: Invoke, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    done = precept("eval", "dev", "--against", wrong)
    assert done.exit_code == 2
    assert "is no saved run" in done.stderr
