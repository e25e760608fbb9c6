"""A picture of a case, looked through: words, body regions, known pictures, and what draws the eye. No judge.

Every frame of an animation that is decoded is looked at, as far as time lasts; what was not is a gap.
"""

import time
from collections.abc import Sequence

from cases.observation import Locator, Observation, Unseen
from tools.bodies import detector
from tools.fingerprint import Bank, recognised
from tools.looking import Looking, Seen
from tools.ocr import fresh_words, read_words
from tools.pictures import Frame, Pixels, open_picture
from tools.saliency import saliency, salient_boxes

STANDING_OUT = "stands out"


def picture_seen(path: str, name: str, how: Looking) -> Seen:
    """Return what is seen in a picture file."""
    until = how.until
    # Not by its path: what is told of it is kept, and the same file may come again from elsewhere.
    picture = open_picture(path, how.root, media=name, called="it")
    if isinstance(picture, Unseen):
        return Seen((), (picture,))
    width, height = picture.size
    tag = f"{picture.format} {width}x{height}, sha256 {picture.sha256[:16]}"
    found = [
        Observation(id=f"{name}.t1", media=name, kind="tag", label=tag, locator=Locator(frame=0), tool="pillow",
                    version="")
    ]  # fmt: skip
    gaps = list(picture.gaps)
    words: list[Observation] = []
    regions: list[Observation] = []
    dead: set[str] = set()
    for number, frame in enumerate(picture.frames):
        if number and time.monotonic() > until:
            told = f"only {number} of {len(picture.frames)} frames were looked at within {how.seconds:g} s"
            gaps.append(Unseen(media=name, what="frames", why="out_of_time", told=f"{told}; give it more time"))
            break
        _words(frame, name, how, words, gaps, dead)
        _regions(frame, name, regions, gaps, dead)
        how.tell(name, "words", (number + 1) / len(picture.frames))
    known, more = known_in([(frame.pixels, frame.locator) for frame in picture.frames], name, how.bank)
    first = picture.frames[0]
    seen = [o for o in (*words, *regions) if o.locator.frame == first.number]
    return Seen(
        (*found, *words, *regions, *known, *standing_out(first.pixels, seen, name, first.locator)), (*gaps, *more)
    )


def known_in(
    frames: Sequence[tuple[Pixels, Locator]], name: str, bank: Bank | None
) -> tuple[tuple[Observation, ...], tuple[Unseen, ...]]:
    """Return what frames match in a bank, each known picture once, where it is nearest; and what was not looked up."""
    if not bank:
        return (), ()
    best: dict[str, Observation] = {}
    for pixels, at in frames:
        found = recognised(pixels, name, bank, at)
        if isinstance(found, Unseen):
            return (), (found,)
        for one in found:
            entry = one.text.partition(",")[0]
            if entry not in best or one.confidence > best[entry].confidence:
                best[entry] = one
    nearest = sorted(best.values(), key=lambda one: -one.confidence)
    return tuple(one.model_copy(update={"id": f"{name}.m{at}"}) for at, one in enumerate(nearest, 1)), ()


def standing_out(
    pixels: Pixels, seen: Sequence[Observation], name: str, at: Locator, first: int = 1
) -> tuple[Observation, ...]:
    """Return the boxes of a frame that are worth a closer look (B2), `seen` being what else was found in it.

    They are tags, and say nothing of what is there; the confidence is the share of the frame's saliency in the box.
    """
    # A box that is one observation's own is cited by that one.
    boxes = [one for one in salient_boxes(seen, saliency(pixels)) if len(one.sources) != 1]
    return tuple(
        Observation(
            id=f"{name}.c{number}", media=name, kind="tag", label=STANDING_OUT, tool="spectral residual", version="1",
            locator=at.model_copy(update={"box": one.box}), confidence=min(1.0, max(0.0, one.share)),
        )
        for number, one in enumerate(boxes, first)
    )  # fmt: skip


def _words(frame: Frame, name: str, how: Looking, words: list[Observation], gaps: list[Unseen], dead: set[str]) -> None:
    if "words" in dead:
        return
    found = read_words(frame.pixels, name, frame.locator, engine=how.engine, first=len(words) + 1)
    if isinstance(found, Unseen):
        dead.add("words")
        gaps.append(found)
    else:
        words += fresh_words(found, words, name)


def _regions(frame: Frame, name: str, regions: list[Observation], gaps: list[Unseen], dead: set[str]) -> None:
    if "regions" in dead:
        return
    found = detector()(frame.pixels, name, frame.locator, first=len(regions) + 1)
    if isinstance(found, Unseen):
        dead.add("regions")
        gaps.append(found)
    else:
        regions += found
