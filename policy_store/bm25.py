"""BM25 over short documents, in numpy. Not a tokenizer and not a search engine: it scores lists of words.

The whole weight of every (word, document) pair is computed when the postings are built, so that a query only adds
rows up (the idea of BM25S, Lu 2024, arXiv:2407.03618). Written here, as that library imports numba and jax where
they are installed, which costs a second of every cold start.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75


def idf(holding: NDArray[np.float64] | float, documents: int) -> NDArray[np.float64]:
    """Return how telling a word is that `holding` of `documents` hold: ln(1 + (N - n + 0.5) / (n + 0.5)), over 0."""
    return np.log1p((documents - np.asarray(holding) + 0.5) / (np.asarray(holding) + 0.5))


class Bm25:
    """Weights of words in documents: idf * tf / (tf + K1 * (1 - B + B * length / mean length)).

    Robertson and Zaragoza 2009, in the form of Lucene: without the constant factor K1 + 1.
    """

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self.size = len(documents)
        self.terms: dict[str, int] = {}
        ids = [self.terms.setdefault(word, len(self.terms)) for words in documents for word in words]
        lengths = np.array([len(words) for words in documents], np.int64)
        owners = np.repeat(np.arange(self.size), lengths)
        pairs, counts = np.unique(np.array(ids, np.int64) * self.size + owners, return_counts=True)
        terms, self.documents = np.divmod(pairs, max(1, self.size))
        holding = np.bincount(terms, minlength=len(self.terms))
        self.ends = np.cumsum(holding)
        mean = float(lengths.mean()) if ids else 1.0
        damped = counts + K1 * (1 - B + B * lengths[self.documents] / mean)
        self.weights = (idf(holding.astype(np.float64), self.size)[terms] * counts / damped).astype(np.float32)

    def scores(self, words: Iterable[str]) -> NDArray[np.float32]:
        """Return one score a document [size]; a word counts once, however often it is asked for."""
        out = np.zeros(self.size, np.float32)
        for word in set(words):
            if (term := self.terms.get(word)) is not None:
                held = slice(self.ends[term - 1] if term else 0, self.ends[term])
                out[self.documents[held]] += self.weights[held]
        return out
