"""RapidOCR as a reader of lines, with the PP-OCR models that its package carries; nothing is downloaded."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tools.lines import LEAST_CONFIDENCE, Line, Unreadable
from tools.pictures import Pixels

if TYPE_CHECKING:
    from rapidocr import RapidOCR

LONG = 2000  # pixels of the longest side on which lines are looked for
SMALL_AREA = 540_000  # pixels; smaller pictures are enlarged to about this
LARGEST = 4.0
SECONDS = 60.0
AGAIN = 24  # lines of a picture that are read again
UNSURE = 0.95  # upside-down lines read the wrong way round reached 0.86


class RapidReader:
    """Read lines with RapidOCR. Engines are loaded on first use and kept; threads may share a reader.

    Its own classifier of upside-down lines is not used: it turned upright ones. A line that was read unsurely is read
    again upside down and mirrored, and the surest reading stands.
    """

    name = "rapidocr"

    def __init__(self, engines: int | None = None, seconds: float = SECONDS) -> None:
        """Read with at most that many engines side by side, one for each core of this process by default.

        A picture whose lines are not all read within `seconds` is given up as out_of_time.
        """
        self.seconds = seconds
        self._gate = threading.Semaphore(engines or _cores())
        self._idle: list[RapidOCR] = []

    @property
    def version(self) -> str:
        """Return the version of the package, "" where it is missing."""
        try:
            return version("rapidocr")
        except PackageNotFoundError:
            return ""

    def load(self) -> "RapidOCR":
        """Return an engine of one thread; raise Unreadable where the library or a model of it is missing."""
        try:
            import rapidocr
        except ImportError as missing:
            needs = f"{missing.name} is not installed, and reading words in pictures needs it"
            raise Unreadable("no_tool", f"{needs}: pip install 'precept[vision]'") from None
        models = Path(rapidocr.__file__).parent / "models"
        given: dict[str, object] = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.max_side_len": 4 * LONG,
            # Lines are looked for at this size, then read from the pixels as they are.
            "Det.limit_type": "max",
            "Det.limit_side_len": LONG,
            # One thread a run: files are read side by side, as texts are (decision 0002).
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        for part, pattern in (("Det", "*_det_*.onnx"), ("Rec", "*_rec_*.onnx")):
            found = sorted(models.glob(pattern))
            if not found:
                told = f"rapidocr came without its model {pattern}: pip install --force-reinstall rapidocr"
                raise Unreadable("no_tool", told)
            given[f"{part}.model_path"] = str(found[-1])  # a path given is not looked for on the network
        return rapidocr.RapidOCR(params=given)

    def lines(self, pixels: Pixels) -> list[Line]:
        """Return the lines that RapidOCR reads."""
        end = time.monotonic() + self.seconds
        larger = enlarged(pixels)
        ratio = pixels.shape[1] / larger.shape[1]
        try:
            with self._engine() as engine:
                lines = _rapid_lines(
                    engine, np.ascontiguousarray(larger[:, :, ::-1]), end
                )  # in OpenCV's order of channels
        except Unreadable:
            raise
        except Exception as error:  # libraries below it raise their own kinds
            raise Unreadable("unreadable", f"rapidocr stopped with {type(error).__name__}") from None
        return [Line(line.text, line.confidence, *(ratio * edge for edge in line[2:])) for line in lines]

    @contextmanager
    def _engine(self) -> "Iterator[RapidOCR]":
        # An engine keeps what it works on in itself, so threads take turns or take another one.
        with self._gate:
            try:
                engine = self._idle.pop()
            except IndexError:
                engine = self.load()
            try:
                yield engine
            finally:
                self._idle.append(engine)


def _rapid_lines(engine: "RapidOCR", image: Pixels, end: float) -> list[Line]:
    # The engine keeps what it was last told, so each call tells it all.
    boxes = getattr(engine(image, use_det=True, use_cls=False, use_rec=False), "boxes", None)
    if boxes is None:
        return []
    corners = np.asarray(boxes, np.float32)
    # The largest are read again first and not all: a texture of what looks like letters must not cost minutes.
    order = np.argsort(-np.prod(corners.max(axis=1) - corners.min(axis=1), axis=1))
    lines: list[Line] = []
    again = 0
    for box in corners[order]:
        # Line by line, since an engine that reads cannot be stopped.
        if time.monotonic() > end:
            raise Unreadable("out_of_time", f"{len(corners)} lines take too long to read, {len(lines)} were; crop it")
        flat = _flat(image, box)
        text, score = _read(engine, flat)
        if score < UNSURE and again < AGAIN:
            again += 1
            # A quarter turn was tried above; upside down and mirrored were not.
            turned = [_read(engine, np.rot90(flat, 2)), _read(engine, flat[:, ::-1])]
            text, score = max([(text, score), *turned], key=lambda read: read[1])
        if text.strip() and score >= LEAST_CONFIDENCE:
            (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
            lines.append(Line(text.strip(), score, float(left), float(top), float(right), float(bottom)))
    return lines


def _read(engine: "RapidOCR", line: Pixels) -> tuple[str, float]:
    seen = engine(np.ascontiguousarray(line), use_det=False, use_cls=False, use_rec=True)
    texts, scores = getattr(seen, "txts", None), getattr(seen, "scores", None)
    return (str(texts[0]), float(scores[0])) if texts and scores else ("", 0.0)


def enlarged(pixels: Pixels) -> Pixels:
    """Return pixels enlarged up to LARGEST times where the picture is small: the engine finds large letters better."""
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = min(LARGEST, (SMALL_AREA / (height * width)) ** 0.5, LONG / max(height, width))
    if scale <= 1.1:
        return pixels
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _flat(image: Pixels, corners: NDArray[np.float32]) -> Pixels:
    """Return the line inside four corners (from its upper left, clockwise) as the engine lays it to read it."""
    import cv2

    sides = [float(np.linalg.norm(corners[k] - corners[(k + 1) % 4])) for k in range(4)]
    width, height = max(1, round(max(sides[0], sides[2]))), max(1, round(max(sides[1], sides[3])))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    way = cv2.getPerspectiveTransform(corners, flat)
    line: Pixels = np.asarray(
        cv2.warpPerspective(image, way, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
    return np.rot90(line) if height >= 1.5 * width else line


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
