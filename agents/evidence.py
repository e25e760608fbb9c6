"""Which words carry the verdict: measured by scoring pieces alone, and by masking them and watching the score.

Offsets point into the original part, so every quote is verbatim by construction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agents.vectors import Floats, logit
from cases.case import Case
from cases.finding import Evidence
from cases.text import fold, phrases, sentences
from cases.view import View, addressed, read

MASK = "…"
MAX_PIECES = 24
WORDS_PER_PIECE = 12
MIN_WORDS = 3
SECOND_SHARE = 0.5
MAX_QUOTE = 400


class ScoreTexts(Protocol):
    """Give calibrated probabilities [n texts, rules], columns as in the rulebook."""

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Score the texts."""
        ...


@dataclass(frozen=True)
class Piece:
    """A span of a part that may be evidence."""

    part: str
    start: int
    end: int


def pieces(case: Case, view: View, fine: bool = False) -> tuple[Piece, ...]:
    """Return the sentences that a view covers; their phrases where `fine`, or where it is a single sentence."""
    found: list[Piece] = []
    for part in case.parts:
        if view.part not in (None, part.id):
            continue
        low, high = (view.start, view.end) if view.part else (0, len(part.text))
        spoken = addressed(part.text) if view.plain else ()
        found += [
            Piece(part.id, a, b)
            for a, b in sentences(part.text)
            if a < high and b > low and not any(a < d and b > c for c, d in spoken)
        ]
    if fine or len(found) == 1:
        found = [Piece(p.part, a, b) for p in found for a, b in _phrases(case.part(p.part).text, p)]
    return tuple(found[:MAX_PIECES])


def masked(case: Case, view: View, spans: Sequence[Piece]) -> str:
    """Return the view's text with spans masked; a plain view stays plain."""
    return read(case, view, [(s.part, s.start, s.end) for s in spans], MASK) or MASK


def located(case: Case, view: View, column: int, score: ScoreTexts) -> tuple[Evidence, ...]:
    """Return the sentence that scores highest when it stands alone: quick, one pass over the sentences."""
    found = pieces(case, view)
    if not found:
        return whole(case, view)
    if len(found) == 1:
        return (quote(case, found[0]),)
    alone = score([fold(case.part(p.part).text[p.start : p.end]) for p in found])[:, column]
    return (quote(case, found[int(alone.argmax())]),)


def measured(case: Case, view: View, column: int, score: ScoreTexts) -> tuple[Evidence, ...]:
    """Return the one or two spans whose masking costs the rule most log-odds, with that cost as `drop`.

    Sentences first; then the phrases or word runs of the best sentence, kept when they carry most of its drop.
    """
    coarse = pieces(case, view)
    if not coarse:
        return whole(case, view)
    full = float(logit(score([masked(case, view, ())])[:, column])[0])
    drops = _drops(case, view, coarse, column, score, full)
    order = np.argsort(-drops, kind="stable")
    best, drop = coarse[int(order[0])], float(drops[order[0]])
    chosen = [_narrowed(case, view, best, drop, column, score, full)]
    if len(order) > 1 and drops[order[1]] > SECOND_SHARE * drop > 0:
        chosen.append((coarse[int(order[1])], float(drops[order[1]])))
    chosen.sort(key=lambda item: [p.id for p in case.parts].index(item[0].part) * 10**7 + item[0].start)
    return tuple(quote(case, piece, round(value, 3)) for piece, value in chosen)


def whole(case: Case, view: View) -> tuple[Evidence, ...]:
    """Return what a view covers as evidence, for content without a single word character; nothing where it is blank."""
    part = case.part(view.part) if view.part else next((p for p in case.parts if p.text.strip()), None)
    if part is None:
        return ()
    start = view.start if view.part else 0
    end = len(part.text[: view.end if view.part else None].rstrip())
    return (quote(case, Piece(part.id, start, end)),) if end > start else ()


def quote(case: Case, piece: Piece, drop: float | None = None) -> Evidence:
    """Return a span as evidence, quoted verbatim; cut at MAX_QUOTE characters."""
    end = min(piece.end, piece.start + MAX_QUOTE)
    text = case.part(piece.part).text
    return Evidence(part=piece.part, start=piece.start, end=end, quote=text[piece.start : end], drop=drop)


def without_evidence(case: Case, view: View, evidence: Sequence[Evidence]) -> str:
    """Return the view's text with the evidence masked."""
    return masked(case, view, [Piece(e.part, e.start, e.end) for e in evidence])


def _drops(case: Case, view: View, found: Sequence[Piece], column: int, score: ScoreTexts, full: float) -> Floats:
    return np.asarray(full - logit(score([masked(case, view, (p,)) for p in found])[:, column]))


def _narrowed(
    case: Case, view: View, best: Piece, drop: float, column: int, score: ScoreTexts, full: float
) -> tuple[Piece, float]:
    parts = [Piece(best.part, a, b) for a, b in _phrases(case.part(best.part).text, best)]
    if len(parts) < 2 or drop <= 0:
        return best, drop
    drops = _drops(case, view, parts[:MAX_PIECES], column, score, full)
    top = int(drops.argmax())
    # A word or two can swing a score without saying anything: "Dana." alone shows nobody what was wrong.
    words = len(case.part(best.part).text[parts[top].start : parts[top].end].split())
    return (parts[top], float(drops[top])) if drops[top] >= 0.6 * drop and words >= MIN_WORDS else (best, drop)


def _phrases(text: str, piece: Piece) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in phrases(text, piece.start, piece.end) or ((piece.start, piece.end),):
        out += _runs(text, start, end)
    return out


def _runs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    words = text[start:end].split()
    if len(words) <= WORDS_PER_PIECE:
        return [(start, end)]
    spans, at = [], start
    for word in words:
        begin = text.index(word, at, end)
        at = begin + len(word)
        spans.append((begin, at))
    size = -(-len(spans) // -(-len(spans) // WORDS_PER_PIECE))
    return [(spans[i][0], spans[min(i + size, len(spans)) - 1][1]) for i in range(0, len(spans), size)]
