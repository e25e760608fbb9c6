"""One function of ours run in a fresh process with limits: for decoders that read files which nobody vouches for.

Not a jail: the process may still reach what its user may. It has bounded memory, CPU and wall time, can write no file,
opens few, gets no variable of our environment, and sends back plain values and bytes, never pickles. Limits are those
of Linux and macOS.

The function is named "PACKAGE.MODULE:FUNCTION", a module of ours, and is called as `function(source, arguments)`, where
`source` is its seekable standard input; it returns an Answer. It raises Refused for trouble that it knows; any other
exception is reported by its name alone. Modules that run inside import from tools.inside: it starts faster.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO

from tools.inside import HEAD, MIB, Answer, Failed, Limits, Plain, Refused

_ROOT = Path(__file__).parents[1]
_READ = 1 * MIB
_START = "import sys, json; sys.path[:0] = json.loads(sys.argv[1]); from tools.inside import serve; serve(sys.argv[2:])"
# What libraries of numbers start at import; a thread each reserves address space that the limit counts.
_ENV = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1") | {"LANG": "C.UTF-8"}


def run(
    function: str, arguments: Mapping[str, Plain], source: bytes | IO[bytes] | None = None, limits: Limits | None = None
) -> Answer | Failed:
    """Return what a function of ours answers from a process of its own, or why there is no answer.

    `source` is what it reads: bytes, or an open file with a descriptor, read from its start. Whatever happens, the
    process and all that it started are gone when this returns. Raise ValueError for a function that is not ours.
    """
    module, _, name = function.partition(":")
    if not name.isidentifier() or not (_ROOT / module.replace(".", "/")).with_suffix(".py").is_file():
        raise ValueError(f"sandbox: {function!r} is not a module of ours and its function, as tools.raster:decoded")
    limits = limits or Limits()
    # Without `site`, which costs more than the rest of the start; the folders of packages are ours to name.
    folders = [str(_ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    given = [json.dumps(folders), function, json.dumps([limits, arguments])]
    command = [sys.executable, "-I", "-S", "-c", _START, *given]
    with tempfile.TemporaryFile() as spool:
        read: IO[bytes] = spool
        if isinstance(source, bytes):
            spool.write(source)
        elif source is not None:
            read = source
        read.seek(0)
        child = subprocess.Popen(
            command, stdin=read, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENV, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        try:
            said = _heard(child, limits)
        finally:
            _kill(child)
    return said if isinstance(said, Failed) else _unpacked(said, child.returncode, limits)


def _heard(child: "subprocess.Popen[bytes]", limits: Limits) -> bytearray | Failed:
    assert child.stdout is not None
    end, said = time.monotonic() + limits.seconds, bytearray()
    with DefaultSelector() as selector:
        selector.register(child.stdout, EVENT_READ)
        while (left := end - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            chunk = os.read(child.stdout.fileno(), _READ)
            if not chunk:
                break
            said += chunk
            if len(said) > limits.answer + _READ:
                return Failed("too_large", f"decoding gave more than {limits.answer // MIB} MiB; give a smaller file")
    try:
        child.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return _late(limits)
    return said


def _late(limits: Limits) -> Failed:
    return Failed("out_of_time", f"decoding took more than {limits.seconds:g} s; give a smaller file or more time")


def _kill(child: "subprocess.Popen[bytes]") -> None:
    # The group outlives its leader where that started processes, so it is killed although the leader has ended.
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _unpacked(said: bytearray, code: int, limits: Limits) -> Answer | Failed:
    if code == -signal.SIGXCPU:
        return Failed("out_of_time", f"decoding used up {limits.cpu_seconds} s of CPU; give a smaller file")
    if code == -signal.SIGKILL:
        return Failed("too_large", "the system ended the decoder, as it does when memory is short; give a smaller file")
    try:
        head, rest = HEAD.unpack_from(said), memoryview(said)[HEAD.size :]
        if code or head[0] + head[1] != len(rest):
            raise ValueError("cut short")
        body = json.loads(bytes(rest[: head[0]]))
        if "why" in body:
            return Failed(body["why"], str(body["told"]))
        at, pieces = head[0], []
        for size in body["sizes"]:
            pieces.append(rest[at : at + size])
            at += size
        return Answer(body["value"], pieces)
    except (struct.error, ValueError, KeyError, TypeError):
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Failed("unreadable", f"the decoder broke off ({how}); the file is damaged or made to do that")


__all__ = ["MIB", "Answer", "Failed", "Limits", "Plain", "Refused", "run"]
