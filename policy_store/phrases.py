"""Phrases found in a text as whole words, with simple disguises undone. Not a classifier: a match proves no violation.

Undone are: case, accents, invisible characters (by folding), digits, signs and lookalike letters inside a word
("k1ll", "$hit", "f*ck"), drawn-out letters ("killlll"), letters set apart ("k i l l", "k.i.l.l") and a long phrase
written in one ("#killyourself"). A disguised word is only read as a word that some phrase or rule text has.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from policy_store.folding import words
from policy_store.rule import Rule, Strict

ONE_WORD = 8  # letters that a phrase of several words needs to be found written as one ("go die" is too short)
LONGEST = 32  # letters set apart that are put together at most

_READS = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "il", "+": "t", "€": "e", "*": "aeiou", "ı": "i",
    "а": "a", "в": "b", "е": "e", "з": "e", "і": "i", "ј": "j", "к": "k", "м": "m", "н": "h", "о": "o", "р": "p",
    "с": "c", "ѕ": "s", "т": "t", "у": "uy", "х": "x",
    "α": "a", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "uy", "χ": "x",
}  # fmt: skip
_SKELETON = str.maketrans(
    {ch: "*" for ch in "aeiouly"}
    | {ch: "g" for ch in "bg"}
    | {ch: "*" if set(letters) & set("aeiouly") else "g" if set(letters) & set("bg") else letters[0]
       for ch, letters in _READS.items()}
)  # fmt: skip
_DISGUISED = re.compile(f"[{re.escape(''.join(_READS))}]")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_LETTER = re.compile("[a-z]")
_RIM = "!*|+"


class Match(Strict):
    """A phrase in a text: `text[start:end]` holds it. Matches may overlap."""

    start: int
    end: int
    phrase: str


class Step(NamedTuple):
    """One reading of the text at a position: a word, the position after it, and its place in the original."""

    word: str
    after: int
    start: int
    end: int


class Vocabulary:
    """The words that a disguised word may be read as."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self.skeletons: dict[str, list[str]] = {}
        for word in sorted(self.known):
            self.skeletons.setdefault(word.translate(_SKELETON), []).append(word)
        self.heads = {skeleton[:n] for skeleton in self.skeletons for n in range(2, len(skeleton) + 1)}

    def begins(self, run: str) -> bool:
        """Say whether some known word may begin with these two or more letters."""
        return run.translate(_SKELETON) in self.heads

    def readings(self, word: str) -> tuple[str, ...]:
        """Return the known words that a folded word may stand for; itself alone where it is known."""
        if word in self.known:
            return (word,)
        disguised, drawn_out = _DISGUISED.search(word), _DRAWN_OUT.search(word)
        if not disguised and not drawn_out:
            return ()
        forms = {word, word.strip(_RIM)} if disguised else {word}
        if drawn_out:
            forms |= {_DRAWN_OUT.sub(short, form) for form in forms for short in (r"\1\1", r"\1")}
        found = {form for form in forms if form in self.known}
        for form in forms:
            if _LETTER.search(form):  # "4 2 0" is a number, and a word all in Cyrillic is Cyrillic
                found.update(w for w in self.skeletons.get(form.translate(_SKELETON), ()) if _fits(form, w))
        return tuple(sorted(found))


class Phrases:
    """Phrases as a tree of words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self.root = _Node()
        self.words: set[str] = set()
        for phrase in phrases:
            parts = _parts(phrase)
            self._add(parts, phrase)
            if len(parts) > 1 and len("".join(parts)) >= ONE_WORD:
                self._add(["".join(parts)], phrase)

    def _add(self, parts: Sequence[str], phrase: str) -> None:
        if not parts:
            return
        node = self.root
        for part in parts:
            node = node.after.setdefault(part, _Node())
        node.phrases.append(phrase)
        self.words.update(parts)

    def find(self, read: Sequence[Sequence[Step]]) -> tuple[Match, ...]:
        """Return every place of every phrase in a text that `lattice` has read, in reading order."""
        found: set[tuple[int, int, str]] = set()
        for steps in read:
            for first in steps:
                begun = self.root.after.get(first.word)
                paths = [(begun, first)] if begun else []
                while paths:
                    node, last = paths.pop()
                    found.update((first.start, last.end, phrase) for phrase in node.phrases)
                    if node.after and last.after < len(read):
                        paths += [(node.after[s.word], s) for s in read[last.after] if s.word in node.after]
        return tuple(Match(start=start, end=end, phrase=phrase) for start, end, phrase in sorted(found))


class _Node:
    __slots__ = ("after", "phrases")

    def __init__(self) -> None:
        self.after: dict[str, _Node] = {}
        self.phrases: list[str] = []


def matches(text: str, rule: Rule) -> tuple[Match, ...]:
    """Return where the keywords of a rule stand in a text; offsets point into the text as it was handed in."""
    phrases, vocabulary = _compiled(rule.keywords)
    return phrases.find(lattice(text, vocabulary))


def lattice(text: str, vocabulary: Vocabulary) -> list[list[Step]]:
    """Return for each position of a text the words that may be read there: as written, and with disguises undone."""
    read: list[list[Step]] = []
    spelled: list[int] = []  # positions of single letters
    for word in words(text):
        if word.alone and word.text not in vocabulary.known:
            continue  # a pictograph between two words does not part them
        first = len(read)
        for part, start, end in word.plain:
            if len(part) == 1 and not word.alone:
                spelled.append(len(read))
            read.append([Step(part, len(read) + 1, start, end)])
        readings = vocabulary.readings(word.text)
        if readings and not word.plain:
            read.append([])
        for reading in readings:
            if len(word.plain) != 1 or reading != word.plain[0][0]:
                read[first].append(Step(reading, len(read), word.start, word.end))
    _spell(read, spelled, vocabulary)
    return read


def _spell(read: list[list[Step]], spelled: Sequence[int], vocabulary: Vocabulary) -> None:
    """Add the words that letters set apart spell."""
    letters = {at: read[at][0] for at in spelled}
    for at in spelled:
        run = letters[at].word
        for last in range(at + 1, at + LONGEST):
            if last not in letters:
                break
            run += letters[last].word
            if not vocabulary.begins(run):
                break
            for reading in vocabulary.readings(run):
                read[at].append(Step(reading, last + 1, letters[at].start, letters[last].end))


def _fits(form: str, word: str) -> bool:
    return len(form) == len(word) and all(a == b or b in _READS.get(a, "") for a, b in zip(form, word, strict=True))


def _parts(phrase: str) -> list[str]:
    """Return the words of a phrase; signs that belong to it stay ("a$$", "@everyone")."""
    stripped = (word.text if word.text.isalnum() else word.text.strip("!*") for word in words(phrase))
    return [part for part in stripped if part]


@lru_cache(maxsize=4096)
def _compiled(keywords: tuple[str, ...]) -> tuple[Phrases, Vocabulary]:
    phrases = Phrases(keywords)
    return phrases, Vocabulary(phrases.words)
