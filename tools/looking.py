"""How the files of a case are looked at: what a caller may set, and what is measured on a frame. It looks at none."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from cases.observation import Observation, Unseen
from tools.fingerprint import Bank
from tools.ocr import Engine
from tools.pictures import Pixels
from tools.speech import Listener
from tools.video import COUNT

SECONDS = 300.0


class Seen(NamedTuple):
    """What was seen in files, and what was not."""

    observations: tuple[Observation, ...]
    unseen: tuple[Unseen, ...]


class Glimpse(NamedTuple):
    """What was measured on one frame, for whoever chooses the key frames of a video.

    `lines` are the words read in it, `change` in [0, 1] how unlike its neighbours it is, `likeness` the cosine to the
    most similar risk prompt, None where no encoder of pictures is bound.
    """

    lines: tuple[str, ...]
    regions: tuple[Observation, ...]
    change: float
    likeness: float | None = None


class KeyFrames(Protocol):
    """Which frames were chosen (`places`, in order), the score of every frame, and by what they were scored."""

    @property
    def places(self) -> Sequence[int]:
        """Return the places of the chosen frames."""
        ...

    @property
    def scores(self) -> Sequence[float]:
        """Return a score in [0, 1] for every frame."""
        ...

    @property
    def by(self) -> str:
        """Return the scorer's name."""
        ...


Choose = Callable[[Sequence[Glimpse]], KeyFrames]
Liken = Callable[[Sequence[Pixels]], Sequence[float]]
Watch = Callable[[str, str, float, float], None]


class Store(Protocol):
    """Where what was seen is kept between runs, by (content, settings, tools); losing it loses time alone."""

    def verdicts(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        """Return the JSON bodies that are known."""
        ...

    def put_verdicts(self, items: dict[tuple[str, str, str], str]) -> None:
        """Keep these."""
        ...


class Looking(NamedTuple):
    """How to look. The defaults read everything that the vision extra can, and listen to nothing.

    root: the folder that files must be in, and from which relative paths are taken; None allows every place.
    frames: how many are taken of a video. choose: which of them are key frames, all where there is none; `chosen_by`
    names everything that its choice depends on. likeness: scores frames without reading them; words are then read in
    the key frames alone. seconds: what one file may take, apart from listening. watch: is told (file, stage,
    share of it that is done, seconds that the file lasts or 0 where they are not known).
    """

    root: Path | None = None
    frames: int = COUNT
    engine: Engine = "rapidocr"
    choose: Choose | None = None
    chosen_by: str = ""
    likeness: Liken | None = None
    bank: Bank | None = None
    listener: Listener | None = None
    store: Store | None = None
    seconds: float = SECONDS
    watch: Watch | None = None

    def tell(self, name: str, stage: str, share: float, lasts: float = 0.0) -> None:
        """Tell whoever watches how far a file is."""
        if self.watch is not None:
            self.watch(name, stage, share, lasts)

    @property
    def until(self) -> float:
        """Return when a file that is begun now has to be done, on the monotonic clock."""
        return time.monotonic() + self.seconds
