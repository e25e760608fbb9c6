import json
from pathlib import Path

from tests.terminal.commands import Invoke


def test_a_rule_goes_out_and_comes_back_as_a_pack_that_lints(precept: Invoke, tmp_path: Path) -> None:
    text = tmp_path / "threats.md"
    done = precept("policy", "export", "community", "--format", "gpt-oss-safeguard", "--rule", "HR2", "-o", text)
    assert done.exit_code == 0, done.output
    assert "severity bands" in done.stderr
    back = tmp_path / "threats"
    done = precept("policy", "import", text, "--format", "gpt-oss-safeguard", "-o", back, "--json")
    assert done.exit_code == 0, done.output
    body = json.loads(done.stdout)
    assert (body["pack"]["id"], body["rules"]) == ("threats", ["HR2"])
    assert precept("policy", "lint", back).exit_code == 0


def test_an_export_without_a_file_is_written_to_stdout_alone(precept: Invoke) -> None:
    done = precept("policy", "export", "community", "--format", "cope", "--rule", "SC1")
    assert done.stdout.startswith("# Policy\n") and "### (SC1)" in done.stdout
    assert "examples are not carried" in done.stderr and "examples are not carried" not in done.stdout


def test_what_cannot_be_read_or_named_is_refused_and_nothing_is_written(precept: Invoke, tmp_path: Path) -> None:
    text = tmp_path / "letter.md"
    text.write_text("Dear all, lunch is at noon.")
    done = precept("policy", "import", text, "--format", "cope", "-o", tmp_path / "out")
    assert (done.exit_code, (tmp_path / "out").exists()) == (2, False)
    assert "no rule was found" in done.stderr
    assert precept("policy", "export", "community", "--format", "cope", "--rule", "HR99").exit_code == 2
