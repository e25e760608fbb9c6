"""What the two encoders cost a text of about TOKENS tokens: measured values, of which evals/bench.py makes rows.

Not a measure of quality. Contract: no text is measured twice, so nothing that was kept of it helps; rules are read
before the clock starts, as they are in a desk that has been open for a while.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tools.encoder import OnnxEncoder
from tools.reader import OnnxReader

TOKENS = 40
WARMING = 8  # texts that go ahead of the clock
TURNS = 8


class Times(NamedTuple):
    """Milliseconds a text: the median and the 99th percentile, over that many texts."""

    half: float
    most: float
    texts: int


class Rates(NamedTuple):
    """Texts a second of the shipped encoder and of its base, and the median of their ratio turn by turn."""

    shipped: float
    base: float
    ratio: float


def of_length(found: Iterable[str], length: Callable[[str], int], most: int = TOKENS) -> list[str]:
    """Return texts joined until each holds `most` tokens, less what is over; they differ, and a short end is left out.

    >>> of_length(["a b c", "d e", "f g h i", "j"], lambda text: len(text.split()), 4)
    ['a b c d', 'f g h i']
    """
    out: list[str] = []
    text = ""
    for more in found:
        text = f"{text} {more}".strip()
        if length(text) >= most:
            while " " in text and length(text) > most:
                text = text.rsplit(" ", 1)[0]
            out.append(text)
            text = ""
    return list(dict.fromkeys(out))


def times(act: Callable[[str], object], found: Sequence[str]) -> Times:
    """Return what an act takes on each text, the first WARMING left out."""
    if len(found) <= WARMING:
        raise ValueError(f"{len(found)!r} texts, of which {WARMING} go ahead of the clock; pass more")
    took: list[float] = []
    for text in found:
        begun = time.perf_counter()
        act(text)
        took.append(1000 * (time.perf_counter() - begun))
    half, most = np.percentile(took[WARMING:], (50, 99))
    return Times(float(half), float(most), len(took) - WARMING)


def rates(shipped: Callable[[Sequence[str]], object], base: Callable[[Sequence[str]], object],
          found: Sequence[str]) -> Rates:  # fmt: skip
    """Return how fast two encoders are; they take turns, so that what else runs on the machine slows both."""
    shipped(found[:WARMING]), base(found[:WARMING])
    seconds = np.empty((TURNS, 2))
    for turn in range(TURNS):
        for side, encode in enumerate((shipped, base)):
            begun = time.perf_counter()
            encode(found[turn::TURNS])
            seconds[turn, side] = time.perf_counter() - begun
    first, second = len(found) / seconds.sum(0)
    return Rates(float(first), float(second), float(np.median(seconds[:, 1] / seconds[:, 0])))


def read_times(weights: Path, found: Iterable[str], laws: Sequence[str]) -> Times:
    """Return what the cross-encoder in a folder takes to read a new text with laws that it has read before."""
    encoder = OnnxEncoder(weights / "bi-encoder.onnx")
    reader = OnnxReader(encoder, weights / "cross-encoder.onnx")
    reader.read("", laws)
    return times(lambda text: reader.read(text, laws), of_length(found, _tokens(encoder)))


def encode_rates(weights: Path, base: Path, found: Iterable[str]) -> Rates:
    """Return how fast the bi-encoder in a folder is beside its untouched base (a folder of safetensors) in int8."""
    encoder = OnnxEncoder(weights / "bi-encoder.onnx")
    with tempfile.TemporaryDirectory(prefix="precept-bench-") as scratch:
        plain = OnnxEncoder(export_plain(base, Path(scratch)))
        return rates(encoder.encode, plain.encode, of_length(found, _tokens(encoder)))


def export_plain(base: Path, out: Path) -> Path:
    """Write a base to a folder as a weights file, in int8 per channel as training/export.py does; it needs `train`."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    body = AutoModel.from_pretrained(base, attn_implementation="eager").eval()

    def vector(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        # One text a run has no padding, so the mean is over all tokens.
        states = body(input_ids=ids, attention_mask=mask).last_hidden_state
        return torch.nn.functional.normalize(states.mean(1), dim=-1)

    whole = torch.nn.Module()
    whole.body, whole.forward = body, vector
    tokens = tokenizer("a plain sentence", return_tensors="pt")
    names = ["input_ids", "attention_mask"]
    full, file = out / "full.onnx", out / "base.onnx"
    torch.onnx.export(
        whole.eval(), tuple(tokens[name] for name in names), str(full), input_names=names, output_names=["vector"],
        dynamic_axes={name: {1: "length"} for name in names}, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(full, file, weight_type=QuantType.QInt8, per_channel=True)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    graph = onnx.load(file)
    graph.metadata_props.add(key="tokenizer", value=tokenizer.backend_tokenizer.to_str())
    onnx.save(graph, file)
    return file


def _tokens(encoder: OnnxEncoder) -> Callable[[str], int]:
    return lambda text: len(encoder.tokenizer.encode(text).ids)
