"""Pure text functions over content. They never change a part: evidence offsets point into the original.

`fold` is for encoders and comparisons only; `spans` gives offsets into the text it was handed.
"""

import re
import unicodedata
from collections.abc import Iterator

_HIDDEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff"
)
_MARKS = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_INVISIBLE = re.compile(f"[{_HIDDEN}]")
_UNIT = re.compile(rf"(?:(?![{_HIDDEN}{_MARKS}])\S[{_HIDDEN}{_MARKS}]*+|[{_HIDDEN}{_MARKS}]++){{1,12}}")
_BLANKS = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]|(?<=\d)\.(?=\d))+(?:[.!?。！？]+[\"'”’)\]]*|\n|$)")
_CUT = r"[,;:—–()\n|]|--|//|\s-\s"
_PHRASE = re.compile(rf"(?:(?!{_CUT}).)+(?:(?:{_CUT})+|$)", re.DOTALL)


def fold(text: str) -> str:
    """Return the text as a reader sees it: NFKC, without invisible characters, blanks collapsed."""
    # Composed twice: what stood apart around an invisible character may compose once that is gone.
    seen = unicodedata.normalize("NFKC", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
    return _BLANKS.sub(" ", seen).strip()


def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each sentence or line that holds a word character, blanks at its ends left out."""
    return tuple(_trimmed(text, _SENTENCE, 0))


def phrases(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each phrase of `text[start:end]`, cut at commas, colons, dashes and brackets."""
    return tuple(_trimmed(text[start:end], _PHRASE, start))


def length(text: str) -> int:
    """Return the number of words; an unbroken run counts as one for every 12 characters.

    So that many words always hold at most 12 times as many characters, whatever they are made of. What nobody sees
    is not counted: hidden characters would otherwise shrink a window to a few letters.
    """
    return sum(1 for _ in _UNIT.finditer(text))


def windows(text: str, words: int, overlap: int) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of windows of at most `words` words, each repeating `overlap` words of the last.

    Words are counted as by `length`, so that a text without blanks is cut too.
    """
    tokens = [m.span() for m in _UNIT.finditer(text)]
    if not tokens:
        return ()
    step = max(1, words - overlap)
    out: list[tuple[int, int]] = []
    for first in range(0, len(tokens), step):
        last = min(first + words, len(tokens)) - 1
        out.append((tokens[first][0], tokens[last][1]))
        if last == len(tokens) - 1:
            break
    return tuple(out)


def passages(text: str, words: int) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of runs of whole sentences that reach `words` words, one starting at each sentence.

    A run that lies inside the one before is left out; a sentence that is longer by itself is cut into windows.
    """
    cuts = [
        (start + a, start + b)
        for start, end in sentences(text)
        for a, b in windows(text[start:end], 2 * words, words // 2)
    ]
    sizes = [length(text[a:b]) for a, b in cuts]
    out: list[tuple[int, int]] = []
    for first, (start, _) in enumerate(cuts):
        last = first
        while last + 1 < len(cuts) and sum(sizes[first : last + 1]) < words:
            last += 1
        if not out or cuts[last][1] > out[-1][1]:
            out.append((start, cuts[last][1]))
    return tuple(out)


def _trimmed(text: str, pattern: re.Pattern[str], base: int) -> Iterator[tuple[int, int]]:
    for found in pattern.finditer(text):
        body = found.group()
        left = len(body) - len(body.lstrip())
        start, end = found.start() + left, found.start() + len(body.rstrip())
        if end > start and any(ch.isalnum() for ch in text[start:end]):
            yield base + start, base + end
