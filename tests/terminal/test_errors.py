import json
from importlib import import_module
from pathlib import Path

import pytest
import typer
from inline_snapshot import snapshot
from typer.testing import CliRunner

from app import app
from terminal.errors import KNOWN, Door, explained
from tools.encoder import WEIGHTS


def test_every_known_error_exists_under_its_name() -> None:
    for name in KNOWN:
        module, _, cls = name.rpartition(".")
        assert issubclass(getattr(import_module(module), cls), Exception), name


def test_a_subclass_is_told_like_its_base() -> None:
    found = explained(FileNotFoundError(2, "No such file or directory", "x.json"))
    assert found is not None and (found.kind, found.message, found.code) == (
        "system",
        "x.json: No such file or directory",
        1,
    )
    assert explained(ZeroDivisionError()) is None


def test_weights_that_do_not_fit_together_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("bi-encoder.onnx", "cross-encoder.onnx"):
        (tmp_path / name).symlink_to(WEIGHTS.with_name(name))
    (tmp_path / "lexicon.npz").write_bytes(b"of another release")
    monkeypatch.setattr("tools.encoder.OnnxEncoder.__init__.__defaults__", (tmp_path / "bi-encoder.onnx", None))
    done = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "decide", "Bake the cake.", "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stderr)["error"]
    assert told["kind"] == "weights" and "lexicon.npz: has digest" in told["message"] and "reinstall" in told["message"]


def test_a_bug_keeps_its_traceback_for_people_and_is_one_object_for_programs() -> None:
    broken = typer.Typer(cls=Door, pretty_exceptions_enable=False)

    @broken.callback()
    def door() -> None:
        """A door."""

    @broken.command()
    def divide(json: bool = False) -> None:
        """Divide by zero."""
        raise ZeroDivisionError("a bug")

    assert isinstance(CliRunner().invoke(broken, ["divide"]).exception, ZeroDivisionError)
    done = CliRunner().invoke(broken, ["divide", "--json"])
    assert (done.exit_code, json.loads(done.stderr)["error"]["kind"]) == (1, "bug")


def test_a_wrong_command_and_a_wrong_option_are_said_in_both_ways() -> None:
    runner = CliRunner()
    assert "Did you mean 'decide'?" in runner.invoke(app, ["decid"]).stderr
    done = runner.invoke(app, ["decide", "--json", "--polcy", "x"])
    assert (done.exit_code, json.loads(done.stderr)["error"]["kind"]) == (2, "usage")


def test_a_bad_setting_names_its_variable() -> None:
    done = CliRunner().invoke(app, ["decide", "x"], env={"PRECEPT_RETRIEVE": "many"})
    assert done.exit_code == 2 and "PRECEPT_RETRIEVE='many'" in done.stderr


def test_help_names_every_command_and_exit_code() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    commands = ("decide", "batch", "explain", "ask", "review", "doctor", "policy", "ledger")
    assert all(f" {name} " in shown.stdout for name in commands)
    assert " ".join(shown.stdout.split("Exit codes:")[1].split()) == snapshot(
        "0 done; 1 something broke, or a check found something; 2 the input or the command cannot be used; 3 done, but some lines of a batch were bad; 130 interrupted."
    )
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("precept")
