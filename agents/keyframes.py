"""Which frames of a video are looked at (B1): the best of each bin of time, then the best of all that are left.

Pure: it takes numbers and gives places. Not a decoder, and no model: who has one gives its scores. Frames that are not
chosen are not judged, so every bin of time is covered whatever the scores say.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from pydantic import Field

from cases.model import Fact

FRAMES = 16
BINS = 2
TOP = 1


class Sign(Fact):
    """What was measured on one frame, each a number in [0, 1], None where nothing measured it.

    `prompts`: the most similar risk prompt of an image-text encoder; `words`: the probability that the words read in
    the frame match one of the rules' risk prompts; `bodies`: the surest detection of a body region that a rule names;
    `change`: how unlike its neighbours the frame is.
    """

    prompts: float | None = Field(default=None, ge=0, le=1)
    words: float | None = Field(default=None, ge=0, le=1)
    bodies: float | None = Field(default=None, ge=0, le=1)
    change: float | None = Field(default=None, ge=0, le=1)


class Weights(Fact):
    """How much each measurement may raise a frame; all in [0, 1].

    Words and an encoder's likeness to a risk prompt speak of the rules themselves and count in full. A body detection
    names a region, not a violation: 0.8. A change of scene is no risk at all, it only says that there is something
    that the other frames do not show: at 0.3 it leads where nothing else was found and yields to any real finding.
    """

    prompts: float = Field(default=1.0, ge=0, le=1)
    words: float = Field(default=1.0, ge=0, le=1)
    bodies: float = Field(default=0.8, ge=0, le=1)
    change: float = Field(default=0.3, ge=0, le=1)


class Scorer(Protocol):
    """Scores the frames of one video, in [0, 1]; higher is more worth looking at."""

    name: str

    def __call__(self, signs: Sequence[Sign]) -> tuple[float, ...]:
        """Return one score a frame, in the order given."""
        ...


class Strongest:
    """The embedded scorer: a frame is worth what its strongest measurement is worth. Fits Scorer."""

    name = "strongest"

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or Weights()

    def __call__(self, signs: Sequence[Sign]) -> tuple[float, ...]:
        """Return the greatest weighted measurement of each frame, 0 where nothing was measured.

        >>> Strongest()([Sign(words=0.5, change=1.0), Sign(bodies=0.5), Sign()])
        (0.5, 0.4, 0.0)
        """
        given = self.weights.model_dump()
        return tuple(
            max((given[name] * value for name, value in sign.model_dump().items() if value is not None), default=0.0)
            for sign in signs
        )


def select(scores: Sequence[float], bins: int = BINS, top: int = TOP) -> tuple[int, ...]:
    """Return the places of `bins` + `top` frames, in order and none twice; of all frames where there are fewer.

    `scores` are of frames in order of time. They are cut into `bins` runs of like length, never more than there are
    frames; the best frame of each comes, then the best of the rest. Of equals the one nearest to the middle of its bin
    wins, as the edges of a scene are where it fades. A score that is no number counts least. Raise ValueError for
    negative numbers, and for bins and top that are both 0: choosing nothing would look like having seen everything.

    >>> select([0.1, 0.9, 0.8, 0.2, 0.1, 0.3], bins=2, top=1), select([0.0] * 16, bins=2, top=0), select([0.5], 2, 1)
    ((1, 2, 5), (3, 11), (0,))
    """
    if bins < 0 or top < 0 or bins + top == 0:
        raise ValueError(f"bins {bins!r} and top {top!r} must be 0 or more, and one of them above 0")
    worth = [-math.inf if math.isnan(score) else score for score in scores]
    chosen: set[int] = set()
    for start, end in binned(len(worth), bins):
        middle = (start + end - 1) / 2
        chosen.add(max(range(start, end), key=lambda at: (worth[at], -abs(at - middle), -at)))
    rest = sorted(set(range(len(worth))) - chosen, key=lambda at: (-worth[at], at))
    return tuple(sorted(chosen.union(rest[:top])))


def binned(count: int, bins: int) -> tuple[tuple[int, int], ...]:
    """Return the bins of `count` frames as (start, end), end exclusive: none is empty, lengths differ by 1 at most.

    >>> binned(16, 3), binned(2, 3)
    (((0, 5), (5, 10), (10, 16)), ((0, 1), (1, 2)))
    """
    used = min(count, bins)
    return tuple((count * at // used, count * (at + 1) // used) for at in range(used))
