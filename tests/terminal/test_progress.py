"""How far looking at files is: shown to who sits at a terminal, and to nobody else."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals are there on POSIX alone")

from tests.terminal.commands import CAKE  # noqa: E402
from tests.terminal.conftest import ROOT  # noqa: E402

Sit = Callable[..., tuple[str, str]]
SCRIPT = """
from terminal.progress import progress, watching
from terminal.reading import open_input
import sys
with watching() as watch:
    watch and watch("c", "video-1", "words", 0.5, 60.0)
with open_input(sys.argv[1]) as lines, progress(lines) as bar:
    for case, name in (("a", "image-1"), ("[red]\\x1b[2Jevil", "video-1"), ("[red]\\x1b[2Jevil", "video-1")):
        bar.watch and bar.watch(case, name, "frames", 0.25, 0.0)
    bar.lines(1)
print("done")
"""


@pytest.fixture
def sit(env: dict[str, str]) -> Iterator[Sit]:
    """Run Python with a terminal as stderr; return what came on stdout and what the terminal was shown."""

    def run(*args: object) -> tuple[str, str]:
        ours, theirs = pty.openpty()
        os.set_blocking(ours, True)
        more = {"TERM": "xterm-256color", "COLUMNS": "200", "PRECEPT_FRAMES": "2"}
        process = subprocess.Popen(
            [sys.executable, "-c", *map(str, args)], cwd=ROOT, env=os.environ | env | more, text=True,
            stdout=subprocess.PIPE, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65_536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        finally:
            os.close(ours)
        assert process.stdout is not None
        out = process.stdout.read()
        assert process.wait() == 0, shown.decode()
        return out, shown.decode("utf-8", "replace")

    yield run


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("av", reason="videos: pip install 'precept[vision]'")
    pytest.importorskip("nudenet", reason="videos: pip install 'precept[vision]'")
    from tests.media.seen import film

    return film(tmp_path_factory.mktemp("film"), "clip.mp4", line="", seconds=2.0)


def test_a_terminal_is_shown_stage_seconds_and_a_count_of_files_and_obeys_no_name(sit: Sit, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("{}\n")
    out, shown = sit(SCRIPT, source)
    assert out == "done\n"
    assert "video-1: reading words, 30 of 60 s" in shown
    assert "file 2: [red]␛[2Jevil video-1: taking frames, 25%" in shown and "file 3" not in shown
    assert "\x1b[2Jevil" not in shown


def test_without_a_terminal_nothing_is_shown(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("{}\n")
    command = [sys.executable, "-c", SCRIPT, str(source)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_video_is_watched_while_it_is_decided_but_not_by_a_program(sit: Sit, clip: Path) -> None:
    run = "import app; app.main()"
    _, shown = sit(run, "decide", CAKE, "--video", clip)
    assert "video-1: taking frames" in shown and "video-1: reading words, 2 of 2 s" in shown
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes() + b"\0" * 8)  # another content, so that it is looked at anew
    out, shown = sit(run, "decide", CAKE, "--video", other, "--json")
    assert json.loads(out)["outcome"] == "review" and shown == ""


def test_a_batch_shows_which_file_of_which_case_is_looked_at(sit: Sit, clip: Path, tmp_path: Path) -> None:
    run = "import app; app.main()"
    third = clip.with_name("third.mp4")
    third.write_bytes(clip.read_bytes() + b"\0" * 16)
    source = clip.with_name("in.jsonl")
    source.write_text(
        json.dumps({"id": "ad-7", "text": CAKE, "media": [{"type": "video", "path": "third.mp4"}]}) + "\n"
    )
    _, shown = sit(run, "batch", source, "-o", tmp_path / "out.jsonl")
    assert "file 1: ad-7 video-1: reading words" in shown and "1 lines" in shown
