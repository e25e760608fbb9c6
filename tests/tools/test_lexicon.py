"""The file of n-grams: named by its digest, and told when it is missing or damaged."""

from pathlib import Path

import pytest

from tools.lexicon import LEXICON, NAMES, LexiconFile


def test_the_shipped_file_holds_what_it_should_and_is_small() -> None:
    found = LexiconFile().arrays()
    assert set(found) == set(NAMES)
    assert found["weights"].shape == (len(found["rarity"]), len(found["bias"])) and found["weights"].dtype == "int8"
    assert len(found["bias"]) == 1 + len(found["rules"]) == 1 + len(found["laws"])
    assert LEXICON.stat().st_size < 30_000_000


def test_a_missing_file_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone.npz.*missing.*reinstall"):
        LexiconFile(tmp_path / "gone.npz")


@pytest.mark.parametrize("kept", [0, 100, -1000])
def test_a_file_that_was_cut_short_is_named_with_the_fix(tmp_path: Path, kept: int) -> None:
    cut = tmp_path / "lexicon.npz"
    cut.write_bytes(LEXICON.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"lexicon.npz: cannot be read .*reinstall"):
        LexiconFile(cut).arrays()


def test_a_file_that_lacks_an_array_is_refused(tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "lexicon.npz", rarity=np.zeros(3))
    with pytest.raises(ValueError, match=r"lexicon.npz: cannot be read"):
        LexiconFile(tmp_path / "lexicon.npz").arrays()


def test_the_digest_names_the_bytes(tmp_path: Path) -> None:
    other = tmp_path / "lexicon.npz"
    other.write_bytes(LEXICON.read_bytes() + b" ")
    assert LexiconFile().digest != LexiconFile(other).digest
