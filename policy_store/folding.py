"""Words of a text as a reader sees them, each with its place in the original. Not a matcher and not a stemmer.

Folding is NFKC, case-folded, without invisible characters, accents and apostrophes. `Word.start` and `Word.end`
are offsets into the text that was handed in, never into the folded one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Scripts that write no blanks, and pictographs: every character is a word, so a phrase is found inside a line.
ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
SIGNS = "@$!|*+€"  # stand for letters inside a word ("k!ll", "$hit", "f*ck")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_DROPPED = re.compile("['`\u02bc\u2018\u2019\u05f3]")
_ACCENT = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
)
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # their vowel signs are no word characters to `re`
_CHUNK = re.compile(rf"([{ALONE}])|(?:[^\W_{ALONE}]|[{SIGNS}{_INDIC}])+")
_PLAIN = re.compile(rf"[^{re.escape(SIGNS)}]+")


class Folded(NamedTuple):
    """A folded text; character i of `text` came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class Word(NamedTuple):
    """A run of letters, digits and signs: `text` is folded, `plain` its parts without signs (with their places).

    `alone` marks a character of a script without blanks, or a pictograph.
    """

    text: str
    start: int
    end: int
    plain: tuple[tuple[str, int, int], ...]
    alone: bool


def folded(text: str) -> Folded:
    """Return the folded text with its map of offsets."""
    if text.isascii():
        if "'" not in text and "`" not in text:
            return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
        kept = [i for i, ch in enumerate(text) if ch not in "'`"]
        return Folded(_DROPPED.sub("", text).lower(), kept, [i + 1 for i in kept])
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece, start, end in _pieces(text):
        if not piece:
            if ends and _ACCENT.search(unicodedata.normalize("NFD", text[start:end])):
                ends[-1] = end  # an accent belongs to the letter that it stands on
            continue
        out.append(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    return Folded("".join(out), starts, ends)


def words(text: str) -> Iterator[Word]:
    """Yield the words of a text in order. A sign at the rim stays in `text`: the matcher knows whether it counts."""
    body, starts, ends = folded(text)
    for found in _CHUNK.finditer(body):
        chunk, base = found.group(), found.start()
        first, last = starts[base], ends[found.end() - 1]
        if chunk.isalnum():
            yield Word(chunk, first, last, ((chunk, first, last),), found.lastindex == 1)
        else:
            plain = tuple(
                (part.group(), starts[base + part.start()], ends[base + part.end() - 1])
                for part in _PLAIN.finditer(chunk)
            )
            yield Word(chunk, first, last, plain, found.lastindex == 1)


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    at = 0
    for foreign in _FOREIGN.finditer(text):
        yield from _ascii(text, at, foreign.start())
        yield from _clusters(text, foreign.start(), foreign.end())
        at = foreign.end()
    yield from _ascii(text, at, len(text))


def _ascii(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for i in range(start, end):
        ch = text[i]
        yield ("" if ch in "'`" else ch.lower()), i, i + 1


def _clusters(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Yield characters with the marks that compose with them, so that NFKC sees what it would see in the whole."""
    first = start
    while first < end:
        last = first + 1
        while last < end and _joins(text[last]):
            last += 1
        yield _fold(text[first:last]), first, last
        first = last


def _joins(ch: str) -> bool:
    return unicodedata.combining(ch) != 0 or "\u1160" < ch <= "\u11ff" or ch in "\uff9e\uff9f"


def _fold(cluster: str) -> str:
    seen = _INVISIBLE.sub("", cluster)
    if not seen:
        return ""
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFKC", seen).casefold()))
    return _DROPPED.sub("", unicodedata.normalize("NFC", bare))
