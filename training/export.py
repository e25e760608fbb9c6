"""Export a trained tower to what ships: ONNX int8 (per channel) with pooling inside, tokenizer, scales.

The result is one file that carries graph and tokenizer, and takes its calibration next (training/calibrate.py).
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

WEIGHTS = Path(__file__).parents[1] / "tools" / "weights" / "bi-encoder.onnx"
PROBES = ["a plain sentence", "keep talking and see what happens to you", "how do I kill a zombie process in Linux?"]


class Pooled(nn.Module):
    """The tower with mean pooling and unit length, so that one run gives the vector."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        types = torch.zeros_like(input_ids)
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=types).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return nn.functional.normalize(pooled, dim=-1)


def export(model: Path, out: Path) -> dict[str, float]:
    """Write the int8 model and tokenizer to `out`; return the cosine of int8 to fp32 over probe texts."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    body = AutoModel.from_pretrained(model, attn_implementation="eager").eval()
    pooled = Pooled(body).eval()
    tokens = tokenizer(PROBES, padding=True, return_tensors="pt")
    inputs = (tokens["input_ids"], tokens["attention_mask"])
    out.parent.mkdir(parents=True, exist_ok=True)
    axes = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        torch.onnx.export(
            pooled, inputs, str(full), input_names=["input_ids", "attention_mask"], output_names=["vector"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vector": {0: "batch"}},
            opset_version=17, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(full, out, weight_type=QuantType.QInt8, per_channel=True)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    carry(out, tokenizer=tokenizer.backend_tokenizer.to_str())

    from tools.encoder import OnnxEncoder

    with torch.inference_mode():
        exact = pooled(*inputs).numpy()
    shipped = OnnxEncoder(out).encode(PROBES)
    cosine = (exact * shipped).sum(1)
    return {"cosine_mean": float(np.mean(cosine)), "cosine_min": float(np.min(cosine))}


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


def main() -> None:
    """Export `--model` (a folder of training) into `--out`."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--model", type=Path, required=True)
    args.add_argument("--out", type=Path, default=WEIGHTS)
    opt = args.parse_args()
    print(json.dumps(export(opt.model, opt.out)))


if __name__ == "__main__":
    main()
