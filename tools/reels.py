"""The frames of a video as they are read: what was seen on each, and what holds over several of them. No judge.

A line of words that stands in several frames one after another is one observation, from the first of them to the last.
Frames that show next to the same as one that was read are not read again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cases.observation import Locator, Observation, Unseen
from tools.bodies import detector
from tools.looking import Looking
from tools.ocr import read_words
from tools.pictures import Pixels
from tools.video import Frames

MOST_WORDS = 1_000
FLICKER = 1  # frames that a line may be missed in between
BLOCK = 16  # pixels
SAME = 3.0  # levels that the mean of a block may change in frames that show the same


@dataclass(eq=False)
class Shot:
    """A frame to be looked at: its pixels, where it is, and what is found on it. `read` says that it was looked at."""

    pixels: Pixels
    locator: Locator
    words: list[Observation] = field(default_factory=list)
    regions: list[Observation] = field(default_factory=list)
    read: bool = False


@dataclass
class Run:
    """A line of words in frames one after another: the one that is cited, the surest and the last reading."""

    cited: Observation
    best: Observation
    last: Observation
    place: int
    key: bool


def numbered(film: Frames) -> list[Shot]:
    """Return the frames of a film with their numbers as a player counts them, from 0, each its own."""
    shots: list[Shot] = []
    number = -1
    for frame in film.items:
        number = max(number + 1, round(frame.seconds * film.fps))
        shots.append(Shot(frame.rgb, Locator(frame=number, start=round(frame.seconds, 3))))
    return shots


def read_shots(
    shots: Sequence[Shot], changes: Sequence[float], name: str, how: Looking, until: float, gaps: list[Unseen],
    lasts: float = 0.0,
) -> None:  # fmt: skip
    """Find words and regions on frames, the most unlike their neighbours first, as far as time lasts.

    `lasts` are the seconds of the film, for whoever watches.
    """
    order = sorted(range(len(shots)), key=lambda at: -changes[at])
    blind: set[str] = set()
    looked: list[tuple[Shot, np.ndarray]] = []
    for done, at in enumerate(order):
        shot = shots[at]
        if done and time.monotonic() > until:
            told = f"only {done} of {len(shots)} frames were read within {how.seconds:g} s; give it more time"
            gaps.append(Unseen(media=name, what="words", why="out_of_time", told=told))
            return
        blocks = blocks_of(shot.pixels)
        twin = next((other for other, known in looked if alike(blocks, known)), None)
        if twin is not None:
            shot.words = [_moved(one, shot) for one in twin.words]
            shot.regions = [_moved(one, shot) for one in twin.regions]
        else:
            _read(shot, name, how, blind, gaps)
            looked.append((shot, blocks))
        shot.read = True
        how.tell(name, "words", (done + 1) / len(shots), lasts)


def words_of(shots: Sequence[Shot], keys: Sequence[Shot], name: str, gaps: list[Unseen]) -> list[Observation]:
    """Return the lines of all frames, in order of time; a line that stays is one, up to the second it was seen last.

    It is cited where it stands in the first key frame that shows it, else in the first frame of all. Of more than
    MOST_WORDS the rest is a gap.
    """
    runs: list[Run] = []
    for place, shot in enumerate(shots):
        key = any(shot is one for one in keys)
        taken: set[int] = set()
        for word in shot.words:
            at = next((n for n, run in enumerate(runs) if n not in taken and _goes_on(run, word, place)), len(runs))
            taken.add(at)
            if at == len(runs):
                runs.append(Run(word, word, word, place, key))
                continue
            run = runs[at]
            run.last, run.place = word, place
            if word.confidence > run.best.confidence:
                run.best = word
            if key and not run.key:
                run.cited, run.key = word, True
    if len(runs) > MOST_WORDS:
        told = f"only {MOST_WORDS} of {len(runs)} lines of words were kept; give a shorter video"
        gaps.append(Unseen(media=name, what="words", why="too_long", told=told))
    return [_stands(run, f"{name}.w{number}") for number, run in enumerate(runs[:MOST_WORDS], 1)]


def regions_of(shots: Sequence[Shot], keys: Sequence[Shot], name: str) -> list[Observation]:
    """Return the regions of key frames, and of every label the surest one wherever it was seen."""
    surest: dict[str, Observation] = {}
    for shot in shots:
        for one in shot.regions:
            if one.label not in surest or one.confidence > surest[one.label].confidence:
                surest[one.label] = one
    kept = [
        one for shot in shots for one in shot.regions if any(shot is key for key in keys) or surest[one.label] is one
    ]
    return [one.model_copy(update={"id": f"{name}.r{number}"}) for number, one in enumerate(kept, 1)]


def blocks_of(pixels: Pixels) -> np.ndarray:
    """Return the mean of each block and channel, [rows, columns, 3]."""
    height, width = pixels.shape[:2]
    rows, columns = max(1, height // BLOCK), max(1, width // BLOCK)
    part = pixels[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
    if height < BLOCK or width < BLOCK:
        return part
    return np.asarray(part.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3)))


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two frames, by their blocks, show next to the same, so that one is not read again."""
    return one.shape == other.shape and float(np.abs(one - other).max(initial=0.0)) <= SAME


def _read(shot: Shot, name: str, how: Looking, blind: set[str], gaps: list[Unseen]) -> None:
    if "words" not in blind:
        words = read_words(shot.pixels, name, shot.locator, engine=how.engine)
        if isinstance(words, Unseen):
            blind.add("words")
            gaps.append(words)
        else:
            # A shape that moves is read as a sign now and then; what has no letter and no digit says nothing.
            shot.words = [word for word in words if any(ch.isalnum() for ch in word.text)]
    if "regions" not in blind:
        regions = detector()(shot.pixels, name, shot.locator)
        if isinstance(regions, Unseen):
            blind.add("regions")
            gaps.append(regions)
        else:
            shot.regions = list(regions)


def _moved(one: Observation, shot: Shot) -> Observation:
    return one.model_copy(update={"locator": shot.locator.model_copy(update={"box": one.locator.box})})


def _goes_on(run: Run, word: Observation, place: int) -> bool:
    # Words that are only alike are not taken for one line: one letter may be the whole difference.
    return 0 < place - run.place <= 1 + FLICKER and _bare(run.best.text) == _bare(word.text)


def _bare(text: str) -> str:
    return "".join(ch for ch in text.casefold() if ch.isalnum())


def _stands(run: Run, id: str) -> Observation:
    start, end = run.cited.locator.start, run.last.locator.start
    later = end if start is not None and end is not None and end > start else None
    where = run.cited.locator.model_copy(update={"end": later})
    best = {"text": run.best.text, "confidence": run.best.confidence, "locator": where, "id": id}
    return run.cited.model_copy(update=best)
