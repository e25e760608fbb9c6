"""The bank of known pictures from the command line: what is added is recognised, exchanged and removed."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pdqhash", reason="known pictures: pip install 'precept[vision]'")
pytest.importorskip("rapidocr", reason="pictures: pip install 'precept[vision]'")

from PIL import Image  # noqa: E402

from tests.terminal.commands import CAKE, Invoke  # noqa: E402


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    small = np.random.default_rng(5).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    path = tmp_path / "known.png"
    Image.fromarray(small).resize((480, 360), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture(autouse=True)
def own_bank(home: Path) -> None:
    (home / "bank.jsonl").unlink(missing_ok=True)


def known(precept: Invoke) -> list[dict[str, str]]:
    return [json.loads(line) for line in precept("bank", "list", "--json").stdout.splitlines()]


def test_a_picture_in_the_bank_is_recognised_when_it_comes_again_smaller(
    precept: Invoke, picture: Path, tmp_path: Path
) -> None:
    assert precept("bank", "add", picture, "--label", "a known scam").exit_code == 0
    again = tmp_path / "again.jpg"
    Image.open(picture).resize((300, 225)).save(again, quality=60)
    line = json.loads(precept("decide", CAKE, "--image", again, "--json").stdout)
    shown = json.loads(precept("ledger", "show", line["decision_id"], "--json").stdout)
    matches = [o for o in shown["case"]["observations"] if o["kind"] == "match"]
    assert [m["label"] for m in matches] == ["a known scam"]
    assert line["outcome"] == "review"


def test_what_is_added_is_listed_once_and_removed(precept: Invoke, picture: Path) -> None:
    for _ in range(2):
        precept("bank", "add", picture, "--label", "one", "--note", "from a report")
    (one,) = known(precept)
    assert one["label"] == "one" and one["note"] == "from a report"
    assert precept("bank", "remove", one["id"]).exit_code == 0 and not known(precept)
    again = precept("bank", "remove", one["id"])
    assert again.exit_code == 2 and "is no known picture" in again.stderr


@pytest.mark.parametrize("form", ["lines", "threatexchange"])
def test_what_is_exported_can_be_imported(precept: Invoke, picture: Path, tmp_path: Path, form: str) -> None:
    precept("bank", "add", picture, "--label", "one")
    before, file = known(precept), tmp_path / "bank.txt"
    assert precept("bank", "export", "--as", form, "-o", file).exit_code == 0
    precept("bank", "remove", before[0]["id"])
    assert precept("bank", "import", file, "--label", "one").exit_code == 0
    assert [one["hash"] for one in known(precept)] == [before[0]["hash"]]


def test_what_cannot_be_known_by_its_looks_is_refused(precept: Invoke, tmp_path: Path) -> None:
    flat, text = tmp_path / "flat.png", tmp_path / "text.txt"
    Image.new("RGB", (300, 300), (9, 9, 9)).save(flat)
    text.write_text("pdq nonsense")
    for args, told in (
        (("add", flat, "--label", "x"), "too flat"),
        (("add", text, "--label", "x"), "text.txt"),
        (("add", tmp_path / "none.png", "--label", "x"), "none.png"),
        (("import", text), "is no PDQ hash"),
        (("import", tmp_path / "none.txt"), "no such file"),
    ):
        done = precept("bank", *args)
        assert done.exit_code == 2 and told in done.stderr, args
    assert not known(precept)


def test_a_broken_bank_says_where_and_is_no_bug(precept: Invoke, home: Path, picture: Path) -> None:
    (home / "bank.jsonl").write_text('{"id": "1"}\n')
    for args in (("bank", "list"), ("decide", CAKE, "--image", picture)):
        done = precept(*args)
        assert done.exit_code == 1 and "bank.jsonl:1:" in done.stderr
    (home / "bank.jsonl").unlink()
