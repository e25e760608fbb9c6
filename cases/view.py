"""Views of a case: the texts that an encoder reads, each with the part and the offsets that it covers.

The first view is the whole case where it fits; a long part is cut into overlapping windows; a case of several
parts is also read part by part, so that a violation in one part is not diluted by the others.
"""

from collections.abc import Iterable, Sequence

from cases.case import AD_FIELDS, Case, Part
from cases.injection import instructions
from cases.model import Fact
from cases.text import fold, length, passages, windows

WINDOW_WORDS = 120
OVERLAP_WORDS = 24
# A violation among many innocent words is diluted: long parts are read a second time, a few sentences at a time.
LONG_WORDS = 30
NEAR_WORDS = 16
MAX_VIEWS = 512
MAX_CHARS = 100_000
SAID = (".speech", ".subtitles")


class View(Fact):
    """A text to encode. `part` is None for the joined view; offsets point into the part's original text.

    `plain` views leave out the words that speak to a judge (cases/injection.py); `spoken` ones hold nothing else.
    """

    text: str
    part: str | None
    start: int = 0
    end: int = 0
    plain: bool = False
    spoken: bool = False


class Views(Fact):
    """The views of one case; `truncated` says that the case was longer than the limit and is not fully read."""

    items: tuple[View, ...]
    truncated: bool


def joined(parts: Iterable[tuple[str, str]]) -> str:
    """Return named parts as one text, `name: text` a line."""
    return "\n".join(f"{name}: {fold(text)}" for name, text in parts if text.strip())


def called(part: Part) -> str:
    """Return the name that a part is read under beside others: that of an ad's field, for words out of files too.

    The encoder learnt from ads written out as fields, and a name that it never saw sways it: under "video-1" and
    "page-1" one ad in five came to another outcome than the same words as "screen" and "landing" (evals/LOG.md).

    >>> called(Part(id="video-1.subtitles", kind="screen", text="")), called(Part(id="page-1", kind="landing", text=""))
    ('speech', 'landing')
    """
    # Subtitles write out what is said.
    if part.id.endswith(SAID):
        return "speech"
    return part.kind if part.kind in AD_FIELDS else part.id


def addressed(text: str) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of the words that speak to a judge, as far as a part is read at all."""
    return instructions(text[:MAX_CHARS])


def read(case: Case, view: View, masked: Sequence[tuple[str, int, int]] = (), mask: str = "") -> str:
    """Return what a view reads, with (part, start, end) spans replaced by `mask`; a plain view stays plain."""

    def cut(part_id: str, low: int, high: int) -> str:
        text = case.part(part_id).text
        hidden = [(start, end, mask) for part, start, end in masked if part == part_id]
        hidden += [(start, end, "") for start, end in (addressed(text) if view.plain else ())]
        out, at = [], low
        for start, end, instead in sorted(hidden):
            if end > at and start < high:
                out += [text[at : max(at, start)], instead]
                at = min(end, high)
        return "".join((*out, text[at:high]))

    if view.part is None:
        return joined((called(p), cut(p.id, 0, len(p.text))) for p in case.parts)
    return fold(cut(view.part, view.start, view.end))


def views(case: Case, limit: int = MAX_VIEWS) -> Views:
    """Return the views of a case, at most `limit` over MAX_CHARS of each part, the joined or whole view first.

    Phrases that speak to a judge are read by themselves, one view each, and everything else without them: so they
    neither dilute nor colour what stands beside them, and nothing can hide inside them.
    """
    found: list[View] = []
    parts = [part for part in case.parts if part.text.strip()]
    spoken = {part.id: addressed(part.text) for part in parts}
    plain = any(spoken.values())
    if len(parts) > 1:
        found.append(View(text="", part=None, plain=plain))
    for part in parts:
        text = part.text[:MAX_CHARS]
        spans = windows(text, WINDOW_WORDS, OVERLAP_WORDS)
        if length(text) > LONG_WORDS:
            spans += passages(text, NEAR_WORDS)
        found += [View(text="", part=part.id, start=a, end=b, plain=plain) for a, b in spans]
    found += [View(text="", part=p, start=a, end=b, spoken=True) for p, spans in spoken.items() for a, b in spans]
    if not found:  # nothing but media
        return Views(items=(View(text="", part=None),), truncated=False)
    kept = [view.model_copy(update={"text": text}) for view in found[:limit] if _says(text := read(case, view))]
    kept = [v for v in kept if v.part is not None or length(v.text) <= WINDOW_WORDS * 2] or kept
    kept = kept or [found[0].model_copy(update={"text": fold(case.text)})]
    return Views(items=tuple(kept), truncated=len(found) > limit or any(len(p.text) > MAX_CHARS for p in parts))


def _says(text: str) -> bool:
    return bool(text.strip())
