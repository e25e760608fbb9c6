"""A video or a sound of a case, looked through and listened to: frames, words, regions, subtitles, speech. No judge.

Frames are taken uniform in time, each the one of its bin that stands out from it (tools/standout.py). What is measured
on them goes to whoever chooses key frames; words that were read in other frames on the way are kept too, as reading
them and saying nothing would be worse than not reading them. Ids: .k key frames, .w words, .r regions, .m matches,
.c boxes that stand out, .s subtitles, .a speech, .t what the file is.
"""

from collections.abc import Sequence
from pathlib import Path

from cases.observation import Locator, Observation, Unseen
from tools.looking import Glimpse, KeyFrames, Looking, Seen
from tools.reels import Shot, numbered, read_shots, regions_of, words_of
from tools.speech import Heard, hear
from tools.still import known_in, standing_out
from tools.subtitles import subtitles
from tools.video import DECODING, Frames, sample_frames, scene_changes

KEY = "key frame"
SILENCE = {"mute": "no sound track", "silent": "a sound track with nothing on it"}


class Even:
    """Every frame is a key frame: what holds where nobody chooses. Fits KeyFrames."""

    by = "all"

    def __init__(self, count: int) -> None:
        self.places: Sequence[int] = range(count)
        self.scores: Sequence[float] = (0.0,) * count


def video_seen(path: str, name: str, how: Looking) -> Seen:
    """Return what is seen, read and heard in a video file with its subtitle files beside it."""
    until = how.until
    found, gaps = _pictures(path, name, how, until)
    said = subtitles(path, name, how.root)
    heard, unheard = _sound(path, name, how)
    return Seen((*found, *said.observations, *heard), (*gaps, *said.gaps, *unheard))


def sound_heard(path: str, name: str, how: Looking) -> Seen:
    """Return what is heard in a sound file; one without sound, and a film inside it, are gaps."""
    heard, gaps = _sound(path, name, how)
    if not gaps and any(one.label == SILENCE["mute"] for one in heard):
        told = "it holds no sound; give it as what it is"
        gaps = (Unseen(media=name, what="speech", why="unknown_format", told=told),)
    film = sample_frames(path, 1, how.root, media=name)
    if isinstance(film, Frames):
        told = "it holds moving pictures that were not looked at; give it as a video"
        gaps = (*gaps, Unseen(media=name, what="frames", why="unknown_format", told=told))
    return Seen(heard, gaps)


def _pictures(
    path: str, name: str, how: Looking, until: float
) -> tuple[tuple[Observation, ...], tuple[Unseen, ...]]:  # fmt: skip
    limits = DECODING._replace(seconds=min(DECODING.seconds, how.seconds))
    film = sample_frames(
        path, how.frames, how.root, limits, media=name, standing_out=True,
        progress=lambda share: how.tell(name, "frames", share),
    )  # fmt: skip
    if isinstance(film, Unseen):
        return (), (film,)
    gaps = list(film.gaps)
    shots = numbered(film)
    changes = scene_changes([shot.pixels for shot in shots])
    likeness = how.likeness([shot.pixels for shot in shots]) if how.likeness is not None else None
    if likeness is None:
        read_shots(shots, changes, name, how, until, gaps, film.duration)
    chosen = _chosen(shots, changes, likeness, how)
    if likeness is not None:
        telling = [shots[place] for place in chosen.places]
        read_shots(telling, [1.0] * len(telling), name, how, until, gaps, film.duration)
    keys = [shots[place] for place in chosen.places]
    known, unknown = known_in([(shot.pixels, shot.locator) for shot in shots], name, how.bank)
    words = words_of(shots, keys, name, gaps)
    found = [_about(film, name), *_keys(shots, chosen, name), *words, *regions_of(shots, keys, name)]
    boxes: list[Observation] = []
    for shot in keys:
        own = [o.model_copy(update={"id": f"{name}.o{at}"}) for at, o in enumerate((*shot.words, *shot.regions))]
        boxes += standing_out(shot.pixels, own, name, shot.locator, first=len(boxes) + 1)
    return (*found, *known, *boxes), (*gaps, *unknown)


def _chosen(
    shots: Sequence[Shot], changes: Sequence[float], likeness: Sequence[float] | None, how: Looking
) -> KeyFrames:
    if how.choose is None:
        return Even(len(shots))
    return how.choose(
        [
            Glimpse(
                tuple(word.text for word in shot.words), tuple(shot.regions), changes[at],
                None if likeness is None else likeness[at],
            )
            for at, shot in enumerate(shots)
        ]
    )  # fmt: skip


def _keys(shots: Sequence[Shot], chosen: KeyFrames, name: str) -> list[Observation]:
    return [
        Observation(
            id=f"{name}.k{number}", media=name, kind="tag", label=KEY, locator=shots[place].locator, tool=chosen.by,
            version="1", confidence=min(1.0, max(0.0, chosen.scores[place])),
        )
        for number, place in enumerate(chosen.places, 1)
    ]  # fmt: skip


def _about(film: Frames, name: str) -> Observation:
    kinds = ", ".join(f"{stream.kind} {stream.codec}" for stream in film.streams)
    width, height = film.size
    label = f"{width}x{height}, {film.duration:.1f} s, {film.fps:.4g} frames a second: {kinds}"[:300]
    return Observation(
        id=f"{name}.t1", media=name, kind="tag", label=label, locator=Locator(start=0.0, end=max(0.0, film.duration)),
        tool="pyav", version="",
    )  # fmt: skip


def _sound(path: str, name: str, how: Looking) -> tuple[tuple[Observation, ...], tuple[Unseen, ...]]:
    how.tell(name, "sound", 0.0)
    heard: Heard = hear(Path(path), how.listener, name, how.root, progress=lambda share: how.tell(name, "sound", share))
    found = heard.observations
    if (label := SILENCE.get(heard.state)) is not None:
        tag = Observation(
            id=f"{name}.t2", media=name, kind="tag", label=label, locator=Locator(), tool="pyav", version=""
        )
        found = (*found, tag)
    elif heard.state == "sounding" and how.listener is not None and not found and not heard.gaps:
        label = "sound in which no words were heard"
        tag = Observation(
            id=f"{name}.t2", media=name, kind="tag", label=label, locator=Locator(), tool=how.listener.name,
            version=how.listener.version,
        )  # fmt: skip
        found = (tag,)
    return found, heard.gaps
