import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import app
from tests.terminal.commands import THREAT, Invoke, Spawn

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose index is built; tests keep their decisions in ledgers of their own."""
    folder = tmp_path_factory.mktemp("home")
    done = CliRunner().invoke(app, ["--home", str(folder), "decide", THREAT], env={"PRECEPT_HOME": ""})
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def env(home: Path, tmp_path: Path) -> dict[str, str]:
    return {"PRECEPT_HOME": str(home), "PRECEPT_LEDGER": str(tmp_path / "ledger.db")}


@pytest.fixture
def precept(env: dict[str, str]) -> Invoke:
    """Run a command in this process, on a ledger of the test's own."""

    def invoke(*args: object, input: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(arg) for arg in args], input=input, env=env)

    return invoke


@pytest.fixture
def spawn(env: dict[str, str]) -> Iterator[Spawn]:
    """Start a command in a process of its own, on the same ledger."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: object, prelude: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", f"{prelude}\nimport app; app.main()", *map(str, args)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
