"""Which frames of a video are looked at (B1): the best of each bin of time, then the best of all that are left.

Pure: it takes numbers and gives places. Not a decoder, and no model: who has one gives its scores. Frames that are not
chosen are shown to no judge, so every bin of time is covered whatever the scores say.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from pydantic import Field

from cases.model import Fact
from cases.observation import Observation
from policy_store.pack import Pack

FRAMES = 16
BINS = 2
TOP = 1
TELLING = 0.8  # weight of a body region's label from which on it speaks of a rule, and not of everyday clothes
# What counts under a pack that names no regions itself.
BARE = frozenset(
    {
        "FEMALE_GENITALIA_EXPOSED", "MALE_GENITALIA_EXPOSED", "ANUS_EXPOSED", "FEMALE_BREAST_EXPOSED",
        "BUTTOCKS_EXPOSED",
    }
)  # fmt: skip
MOST_PROMPTS = 256


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


class Glimpse(Protocol):
    """What was measured on one frame: lines of words, body regions, its change in [0, 1], a cosine to risk prompts."""

    @property
    def lines(self) -> Sequence[str]:
        """Return the words read in it, a line each."""
        ...

    @property
    def regions(self) -> Sequence[Observation]:
        """Return the body regions seen in it."""
        ...

    @property
    def change(self) -> float:
        """Return how unlike its neighbours it is."""
        ...

    @property
    def likeness(self) -> float | None:
        """Return its cosine to the most similar risk prompt, None where nothing measured it."""
        ...


class KeyFrames(NamedTuple):
    """The places of the chosen frames, in order, the score of every frame in [0, 1], and by what they were scored."""

    places: tuple[int, ...]
    scores: tuple[float, ...]
    by: str


class Chooser:
    """Chooses the key frames of a video from what was measured on its frames.

    `risk` returns for texts the probability that one of the rules is broken by them; `telling` are the labels of body
    regions that speak of a rule. Where an encoder of pictures has
    measured every frame its likeness alone counts, as B1 has it: a cosine and a probability are no one scale.
    """

    def __init__(
        self, risk: Callable[[Sequence[str]], Sequence[float]], bins: int = BINS, top: int = TOP,
        scorer: Scorer | None = None, telling: frozenset[str] = BARE,
    ) -> None:  # fmt: skip
        self.risk, self.bins, self.top, self.telling = risk, bins, top, telling
        self.scorer = scorer or Strongest()

    def __call__(self, glimpses: Sequence[Glimpse]) -> KeyFrames:
        """Return the key frames of a video."""
        liked = [one.likeness for one in glimpses]
        alike = [max(0.0, like) for like in liked if like is not None]
        if alike and len(alike) == len(glimpses):
            scores, by = tuple(alike), "likeness"
        else:
            scores, by = self.scorer(self._signs(glimpses)), self.scorer.name
        return KeyFrames(select(scores, self.bins, self.top), tuple(scores), by)

    def _signs(self, glimpses: Sequence[Glimpse]) -> tuple[Sign, ...]:
        # A line by itself, and all of a frame together: a sentence may run over several lines.
        texts = {t: 0.0 for one in glimpses for t in (*one.lines, "\n".join(one.lines)) if t.strip()}
        texts = dict(zip(texts, self.risk(list(texts)), strict=True)) if texts else {}
        signs = []
        for one in glimpses:
            words = [texts[t] for t in (*one.lines, "\n".join(one.lines)) if t in texts]
            bodies = [o.confidence for o in one.regions if o.label in self.telling]
            signs.append(
                Sign(words=_share(max(words, default=0)), bodies=max(bodies, default=0), change=_share(one.change))
            )
        return tuple(signs)


def telling_regions(pack: Pack) -> frozenset[str]:
    """Return the labels of body regions by which a rule of the pack tells a value in pictures, BARE where none does."""
    shown = [v.shown for rule in pack.rules for a in rule.attributes for v in a.values if v.shown is not None]
    return frozenset(hint.label for one in shown for hint in one.regions if hint.weight >= TELLING) or BARE


def risk_prompts(pack: Pack) -> tuple[str, ...]:
    """Return what an encoder of pictures compares frames with: the types and keywords of the active rules, in turn.

    The first keywords of all rules come before the second ones of any, so that no rule is left out.
    """
    rules = [rule for rule in pack.rules if rule.status == "active"]
    lists = [(rule.type, *rule.keywords) for rule in rules]
    turns = [said[at] for at in range(max(map(len, lists), default=0)) for said in lists if at < len(said)]
    return tuple(dict.fromkeys(turns))[:MOST_PROMPTS]


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


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value))) if math.isfinite(value) else 0.0
