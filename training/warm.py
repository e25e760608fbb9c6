"""Read shipped int8 encoders back into floating weights, so that training goes on from what a checkout holds."""

from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from training.network import WIDTH

HOPS = 5


def weights(*models: Path) -> dict[str, Tensor]:
    """Return a state of training/network.py in fp32, each int8 weight within half a quantisation step of the original.

    A `.pt` file is the state that a training left, as it is.

    What an export folds away (the scale of dot products) is missing. Raise ValueError where a file
    holds no int8 encoder.
    """
    found: dict[str, Tensor] = {}
    for model in models:
        if model.suffix == ".pt":
            found |= torch.load(model, weights_only=True, map_location="cpu")
            continue
        own = dict(_weights(onnx.load(model).graph))
        if not any(name.endswith("query.weight") for name in own):
            raise ValueError(f"{model}: no int8 encoder of training/export.py in it; pass such a file")
        found |= own
    return found


def _weights(graph: onnx.GraphProto) -> Iterator[tuple[str, Tensor]]:
    stored = {t.name: t for t in graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)

    def read(name: str) -> NDArray:  # type: ignore[type-arg]
        return numpy_helper.to_array(stored[name]).astype("float32")

    def whole(quantized: str) -> NDArray:  # type: ignore[type-arg]
        stem = quantized.removesuffix("_quantized")
        out: NDArray = (read(quantized) - read(f"{stem}_zero_point")) * read(f"{stem}_scale")  # type: ignore[type-arg]
        return out

    for name in stored:
        if name.endswith("_quantized") and ".weight" in name:
            yield _plain(name.removesuffix("_quantized")), torch.tensor(whole(name))
        elif name.endswith((".weight", ".bias")):
            yield _plain(name), torch.tensor(read(name))
    # The reader's sides are the only unnamed rows that are added to states of a law.
    sides = [torch.tensor(read(name)) for node in graph.node if node.op_type == "Add" for name in node.input
             if name in stored and list(stored[name].dims) == [WIDTH] and not name.endswith(".bias")]  # fmt: skip
    if sides:
        yield "reader.side", torch.stack(sides)
    for node in graph.node:
        if node.op_type == "MatMulInteger" and (bias := _bias(node, users, stored)):
            yield _plain(bias.removesuffix(".bias") + ".weight"), torch.tensor(whole(node.input[1]).T.copy())


def _bias(node: onnx.NodeProto, users: dict[str, list[onnx.NodeProto]], stored: dict[str, onnx.TensorProto]) -> str:
    """Return the name of the bias that is added to a product, which names its layer; empty where none is."""
    for _ in range(HOPS):
        after = users.get(node.output[0], [])
        if len(after) != 1:
            return ""
        node = after[0]
        if node.op_type == "Add":
            return next((name for name in node.input if name in stored and name.endswith(".bias")), "")
    return ""


def _plain(name: str) -> str:
    return name.removeprefix("network.")
