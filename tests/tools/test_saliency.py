import numpy as np
import pytest

from cases.observation import Box, Kind, Locator, Observation
from tools.pictures import Pixels
from tools.saliency import SIDE, map_boxes, saliency, salient_boxes


def striped(height: int = 240, width: int = 320) -> Pixels:
    waves = 128 + 40 * np.sin(np.arange(width) / 5.0)
    return np.repeat(np.repeat(waves[None, :, None], height, axis=0), 3, axis=2).astype(np.uint8)


def with_spot(x: int, y: int, size: int = 24) -> Pixels:
    pixels = striped()
    pixels[y : y + size, x : x + size] = (250, 30, 30)
    return pixels


def seen(name: str, box: Box | None, kind: Kind = "words") -> Observation:
    return Observation(id=name, media="image-1", kind=kind, locator=Locator(frame=0, box=box), tool="t", version="1")


def holds(box: Box, x: float, y: float) -> bool:
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height


@pytest.mark.parametrize(("x", "y"), [(40, 40), (250, 60), (60, 190), (200, 150)])
def test_what_differs_from_its_surroundings_is_the_most_salient(x: int, y: int) -> None:
    found = map_boxes(saliency(with_spot(x, y)))
    assert holds(found[0].box, (x + 12) / 320, (y + 12) / 240)
    assert found[0].share == max(one.share for one in found)


def test_a_map_is_a_share_of_attention() -> None:
    found = saliency(with_spot(100, 100))
    assert found.shape == (48, SIDE) and found.sum() == pytest.approx(1.0) and found.min() >= 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 9), (64, 64), (65, 63), (3000, 20)])
def test_pictures_of_any_shape_have_a_map(shape: tuple[int, int]) -> None:
    found = saliency(np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8))
    assert found.sum() == pytest.approx(1.0) and np.isfinite(found).all() and max(found.shape) <= SIDE


def test_a_flat_picture_has_an_even_map_and_no_boxes() -> None:
    found = saliency(np.full((90, 120, 3), 77, np.uint8))
    assert np.allclose(found, 1 / found.size) and map_boxes(found) == () == salient_boxes([], found)


def test_boxes_of_observations_come_before_the_maps_own() -> None:
    found = saliency(with_spot(250, 60))
    words = seen("w1", Box(x=0.1, y=0.8, width=0.3, height=0.1))
    got = salient_boxes([words], found)
    assert got[0].sources == ("w1",) and got[0].box == words.locator.box
    assert any(not one.sources and holds(one.box, 262 / 320, 72 / 240) for one in got[1:])


def test_of_many_observations_the_most_salient_are_kept() -> None:
    found = saliency(with_spot(250, 60))
    boxes = [Box(x=0.02 + 0.2 * k, y=0.7, width=0.1, height=0.1) for k in range(4)]
    on_spot = seen("spot", Box(x=0.76, y=0.22, width=0.12, height=0.16), "region")
    got = salient_boxes([*(seen(f"w{k}", box) for k, box in enumerate(boxes)), on_spot], found, most=2)
    assert len(got) == 2 and got[0].sources == ("spot",)


def test_boxes_that_overlap_become_one_with_all_their_sources() -> None:
    found = saliency(striped())
    chain = [Box(x=0.1 + 0.04 * k, y=0.4, width=0.1, height=0.1) for k in range(4)]
    got = salient_boxes([seen(f"w{k}", box) for k, box in enumerate(chain)], found, most=1)
    assert sorted(got[0].sources) == ["w0", "w1", "w2", "w3"]
    assert got[0].box.x == pytest.approx(0.1) and got[0].box.width == pytest.approx(0.22)


def test_observations_without_a_box_lend_none() -> None:
    found = saliency(striped())
    assert all(
        not one.sources for one in salient_boxes([seen("a", None), seen("b", Box(x=0, y=0, width=0, height=1))], found)
    )


def test_shares_lie_between_nothing_and_all() -> None:
    found = saliency(with_spot(10, 10))
    (one,) = salient_boxes([seen("all", Box(x=0, y=0, width=1, height=1))], found, most=1)
    assert one.share == pytest.approx(1.0)
