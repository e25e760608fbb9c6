"""Encode the texts of the shipped policies once and lay them beside the weights (tools/prepared.py).

`training.calibrate` does it at its end; alone it is run when a shipped policy changed.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from agents.rulebook import write_rulebook
from agents.vectors import Vectors
from policy_store.entry import entries
from policy_store.loader import load_pack, shipped_packs
from tools.encoder import WEIGHTS, OnnxEncoder
from tools.items import stored
from tools.prepared import PREPARED, write


def prepare(weights: Path = WEIGHTS) -> int:
    """Write the vectors of every text that opening a shipped policy asks for; return how many they are."""
    encoder = OnnxEncoder(weights)
    asked: dict[str, Vectors] = {}

    def encode(texts: Sequence[str]) -> Vectors:
        vectors = stored(encoder.encode(texts))
        asked.update(zip(texts, vectors, strict=True))
        return vectors

    for name in shipped_packs():
        pack = load_pack(name)
        write_rulebook(pack, encode)
        encode([entry.text for entry in entries(pack)])
    write(weights.with_name(PREPARED.name), encoder.digest, asked)
    return len(asked)


def main() -> None:
    """Write the file beside the weights and print how many texts it holds."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--weights", type=Path, default=WEIGHTS)
    print(json.dumps({"texts": prepare(args.parse_args().weights)}))


if __name__ == "__main__":
    main()
