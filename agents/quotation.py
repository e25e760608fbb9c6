"""The words that a decision rests on, as people are told them: whole sentences, and where they were seen or heard.

A reader understands a sentence better than a span of it, and a span would tell what a detector looks for. What is too
long to be quoted whole is cut, and the cut is marked. Times and places are said in plain words; ids are for the record.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from agents.excerpt import flat, shortened
from agents.perceiver import lines_of
from agents.whereabouts import region, seconds
from cases.case import Case, Media, media_ids
from cases.finding import Evidence, Sighting
from cases.observation import Observation
from cases.text import sentences

MAX_QUOTED = 240
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class Quotation(NamedTuple):
    """Words of the case on one line, and where they were seen or heard; "" for words that were written."""

    text: str
    place: str = ""

    @property
    def told(self) -> str:
        """Return the words in quotation marks, their place behind them."""
        return f"“{self.text}”" + (f" ({self.place})" if self.place else "")


class Run(NamedTuple):
    """Lines of a file that stand together, in one frame or one after another, and where they are in the part's text."""

    seen: tuple[Observation, ...]
    start: int
    end: int


def quotations(case: Case, evidence: Sequence[Evidence], limit: int = MAX_QUOTED) -> tuple[Quotation, ...]:
    """Return what quotes rest on, each once and in order; what was seen at different times is told apart."""
    found: dict[Quotation, None] = {}
    for e in evidence:
        text = next((p.text for p in case.parts if p.id == e.part), "")
        if text[e.start : e.end] != e.quote:
            found[Quotation(shortened(e.quote, limit))] = None
            continue
        for run in runs(case, e):
            start, end = max(e.start, run.start), min(e.end, run.end)
            edges = (run.start, run.end) if _framed(run.seen) else _sentence(text, start, end)
            found[Quotation(_cut(text, start, end, edges, limit), place(case, run.seen))] = None
        if not runs(case, e):
            found[Quotation(_cut(text, e.start, e.end, _sentence(text, e.start, e.end), limit))] = None
    return tuple(found)


def stopped(prose: str) -> str:
    """Return prose without the full stops that follow a quotation which ends its sentence itself."""
    return re.sub(r"([.!?…]”)\.(?=\s|$)", r"\1", prose)


def runs(case: Case, evidence: Evidence) -> tuple[Run, ...]:
    """Return the lines of a file that a quote covers, those of one frame together; none for words that were written."""
    covered = [
        line for line in lines_of(case, evidence.part) if line.start < evidence.end and line.end > evidence.start
    ]
    return tuple(
        Run(tuple(line.seen for line in lines), lines[0].start, lines[-1].end)
        for _, group in groupby(covered, key=lambda line: _moment(line.seen))
        if (lines := list(group))
    )


def place(case: Case, seen: Sequence[Observation]) -> str:
    """Return where lines were seen or heard, in plain words: "at second 7, in the words on the screen"."""
    first = seen[0]
    kind = next((m.type for name, m in _files(case) if name == first.media), "page")
    which = _which(case, first.media)
    of = f" of the{which} {kind}" if which else ""
    if kind == "page":
        hides = first.label.startswith("hidden")
        return f"in words that the{which} landing page hides" if hides else f"on the{which} landing page"
    if kind == "image":
        return f"in the{which} picture"
    told = {"subtitle": "in the subtitles", "speech": "in what is said"}.get(first.kind, "in the words on the screen")
    when = seconds(first.locator.start, max(o.locator.end or o.locator.start or 0.0 for o in seen))
    return f"{when}, {told}{of}" if when else f"{told}{of}"


def pictured(case: Case, sightings: Sequence[Sighting]) -> str:
    """Return whose looks a decision rests on: "what the video shows at second 7"; "" where there are no sightings."""
    out: dict[str, None] = {}
    for one in sightings:
        kind = next((m.type for name, m in _files(case) if name == one.media), "image")
        noun = "video" if kind == "video" else "picture"
        when = seconds(one.locator.start) if kind == "video" else ""
        out[f"what the{_which(case, one.media)} {noun} shows{f' {when}' if when else ''}"] = None
    return " and ".join(out)


def stood(case: Case, seen: Sequence[Observation]) -> str:
    """Return where lines were, for a moderator: as `place`, with the file, the frame and the part of the picture."""
    first = seen[0].locator
    exact = [seen[0].media] + ([f"frame {first.frame}"] if first.frame and first.start is not None else [])
    if boxes := [o.locator.box for o in seen if o.locator.box is not None]:
        exact.append(region(boxes))
    return f"{place(case, seen)} ({', '.join(exact)})"


def _files(case: Case) -> list[tuple[str, Media]]:
    return list(zip(media_ids(case.media), case.media, strict=True))


def _which(case: Case, media: str) -> str:
    """Return which of several files of its kind one is: " second"; "" where there is one alone."""
    kind = next((m.type for name, m in _files(case) if name == media), "page")
    alike = [name for name, m in _files(case) if m.type == kind]
    at = alike.index(media) if media in alike else 0
    return f" {ORDINALS[at]}" if len(alike) > 1 and at < len(ORDINALS) else ""


def _framed(seen: Sequence[Observation]) -> bool:
    return seen[0].kind == "words" and seen[0].locator.frame is not None


def _moment(one: Observation) -> tuple[object, ...]:
    if _framed([one]):
        return one.media, one.kind, one.locator.frame, one.locator.start
    return one.media, one.kind, one.label.startswith("hidden")


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    around = [(a, b) for a, b in sentences(text) if a < end and b > start]
    return (min(start, around[0][0]), max(end, around[-1][1])) if around else (start, end)


def _cut(text: str, start: int, end: int, edges: tuple[int, int], limit: int) -> str:
    """Return the text between the edges where it fits, else the words themselves with marks where they were cut."""
    whole = flat(text[edges[0] : edges[1]])
    if len(whole) <= limit:
        return whole
    left, right = "…" if start > edges[0] else "", "…" if end < edges[1] else ""
    words = flat(text[start:end])
    return f"{left}{words}{right}" if len(words) + 2 <= limit else left + shortened(words, limit - len(left))


__all__ = ["MAX_QUOTED", "Quotation", "Run", "pictured", "place", "quotations", "runs", "stood", "stopped"]
