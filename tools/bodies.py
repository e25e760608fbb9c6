"""Body regions seen in pixels, by NudeNet: what is there and whether it is covered. It judges nothing.

Labels are NudeNet's own (LABELS); what they say of a decomposed rule's attribute is agents.sight. The model comes
with the package and is loaded once, on first use. Threads may share a detector. Regions say nothing of age.
"""

import threading
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cases.observation import Box, Locator, Observation, Unseen
from tools.pictures import Pixels
from tools.session import opened

if TYPE_CHECKING:
    from nudenet import NudeDetector

LABELS = (
    "FEMALE_GENITALIA_COVERED", "FACE_FEMALE", "BUTTOCKS_EXPOSED", "FEMALE_BREAST_EXPOSED",
    "FEMALE_GENITALIA_EXPOSED", "MALE_BREAST_EXPOSED", "ANUS_EXPOSED", "FEET_EXPOSED", "BELLY_COVERED",
    "FEET_COVERED", "ARMPITS_COVERED", "ARMPITS_EXPOSED", "FACE_MALE", "BELLY_EXPOSED", "MALE_GENITALIA_EXPOSED",
    "ANUS_COVERED", "FEMALE_BREAST_COVERED", "BUTTOCKS_COVERED",
)  # fmt: skip


class Detector:
    """Find body regions in frames."""

    name = "nudenet"

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def version(self) -> str:
        """Return the version of the package, "" where it is missing."""
        try:
            return version("nudenet")
        except PackageNotFoundError:
            return ""

    @cached_property
    def engine(self) -> "NudeDetector":
        """Return the engine, one thread a run; raise ImportError where the library is missing."""
        import nudenet

        engine = nudenet.NudeDetector()
        engine.onnx_session = opened(Path(nudenet.__file__).parent / "320n.onnx")
        return engine

    def __call__(
        self, pixels: Pixels, media: str, at: Locator | None = None, *, first: int = 1
    ) -> tuple[Observation, ...] | Unseen:
        """Return the regions of one frame [height, width, 3], surest first, or why none could be looked for.

        `at` is where the frame is in its file (frame 0 by default). Ids are "MEDIA.rN" with N from `first` on.
        """
        at = at or Locator(frame=0)
        try:
            with self._lock:
                engine = self.engine
            # As OpenCV reads files, which is how the package feeds itself.
            found = engine.detect(np.ascontiguousarray(pixels[:, :, ::-1]))
            return tuple(
                Observation(
                    id=f"{media}.r{number}", media=media, kind="region", label=str(region["class"]),
                    locator=at.model_copy(update={"box": _share(region["box"], pixels)}), tool=self.name,
                    version=self.version, confidence=min(1.0, max(0.0, float(region["score"]))),
                )
                for number, region in enumerate(sorted(found, key=lambda one: -one["score"]), first)
            )  # fmt: skip
        except ImportError as missing:
            told = f"{missing.name} is not installed, and finding body regions needs it: pip install 'precept[vision]'"
            return Unseen(media=media, what="regions", why="no_tool", told=told)
        except Exception as error:  # libraries below it raise their own kinds
            told = f"nudenet stopped with {type(error).__name__}"
            return Unseen(media=media, what="regions", why="unreadable", told=told)


def detector() -> Detector:
    """Return the process's one detector; it is loaded when it first looks."""
    return _DETECTOR


def _share(box: "list[int]", pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    x, y, wide, high = box
    left, right = (min(1.0, max(0.0, value / width)) for value in (x, x + wide))
    top, bottom = (min(1.0, max(0.0, value / height)) for value in (y, y + high))
    return Box(x=left, y=top, width=max(0.0, right - left), height=max(0.0, bottom - top))


_DETECTOR = Detector()
