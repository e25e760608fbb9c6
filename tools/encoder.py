"""The embedded encoder: ONNX Runtime and `tokenizers`, one text a run, as many runs at once as cores. Not a judge.

`encode` gives unit vectors, so a dot product is a cosine. A text's vector depends on that text alone: int8 scales
are taken over the whole input tensor, so texts that share a run would change each other (decision 0002).
The weights are one file: the graph, its tokenizer and its calibration. Text beyond MAX_TOKENS is cut: pass windows.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.session import WeightsError, digest, opened

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

WEIGHTS = Path(__file__).parent / "weights" / "bi-encoder.onnx"
MAX_TOKENS = 512
WIDTH = 384
Vectors = NDArray[np.float32]


class States(NamedTuple):
    """What layers say of a text's tokens, [length, width] or [layers, length, width], and the tokens' offsets."""

    values: NDArray[np.float32]
    offsets: tuple[tuple[int, int], ...]


class Work(threading.local):
    """What the calling thread had done, in texts encoded: threads decide cases of their own, and one counts for one."""

    done = 0.0


class OnnxEncoder:
    """Encode texts on the CPU with the shipped weights; threads default to the cores of this process."""

    def __init__(self, model: Path = WEIGHTS, threads: int | None = None) -> None:
        self.model = model
        if not model.is_file():
            raise FileNotFoundError(f"{model}: encoder weights are missing; reinstall precept or export them again")
        self.threads = threads or _cores()
        self._work = Work()

    @property
    def encoded(self) -> int:
        """Return how many texts the calling thread had encoded."""
        return int(self._work.done)

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the weights file: it names the model in caches and decisions."""
        return digest(self.model)

    @cached_property
    def session(self) -> "InferenceSession":
        """Return the ONNX session, built on first use."""
        return opened(self.model)

    @cached_property
    def tokenizer(self) -> "Tokenizer":
        """Return the tokenizer, built on first use."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self._carried("tokenizer"))
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @property
    def calibration(self) -> str:
        """Return the calibration that was fitted on these weights, as JSON."""
        return self._carried("calibration")

    def _carried(self, name: str) -> str:
        carried: dict[str, str] = self.session.get_modelmeta().custom_metadata_map
        if name not in carried:
            raise WeightsError(
                f"{self.model}: carries no {name}; export it again with training/export.py and calibrate it"
            )
        return carried[name]

    @cached_property
    def pool(self) -> ThreadPoolExecutor:
        """Return the threads that run texts side by side; ONNX Runtime lets go of the interpreter lock."""
        return ThreadPoolExecutor(self.threads, thread_name_prefix="encoder")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors [len(texts), 384], float32, in the order of the texts."""
        out = np.empty((len(texts), WIDTH), np.float32)
        _ = self.session, self.tokenizer  # built before threads ask for them
        if len(texts) == 1:
            out[0] = self._vector(texts[0])
        elif texts:
            for row, vector in enumerate(self.pool.map(self._vector, texts)):
                out[row] = vector
        self._work.done += len(texts)
        return out

    @property
    def lower_digest(self) -> str:
        """Return what names the layers that a cross-encoder stands on; empty where these weights give no states."""
        found: dict[str, str] = self.session.get_modelmeta().custom_metadata_map
        return found.get("lower", "")

    def lower(self, text: str, most: int) -> States:
        """Return the states [length, 384] that enter the upper layers, of at most `most` tokens."""
        return self._states(text, most, "lower")

    def upper(self, text: str, most: int) -> States:
        """Return the states [layers, length, 384] that enter each upper layer, of at most `most` tokens."""
        return self._states(text, most, "upper")

    def _states(self, text: str, most: int, name: str) -> States:
        found = self.tokenizer.encode(text)
        ids, offsets = found.ids, found.offsets
        if len(ids) > most:
            ids, offsets = [*ids[: most - 1], ids[-1]], [*offsets[: most - 1], (0, 0)]
        tokens = np.array([ids], np.int64)
        values = self.session.run([name], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})[0][0]
        return States(values, tuple(offsets))

    def _vector(self, text: str) -> Vectors:
        tokens = np.array([self.tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
        vector: Vectors = self.session.run(["vector"], inputs)[0][0]
        return vector


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
