"""Spellings that hide words from a filter, put on training texts with the label left alone.

Allowed lines are hidden as often as violating ones, so that an odd spelling is no sign of either.
"""

import random
import re
from collections.abc import Callable

_WORD = re.compile(r"[^\W\d_]{4,}")
LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
SHARE = 0.5


def obfuscated(text: str, rng: random.Random, rate: float) -> str:
    """Return the text, at `rate` with about half of its longer words in one hidden spelling."""
    if rng.random() >= rate:
        return text
    way = rng.choice(WAYS)
    return _WORD.sub(lambda m: way(m[0], rng) if rng.random() < SHARE else m[0], text)


def _swapped(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1 :]


def _spelt_out(word: str, rng: random.Random) -> str:
    return rng.choice((" ", " ", ".", "-", "_")).join(word)


def _leet(word: str, rng: random.Random) -> str:
    return "".join(c.translate(LEET) if rng.random() < 0.7 else c for c in word)


def _repeated(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + word[at] * rng.randint(1, 4) + word[at:]


def _masked(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + rng.choice("*#@") + word[at + 1 :]


WAYS: tuple[Callable[[str, random.Random], str], ...] = (_swapped, _dropped, _spelt_out, _leet, _repeated, _masked)
