"""Test videos made by script with PyAV: what is said, written and subtitled where is known to the second.

Not found footage: moving shapes, our own mild words, tones, and speech by espeak-ng where it is installed. The same
video without the words is its clean twin.
"""

import math
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
# What FFmpeg's encoders of subtitles want to see first.
ASS = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
Sound = NDArray[np.float32]
Picture = NDArray[np.uint8]


class Words(NamedTuple):
    """Words burnt into the picture from `start` to `end` seconds, `size` pixels high."""

    text: str
    start: float
    end: float
    size: int = 36


class Cue(NamedTuple):
    """A subtitle."""

    text: str
    start: float
    end: float


class Film(NamedTuple):
    """What a video shows and says; `sound` is mono at RATE or [channels, samples], None for no sound track."""

    seconds: float = 10.0
    fps: int = 10
    size: tuple[int, int] = (320, 180)
    words: tuple[Words, ...] = ()
    cues: tuple[Cue, ...] = ()
    sound: Sound | None = None
    rotation: int = 0
    seed: int = 0
    codec: str = "libx264"
    pixels: str = "yuv420p"
    gop: int = 0
    times: tuple[float, ...] | None = None  # of each frame, for a variable rate; else they are uniform
    cuts: tuple[float, ...] = ()  # where another scene begins


def clean(film: Film) -> Film:
    """Return the twin without words, subtitles and speech."""
    return film._replace(words=(), cues=(), sound=None if film.sound is None else tone(film.seconds))


def made(path: Path, film: Film) -> Path:
    """Write the film; the container follows the name's ending. Return the path."""
    import av

    with av.open(str(path), "w") as container:
        width, height = film.size
        options = {"preset": "ultrafast", "crf": "28"} if film.codec == "libx264" else {}
        video: Any = container.add_stream(film.codec, rate=film.fps, options=options)
        video.width, video.height, video.pix_fmt = width, height, film.pixels
        if film.gop:
            video.codec_context.gop_size = film.gop
        if film.rotation:
            video.set_display_rotation(film.rotation)
        if film.times is not None:
            video.codec_context.time_base = Fraction(1, 1000)
        audio: Any = None
        if film.sound is not None:
            channels = 1 if film.sound.ndim == 1 else len(film.sound)
            audio = container.add_stream("aac", rate=RATE, layout="mono" if channels == 1 else "stereo")
        text: Any = None
        if film.cues:
            text = container.add_stream("mov_text" if path.suffix in (".mp4", ".mov") else "subrip")
            text.codec_context.subtitle_header = ASS
        for at, picture in enumerate(pictures(film)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if film.times is not None:
                frame.pts, frame.time_base = round(film.times[at] * 1000), Fraction(1, 1000)
            for packet in video.encode(frame):
                container.mux(packet)
        for packet in video.encode():
            container.mux(packet)
        if audio is not None and film.sound is not None:
            for packet in _heard(audio, film.sound):
                container.mux(packet)
        for packet in _cues(text, film.cues) if film.cues else ():
            container.mux(packet)
    return path


def pictures(film: Film) -> Iterator[Picture]:
    """Yield the frames [height, width, 3]: a slow gradient, a moving square, and the words of their seconds."""
    width, height = film.size
    count = len(film.times) if film.times is not None else max(1, round(film.seconds * film.fps))
    rows, columns = np.mgrid[0:height, 0:width]
    drawn: dict[Words, tuple[Picture, Picture]] = {}
    for at in range(count):
        second = film.times[at] if film.times is not None else at / film.fps
        scene = sum(cut <= second for cut in film.cuts)
        tint = np.random.default_rng(film.seed + scene).integers(30, 90, 3)
        picture = np.empty((height, width, 3), np.uint8)
        wave = 20 * np.sin(columns / width * 3 + second / 5 + scene)
        for channel in range(3):
            picture[..., channel] = tint[channel] + wave + rows * 20 // height
        side = max(4, height // 8)
        left = int((width - side) * (0.5 + 0.5 * math.sin(second + film.seed)))
        picture[side : 2 * side, left : left + side] = 200
        for words in film.words:
            if words.start <= second < words.end:
                if words not in drawn:
                    drawn[words] = lettered(words.text, film.size, words.size)
                ink, mask = drawn[words]
                np.copyto(picture, ink, where=mask > 0)
        yield picture


def lettered(text: str, size: tuple[int, int], height: int) -> tuple[Picture, Picture]:
    """Return the words in white on a dark band [height, width, 3], and where the band is."""
    from PIL import Image, ImageDraw, ImageFont

    font: Any
    try:
        font = ImageFont.truetype("DejaVuSans-Bold.ttf", height)
    except OSError:
        font = ImageFont.load_default(height)
    image, mask = Image.new("RGB", size), Image.new("RGB", size)
    draw, cover = ImageDraw.Draw(image), ImageDraw.Draw(mask)
    lines, row = [], ""
    for word in text.split():
        if row and draw.textlength(f"{row} {word}", font=font) > size[0] * 0.92:
            lines.append(row)
            row = word
        else:
            row = f"{row} {word}".strip()
    lines.append(row)
    top = size[1] - int((len(lines) + 0.3) * height * 1.25)
    cover.rectangle((0, top - height // 4, size[0], size[1]), fill=(255, 255, 255))
    for at, said in enumerate(lines):
        left = (size[0] - draw.textlength(said, font=font)) / 2
        draw.text((left, top + at * height * 1.25), said, font=font, fill=(255, 255, 255))
    return np.asarray(image), np.asarray(mask)


def tone(seconds: float, hertz: float = 440.0, loud: float = 0.2) -> Sound:
    """Return a sine at RATE."""
    return (loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def silence(seconds: float) -> Sound:
    """Return silence at RATE."""
    return np.zeros(round(seconds * RATE), np.float32)


def speaks() -> bool:
    """Return whether espeak-ng is installed."""
    return shutil.which("espeak-ng") is not None


def speech(text: str, seconds: float, start: float = 0.0) -> Sound:
    """Return espeak-ng's reading of the text from `start`, at RATE, in `seconds` of silence."""
    import av

    out = silence(seconds)
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-s", "150", "-w", str(wave), text], check=True, capture_output=True)
        with av.open(str(wave)) as container:
            resampler = av.AudioResampler("flt", "mono", RATE)
            frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
            frames += resampler.resample(None)
    said = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    first = round(start * RATE)
    kept = said[: len(out) - first]
    out[first : first + len(kept)] = kept
    return out


def srt(cues: Sequence[Cue]) -> str:
    """Return the cues as an .srt file."""
    return "\n".join(f"{n}\n{_clock(c.start)} --> {_clock(c.end)}\n{c.text}\n" for n, c in enumerate(cues, 1))


def vtt(cues: Sequence[Cue]) -> str:
    """Return the cues as a .vtt file."""
    blocks = (f"{_clock(c.start, '.')} --> {_clock(c.end, '.')}\n{c.text}\n" for c in cues)
    return "\n".join(("WEBVTT\n", *blocks))


def _clock(seconds: float, point: str = ",") -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{point}{whole % 1000:03}"


def _heard(stream: Any, sound: Sound) -> Iterator[Any]:
    import av

    planes = np.atleast_2d(sound)
    layout = "mono" if len(planes) == 1 else "stereo"
    for at in range(0, planes.shape[1], 1024):
        block = np.ascontiguousarray(planes[:, at : at + 1024])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        yield from stream.encode(frame)
    yield from stream.encode()


def _cues(stream: Any, cues: Sequence[Cue]) -> Iterator[Any]:
    import av

    for cue in cues:
        said = cue.text.encode()
        packet = av.Packet(struct.pack(">H", len(said)) + said if stream.codec_context.name == "mov_text" else said)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = round(cue.start * 1000)
        packet.duration = round((cue.end - cue.start) * 1000)
        yield packet


def patched(path: Path, change: Callable[[bytearray], None]) -> Path:
    """Change a file's bytes in place: how a lying file is made. Return the path."""
    body = bytearray(path.read_bytes())
    change(body)
    path.write_bytes(body)
    return path
