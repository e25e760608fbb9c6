"""Which words carry the verdict, as a cross-encoder marks them while it reads a case with a rule.

The original parts are read, so that every quote is verbatim by construction; the cost of masking what was marked is
measured as for any evidence. Nothing is marked where no word reaches the calibrated share: then evidence is measured.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.evidence import Piece, masked, quote
from agents.reading import Mark, law_text
from agents.vectors import logit
from cases.finding import Evidence
from cases.view import View, addressed
from policy_store.rule import Rule

if TYPE_CHECKING:
    from agents.reasoner import Bench

MAX_SPANS = 3
GAP = 2  # words between two marked runs that are quoted along
LEAST = 0.6  # share of `mark` that the words of a gap must reach
_WORD = re.compile(r"\S+")
_EDGE = " \t\n\"'“”‘’.,;:!?()[]…-–—"


def marked(bench: "Bench", view: View, rule: Rule) -> tuple[Evidence, ...]:
    """Return at most MAX_SPANS spans of the view's parts in reading order, each with what masking it costs the rule."""
    if bench.read is None or bench.calibration.crossed is None:
        return ()
    law, found = [law_text(rule)], list[tuple[float, Piece]]()
    for part in bench.case.parts:
        if view.part not in (None, part.id):
            continue
        low, high = (view.start, view.end) if view.part else (0, len(part.text))
        text = part.text[low:high]
        if not text.strip():
            continue
        spoken = addressed(part.text) if view.plain else ()
        # Words to the judge are blanked: they neither colour the other words nor run together with them.
        for a, b in spoken:
            a, b = max(a - low, 0), max(b - low, 0)
            text = text[:a] + " " * (min(b, len(text)) - min(a, len(text))) + text[b:]
        if not text.strip():
            continue
        (marks,) = bench.read(text, law).marks
        found += [(w, Piece(part.id, low + a, low + b)) for w, a, b in spans(text, marks, bench.calibration.mark)]
    best = [piece for _, piece in sorted(found, key=lambda f: -f[0])[:MAX_SPANS]]
    if not best:
        return ()
    order = [p.id for p in bench.case.parts]
    best.sort(key=lambda p: (order.index(p.part), p.start))
    column = bench.book.index[rule.id]
    scores = logit(bench.score([masked(bench.case, view, cut) for cut in ((), *((p,) for p in best))])[:, column])
    return tuple(quote(bench.case, p, round(float(scores[0] - s), 3)) for p, s in zip(best, scores[1:], strict=True))


def spans(text: str, marks: Sequence[Mark], cut: float) -> list[tuple[float, int, int]]:
    """Return (sum of shares, start, end) of runs of words that reach `cut`; a word has the share of its best token.

    >>> spans("you are a fool, sir", (Mark(0, 3, 0.1), Mark(10, 14, 0.9)), 0.5)
    [(0.9, 10, 14)]
    """
    words = [m.span() for m in _WORD.finditer(text)]
    shares = [max((m.share for m in marks if m.start < b and m.end > a), default=0.0) for a, b in words]
    runs: list[list[int]] = []
    for i, share in enumerate(shares):
        if share < cut:
            continue
        between = shares[runs[-1][1] + 1 : i] if runs else []
        if runs and len(between) <= GAP and all(s >= LEAST * cut for s in between):
            runs[-1][1] = i
        else:
            runs.append([i, i])
    out = []
    for first, last in runs:
        start, end = words[first][0], words[last][1]
        while start < end and text[start] in _EDGE:
            start += 1
        while end > start and text[end - 1] in _EDGE:
            end -= 1
        if end > start:
            out.append((sum(shares[first : last + 1]), start, end))
    return out
