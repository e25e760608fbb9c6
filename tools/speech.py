"""What is said in a video or a sound file, as observations with seconds. Not a judge, and no guess without a model.

The role is a string: "none", or "faster-whisper/MODEL" with a folder of a converted model, or a name whose files are
already here: nothing is ever fetched. Silence is measured, so a silent file is told from one that nobody listened to;
where there is sound and no model, the answer is "no transcript", never that nothing was said.
"""

import math
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from cases.observation import Locator, Observation, Trouble, Unseen
from tools.sandbox import Limits
from tools.video import DECODING, MOST_SOUND, RATE, Samples, audio

NONE = "none"
WHISPER = "faster-whisper"
SILENT = -60.0  # dB below full scale; speech that an ear can follow is above -45
WINDOW = RATE // 20
BLOCK = 600 * WINDOW
SECONDS = 600.0
MAX_SEGMENTS = 5_000

State = Literal["mute", "silent", "sounding", "unknown"]


class Segment(NamedTuple):
    """Words that are spoken from `start` to `end` seconds, with a confidence in [0, 1]."""

    start: float
    end: float
    text: str
    confidence: float


class Unheard(Exception):
    """No transcript came; `why` and `told` become the caller's Unseen."""

    def __init__(self, why: Trouble, told: str) -> None:
        super().__init__(told)
        self.why, self.told = why, told


class Listener(Protocol):
    """Writes down what is said."""

    name: str

    @property
    def version(self) -> str:
        """Return what names this listener's state of things in an observation."""
        ...

    def __call__(self, samples: Samples) -> Iterator[Segment]:
        """Yield what is said in one channel at RATE, in order of time; raise Unheard."""
        ...


class Heard(NamedTuple):
    """What was said, what was not heard, and the sound: `mute` has no track, `silent` has one with nothing on it."""

    observations: tuple[Observation, ...]
    gaps: tuple[Unseen, ...]
    state: State


def listener(spec: str) -> Listener | None:
    """Return who listens, by role string; None for "none". Nothing is loaded before the first sound. Raise ValueError.

    >>> listener("none"), listener("faster-whisper/tiny").name
    (None, 'faster-whisper/tiny')
    """
    provider, _, model = spec.strip().partition("/")
    if provider in ("", NONE) and not model:
        return None
    if provider == WHISPER and model:
        return Whisper(model)
    raise ValueError(f"PRECEPT_SPEECH={spec!r} is no role; give {NONE!r} or '{WHISPER}/MODEL', a folder or a name")


def hear(
    path: str | Path,
    who: Listener | None,
    media: str = "video",
    root: str | Path | None = None,
    limits: Limits = DECODING,
    *,
    most: float = MOST_SOUND,
    seconds: float = SECONDS,
    progress: Callable[[float], None] | None = None,
) -> Heard:
    """Return what is said in the first `most` seconds of a file; `seconds` is how long listening may take."""
    sound = audio(path, root, limits, media=media, most=most)
    if isinstance(sound, Unseen):
        return Heard((), (sound,), "unknown")
    if not sound.tracks:
        return Heard((), sound.gaps, "mute")
    if silent(sound.samples):
        whole = bool(len(sound.samples)) or not sound.gaps
        return Heard((), sound.gaps, "silent" if whole else "unknown")

    def unheard(why: Trouble, told: str) -> Unseen:
        return Unseen(media=media, what="speech", why=why, told=f"no transcript: {told}")

    if who is None:
        fix = f"set PRECEPT_SPEECH={WHISPER}/MODEL and pip install faster-whisper, or give a transcript"
        return Heard(
            (), (*sound.gaps, unheard("no_tool", f"there is sound, and nothing listens to it; {fix}")), "sounding"
        )
    found: list[Observation] = []
    gaps = list(sound.gaps)
    until = time.monotonic() + seconds
    try:
        for segment in who(sound.samples):
            if segment.text.strip():
                start = _within(segment.start, sound.seconds)
                where = Locator(start=start, end=max(start, _within(segment.end, sound.seconds)))
                found.append(
                    Observation(
                        id=f"{media}.a{len(found)}", media=media, kind="speech", locator=where,
                        text=segment.text.strip(), confidence=_within(segment.confidence, 1.0),
                        tool=who.name, version=who.version,
                    )
                )  # fmt: skip
            if progress is not None:
                progress(min(1.0, segment.end / sound.seconds))
            if time.monotonic() > until or len(found) >= MAX_SEGMENTS:
                told = f"listening stopped at {segment.end:.0f} of {sound.seconds:.0f} s; give it more time"
                gaps.append(unheard("out_of_time", told))
                break
    except Unheard as missing:
        gaps.append(unheard(missing.why, missing.told))
    return Heard(tuple(found), tuple(gaps), "sounding")


def silent(samples: Samples) -> bool:
    """Return whether no twentieth of a second is louder than SILENT; a constant offset makes no sound.

    >>> silent(np.zeros(RATE, np.float32)), silent(np.full(RATE, 0.5, np.float32))
    (True, True)
    """
    if not len(samples):
        return True
    power = 0.0
    for start in range(0, len(samples), BLOCK):  # a block at a time: memory does not grow with the sound
        part = samples[start : start + BLOCK]
        padded = np.pad(part, (0, -len(part) % WINDOW), mode="edge").reshape(-1, WINDOW).astype(np.float64)
        power = max(power, float(padded.var(axis=1).max()))
    return power <= 0 or 10 * math.log10(power) < SILENT


class Whisper:
    """A Whisper model through faster-whisper, loaded at its first sound. Fits Listener; one file at a time."""

    def __init__(self, model: str, *, device: str = "auto", threads: int = 0) -> None:
        self.model, self.name = model, f"{WHISPER}/{model}"
        self._device, self._threads = device, threads
        self._lock = Lock()
        self._loaded: Any = None

    @property
    def version(self) -> str:
        """Return the library's version, "none" where it is not installed."""
        try:
            return version("faster-whisper")
        except ImportError:
            return "none"

    def __call__(self, samples: Samples) -> Iterator[Segment]:
        """Yield segments as they are decoded, greedily and each without the words before it: a loop stays short."""
        with self._lock:
            model = self._load()
            try:
                found, _ = model.transcribe(
                    samples, beam_size=1, temperature=0.0, condition_on_previous_text=False, vad_filter=False
                )
                for segment in found:
                    sure = math.exp(min(0.0, segment.avg_logprob)) * (1.0 - segment.no_speech_prob)
                    yield Segment(float(segment.start), float(segment.end), str(segment.text), sure)
            except (RuntimeError, ValueError, IndexError, MemoryError) as error:
                raise Unheard("unreadable", f"{self.name!r} failed on the sound ({type(error).__name__})") from error

    def _load(self) -> Any:
        if self._loaded is not None:
            return self._loaded
        try:
            from faster_whisper import WhisperModel
            from faster_whisper.utils import download_model
        except ImportError as missing:
            told = f"{missing.name or 'faster_whisper'} is not installed: pip install faster-whisper"
            raise Unheard("no_tool", told) from missing
        try:
            folder = Path(self.model)
            if not folder.is_dir():
                folder = Path(download_model(self.model, local_files_only=True))
            # Without this file the library would fetch another model's.
            if not (folder / "tokenizer.json").is_file():
                raise FileNotFoundError("tokenizer.json")
            kind = "int8" if self._device == "cpu" else "default"
            self._loaded = WhisperModel(
                str(folder), device=self._device, compute_type=kind, cpu_threads=self._threads, local_files_only=True
            )
        except (OSError, RuntimeError, ValueError) as error:
            told = f"{self.model!r} is not here or no converted Whisper model ({type(error).__name__}); give its folder"
            raise Unheard("no_tool", told) from error
        return self._loaded


def _within(value: float, most: float) -> float:
    return min(most, max(0.0, value)) if math.isfinite(value) else 0.0
