"""Where a picture draws the eye, without a model: spectral-residual saliency, and the boxes worth citing or cropping.

The map is that of Hou and Zhang, "Saliency Detection: A Spectral Residual Approach" (CVPR 2007): the log amplitude
spectrum of the picture at 64 pixels, less its own local mean (3 x 3), taken back with the old phase, squared and
smoothed. Objects are where the map exceeds three times its mean (section 3.2 there). It knows nothing of meaning, so
boxes of words and regions come before its own (salient_boxes).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cases.observation import Box, Observation
from tools.pictures import Pixels

SIDE = 64
SIGMA = 2.5  # pixels of the map; the paper smooths by a Gaussian and leaves its width open
TIMES_MEAN = 3.0
BOXES = 3
APART = 0.5  # share of the smaller box that two boxes may share before they are one
_GREY = np.array([0.299, 0.587, 0.114])
Map = NDArray[np.float64]


class Salient(NamedTuple):
    """A box and how much of the map's saliency lies in it, in [0, 1]; `sources` are the observations that it holds."""

    box: Box
    share: float
    sources: tuple[str, ...] = ()


def saliency(pixels: Pixels) -> Map:
    """Return the saliency of a frame [height, width, 3] as a map whose longer side is 64, values summing to 1.

    A flat picture has no residual: its map is even.
    """
    grey = _shrunk(np.asarray(pixels, np.float64) @ _GREY)
    spectrum = np.fft.fft2(grey - grey.mean())
    amplitude = np.abs(spectrum)
    if amplitude.max() < 1e-6:
        return np.full(grey.shape, 1 / grey.size)
    # An amplitude of zero has no logarithm; it is far below what counts.
    log = np.log(amplitude + 1e-9 * amplitude.max())
    residual = log - _mean(log)
    raw = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = _smoothed(raw)
    whole: Map = smooth / smooth.sum()
    return whole


def map_boxes(found: Map, most: int = BOXES) -> tuple[Salient, ...]:
    """Return the boxes round the most salient objects of a map, at most `most`, the most salient first."""
    height, width = found.shape
    seen = found >= TIMES_MEAN * found.mean()
    boxes = []
    for rows, columns in _connected(seen):
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        box = Box(x=left / width, y=top / height, width=(right - left) / width, height=(bottom - top) / height)
        boxes.append(Salient(box, _inside(found, box)))
    return tuple(sorted(boxes, key=lambda one: -one.share)[:most])


def salient_boxes(observations: Iterable[Observation], found: Map, most: int = BOXES) -> tuple[Salient, ...]:
    """Return at most `most` boxes of one frame worth citing: those of its words and regions, then the map's own.

    Observations are those of the frame; they lend a box where they have one. Boxes that overlap by APART of the
    smaller become one. Among those the most salient come first; the map's own boxes fill what places are left.
    """
    lent = [(one.locator.box, (one.id,)) for one in observations if one.locator.box is not None]
    merged = _merged([(box, ids) for box, ids in lent if box.width > 0 and box.height > 0])
    ranked = sorted((Salient(box, _inside(found, box), ids) for box, ids in merged), key=lambda one: -one.share)[:most]
    for own in map_boxes(found, most):
        if len(ranked) < most and all(_shared(own.box, one.box) <= APART for one in ranked):
            ranked.append(own)
    return tuple(ranked)


def _shrunk(grey: Map) -> Map:
    """Return the mean of each cell of a grid whose longer side is SIDE, or grey itself where it is smaller."""
    height, width = grey.shape
    scale = max(1.0, max(height, width) / SIDE)
    rows = np.linspace(0, height, max(1, round(height / scale)) + 1).astype(int)[:-1]
    columns = np.linspace(0, width, max(1, round(width / scale)) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    high = np.diff(np.append(rows, height))[:, None]
    wide = np.diff(np.append(columns, width))[None, :]
    return np.asarray(sums / (high * wide))


def _mean(values: Map) -> Map:
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    total = sum(padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3))
    return np.asarray(total / 9)


def _smoothed(values: Map) -> Map:
    reach = int(3 * SIGMA)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * SIGMA**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if side == axis else (0, 0) for side in (0, 1)]
        padded = np.pad(values, pad, mode="edge")
        values = np.apply_along_axis(np.convolve, axis, padded, kernel, mode="valid")
    return values


def _connected(seen: NDArray[np.bool_]) -> "list[tuple[NDArray[np.intp], NDArray[np.intp]]]":
    """Return the rows and columns of each group of cells that touch, corners included."""
    left = {(int(row), int(column)) for row, column in np.argwhere(seen)}
    groups = []
    while left:
        edge, group = [left.pop()], []
        while edge:
            row, column = edge.pop()
            group.append((row, column))
            near = {(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
        cells = np.array(group)
        groups.append((cells[:, 0], cells[:, 1]))
    return groups


def _merged(boxes: Sequence[tuple[Box, tuple[str, ...]]]) -> list[tuple[Box, tuple[str, ...]]]:
    merged: list[tuple[Box, tuple[str, ...]]] = []
    for box, ids in boxes:
        # A box that grew may reach others, so they are taken up until none is left.
        while met := next((one for one in merged if _shared(box, one[0]) > APART), None):
            merged.remove(met)
            box, ids = _around(met[0], box), met[1] + ids
        merged.append((box, ids))
    return merged


def _around(one: Box, other: Box) -> Box:
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Box(x=left, y=top, width=min(1.0, right - left), height=min(1.0, bottom - top))


def _shared(one: Box, other: Box) -> float:
    """Return the share of the smaller box that both cover."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    least = min(one.width * one.height, other.width * other.height)
    return max(0.0, wide) * max(0.0, high) / least if least > 0 else 0.0


def _inside(found: Map, box: Box) -> float:
    height, width = found.shape
    # A cell counts by the share of it that lies in the box.
    down = _covered(box.y, box.y + box.height, height)
    across = _covered(box.x, box.x + box.width, width)
    return min(1.0, float(down @ found @ across))


def _covered(start: float, end: float, cells: int) -> Map:
    at = np.arange(cells)
    return np.asarray(np.clip(np.minimum(at + 1, end * cells) - np.maximum(at, start * cells), 0, 1))
