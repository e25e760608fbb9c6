"""The file of the lexicon (agents/lexicon.py): arrays of the shipped weights, and their digest. Not a judge."""

import zipfile
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.encoder import WEIGHTS
from tools.session import WeightsError, digest

LEXICON = WEIGHTS.with_name("lexicon.npz")
NAMES = ("rarity", "weights", "scale", "bias", "rules", "laws")


class LexiconFile:
    """Read the weights of n-grams, and name them."""

    def __init__(self, path: Path = LEXICON) -> None:
        self.path = path
        if not path.is_file():
            raise FileNotFoundError(f"{path}: weights of n-grams are missing; reinstall precept or calibrate again")

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the file: the calibration says which one it was fitted with."""
        return digest(self.path)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays of NAMES; raise WeightsError for a file that is damaged."""
        try:
            with np.load(self.path, allow_pickle=False) as file:
                return {name: file[name] for name in NAMES}
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise WeightsError(f"{self.path}: cannot be read ({error}); reinstall precept") from error
