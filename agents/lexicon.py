"""What the letters and words of a text say that its vector does not: hashed n-grams beside the encoder.

An encoder of six layers reads the gist; which words were used, how they were spelt and what stands next to what is
partly lost in it. Two blocks of n-grams, of letters within words and of words, give the log-odds that any rule is
broken and shares over known rules, which are bound to what rules state (agents/naming.py).
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.naming import FLOOR
from agents.vectors import Floats, Vectors

BUCKETS = 1 << 17  # a block
LETTERS = (3, 4, 5)
KEPT = 4096
_WORD = re.compile(r"\w+")
_MIX, _SPREAD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - (BUCKETS.bit_length() - 1))
_SPACE = ord(" ")
Places = NDArray[np.intp]


class Words(NamedTuple):
    """Readings of n texts: log-odds of any violation [n], log-shares [n, known rules], and what those rules state."""

    any: Floats
    shares: Floats
    laws: Vectors


def grams(text: str) -> tuple[Places, Places]:
    """Return the buckets of a text's letters (LETTERS in a row, blanks at the ends of words) and words (one, two).

    Each bucket once, in rising order: how often something is said counts for nothing.
    """
    lowered = text.lower()
    line = f" {' '.join(lowered.split())} "
    codes = np.frombuffer(line.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    blank = codes == _SPACE
    found: list[NDArray[np.uint64]] = []
    for size in LETTERS:
        count = len(codes) - size + 1
        if count <= 0:
            continue
        mixed = np.full(count, size, np.uint64)
        inside = np.zeros(count, np.bool_)
        for at in range(size):
            mixed = (mixed ^ codes[at : at + count]) * _MIX
            mixed ^= mixed >> np.uint64(29)
            if 0 < at < size - 1:
                inside |= blank[at : at + count]
        found.append(mixed[~inside])
    words = np.array([zlib.crc32(w.encode("utf-8", "surrogatepass")) for w in _WORD.findall(lowered)], np.uint64)
    single = words * _MIX
    double = (words[:-1] * _MIX ^ words[1:]) * _SPREAD
    return _buckets(found), _buckets([single, double])


def _buckets(hashes: Sequence[NDArray[np.uint64]]) -> Places:
    every = np.concatenate([*hashes, np.zeros(0, np.uint64)])
    return np.unique((every * _SPREAD) >> _SHIFT).astype(np.intp)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Weights [2 * BUCKETS, 1 + rules] as int8 times a scale a column, and how rare a bucket is [2 * BUCKETS].

    A block of a text is the vector of its buckets' rarities at unit length; both blocks' products with the weights are
    added to the bias. The first column is log-odds, the others become log-shares, no lower than FLOOR.
    """

    rarity: NDArray[np.float32]
    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats
    rules: tuple[str, ...]
    laws: Vectors
    _known: dict[str, Floats] = field(default_factory=dict, repr=False)

    def read(self, texts: Sequence[str]) -> Words:
        """Return the readings of texts; those of a text depend on that text alone."""
        rows = np.zeros((len(texts), 1 + len(self.rules)))
        for row, text in enumerate(texts):
            rows[row] = self._row(text)
        rest = rows[:, 1:] - rows[:, 1:].max(1, keepdims=True)
        shares = rest - np.log(np.exp(rest).sum(1, keepdims=True))
        return Words(rows[:, 0], np.maximum(shares, FLOOR), self.laws)

    def _row(self, text: str) -> Floats:
        row = self._known.get(text)
        if row is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            row = self._known[text] = self._summed(text)
        return row

    def _summed(self, text: str) -> Floats:
        out = np.zeros(len(self.bias))
        for block, places in enumerate(grams(text)):
            own = places + block * BUCKETS
            rarity = self.rarity[own]
            total = rarity @ self.weights[own].astype(np.float32)
            out += total / max(float(np.sqrt((rarity * rarity).sum())), 1e-9)
        return out * self.scale + self.bias
