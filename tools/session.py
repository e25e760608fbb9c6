"""Weights: digests, what is wrong with them, and ONNX sessions of one thread, as texts run side by side (0002)."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class WeightsError(ValueError):
    """Weights that cannot be used: damaged, unfinished, or made for others. The text names file and fix."""


def opened(model: Path) -> "InferenceSession":
    """Return a session on the CPU over a weights file."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def digest(model: Path) -> str:
    """Return the sha256 (hex) of a weights file: it names the model in caches and decisions."""
    return hashlib.sha256(model.read_bytes()).hexdigest()
