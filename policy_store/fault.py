"""A fault: one thing wrong with a pack, and where. Not a warning: a pack with a fault does not load.

`line` and `column` count from 1; line 0 means the file as a whole. `PackError` holds every fault that was found.
"""

import difflib
import re
from collections.abc import Iterable
from unicodedata import east_asian_width

from policy_store.rule import Strict

WIDEST = 110


class Fault(Strict):
    """What is wrong, at which character of which file, and how to mend it. `source` is the line as it stands."""

    file: str
    line: int
    column: int
    where: str
    value: str
    problem: str
    hint: str
    source: str = ""

    def __str__(self) -> str:
        """Return `file:line:column: problem`, the source line with a caret, and the hint."""
        if not self.line:
            return f"{self.file}: {self.problem}\n    hint: {self.hint}"
        text, caret = _window(self.source, self.column - 1)
        head = f"{self.file}:{self.line}:{self.column}: {self.problem}"
        return f"{head}\n    {text}\n    {_pad(text[:caret])}^\n    hint: {self.hint}"


class PackError(ValueError):
    """Raised when a pack cannot be loaded; `faults` holds all of them, in file order, each once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda f: (f.file, f.line, f.column, f.problem)))
        super().__init__(self.faults)

    def __str__(self) -> str:
        """Return every fault, a blank line between two."""
        return "\n\n".join(str(fault) for fault in self.faults)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` most likely meant, or None; case does not count, a part of it may do."""
    by_lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    if not close and len(name) >= 4:
        close = sorted((k for k in by_lower if name.lower() in k), key=len)
    return by_lower[close[0]] if close else None


def suggest(name: str, known: Iterable[str], what: str) -> str:
    """Return a hint for an unknown name: the nearest known one, else as many known ones as fit on a line."""
    names = sorted(set(known), key=_natural)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    if not names:
        return f"there are no {what} here"
    listed = f"known {what}: {', '.join(names)}"
    return listed if len(listed) <= WIDEST else f"{listed[:WIDEST].rpartition(', ')[0] or listed[:WIDEST]}, …"


def _natural(name: str) -> tuple[str | int, ...]:
    return tuple(int(p) if i % 2 else p for i, p in enumerate(re.split(r"(\d+)", name)))


def _window(text: str, caret: int) -> tuple[str, int]:
    """Cut a long line down to what stands around the caret."""
    if len(text) <= WIDEST:
        return text, caret
    start = min(max(0, caret - WIDEST // 2), len(text) - WIDEST)
    end = start + WIDEST
    left, right = "…" if start else "", "…" if end < len(text) else ""
    return f"{left}{text[start:end]}{right}", caret - start + len(left)


def _pad(text: str) -> str:
    return "".join("\t" if c == "\t" else "  " if east_asian_width(c) in "WF" else " " for c in text)
