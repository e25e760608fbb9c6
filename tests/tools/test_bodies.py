from typing import get_args

import numpy as np
import pytest

pytest.importorskip("nudenet")
pytest.importorskip("PIL")

from PIL import Image, ImageDraw

from cases.observation import Locator, Unseen
from policy_store.taxonomy import BodyRegion
from tests.media.pictures import SENTENCES, Style, ground, words
from tools.bodies import LABELS, Detector, detector
from tools.pictures import Pixels


def shapes() -> Pixels:
    picture = ground(320, 240, "clouds", (128, 128, 128), 1)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 60, 120, 200), fill=(40, 90, 160))
    draw.ellipse((180, 50, 280, 150), fill=(200, 200, 60))
    return np.asarray(picture)


class Recorded(Detector):
    """A detector whose engine gives recorded detections, as NudeNet spells them."""

    def __init__(self, *found: dict[str, object]) -> None:
        super().__init__()
        self.found = found

    @property
    def engine(self) -> "Recorded":  # type: ignore[override]
        return self

    def detect(self, image: Pixels) -> list[dict[str, object]]:
        return list(self.found)


def test_drawn_shapes_and_words_show_no_body() -> None:
    assert detector()(shapes(), "image-1") == ()
    assert detector()(np.asarray(words(SENTENCES[0], Style())), "image-1") == ()


def test_pictures_of_any_size_are_looked_at() -> None:
    for size in ((1, 1), (3, 700), (700, 3), (321, 322)):
        assert not isinstance(detector()(np.asarray(Image.new("RGB", size, "olive")), "image-1"), Unseen), size


def test_regions_are_observations_surest_first_with_the_tools_own_labels() -> None:
    recorded = Recorded(
        {"class": "FEET_COVERED", "score": 0.4, "box": [0, 180, 64, 60]},
        {"class": "FACE_MALE", "score": 0.8, "box": [160, 0, 80, 60]},
    )
    found = recorded(np.zeros((240, 320, 3), np.uint8), "video-1", Locator(frame=3, start=2.0, end=2.0), first=5)
    assert not isinstance(found, Unseen)
    assert [(one.id, one.label, one.kind, one.confidence) for one in found] == [
        ("video-1.r5", "FACE_MALE", "region", 0.8),
        ("video-1.r6", "FEET_COVERED", "region", 0.4),
    ]
    box = found[0].locator.box
    assert found[0].locator.frame == 3 and box is not None
    assert (box.x, box.y, box.width, box.height) == (0.5, 0.0, 0.25, 0.25)
    assert found[0].tool == "nudenet" and found[0].version


def test_an_engine_that_fails_is_unseen_and_no_exception() -> None:
    got = Recorded({"class": "FACE_MALE"})(np.zeros((20, 20, 3), np.uint8), "image-1")
    assert isinstance(got, Unseen) and got.what == "regions" and got.why == "unreadable"


def test_the_labels_are_those_of_the_installed_package() -> None:
    import nudenet.nudenet

    assert set(LABELS) == set(vars(nudenet.nudenet)["__labels"])


def test_the_labels_that_rules_may_name_are_these() -> None:
    assert set(get_args(BodyRegion)) == set(LABELS)
