"""Functions that misbehave as decoders on hostile files do; the sandbox runs them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import BinaryIO

from tools.inside import Answer, Plain, Refused


def echo(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    data = source.read()
    print("libraries print; it must not get into the answer")
    os.write(1, b"nor what C code writes")
    return Answer({"bytes": len(data), "said": arguments["said"]}, [data[::-1], b""])


def environment(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    return Answer({"variables": sorted(os.environ), "folder": os.getcwd()})


def imports(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    heavy = ("numpy", "pydantic", "cases", "PIL")
    return Answer([name for name in heavy if name in sys.modules])


def loops(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    while True:
        pass


def sleeps(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    subprocess.Popen(["sleep", str(arguments["marker"])])
    time.sleep(600)
    return Answer(None)


def leaves_a_child(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    subprocess.Popen(["sleep", str(arguments["marker"])], stdout=subprocess.DEVNULL)
    return Answer("done")


def hoards(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    return Answer(len(bytearray(4 * 1024**3)))


def pours(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    return Answer(None, [bytes(8 * 1024**2)])


def crashes(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    os.kill(os.getpid(), signal.SIGSEGV)
    return Answer(None)


def raises(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    raise LookupError("words of the file itself")


def refuses(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    raise Refused("too_long", "lasts ten hours; cut it")


def misses(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    import no_such_library  # type: ignore[import-not-found]

    return Answer(no_such_library.__name__)


def writes(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    with open(str(arguments["path"]), "wb") as file:
        file.write(b"x" * 100_000)
    return Answer("written")


def lies(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    # The pipe of the answer is a copy of standard output, the highest descriptor but one.
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    os._exit(0)


def errs(source: BinaryIO, arguments: Mapping[str, Plain]) -> Answer:
    kind = str(arguments["kind"])
    if kind == "name":
        return Answer(no_such_name)  # type: ignore[name-defined]  # noqa: F821
    if kind == "lacking":  # as a decoder's None for what a file does not say
        return Answer(arguments.get("length").bit_length())  # type: ignore[union-attr]
    if kind == "mixed":
        return Answer(arguments.get("length") * 2.0)  # type: ignore[operator]
    if kind == "broken":
        raise AssertionError
    if kind == "import":
        from tools.inside import no_such_function  # type: ignore[attr-defined]

        return Answer(no_such_function())
    if kind == "library":
        import json

        return Answer(json.loads(None))  # type: ignore[arg-type]
    return Answer({}[kind])
