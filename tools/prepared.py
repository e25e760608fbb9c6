"""Vectors of the texts of the shipped policies, made when the weights were: a first start need not encode them.

Nothing but time depends on it. Contract: a vector is used only with the very weights that it was made with, and for
the very text; a file that is missing, of other weights or damaged gives none.
"""

import logging
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.encoder import WEIGHTS

Vector = NDArray[np.float32]
PREPARED = WEIGHTS.with_name("policies.npz")
_SIZE = 16
_log = logging.getLogger("precept.weights")


class Prepared:
    """Vectors by text."""

    def __init__(self, rows: Mapping[bytes, int], vectors: NDArray[np.float16]) -> None:
        self._rows, self._vectors = rows, vectors

    @classmethod
    def open(cls, digest: str, path: Path = PREPARED) -> "Prepared":
        """Read the vectors that were made with the weights of that digest; none where there are none."""
        nothing = cls({}, np.zeros((0, 0), np.float16))
        if not path.is_file():
            return nothing
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["weights"]) != digest:
                    return nothing
                keys, vectors = file["keys"].tobytes(), file["vectors"]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            _log.warning("%s cannot be read (%s): policies are encoded anew; reinstall precept", path, error)
            return nothing
        return cls({keys[at * _SIZE : (at + 1) * _SIZE]: at for at in range(len(vectors))}, vectors)

    def __len__(self) -> int:
        return len(self._rows)

    def vectors(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors of those texts that there are any of."""
        found = {text: self._rows.get(_key(text)) for text in texts}
        return {text: self._vectors[at].astype(np.float32) for text, at in found.items() if at is not None}


def write(path: Path, digest: str, vectors: Mapping[str, Vector]) -> None:
    """Write vectors by text, made with the weights of that digest, whole or not at all."""
    keys = np.frombuffer(b"".join(map(_key, vectors)), np.uint8).reshape(-1, _SIZE)
    part = path.with_suffix(".part.npz")
    rows = np.stack([*vectors.values()]).astype(np.float16)
    np.savez(part, weights=np.array(digest), keys=keys, vectors=rows)
    part.replace(path)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()


__all__ = ["PREPARED", "Prepared", "write"]
