"""The pictures of a case that a model is shown: which frames and which crops, and who sees at all. It opens no file.

Every picture has an id that an answer can cite: that of the observation it stands for, `tag` for a whole frame, or
MEDIA.fN for a frame that no tool tagged. Contract of `Show`: what cannot be shown is an Unseen, never an exception.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cases.case import Case, media_ids
from cases.exchange import Picture
from cases.observation import Locator, Observation, Unseen

FRAMES = 3  # of one file (B1)
MOST = 6  # of a case
CROPS = 3  # of a case (B2)
CROPPED = 0.15  # of the frame at most: what is larger is seen well enough in the whole
LEGIBLE = 0.0004  # of the frame at least
SAME_SECONDS = 0.05


class Wanted(NamedTuple):
    """A frame, or the box of one where `crop`; `of` is the id of the frame that a crop is of."""

    id: str
    locator: Locator
    of: str = ""

    @property
    def crop(self) -> bool:
        """Return whether it is part of a frame."""
        return bool(self.of)


class Shots(NamedTuple):
    """What was fetched, in the order wanted; `frames` is how many the file has in all, 0 where nobody knows."""

    pictures: tuple[Picture | Unseen, ...]
    frames: int = 0


class Show(Protocol):
    """Fetch pictures from a file of a case, small enough to be sent."""

    def __call__(self, case: Case, media: str, wanted: Sequence[Wanted]) -> Shots:
        """Return one picture for each that is wanted of the file with that id."""
        ...


class Exhibit(NamedTuple):
    """One picture that is shown, of a file of the case, where it is in it, and the frame that a crop is of."""

    picture: Picture
    media: str
    locator: Locator
    of: str = ""

    @property
    def id(self) -> str:
        """Return what an answer cites it by."""
        return self.picture.id


class Exhibits(NamedTuple):
    """All that is shown of a case; `whole` are the files of which nothing is left out."""

    items: tuple[Exhibit, ...] = ()
    whole: frozenset[str] = frozenset()

    @property
    def frames(self) -> tuple[Exhibit, ...]:
        """Return the whole frames, without the crops."""
        return tuple(e for e in self.items if not e.of)


NOTHING = Exhibits()


@dataclass(frozen=True)
class Eyes:
    """How pictures are fetched, and the `names` of the backends that see."""

    show: Show
    names: frozenset[str]

    def on(self, case: Case, name: str) -> Exhibits:
        """Return what the backend of that name is shown of a case; nothing where it is blind."""
        return exhibited(case, self.show) if name in self.names else NOTHING


def exhibited(case: Case, show: Show) -> Exhibits:
    """Return the pictures of a case, fetched; a file is whole when each of its frames is there and nothing was missed.

    The frames of a film are samples, so a film never is.
    """
    items: list[Exhibit] = []
    whole: set[str] = set()
    missed = {u.media for u in case.unseen}
    kinds = dict(zip(media_ids(case.media), (m.type for m in case.media), strict=True))
    for media, wanted in chosen(case).items():
        shots = show(case, media, wanted)
        found = [
            Exhibit(picture, media, one.locator, one.of)
            for one, picture in zip(wanted, shots.pictures, strict=True)
            if isinstance(picture, Picture)
        ]
        frames = [e for e in found if not e.of]
        items += [e for e in found if not e.of or e.of in {f.id for f in frames}]
        if kinds[media] == "image" and 0 < shots.frames <= len(frames) and media not in missed:
            whole.add(media)
    return Exhibits(tuple(items), frozenset(whole))


def chosen(case: Case) -> dict[str, tuple[Wanted, ...]]:
    """Return what to fetch of each file: its telling frames in order of time, then crops of them."""
    out: dict[str, tuple[Wanted, ...]] = {}
    frames, crops = 0, 0
    for media, one in zip(media_ids(case.media), case.media, strict=True):
        seen = [o for o in case.observations if o.media == media]
        shows = one.type in ("image", "video")
        whole = _frames(media, seen, one.type == "image")[: MOST - frames] if shows else ()
        if not whole:
            continue
        cut = _crops(whole, seen, CROPS - crops)
        out[media] = (*whole, *cut)
        frames, crops = frames + len(whole), crops + len(cut)
    return out


def all_seen(case: Case, *saw: Collection[str]) -> bool:
    """Return whether each of several judges was shown every picture of a case as a whole; False where there is none."""
    files = {name for name, m in zip(media_ids(case.media), case.media, strict=True) if m.type != "page"}
    return bool(files) and all(files <= set(names) for names in saw)


def within(observation: Observation, frame: Locator) -> bool:
    """Return whether an observation was made in a frame."""
    there = observation.locator
    if there.frame is None or there.frame != frame.frame:
        return False
    return there.start is None or frame.start is None or abs(there.start - frame.start) <= SAME_SECONDS


def spoken(case: Case, media: str) -> tuple[Observation, ...]:
    """Return what was said or shown as subtitles in a file, in order of time."""
    said = [o for o in case.observations if o.media == media and o.kind in ("speech", "subtitle") and o.text.strip()]
    return tuple(sorted(said, key=lambda o: o.locator.start or 0.0))


def _frames(media: str, seen: Sequence[Observation], still: bool) -> tuple[Wanted, ...]:
    moments: dict[tuple[int, float | None], list[Observation]] = {}
    for one in seen:
        if one.locator.frame is not None:
            moments.setdefault((one.locator.frame, one.locator.start), []).append(one)
    if not moments:
        # Nobody looked at it before; what a film shows when is then not known.
        return (Wanted(f"{media}.f0", Locator(frame=0)),) if still else ()
    ranked = sorted(moments.items(), key=lambda m: (-_tagged(m[1]), -len(m[1]), m[0][1] or 0.0, m[0][0]))[:FRAMES]
    return tuple(
        Wanted(_id(media, frame, found), found[0].locator.model_copy(update={"box": None}))
        for (frame, _), found in sorted(ranked, key=lambda m: (m[0][1] or 0.0, m[0][0]))
    )


def _tagged(found: Collection[Observation]) -> bool:
    return any(o.kind == "tag" and o.locator.box is None for o in found)


def _id(media: str, frame: int, found: Sequence[Observation]) -> str:
    return next((o.id for o in found if o.kind == "tag" and o.locator.box is None), f"{media}.f{frame}")


def _crops(frames: Sequence[Wanted], seen: Sequence[Observation], most: int) -> tuple[Wanted, ...]:
    worth: list[tuple[bool, float, Wanted]] = []
    for one in seen:
        box, of = one.locator.box, next((f.id for f in frames if within(one, f.locator)), None)
        if box is not None and of and LEGIBLE <= box.width * box.height <= CROPPED:
            # What draws the eye first (B2); then many words in a small place, which a scaled-down frame loses.
            weight = one.confidence * (1 + len(one.text) / 20)
            worth.append((one.kind == "tag", weight, Wanted(one.id, one.locator, of)))
    return tuple(w for *_, w in sorted(worth, key=lambda item: (not item[0], -item[1]))[:most])
