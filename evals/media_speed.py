"""How long looking at pictures and videos takes, by stage, beside the floor: decoder and recogniser of words alone.

The floor is what any program has to do: the file decoded in this process by Pillow or PyAV, and RapidOCR asked once for
each frame that is read, as its makers ask it. Beside it stands the same with small frames enlarged, as small print can
be read only then (evals.media, words): what is over that is our own. Ours is measured beside it, the two by turns, and
the whole as well as its stages; a ratio is of one run. The finder of body regions is a network of its own, so it stands
by itself.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cases.observation import Locator, Unseen
from tools.bodies import detector
from tools.looking import Choose, Glimpse, Looking
from tools.moving import video_seen
from tools.ocr import read_words
from tools.pictures import Pixels, open_picture
from tools.rapid import RapidReader, enlarged
from tools.reels import alike, blocks_of, numbered, read_shots, words_of
from tools.speech import hear
from tools.still import picture_seen, standing_out
from tools.subtitles import subtitles
from tools.video import Frames, sample_frames, scene_changes

DECODERS, READER, ENLARGED = ("Pillow", "PyAV"), "RapidOCR", "RapidOCR, enlarged"


class Timed(NamedTuple):
    """A file: seconds of the whole, of each stage of ours, and of each part of the floor; each the median of rounds."""

    name: str
    whole: float
    stages: dict[str, float]
    floor: dict[str, float]

    def overhead(self, readers: str) -> float:
        """Return the share of the whole, body regions left out, that is neither decoding nor that part of the floor."""
        bare = sum(v for k, v in self.floor.items() if k in DECODERS) + self.floor[readers]
        return 1 - bare / (self.whole - self.stages.get("body regions", 0.0))


class Clock:
    """Collects seconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        begun = time.perf_counter()
        yield
        self.spent[stage] = self.spent.get(stage, 0.0) + time.perf_counter() - begun


def time_picture(path: Path, rounds: int) -> Timed:
    """Return the times of a picture file."""
    engine = RapidReader(engines=1).load()

    def stages(clock: Clock) -> None:
        with clock("decoding, in the sandbox"):
            picture = open_picture(path)
        assert not isinstance(picture, Unseen), picture.told
        frame = picture.frames[0]
        with clock("words"):
            words = read_words(frame.pixels, "image", frame.locator)
        with clock("body regions"):
            regions = detector()(frame.pixels, "image", frame.locator)
        assert not isinstance(words, Unseen) and not isinstance(regions, Unseen)
        with clock("what stands out"):
            standing_out(frame.pixels, (*words, *regions), "image", frame.locator)

    def floor(clock: Clock) -> None:
        from PIL import Image

        with clock("Pillow"):
            pixels = np.asarray(Image.open(path).convert("RGB"))
        with clock(READER):
            _read(engine, pixels)
        with clock(ENLARGED):
            _read(engine, enlarged(pixels))

    return _timed(path.name, lambda: picture_seen(str(path), "image", Looking()), stages, floor, rounds)


def time_video(path: Path, rounds: int, choose: Choose) -> Timed:
    """Return the times of a video file; for the floor the words of as many frames are read as ours had to read."""
    engine, how = RapidReader(engines=1).load(), Looking(choose=choose, seconds=3600.0)
    read: list[Pixels] = []

    def stages(clock: Clock) -> None:
        with clock("frames, in the sandbox"):
            film = sample_frames(path, standing_out=True)
        assert isinstance(film, Frames)
        shots = numbered(film)
        with clock("changes of scene"):
            changes = scene_changes([shot.pixels for shot in shots])
        with clock("words"):
            read_shots(shots, changes, "video", how, how.until, [])
        with clock("choice of key frames"):
            keys = choose(
                [
                    Glimpse(tuple(w.text for w in s.words), tuple(s.regions), c)
                    for s, c in zip(shots, changes, strict=True)
                ]
            ).places
        with clock("joining lines"):
            words_of(shots, shots, "video", [])
        with clock("what stands out"):
            for at in keys:
                standing_out(shots[at].pixels, shots[at].words, "video", shots[at].locator)
        with clock("subtitles"):
            subtitles(path, "video")
        with clock("sound"):
            hear(path, None, "video")
        read[:] = _read_ones([shots[at].pixels for at in sorted(range(len(shots)), key=lambda at: -changes[at])])
        with clock("body regions"):
            for pixels in read:
                detector()(pixels, "video", Locator(frame=0))
        clock.spent["words"] -= clock.spent["body regions"]  # both are found in one go

    def floor(clock: Clock) -> None:
        import av

        with clock("PyAV"), av.open(str(path)) as container:
            for _ in container.decode():
                pass
        with clock(READER):
            for pixels in read:
                _read(engine, pixels)
        with clock(ENLARGED):
            for pixels in read:
                _read(engine, enlarged(pixels))

    return _timed(path.name, lambda: video_seen(str(path), "video", how), stages, floor, rounds)


def _timed(
    name: str, whole: Callable[[], object], stages: Callable[[Clock], None], floor: Callable[[Clock], None], rounds: int
) -> Timed:
    whole()  # loads what the first file would wait for
    taken: list[float] = []
    ours, alone = [], []
    for _ in range(rounds):
        clock, bare = Clock(), Clock()
        stages(clock)
        floor(bare)
        begun = time.perf_counter()
        whole()
        taken.append(time.perf_counter() - begun)
        ours.append(clock.spent)
        alone.append(bare.spent)

    def medians(of: Sequence[dict[str, float]]) -> dict[str, float]:
        return {stage: float(np.median([one[stage] for one in of])) for stage in of[0]}

    return Timed(name, float(np.median(taken)), medians(ours), medians(alone))


def _read(engine: Any, pixels: Pixels) -> None:
    engine(np.ascontiguousarray(pixels[:, :, ::-1]), use_det=True, use_cls=False, use_rec=True)


def _read_ones(frames: Sequence[Pixels]) -> list[Pixels]:
    """Return the frames that are read, in their order: those that are not like one before."""
    kept = [(frames[0], blocks_of(frames[0]))]
    for pixels in frames[1:]:
        blocks = blocks_of(pixels)
        if not any(alike(blocks, known) for _, known in kept):
            kept.append((pixels, blocks))
    return [pixels for pixels, _ in kept]


def rows(timed: Sequence[tuple[Timed, float]], unit: str) -> list[list[str]]:
    """Return rows of what was timed; each with how many units (pictures, minutes) the file counts for."""
    out = []
    for one, units in timed:
        each = [f"{k} {v / units:.2f}" for k, v in sorted(one.stages.items(), key=lambda kv: -kv[1])]
        bare = [f"{k} {v / units:.2f}" for k, v in one.floor.items()]
        out.append(
            [
                one.name, f"{one.whole / units:.2f} s a {unit}", ", ".join(each), ", ".join(bare),
                f"{100 * one.overhead(READER):.0f} %", f"{100 * one.overhead(ENLARGED):.0f} %",
            ]
        )  # fmt: skip
    return out
