"""Files of cases made on the spot for tests of what is seen in them: small, and with words that are known."""

from pathlib import Path

from tests.media.videos import Cue, Film, Sound, Words, made, srt

SIZE = (480, 270)
LINE = "Meet us behind the mill"


def film(
    folder: Path, name: str = "film.mp4", *, line: str = LINE, at: float = 2.0, seconds: float = 6.0,
    sound: Sound | None = None, cues: tuple[Cue, ...] = (),
) -> Path:  # fmt: skip
    """Write a video that shows a line for two seconds; cues go into a file beside it. Return its path."""
    words = (Words(line, at, at + 2.0, 26),) if line else ()
    path = made(folder / name, Film(seconds, fps=6, size=SIZE, words=words, sound=sound))
    if cues:
        path.with_suffix(".srt").write_text(srt(cues), encoding="utf-8")
    return path
