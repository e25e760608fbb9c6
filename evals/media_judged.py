"""What perception costs in judging ads: the same ads judged as text and as the files that were made of them.

Four ways: `text`, its parts as they were written; `names`, the same words under the ids that files give them;
`words`, what was read of the files, judged as if it had been written; `film`, the files through the whole of Precept,
which lets nothing go by itself whose pictures nobody judged. So `words` against `text` is what reading costs, and
`film` against `words` what Precept's caution does on top.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cases.case import Case, Part, PartKind
from cases.decision import Decision
from cases.text import fold
from evals import resampling
from evals.contradiction import Told, found, score
from evals.media_ads import Advert, read_case
from graphs.desk import Desk

WAYS = ("text", "names", "words", "film")
FRONT = ("title", "caption")
DEAF = ("speech", "no_tool")
PLACES: dict[str, tuple[str, PartKind]] = {
    "screen": ("video-1", "screen"), "speech": ("video-1.subtitles", "screen"), "landing": ("page-1", "landing"),
}  # fmt: skip


class Way(NamedTuple):
    """How an ad was judged one way: the outcome, the leading rule (or the first of those found), and the score."""

    outcome: str
    rule: str | None
    score: float


class Judged(NamedTuple):
    """An ad, how it was judged each way, the share of the words of each of its parts that was read, and what was read.

    `gaps` are why some of its files were not seen through, sound that nobody listened to left out.
    """

    ad: Advert
    ways: dict[str, Way]
    recall: dict[str, float]
    read: dict[str, str]
    gaps: tuple[str, ...] = ()


class Loss(NamedTuple):
    """Accuracy in [0, 1] of two ways over the same ads, and the loss in points with its 95 % interval."""

    rows: int
    before: float
    after: float
    points: float
    low: float
    high: float


def judge(desk: Desk, ads: Sequence[Advert], folder: Path, told: Callable[[str], None] = print) -> list[Judged]:
    """Return how a desk judges ads each way; it must take files from `folder`."""
    see = desk.deps.see
    assert see is not None
    seen: list[Case] = []
    for number, ad in enumerate(ads, 1):
        seen.append(see(read_case(ad, folder)))
        if number % 10 == 0:
            told(f"{number} of {len(ads)} ads looked at")
    made = {
        "text": [ad.case for ad in ads], "names": [_named(ad) for ad in ads],
        "words": [Case(id=one.id, parts=one.parts, surface="ad") for one in seen], "film": seen,
    }  # fmt: skip
    decided = {way: list(desk.decide_many(made[way])) for way in WAYS}
    return [
        Judged(ad, {way: _way(decided[way][at]) for way in WAYS}, *_read(ad, case), _gaps(case))
        for at, (ad, case) in enumerate(zip(ads, seen, strict=True))
    ]


def loss(judged: Sequence[Judged], way: str, against: str = "text", *, rounds: int = resampling.ROUNDS) -> Loss:
    """Return the loss of rule accuracy of one way against another, over the violating ads."""
    hits = [one for one in judged if one.ad.label == "violating"]
    first, then = (np.array([one.ways[w].rule == one.ad.rule for one in hits], float) for w in (against, way))
    lost = resampling.mean(100 * (first - then), resampling.draws(len(hits), rounds))
    low, high = resampling.interval(lost[1:]) or (float("nan"), float("nan"))
    return Loss(len(hits), float(first.mean()), float(then.mean()), float(lost[0]), low, high)


def agreement(judged: Sequence[Judged], way: str, against: str = "text") -> tuple[float, dict[str, int]]:
    """Return the share of ads with the same outcome both ways, and how many went from which to which."""
    moved = Counter(f"{one.ways[against].outcome} to {one.ways[way].outcome}" for one in judged)
    same = sum(one.ways[against].outcome == one.ways[way].outcome for one in judged)
    return same / len(judged), dict(sorted(moved.items()))


def recall_of(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the mean share of words that was read, by part."""
    return {
        part: float(np.mean([one.recall[part] for one in judged if part in one.recall]))
        for part in PLACES
        if any(part in one.recall for one in judged)
    }


def contradictions(desk: Desk, judged: Sequence[Judged], folder: Path, seed: int) -> dict[str, dict[str, object]]:
    """Return what is found of ads whose front contradicts the rest, as text and as files; precision and recall.

    Such ads are made by putting the front of an allowed ad before a violating one that nobody marked, as
    evals.contradiction does; violating and allowed ads by themselves are consistent.
    """
    see, rng = desk.deps.see, random.Random(seed)
    assert see is not None
    fronts = [one.ad for one in judged if one.ad.label == "allowed" and set(one.ad.text) & set(FRONT)]
    out: dict[str, dict[str, object]] = {}
    for way in ("text", "film"):
        told = []
        for one in judged:
            if one.ad.kind == "clean" or one.ad.label == "borderline" or one.ad.marked:
                continue
            case = one.ad.case if way == "text" else see(read_case(one.ad, folder))
            told.append(Told(one.ad.label, True, found(desk.deps, case)))
            if one.ad.label == "violating" and fronts:
                told.append(Told("made", True, found(desk.deps, _fronted(case, rng.choice(fronts)))))
        out[way] = score(told)._asdict()
        rng = random.Random(seed)
    return out


def saved(judged: Sequence[Judged], path: Path) -> None:
    """Write every ad with how it was judged, a JSON line each."""
    lines = [
        one._asdict() | {"ad": one.ad._asdict(), "ways": {k: v._asdict() for k, v in one.ways.items()}}
        for one in judged
    ]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def recall(text: str, read: str) -> float:
    """Return the share of the words of `text` that `read` holds, by letters and digits, each counted once.

    >>> recall("Meet us at nine", "meet u5 at nine o'clock")
    0.75
    """
    there, wanted = Counter(_words(read)), _words(text)
    return sum((Counter(wanted) & there).values()) / len(wanted) if wanted else 1.0


def _words(text: str) -> list[str]:
    return "".join(ch if ch.isalnum() else " " for ch in fold(text).casefold()).split()


def _named(ad: Advert) -> Case:
    parts = [
        Part(id=PLACES[k][0], kind=PLACES[k][1], text=v) if k in PLACES else part
        for part in ad.case.parts
        for k, v in [(part.id, part.text)]
    ]
    return Case(id=ad.id, parts=tuple(parts), surface="ad")


def _fronted(case: Case, other: Advert) -> Case:
    front = tuple(part for part in other.case.parts if part.id in FRONT)
    fields = {name: getattr(case, name) for name in Case.model_fields}
    return Case(**(fields | {"parts": (*front, *(p for p in case.parts if p.id not in FRONT))}))


def _read(ad: Advert, case: Case) -> tuple[dict[str, float], dict[str, str]]:
    places = {"screen": ("video-1",), "speech": ("video-1.subtitles", "video-1.speech"), "landing": ("page-1",)}
    read = {field: " ".join(p.text for p in case.parts if p.id in ids) for field, ids in places.items()}
    return {k: recall(v, read[k]) for k, v in ad.parts if k in places}, {k: v for k, v in read.items() if v}


def _gaps(case: Case) -> tuple[str, ...]:
    return tuple(f"{gap.media} {gap.what} {gap.why}" for gap in case.unseen if (gap.what, gap.why) != DEAF)


def _way(decision: Decision) -> Way:
    first = decision.findings[0].rule_id if decision.findings else None
    return Way(decision.outcome, decision.rule_id or first, round(decision.score, 4))
