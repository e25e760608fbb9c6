"""Export a trained network to what ships: two ONNX files in int8 (per channel), bi-encoder and cross-encoder.

The bi-encoder carries its tokenizer, gives vectors, and the states that the cross-encoder stands on; it takes its
calibration next (training/calibrate.py). Both carry a digest of the shared layers, so that no two files of different
trainings are ever used together.
"""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from transformers import AutoTokenizer

from training.network import Network, Reader

WEIGHTS = Path(__file__).parents[1] / "tools" / "weights"
PROBES = ["a plain sentence", "keep talking and see what happens to you", "how do I kill a zombie process in Linux?"]
LAW = "Threat: threatens a person with violence, harm or death."


class Tower(nn.Module):
    """The tower with the states on its way: vector [n, width], lower [n, length, width], upper [n, layers, …]."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        lower = self.network.lower(input_ids, attention_mask)
        vector, upper = self.network.tower(lower, attention_mask)
        return vector, lower, upper


class OnePair(nn.Module):
    """The reader over one case and one law, without padding."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, case: Tensor, law: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        ones = torch.ones_like(case[:, :, 0])
        answers = self.reader(case, ones, law, torch.ones_like(law[:, 0, :, 0]), torch.zeros(1, dtype=torch.long))
        return answers.hit, answers.severity, answers.stance, answers.evidence


def export(run: Path, base: str, out: Path = WEIGHTS) -> dict[str, float]:
    """Write both files to `out` from a run of training/joint.py; return how far int8 is from fp32 on probe texts."""
    network = Network(base).eval()
    network.load_state_dict(torch.load(run / "network.pt", weights_only=True, map_location="cpu"))
    tokenizer = AutoTokenizer.from_pretrained(run)
    out.mkdir(parents=True, exist_ok=True)
    bi, cross = out / "bi-encoder.onnx", out / "cross-encoder.onnx"
    tokens = tokenizer(PROBES, padding=True, return_tensors="pt")
    inputs = (tokens["input_ids"], tokens["attention_mask"])
    long = {0: "batch", 1: "length"}
    with torch.no_grad():
        exact, lower, upper = Tower(network)(*inputs)
        law = tokenizer(LAW, return_tensors="pt")
        _, _, ruled = Tower(network)(law["input_ids"], law["attention_mask"])
    _write(
        Tower(network), inputs, bi, ["input_ids", "attention_mask"], ["vector", "lower", "upper"],
        {"input_ids": long, "attention_mask": long, "vector": {0: "batch"}, "lower": long,
         "upper": {0: "batch", 2: "length"}},
    )  # fmt: skip
    _write(
        OnePair(network.reader), (lower[:1, :5], ruled), cross, ["case", "law"],
        ["hit", "severity", "stance", "evidence"],
        {"case": {1: "length"}, "law": {2: "words"}, "evidence": {1: "length"}},
    )  # fmt: skip
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    shared = hashlib.sha256(bi.read_bytes()).hexdigest()
    carry(bi, tokenizer=tokenizer.backend_tokenizer.to_str(), lower=shared)
    carry(cross, lower=shared)
    return _apart(network, tokenizer, bi, cross, exact)


def carry(model: Path, **texts: str) -> None:
    """Write texts into the weights file as metadata; what it carried under other names stays."""
    graph = onnx.load(model)
    for node in graph.graph.node:
        node.doc_string = ""  # the exporter's file paths
    kept = {entry.key: entry.value for entry in graph.metadata_props} | texts
    del graph.metadata_props[:]
    for key, value in sorted(kept.items()):
        graph.metadata_props.add(key=key, value=value)
    part = model.with_suffix(".part")
    onnx.save(graph, part)
    part.replace(model)


def _write(module: nn.Module, inputs: tuple[Tensor, ...], out: Path, names: list[str], gives: list[str],
           axes: dict[str, dict[int, str]]) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        torch.onnx.export(
            module.eval(), inputs, str(full), input_names=names, output_names=gives, dynamic_axes=axes,
            opset_version=17, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(full, out, weight_type=QuantType.QInt8, per_channel=True)


def _apart(network: Network, tokenizer, bi: Path, cross: Path, exact: Tensor) -> dict[str, float]:  # type: ignore[no-untyped-def]
    from tools.encoder import OnnxEncoder
    from tools.reader import OnnxReader

    encoder = OnnxEncoder(bi)
    cosine = (exact.numpy() * encoder.encode(PROBES)).sum(1)
    reader = OnnxReader(encoder, cross)
    gaps = []
    with torch.inference_mode():
        law = tokenizer(LAW, return_tensors="pt")
        laws = network.laws(law["input_ids"], law["attention_mask"])
        for probe in PROBES:
            t = tokenizer(probe, return_tensors="pt")
            x = network.lower(t["input_ids"], t["attention_mask"])
            answers = network.reader(x, t["attention_mask"], laws.states, laws.mask, torch.zeros(1, dtype=torch.long))
            gaps.append(abs(float(answers.hit[0]) - reader.read(probe, [LAW])[0].hit))
    return {"cosine_min": float(np.min(cosine)), "log_odds_apart_max": float(np.max(gaps))}


def main() -> None:
    """Export the run in `--run` into `--out`."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--run", type=Path, required=True, help="the --out of training.joint")
    args.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2 (safetensors)")
    args.add_argument("--out", type=Path, default=WEIGHTS)
    opt = args.parse_args()
    print(json.dumps(export(opt.run, opt.base, opt.out)))


if __name__ == "__main__":
    main()
