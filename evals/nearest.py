"""Exact retrieval by vector over a rulebook in memory. The rule index (policy_store/index.py) is for policies at large.

It answers as the index does, rule by rule through the nearest voting entry, and takes no time to build: a policy that
is being edited needs no index of its own for a look at what the edit flips.
"""

import numpy as np

from agents.rulebook import Rulebook
from agents.vectors import Vectors
from policy_store.entry import Kind
from policy_store.index import Hit


class Nearest:
    """The voting entries of a rulebook, those of one rule in a row."""

    def __init__(self, book: Rulebook) -> None:
        self.ids = [rule.id for rule in book.rules]
        self.entries: list[tuple[Kind, str]] = []
        self.starts: list[int] = []
        blocks: list[Vectors] = []
        for column, rule in enumerate(book.rules):
            self.starts.append(len(self.entries))
            groups: tuple[tuple[Kind, Vectors, list[str]], ...] = (
                ("statement", book.statements[column : column + 1], [rule.id]),
                ("clause", book.clauses[book.clause_columns[column]], [c.id for c in rule.includes]),
                ("violating", book.violating[book.violating_columns[column]], [e.id for e in rule.examples.violating]),
                ("allowed", book.allowed[book.allowed_columns[column]], [e.id for e in rule.examples.allowed]),
            )
            for kind, vectors, names in groups:
                blocks.append(vectors)
                self.entries += [(kind, name) for name in names]
        self.vectors = _unit(np.concatenate(blocks))

    def search(self, vectors: Vectors, k: int, allowed: frozenset[str] | None = None) -> list[tuple[Hit, ...]]:
        """Return for each row of `vectors` [n, width] its k nearest rules, best first; `allowed` limits them."""
        near = _unit(vectors) @ self.vectors.T
        best = np.maximum.reduceat(near, self.starts, axis=1)
        columns = np.array([c for c, name in enumerate(self.ids) if allowed is None or name in allowed], np.intp)
        order = columns[np.argsort(-best[:, columns], axis=1, kind="stable")[:, :k]]
        return [tuple(self._hit(row, int(c)) for c in chosen) for row, chosen in zip(near, order, strict=True)]

    def _hit(self, near: Vectors, column: int) -> Hit:
        start = self.starts[column]
        end = self.starts[column + 1] if column + 1 < len(self.starts) else len(self.entries)
        place = start + int(near[start:end].argmax())
        kind, name = self.entries[place]
        rule_id = self.ids[column]
        return Hit(rule_id=rule_id, entry_id=f"{rule_id}/{kind}/{name}", kind=kind, similarity=float(near[place]))


def _unit(vectors: Vectors) -> Vectors:
    """Return rows of length 1: half precision leaves them a little off, and the index divides by their length."""
    out: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return out
