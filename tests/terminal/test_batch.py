import gzip
import json
import signal
import subprocess
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases.decision import Decision
from graphs.settings import Settings
from policy_store.loader import load_pack
from terminal.output import open_output
from terminal.reading import open_input
from terminal.run import CHUNK, Task, run
from tests.terminal.commands import CAKE, THREAT, Invoke, Spawn
from tools.ledger import Ledger

KEYS = [
    "id", "decision_id", "outcome", "score", "severity", "tier", "rule_id", "findings", "stage", "rationale", "pack",
]  # fmt: skip
ODD = ["!!!", "🙂" * 40, "a", "\u0300" * 30, "До встречи в пятницу, мама", "x " * 3000, "ok\x1b[2J\u202e", "a\tb\nc"]
TINY_FILES = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))"


def cases(count: int, text: str = CAKE) -> list[dict[str, Any]]:
    return [{"id": f"c{i}", "text": f"{text} Batch {i}."} for i in range(count)]


def write(path: Path, lines: list[Any]) -> Path:
    path.write_bytes(b"".join((s if isinstance(s, bytes) else json.dumps(s).encode()) + b"\n" for s in lines))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def recorded(env: dict[str, str]) -> list[Decision]:
    with Ledger.open(env["PRECEPT_LEDGER"], readonly=True) as ledger:
        assert ledger.verify().intact
        return list(ledger.decisions())


def finished(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_every_line_has_its_line_in_order_and_each_decision_is_on_record(
    precept: Invoke, env: dict[str, str], tmp_path: Path
) -> None:
    lines = [
        {"id": "threat", "text": THREAT, "gold": {"outcome": "act"}},
        b'{"id": "half", "text": "cut o',
        {"id": "ad", "parts": {"title": "Cake", "speech": THREAT}, "surface": "ad"},
        {"text": "no id"},
        {"id": "lost", "text": "x", "profile": "r1"},
        {"id": "media", "text": "Look", "media": [{"type": "image", "path": "a.png"}]},
        {"id": "threat", "text": CAKE},
        *({"id": f"odd{i}", "text": text} for i, text in enumerate(ODD)),
    ]
    out = tmp_path / "out.jsonl"
    done = precept("batch", write(tmp_path / "in.jsonl", lines), "-o", out)
    found = read(out)
    assert done.exit_code == 3, done.stderr
    assert [line["id"] for line in found[:7]] == ["threat", None, "ad", None, "lost", "media", "threat"]
    assert all(list(line) == KEYS for line in found if "error" not in line)
    assert [found[i]["outcome"] for i in (0, 2, 5, 6)] == ["act", "act", "review", "allow"]
    assert found[3] == {"id": None, "error": 'line 4, key \'id\': it is missing; add "id": "…"', "line": 4}
    assert "did you mean 'R1'?" in found[4]["error"]
    assert len(found) == len(lines) and all("outcome" in line for line in found[7:])
    assert {line["decision_id"] for line in found if "error" not in line} == {d.id for d in recorded(env)}
    assert "3 bad" in done.stderr and "1 lines repeat an id, the first 'threat'" in done.stderr


def test_evidence_quotes_the_case_word_for_word(precept: Invoke, tmp_path: Path) -> None:
    texts = {f"c{i}": f"{' ' * i}\u200b{THREAT}\r\n" for i in range(3)}
    out = tmp_path / "out.jsonl"
    precept("batch", write(tmp_path / "in.jsonl", [{"id": i, "text": t} for i, t in texts.items()]), "-o", out)
    for line in read(out):
        quoted = [e for f in line["findings"] for e in f["evidence"]]
        assert quoted and all(texts[line["id"]][e["start"] : e["end"]] == e["quote"] for e in quoted)


@pytest.mark.slow
def test_a_run_killed_at_any_moment_is_gone_on_with(spawn: Spawn, env: dict[str, str], tmp_path: Path) -> None:
    lines = cases(3 * CHUNK)
    lines[5] = {"id": "bad"}
    source, out = write(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl"
    process = spawn("batch", source, "-o", out)
    limit = time.monotonic() + 60
    while not (out.exists() and out.stat().st_size) and time.monotonic() < limit:
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = out.read_bytes().count(b"\n")
    assert 0 < before < len(lines)
    with out.open("ab") as file:
        file.write(b'{"id": "c9999", "decision_')
    code, errors = finished(spawn("batch", source, "-o", out, "--resume"))
    assert code == 3, errors
    assert f"{before} of them before" in errors
    found = read(out)
    assert [line["id"] for line in found] == [line["id"] for line in lines]
    on_record = [d.id for d in recorded(env)]
    assert sorted(on_record) == sorted(line["decision_id"] for line in found if "error" not in line)


def test_decisions_that_a_kill_left_without_lines_are_taken_over(
    precept: Invoke, env: dict[str, str], tmp_path: Path
) -> None:
    source, out = write(tmp_path / "in.jsonl", [*cases(4), *cases(2)]), tmp_path / "out.jsonl"
    precept("batch", source, "-o", out)
    whole = out.read_bytes()
    for kept in (1, 0):
        out.write_bytes(b"".join(whole.splitlines(keepends=True)[:kept]) + b'{"id"')
        done = precept("batch", source, "-o", out, "--resume", "--json")
        assert json.loads(done.stderr)["taken_over"] == 6 - kept
        assert {line["decision_id"] for line in read(out)} == {d.id for d in recorded(env)}
        assert [line["id"] for line in read(out)] == ["c0", "c1", "c2", "c3", "c0", "c1"]


def test_another_run_over_the_same_cases_decides_them_anew(
    precept: Invoke, env: dict[str, str], tmp_path: Path
) -> None:
    source = write(tmp_path / "in.jsonl", cases(2))
    precept("batch", source, "-o", tmp_path / "a.jsonl")
    precept("batch", source, "-o", tmp_path / "b.jsonl")
    assert len(recorded(env)) == 4


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on(spawn: Spawn, tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", cases(40 * CHUNK)), tmp_path / "out.jsonl"
    process = spawn("batch", source, "-o", out)
    limit = time.monotonic() + 60
    while not (out.exists() and out.stat().st_size) and time.monotonic() < limit:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    code, errors = finished(process)
    assert code == 130
    assert f"precept batch {source} -o {out} --resume" in errors and "Traceback" not in errors


@pytest.mark.slow
def test_a_full_disk_is_said_and_the_run_is_gone_on_with(spawn: Spawn, tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", [{"id": f"c{i}"} for i in range(15_000)]), tmp_path / "out.jsonl"
    code, errors = finished(spawn("batch", source, "-o", out, prelude=TINY_FILES))
    assert code == 1 and "File too large" in errors and "--resume" in errors and "Traceback" not in errors
    assert 0 < out.stat().st_size <= 1_000_000
    code, errors = finished(spawn("batch", source, "-o", out, "--resume"))
    assert code == 3, errors
    assert [line["id"] for line in read(out)] == [f"c{i}" for i in range(15_000)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_without_room_is_said(precept: Invoke, tmp_path: Path) -> None:
    done = precept("batch", write(tmp_path / "in.jsonl", [{"id": "a"}]), "-o", "/dev/full", "--json-errors")
    error = json.loads(done.stderr)["error"]
    assert done.exit_code == 1 and "/dev/full: No space left on device" in error["message"]


def test_what_exists_is_not_written_over(precept: Invoke, tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", [{"id": "a"}]), write(tmp_path / "out.jsonl", [{"a": 1}])
    before = out.read_bytes()
    assert "exists already; pass --resume" in precept("batch", source, "-o", out).stderr
    assert "was not written by precept batch" in precept("batch", source, "-o", out, "--resume").stderr
    assert "same file" in precept("batch", source, "-o", source).stderr
    assert out.read_bytes() == before


def test_an_output_of_another_input_or_policy_is_not_gone_on_with(precept: Invoke, tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", cases(2)), tmp_path / "out.jsonl"
    precept("batch", source, "-o", out)
    other = write(tmp_path / "other.jsonl", [{"id": "x", "text": "x"}, {"id": "y", "text": "y"}])
    short = write(tmp_path / "short.jsonl", cases(1))
    assert "is about 'c1', that of" in precept("batch", other, "-o", out, "--resume").stderr
    assert "holds 2 lines" in precept("batch", short, "-o", out, "--resume").stderr
    done = precept("batch", source, "-o", out, "--resume", "--policy", "short-video-ads")
    assert done.exit_code == 2 and "was begun under community" in done.stderr
    elsewhere = precept("--home", tmp_path / "home", "batch", source, "-o", out, "--resume")
    assert elsewhere.exit_code == 0
    Path(tmp_path / "ledger.db").unlink()
    assert "no ledger at" in precept("batch", source, "-o", out, "--resume").stderr


def test_one_output_is_written_by_one_process(precept: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with open_output(str(out), resume=False):
        done = precept("batch", write(tmp_path / "in.jsonl", [{"id": "a"}]), "-o", out)
    assert done.exit_code == 2 and "another precept batch is writing it" in done.stderr


@pytest.mark.slow
def test_two_processes_share_one_ledger(spawn: Spawn, env: dict[str, str], tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", cases(6, THREAT))
    started = [spawn("batch", source, "-o", tmp_path / f"out{i}.jsonl") for i in range(2)]
    assert [finished(process)[0] for process in started] == [0, 0]
    written = [line["decision_id"] for i in range(2) for line in read(tmp_path / f"out{i}.jsonl")]
    assert sorted(written) == sorted(d.id for d in recorded(env)) and len(set(written)) == 12


def test_stdin_stdout_and_gzip(precept: Invoke, tmp_path: Path) -> None:
    raw = b'{"id": "a"}\n{"id": "b", "text": ""}'
    piped = precept("batch", "-", "-o", "-", input=raw)
    packed = tmp_path / "in.jsonl.gz"
    packed.write_bytes(gzip.compress(raw))
    precept("batch", packed, "-o", tmp_path / "out.jsonl")
    assert [json.loads(line)["id"] for line in piped.stdout.splitlines()] == ["a", "b"]
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == piped.stdout
    packed.write_bytes(gzip.compress(raw * 900)[:-30])
    done = precept("batch", packed, "-o", tmp_path / "cut.jsonl")
    assert done.exit_code == 2 and "damaged after line" in done.stderr


def test_profile_of_the_run_is_for_lines_without_one(precept: Invoke, env: dict[str, str], tmp_path: Path) -> None:
    lines = [{"id": "a", "text": CAKE}, {"id": "b", "text": CAKE, "profile": "R2"}]
    precept("batch", write(tmp_path / "in.jsonl", lines), "-o", tmp_path / "out.jsonl", "--profile", "R1")
    assert [d.profile for d in recorded(env)] == ["R1", "R2"]


def test_keys_to_pass_over_can_be_named(precept: Invoke, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"id": "a", "source": "x", "text": CAKE}])
    assert precept("batch", source, "-o", tmp_path / "a.jsonl").exit_code == 3
    assert precept("batch", source, "-o", tmp_path / "b.jsonl", "--ignore", "source").exit_code == 0


def test_an_input_that_is_not_there_is_said(precept: Invoke, tmp_path: Path) -> None:
    done = precept("batch", tmp_path / "none.jsonl", "-o", tmp_path / "out.jsonl")
    assert done.exit_code == 2 and "none.jsonl: no such file" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    done = precept("batch", write(tmp_path / "in.jsonl", []), "-o", tmp_path / "no" / "out.jsonl")
    assert done.exit_code == 2 and "there is no folder" in done.stderr


@pytest.mark.slow
def test_memory_stays_flat_however_long_the_input_is(home: Path, tmp_path: Path) -> None:
    task = Task(Settings(home=home), load_pack("community"), None, frozenset())

    def peak(count: int) -> int:
        def lines() -> Iterator[bytes]:
            yield from (b'{"id": "c%d", "text": ""}\n' % i for i in range(count))

        source = tmp_path / f"in{count}.jsonl"
        with source.open("wb") as file:
            file.writelines(lines())
        with open_input(str(source)) as read, open_output(str(tmp_path / f"out{count}.jsonl"), resume=False) as out:
            tracemalloc.start()
            assert run(task, read, out).counts["bad"] == count
            top = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return top

    assert peak(12_000) < 1.5 * peak(1_500)


def test_a_line_without_an_end_is_cut_not_held(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("wb") as file:
        for _ in range(80):
            file.write(b"x" * 1_000_000)
        file.write(b'\n{"id": "b"}\n')
    with open_input(str(source)) as read:
        tracemalloc.start()
        lines = [(number, len(raw)) for number, raw in read.lines()]
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert [number for number, _ in lines] == [1, 2] and lines[1][1] == len(b'{"id": "b"}\n')
    assert top < 120_000_000
