import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tools.sandbox import MIB, Answer, Failed, Limits, run

WILD = "tests.tools.wild"
SHORT = Limits(seconds=10, cpu_seconds=1, memory=512 * MIB, answer=1 * MIB)


def wild(name: str, limits: Limits = SHORT, source: bytes | None = None, **arguments: str) -> Answer | Failed:
    return run(f"{WILD}:{name}", arguments, source, limits)


def failed(name: str, limits: Limits = SHORT, **arguments: str) -> Failed:
    got = wild(name, limits, **arguments)
    assert isinstance(got, Failed)
    return got


def alive(marker: str) -> bool:
    return subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True).returncode == 0


def test_a_function_answers_with_plain_values_and_bytes_whatever_else_is_printed() -> None:
    got = wild("echo", source=b"abc", said="hällo")
    assert isinstance(got, Answer)
    assert got.value == {"bytes": 3, "said": "hällo"}
    assert [bytes(piece) for piece in got.pieces] == [b"cba", b""]


def test_an_open_file_is_read_from_its_start() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"whole")
        file.flush()
        got = run(f"{WILD}:echo", {"said": ""}, file, SHORT)
    assert isinstance(got, Answer) and bytes(got.pieces[0]) == b"elohw"


def test_nothing_of_our_environment_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    got = wild("environment")
    assert isinstance(got, Answer) and isinstance(got.value, dict)
    assert "OPENAI_API_KEY" not in got.value["variables"] and "HOME" not in got.value["variables"]
    assert got.value["folder"] == "/"


def test_a_call_imports_no_library_that_its_function_does_not() -> None:
    got = wild("imports")
    assert isinstance(got, Answer) and got.value == []


def test_what_uses_up_its_cpu_seconds_is_out_of_time() -> None:
    got = failed("loops")
    assert got.why == "out_of_time" and "1 s of CPU" in got.told


def test_what_waits_too_long_is_killed_with_all_that_it_started() -> None:
    marker = f"612.{os.getpid()}"
    got = failed("sleeps", SHORT._replace(seconds=1.0), marker=marker)
    assert got.why == "out_of_time" and "more than 1 s" in got.told
    assert not alive(marker)


def test_what_a_function_leaves_running_is_killed_when_it_has_answered() -> None:
    marker = f"613.{os.getpid()}"
    got = wild("leaves_a_child", marker=marker)
    assert isinstance(got, Answer) and got.value == "done"
    assert not alive(marker)


def test_what_wants_more_memory_than_allowed_is_too_large() -> None:
    got = failed("hoards")
    assert got.why == "too_large" and "512 MiB" in got.told


def test_an_answer_larger_than_allowed_is_too_large() -> None:
    assert failed("pours").why == "too_large"


def test_a_crash_is_trouble_and_no_exception() -> None:
    got = failed("crashes")
    assert got.why == "unreadable" and "SIGSEGV" in got.told


def test_an_exception_is_told_by_its_name_and_never_by_its_words() -> None:
    got = failed("raises")
    assert got.why == "unreadable" and "LookupError" in got.told and "words of the file" not in got.told


def test_trouble_that_the_function_knows_comes_back_as_it_is() -> None:
    assert failed("refuses") == Failed("too_long", "lasts ten hours; cut it")


def test_a_missing_library_is_named_with_the_extra_that_has_it() -> None:
    got = failed("misses")
    assert got.why == "no_tool" and "no_such_library" in got.told and "precept[vision]" in got.told


def test_no_file_can_be_written(tmp_path: Path) -> None:
    assert isinstance(wild("writes", path=str(tmp_path / "x")), Failed)
    assert not (tmp_path / "x").exists() or (tmp_path / "x").stat().st_size == 0


def test_an_answer_that_lies_about_its_length_is_not_believed() -> None:
    assert failed("lies").why == "unreadable"


@pytest.mark.parametrize("name", ["os:system", "tests.tools.wild:__import__('os')", "tests.tools.nowhere:echo", ""])
def test_only_functions_of_modules_of_ours_are_run(name: str) -> None:
    with pytest.raises(ValueError, match="not a module of ours"):
        run(name, {})


@pytest.mark.parametrize(("kind", "named"), [
    ("name", "NameError"), ("import", "ImportError"), ("lacking", "AttributeError"), ("mixed", "TypeError"),
    ("broken", "AssertionError"),
])  # fmt: skip
def test_a_fault_of_our_own_program_is_told_apart_from_a_damaged_file(kind: str, named: str) -> None:
    got = failed("errs", kind=kind)
    assert got.why == "no_tool" and "fault of precept" in got.told and named in got.told


@pytest.mark.parametrize(("kind", "why"), [("name", "no_tool"), ("import", "no_tool"), ("library", "unreadable")])
def test_a_fault_is_told_apart_also_where_the_program_lies_among_its_libraries(
    tmp_path: Path, kind: str, why: str
) -> None:
    root, tools = Path(__file__).parents[2] / "tools", tmp_path / "site-packages" / "tools"
    tools.mkdir(parents=True)
    for file in (root / "__init__.py", root / "inside.py", root / "sandbox.py", Path(__file__).with_name("wild.py")):
        shutil.copy(file, tools)
    asked = f"from tools.sandbox import run; print(*run('tools.wild:errs', {{'kind': {kind!r}}}))"
    started = f"import sys; sys.path.insert(0, {str(tools.parent)!r}); {asked}"
    done = subprocess.run([sys.executable, "-I", "-c", started], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith(f"{why} "), done
    assert ("fault of precept" in done.stdout) == (why == "no_tool")


@pytest.mark.parametrize("kind", ["library", "key"])
def test_an_error_that_a_file_may_bring_about_is_the_files(kind: str) -> None:
    assert failed("errs", kind=kind).why == "unreadable"
