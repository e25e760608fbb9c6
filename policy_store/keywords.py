"""Keyword retrieval: rules by the phrases their authors listed, and by the words of their texts. Not the verdict.

It finds what an encoder blurs (names, slang, codes) and what is disguised; it knows no meaning. A rule's score is
BM25 over its texts plus, for each of its phrases found, idf times the number of words (ours).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from policy_store.bm25 import Bm25, idf
from policy_store.entry import in_force
from policy_store.folding import words
from policy_store.pack import Pack
from policy_store.phrases import Match, Phrases, Vocabulary, lattice, matches
from policy_store.rule import Rule, Strict

WIDER = 4

__all__ = ["KeywordHit", "KeywordIndex", "Match", "matches"]


class KeywordHit(Strict):
    """A rule found by words: `score` over 0 (only its order means anything), `matched` its phrases in reading order."""

    rule_id: str
    score: float
    matched: tuple[str, ...] = ()


class KeywordIndex:
    """Phrases and postings of the rules of one pack."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.ids = tuple(rule.id for rule in rules)
        self.keywords = tuple(frozenset(rule.keywords) for rule in rules)
        owners: dict[str, list[int]] = {}
        for row, keywords in enumerate(self.keywords):
            for phrase in keywords:
                owners.setdefault(phrase, []).append(row)
        self.owners = {phrase: np.array(rows) for phrase, rows in owners.items()}
        self.weights = {
            phrase: float(idf(len(rows), len(rules))) * len(phrase.split()) for phrase, rows in owners.items()
        }
        self.phrases = Phrases(self.owners)
        self.texts = Bm25([_terms(rule) for rule in rules])
        self.vocabulary = Vocabulary(self.phrases.words | self.texts.terms.keys())

    @classmethod
    def build(cls, pack: Pack) -> "KeywordIndex":
        """Build the index of a pack's active and shadow rules."""
        return cls([rule for rule in pack.rules if in_force(rule)])

    def search(self, text: str, k: int, allowed: frozenset[str] | None = None) -> tuple[KeywordHit, ...]:
        """Return the k best rules for a text, best first; `allowed` limits them (None: all)."""
        read = lattice(text, self.vocabulary)
        scores = self.texts.scores(step.word for steps in read for step in steps)
        found = dict.fromkeys(match.phrase for match in self.phrases.find(read))
        for phrase in found:
            scores[self.owners[phrase]] += self.weights[phrase]
        return tuple(
            KeywordHit(
                rule_id=self.ids[row],
                score=float(scores[row]),
                matched=tuple(phrase for phrase in found if phrase in self.keywords[row]),
            )
            for row in self._best(scores, k, allowed)
        )

    def _best(self, scores: NDArray[np.float32], k: int, allowed: frozenset[str] | None) -> list[int]:
        found = np.flatnonzero(scores)
        fetch = k if allowed is None else k * WIDER
        while True:
            top = found
            if fetch < len(found):
                top = np.sort(found[np.argpartition(-scores[found], fetch)[:fetch]])
            ranked = top[np.argsort(-scores[top], kind="stable")]
            best = [int(row) for row in ranked if allowed is None or self.ids[row] in allowed]
            if len(best) >= k or len(top) == len(found):
                return best[:k]
            fetch *= WIDER


def _terms(rule: Rule) -> list[str]:
    examples = (example.text for example in rule.examples.violating)
    return _words((rule.type, rule.statement, *(clause.text for clause in rule.includes), *examples))


def _words(texts: Iterable[str]) -> list[str]:
    return [part for text in texts for word in words(text) for part, _, _ in word.plain]
