"""One real server for the session, running at the start of every test that asks for it."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving.vllm_server import MODEL, VERSION, NotRun, Server, environment

PYTHON = pytest.StashKey[Path]()
REFUSED = pytest.StashKey[str]()
COST = pytest.StashKey[str]()
LOG = pytest.StashKey[Server]()
SEEING = "tiny-qwen3-vision"  # clients tell families by the name: its template takes Qwen3's switch


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the environment before the first test: it takes longer than a test may."""
    config = session.config
    if not config.getoption("--vllm") or not any(item.get_closest_marker("vllm") for item in session.items):
        return
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    try:
        config.stash[PYTHON] = environment(terminal.write_line if terminal else lambda _: None)
    except NotRun as why:
        config.stash[REFUSED] = f"NOT RUN: real vLLM: {why}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if refused := config.stash.get(REFUSED, ""):
        terminalreporter.section("NOT RUN: real vLLM", sep="!", red=True, bold=True)
        terminalreporter.write_line(refused, red=True)
    elif cost := config.stash.get(COST, ""):
        terminalreporter.write_line(cost)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    server = item.config.stash.get(LOG, None)
    if server and report.failed and item.get_closest_marker("vllm"):  # type: ignore[attr-defined]
        report.sections.append(("the end of vLLM's log", server.tail()))  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="session")
def vllm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server of the tiny model: `url`, `model`, `folder`, `kill()`, `restart()`. A test may leave it dead."""
    with served(request, tmp_path_factory, "tiny_model.py", MODEL) as server:
        yield server
        request.config.stash[COST] = (
            f"vLLM {VERSION} on the CPU: {server.started:.0f} s to start, {server.memory / 1e6:.0f} MB at the end"
        )


@pytest.fixture(scope="module")
def vision(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server of the tiny model that sees; up to nine pictures a prompt."""
    more = ["--limit-mm-per-prompt", json.dumps({"image": 9})]
    with served(request, tmp_path_factory, "tiny_vision.py", SEEING, more) as server:
        yield server


@contextmanager
def served(
    request: pytest.FixtureRequest, paths: pytest.TempPathFactory, script: str, name: str, more: Sequence[str] = ()
) -> Iterator[Server]:
    """Make a model by its script and serve it, for the length of a `with` block."""
    config = request.config
    if refused := config.stash.get(REFUSED, ""):
        pytest.skip(refused)
    if PYTHON not in config.stash:
        pytest.fail("a test that wants a server is marked with pytest.mark.vllm, so that it runs with --vllm alone")
    python, folder = config.stash[PYTHON], paths.mktemp("models") / "tiny"
    done = subprocess.run([python, Path(__file__).with_name(script), folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    server = Server(python, folder, paths.mktemp("vllm") / "server.log", name, more)
    config.stash[LOG] = server
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(autouse=True)
def running(request: pytest.FixtureRequest) -> None:
    """Start the server again where the test before left it dead."""
    if "vllm" in request.fixturenames:
        server = request.getfixturevalue("vllm")
        if not server.alive:
            server.restart()
