"""What runs inside a sandbox: takes its limits on, answers one call of a function of ours, and ends: tools.sandbox.

It starts for every file that is decoded, so it imports only what costs next to nothing.
"""

import importlib
import json
import os
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn

if TYPE_CHECKING:
    from cases.observation import Trouble

MIB = 1024 * 1024
HEAD = struct.Struct(">QQ")  # lengths of the JSON and of all pieces, before them
TOLD = 200
OPEN_FILES = 128
# What a line of ours raises only where it is wrong itself: also one that took for granted what a file may lack.
FAULTS = (NameError, AttributeError, TypeError, AssertionError)
# By name, as an installed program lies in one folder with the libraries that it uses.
OURS = ("cases", "policy_store", "tests", "tools")
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]


class Limits(NamedTuple):
    """What one call may use: wall and CPU seconds, bytes of address space, and bytes of its answer."""

    seconds: float = 20.0
    cpu_seconds: int = 15
    memory: int = 2048 * MIB
    answer: int = 256 * MIB


class Answer(NamedTuple):
    """What a function sends back: a value that JSON can hold, and pieces of bytes beside it."""

    value: Plain
    pieces: Sequence[bytes | memoryview] = ()


class Failed(NamedTuple):
    """Why no answer came, typed, and in words with the fix. `told` holds no content of the file."""

    why: "Trouble"
    told: str


class Refused(Exception):
    """Raised by the function inside for trouble that it can name."""

    def __init__(self, why: "Trouble", told: str) -> None:
        super().__init__(told)
        self.why, self.told = why, told


def serve(given: Sequence[str]) -> NoReturn:
    """Answer one call inside the process, then end it. `given` is the function's name, then limits and arguments."""
    limits, arguments = json.loads(given[1])
    _bound(Limits(*limits))
    # What a library prints must not get into the answer.
    out = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    answer, failed = Answer(None), None
    try:
        answer = _function(given[0])(sys.stdin.buffer, arguments)
    except Refused as refused:
        failed = Failed(refused.why, refused.told)
    except ImportError as missing:
        needs = f"{missing.name or 'a library'} is not installed, and pictures and videos need it"
        failed = _fault(missing) or Failed("no_tool", f"{needs}: pip install 'precept[vision]'")
    except MemoryError:
        failed = Failed("too_large", f"decoding needs more than {limits[2] // MIB} MiB of memory; give a smaller file")
    except RecursionError:
        failed = Failed("unreadable", "the file is nested too deeply")
    except Exception as error:
        stopped = f"the decoder stopped ({type(error).__name__}); the file is damaged"
        failed = _fault(error) or Failed("unreadable", stopped)
    try:
        _send(out, answer, failed)
    except MemoryError:
        _send(out, answer, Failed("too_large", "the answer does not fit the memory allowed; give a smaller file"))
    os._exit(0)


def _fault(error: Exception) -> Failed | None:
    """Return what is told of a fault of our own program, which is no fault of the file; None for any other error.

    It is ours when it is of a kind that no file brings about, and was raised by a line of ours, not of a library.
    """
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = at.tb_frame.f_code.co_filename if at is not None else ""
    lost = isinstance(error, ImportError) and (error.name or "").split(".")[0] in OURS
    ours = place.startswith(tuple(os.path.join(_ROOT, name, "") for name in OURS))
    if not lost and not (ours and isinstance(error, FAULTS)):
        return None
    where = f"{os.path.relpath(place, _ROOT)}:{at.tb_lineno}" if at is not None and ours else "an import"
    told = f"a fault of precept and not of the file: {type(error).__name__} at {where}; please report it"
    return Failed("no_tool", told)


def _bound(limits: Limits) -> None:
    import resource

    wanted = {
        resource.RLIMIT_AS: limits.memory,
        # Soft, then hard a second later: SIGXCPU says why, SIGKILL ends what ignores it.
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
    }
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        top = most + (kind == resource.RLIMIT_CPU)
        resource.setrlimit(kind, (most, top) if hard == resource.RLIM_INFINITY else (min(most, hard), min(top, hard)))


def _function(name: str) -> Callable[[BinaryIO, Mapping[str, Plain]], Answer]:
    module, _, function = name.partition(":")
    found: Callable[[BinaryIO, Mapping[str, Plain]], Answer] = getattr(importlib.import_module(module), function)
    return found


def _send(out: IO[bytes], answer: Answer, failed: Failed | None) -> None:
    pieces = [] if failed else [memoryview(piece).cast("B") for piece in answer.pieces]
    body = (
        {"why": failed.why, "told": failed.told[:TOLD]}
        if failed
        else {"value": answer.value, "sizes": [len(piece) for piece in pieces]}
    )
    text = json.dumps(body).encode()
    out.write(HEAD.pack(len(text), sum(len(piece) for piece in pieces)))
    out.write(text)
    for piece in pieces:
        out.write(piece)
    out.flush()
