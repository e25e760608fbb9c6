"""Writes small video files of which is known to the second what they show and say. Not which ads: evals/media_ads.py.

Pictures are drawn, sound is by espeak-ng; nothing is found footage. The same film gives the same pictures.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import ImageFont

FPS = 8
SIZE = (640, 360)
RATE = 16_000
SLOWEST, FASTEST = 150, 400  # words a minute of espeak-ng
GRID = 15  # coarse cells of a backdrop, enlarged
FACES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSans-Oblique.ttf")
DEFAULTS = {"preset": "ultrafast", "crf": "26", "threads": "1"}

Picture = NDArray[np.uint8]
Sound = NDArray[np.float32]


class NoVoice(RuntimeError):
    """espeak-ng is not installed."""

    def __str__(self) -> str:
        return "espeak-ng is not installed, and speech is made by it; install the package espeak-ng"


class Words(NamedTuple):
    """Words on the screen, or said, from `start` to `end` seconds."""

    text: str
    start: float
    end: float


class Film(NamedTuple):
    """What a film shows and says: `shown` is burnt into the pictures, `said` is spoken, each within its time.

    `cuts` are the seconds at which another scene begins. In one that `moves` no two frames are alike. `sounds`: there
    is a sound track, be it a hum alone.
    """

    seconds: float
    shown: tuple[Words, ...] = ()
    said: tuple[Words, ...] = ()
    cuts: tuple[float, ...] = ()
    moves: bool = False
    sounds: bool = True
    size: tuple[int, int] = SIZE
    fps: int = FPS
    seed: int = 0


def write_film(path: Path, film: Film) -> Path:
    """Write a film; the container follows the name's ending. Return the path. Raise NoVoice."""
    import av

    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=film.fps, options=DEFAULTS)
        video.width, video.height, video.pix_fmt = *film.size, "yuv420p"
        track: Any = container.add_stream("aac", rate=RATE, layout="mono") if film.sounds else None
        for picture in pictures(film):
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in video.encode():
            container.mux(packet)
        if track is not None:
            for packet in _encoded(track, sound(film)):
                container.mux(packet)
    return path


def pictures(film: Film) -> Iterator[Picture]:
    """Yield the frames [height, width, 3] of a film."""
    drawn: dict[tuple[int, int | None], Picture] = {}
    for at in range(max(1, round(film.seconds * film.fps))):
        second = at / film.fps
        scene = sum(cut <= second for cut in film.cuts)
        page = next((n for n, w in enumerate(film.shown) if w.start <= second < w.end), None)
        if film.moves:
            backdrop = np.roll(_backdrop(film.size, film.seed + 97 * scene), 3 * at, axis=1)
            yield backdrop if page is None else _lettered(backdrop, film.shown[page].text, film.seed + page)
            continue
        if (scene, page) not in drawn:
            backdrop = _backdrop(film.size, film.seed + 97 * scene)
            drawn[scene, page] = (
                backdrop if page is None else _lettered(backdrop, film.shown[page].text, film.seed + page)
            )
        yield drawn[scene, page]


def sound(film: Film) -> Sound:
    """Return the sound of a film at RATE: what is said, each within its time, over a hum that is no speech."""
    count = round(film.seconds * RATE)
    out = (0.01 * np.sin(2 * np.pi * 110 * np.arange(count) / RATE)).astype(np.float32)
    for words in film.said:
        first = round(words.start * RATE)
        voice = spoken(words.text, words.end - words.start)[: max(0, count - first)]
        out[first : first + len(voice)] += voice
    return out


def spoken(text: str, seconds: float) -> Sound:
    """Return espeak-ng's reading of words at RATE in at most `seconds`, faster than anybody speaks where it has to be.

    Raise NoVoice.
    """
    voice = _read_aloud(text, SLOWEST)
    if len(voice) > seconds * RATE:
        voice = _read_aloud(text, min(FASTEST, round(SLOWEST * len(voice) / (seconds * RATE)) + 10))
    if len(voice) > seconds * RATE:
        kept = max(1, int(seconds * RATE))
        voice = np.interp(np.linspace(0, len(voice) - 1, kept), np.arange(len(voice)), voice).astype(np.float32)
    return voice


def drawable(text: str) -> str:
    """Return words as the fonts can draw them: what has no letter shape in them (emoji) is left out."""
    face = _face(FACES[0], 20)
    blank = bytes(face.getmask("\U0010ffff"))
    return " ".join("".join(ch for ch in text if ch.isspace() or bytes(face.getmask(ch)) != blank).split())


def subtitles(said: Sequence[Words]) -> str:
    """Return words with their times as an `.srt` file."""

    def clock(seconds: float) -> str:
        whole = round(seconds * 1000)
        return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"

    return "\n".join(f"{n}\n{clock(w.start)} --> {clock(w.end)}\n{w.text}\n" for n, w in enumerate(said, 1))


def _encoded(track: Any, samples: Sound) -> Iterator[Any]:
    import av

    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
        frame.rate, frame.pts = RATE, start
        yield from track.encode(frame)
    yield from track.encode()


@cache
def _read_aloud(text: str, speed: int) -> Sound:
    if shutil.which("espeak-ng") is None:
        raise NoVoice
    import av

    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-s", str(speed), "-w", str(wave), "--", text], check=True, capture_output=True)
        with av.open(str(wave)) as container:
            resampler = av.AudioResampler("flt", "mono", RATE)
            frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
            frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32)


@cache
def _backdrop(size: tuple[int, int], seed: int) -> Picture:
    """Return a scene without words: soft patches of colour, as out of focus, and a few hard shapes."""
    from PIL import Image, ImageDraw

    width, height = size
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, 3) + rng.integers(-40, 40, (GRID * height // width + 1, GRID, 3))
    picture = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(3):
        left, top = rng.integers(0, width - width // 6), rng.integers(0, height // 2)
        side = rng.integers(height // 12, height // 4)
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((int(left), int(top), int(left + side), int(top + side)), fill=tuple(map(int, rng.integers(0, 255, 3))))
    return np.asarray(picture)


def _lettered(backdrop: Picture, text: str, seed: int) -> Picture:
    """Return a backdrop with words: in one of four fonts and three sizes, on a band or outlined, above or below."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed + 1_000_003)
    picture = Image.fromarray(backdrop)
    width, height = picture.size
    face = _face(FACES[rng.integers(len(FACES))], round(height * (0.06, 0.075, 0.09)[rng.integers(3)]))
    light, banded, above = rng.random() < 0.5, rng.random() < 0.7, rng.random() < 0.3
    ink, paper = ((250, 250, 250), (20, 20, 30)) if light else ((15, 15, 20), (245, 240, 220))
    draw = ImageDraw.Draw(picture)
    lines = _lines(text, face, width * 0.9)
    row = round(face.size * 1.3)
    top = height // 12 if above else height - height // 12 - row * len(lines)
    if banded:
        draw.rectangle((0, top - row // 4, width, top + row * len(lines) + row // 4), fill=paper)
    for at, line in enumerate(lines):
        draw.text(
            ((width - face.getlength(line)) / 2, top + at * row), line, font=face, fill=ink,
            stroke_width=0 if banded else 2, stroke_fill=paper,
        )  # fmt: skip
    return np.asarray(picture)


def _lines(text: str, face: "ImageFont.FreeTypeFont", width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and face.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


@cache
def _face(name: str, size: int) -> "ImageFont.FreeTypeFont":
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


__all__ = ["FPS", "RATE", "SIZE", "Film", "NoVoice", "Words", "drawable", "sound", "spoken", "subtitles", "write_film"]
