"""What changed between two texts, word by word. Not which texts belong together (diff)."""

import re
from difflib import SequenceMatcher
from typing import Literal

Op = Literal["equal", "insert", "delete"]
Span = tuple[Op, str]

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def spans(old: str, new: str) -> tuple[Span, ...]:
    """Return the spans that lead from `old` to `new`; a delete stands before the insert that replaces it.

    The equal and delete spans joined are `old`, the equal and insert spans joined are `new`.

    >>> spans("a threat to a person", "a veiled threat to a group")
    (('equal', 'a'), ('insert', ' veiled'), ('equal', ' threat to a '), ('delete', 'person'), ('insert', 'group'))
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    found: list[Span] = []
    held = ["", ""]  # deleted and inserted text since the last equal words
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for i, (op, a, b, c, d) in enumerate(steps):
        same = "".join(before[a:b])
        # a blank between two changes is part of both, so that the reader sees one change
        if op == "equal" and (same.strip() or not any(held) or i == len(steps) - 1):
            found += _changes(held)
            found.append(("equal", same))
            held = ["", ""]
        else:
            held[0] += same
            held[1] += "".join(after[c:d])
    return (*found, *_changes(held))


def _changes(held: list[str]) -> list[Span]:
    deleted: list[Span] = [("delete", held[0])] if held[0] else []
    inserted: list[Span] = [("insert", held[1])] if held[1] else []
    return deleted + inserted
