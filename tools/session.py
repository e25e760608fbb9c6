"""ONNX sessions as both encoders run them: one thread a run, since texts run side by side (decision 0002)."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


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
