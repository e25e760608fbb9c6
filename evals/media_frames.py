"""Which choice of key frames finds the one second that violates, in films of which it is known. It judges none.

Kinds: `alone`, nothing else is written; `among`, harmless words stand before and after; `loud half`, as among, and
three other seconds of the first half violate too, so that the one that is looked for competes with them.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents.keyframes import Chooser, select
from cases.observation import Unseen
from cases.text import fold
from evals.media_film import Film, Words, drawable, write_film
from evals.media_judged import recall
from graphs.deps import Deps
from tools.looking import Glimpse, Looking
from tools.reels import Shot, numbered, read_shots
from tools.video import Frames, sample_frames, scene_changes

KINDS = ("alone", "among", "loud half")
LENGTHS = (10, 60)
PAGE = 3  # seconds that harmless words stand
WORDS = 14  # at most, on one page
READ = 0.8  # of the words
ARMS = (
    "any of the 16 frames", "any of 16 uniform frames", "key frames (AKS)", "AKS over uniform frames",
    "top 3 alone", "top 3 of uniform frames", "3 uniform frames",
)  # fmt: skip


class Reel(NamedTuple):
    """A film to be written, its kind, and the second and the words that are looked for."""

    name: str
    kind: str
    film: Film
    second: float
    words: str


class Hit(NamedTuple):
    """Which ways to choose frames found the second (by ARMS), and whether its words were read at all."""

    reel: Reel
    arms: tuple[bool, ...]
    read: bool


def reels(lines: Sequence[dict[str, Any]], each: int, seed: int, lengths: Sequence[int] = LENGTHS) -> list[Reel]:
    """Return `each` films of every kind and length, with words of violating and allowed authored ads."""
    rng = random.Random(seed)
    bad = [one for line in lines if line["label"] == "violating" for one in line.get("evidence") or ()]
    good = [
        part
        for line in lines
        if line["label"] == "allowed"
        for name, part in (line.get("parts") or {}).items()
        if name != "landing"
    ]
    bad, good = (
        sorted({w for one in side if (w := drawable(one)) and 2 <= len(w.split()) <= WORDS}) for side in (bad, good)
    )
    if not bad or not good:
        raise ValueError("the lines hold no violating or no allowed ads; give authored ads")
    return [
        _reel(kind, length, number, rng, bad, good) for kind in KINDS for length in lengths for number in range(each)
    ]


def measure(
    deps: Deps, made: Sequence[Reel], folder: Path, told: Callable[[str], None] = print, keep: bool = False
) -> list[Hit]:
    """Return which choices found the second of each film; films are written into a folder and taken away after."""

    def risk(texts: Sequence[str]) -> list[float]:
        return [float(p) for p in deps.score([fold(text) for text in texts]).max(1)]

    folder.mkdir(parents=True, exist_ok=True)
    chooser, hits = Chooser(risk), []
    for number, reel in enumerate(made, 1):
        path = write_film(folder / f"{reel.name}.mp4", reel.film)
        hits.append(_hit(reel, path, chooser))
        if not keep:
            path.unlink()
        if number % 10 == 0:
            told(f"{number} of {len(made)} films looked at")
    return hits


def table(hits: Sequence[Hit]) -> list[list[str]]:
    """Return rows of kind and length, and how many seconds were found in each way."""
    out = []
    for kind in KINDS:
        for length in sorted({h.reel.film.seconds for h in hits if h.reel.kind == kind}):
            own = [h for h in hits if h.reel.kind == kind and h.reel.film.seconds == length]
            found = [f"{sum(h.arms[at] for h in own)}" for at in range(len(ARMS))]
            out.append([f"{kind}, {length:g} s", f"{len(own)}", *found, f"{sum(h.read for h in own)}"])
    found = [f"{sum(h.arms[at] for h in hits) / len(hits):.3f}" for at in range(len(ARMS))]
    return [*out, ["all, share", f"{len(hits)}", *found, f"{sum(h.read for h in hits) / len(hits):.3f}"]]


def _reel(kind: str, length: int, number: int, rng: random.Random, bad: list[str], good: list[str]) -> Reel:
    words = rng.choice(bad)
    half = length // 2
    second = rng.randrange(half, length - 1) if kind == "loud half" else rng.randrange(1, length - 1)
    marks = {second: words}
    if kind == "loud half":
        marks |= {at: rng.choice([w for w in bad if w != words]) for at in rng.sample(range(1, half), 3)}
    shown: list[Words] = []
    for at in range(0, length, PAGE):
        page = rng.choice(good)
        for tick in range(at, min(length, at + PAGE)):
            if tick in marks:
                shown.append(Words(marks[tick], tick, tick + 1))
            elif kind != "alone":
                shown.append(Words(page, tick, tick + 1))
    # One page keeps its look while it stands.
    merged: list[Words] = []
    for one in shown:
        if merged and merged[-1].text == one.text and merged[-1].end == one.start:
            merged[-1] = merged[-1]._replace(end=one.end)
        else:
            merged.append(one)
    cuts = tuple(float(at) for at in range(2 * PAGE, length, 2 * PAGE))
    film = Film(
        float(length), tuple(merged), cuts=cuts, sounds=False, moves=number % 4 == 3, fps=8 if length <= 20 else 6,
        seed=rng.randrange(1 << 30),
    )  # fmt: skip
    return Reel(f"{kind.replace(' ', '-')}-{length}-{number}", kind, film, float(second), words)


def _hit(reel: Reel, path: Path, chooser: Chooser) -> Hit:
    sides: list[list[Shot]] = []
    for standing in (True, False):
        film = sample_frames(path, standing_out=standing)
        if isinstance(film, Unseen) or film.gaps:
            raise ValueError(f"{path}: a film of our own was not seen: {film!r}"[:300])
        assert isinstance(film, Frames)
        sides.append(numbered(film))
    changes = [scene_changes([shot.pixels for shot in side]) for side in sides]
    gaps: list[Unseen] = []
    how = Looking(seconds=3600.0)
    read_shots([*sides[0], *sides[1]], [*changes[0], *changes[1]], "video", how, how.until, gaps)
    if gaps:
        raise ValueError(f"{path}: {gaps[0].told}")
    ours, even = (
        chooser(
            [Glimpse(tuple(w.text for w in s.words), tuple(s.regions), c) for s, c in zip(side, change, strict=True)]
        )
        for side, change in zip(sides, changes, strict=True)
    )

    def inside(seconds: Sequence[float | None]) -> bool:
        return any(s is not None and reel.second <= s < reel.second + 1 for s in seconds)

    times = [[shot.locator.start for shot in side] for side in sides]
    thirds = [reel.film.seconds * share / 6 for share in (1, 3, 5)]
    arms = (
        inside(times[0]), inside(times[1]), inside([times[0][at] for at in ours.places]),
        inside([times[1][at] for at in even.places]), inside([times[0][at] for at in select(ours.scores, 0, 3)]),
        inside([times[1][at] for at in select(even.scores, 0, 3)]), inside(thirds),
    )  # fmt: skip
    said = max((recall(reel.words, " ".join(w.text for w in shot.words)) for shot in sides[0]), default=0.0)
    return Hit(reel, arms, said >= READ)
