"""A lexicon is fitted on lines, and reads what they held: words, spellings, and which rule."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra `train` is not installed")

from graphs.wiring import lexicon_of  # noqa: E402
from tools.lexicon import LexiconFile  # noqa: E402
from training.data import Label, Sample  # noqa: E402
from training.lexicon import fit, write  # noqa: E402

LAWS = np.eye(2, 4, dtype=np.float32)


def line(n: int, text: str, rule: str | None, label: Label) -> Sample:
    return Sample(str(n), text, rule, None, label, 50, None, None, (), str(n), "train", "post")


def lines() -> list[Sample]:
    bad = [("smash their windows tonight", "VI1"), ("send me your card number", "SC1")]
    good = ["wash our windows tonight", "send me your best recipe"]
    return [
        made
        for n in range(0, 80, 2)
        for text, rule in bad
        for made in (line(n, f"{text} {n}", rule, "violating"), line(n + 1, f"{good[n % 4 // 2]} {n}", rule, "allowed"))
    ]


def test_what_is_fitted_tells_violating_lines_from_their_twins_and_names_their_rules() -> None:
    found = fit(lines(), lines(), ["VI1", "SC1"], LAWS)
    said = found.read(["smash their windows", "wash our windows", "your card number please", "your best recipe please"])
    assert said.any[0] > 0 > said.any[1] and said.any[2] > 0 > said.any[3]
    assert said.shares.argmax(1)[[0, 2]].tolist() == [0, 1]


def test_a_spelling_that_no_line_holds_is_read_by_its_letters() -> None:
    found = fit(lines(), lines(), ["VI1", "SC1"], LAWS)
    assert found.read(["smashh thier windowss"]).any[0] > found.read(["washh oour windowss"]).any[0]


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    found = fit(lines(), lines(), ["VI1", "SC1"], LAWS)
    write(tmp_path / "lexicon.npz", found)
    again = lexicon_of(LexiconFile(tmp_path / "lexicon.npz"))
    texts = ["smash their windows", "something else entirely"]
    assert again.rules == ("VI1", "SC1")
    assert again.read(texts).any == pytest.approx(found.read(texts).any, abs=0.01)
    assert [p.name for p in tmp_path.iterdir()] == ["lexicon.npz"]
