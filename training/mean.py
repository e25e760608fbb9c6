"""The mean of trained networks, weight by weight: of runs from one start it reads better than either (evals/LOG.md).

Weight averaging over fine-tunings of one model is that of Wortsman et al., "Model soups" (ICML 2022).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer

from training.network import Network
from training.warm import weights

SURE = 1e-6


def mean(networks: Sequence[dict[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """Return the weighted mean of states; what only some of them hold is the mean of theirs.

    Raise ValueError where shares are not one a network, are negative, or do not add up to 1.
    """
    if len(shares) != len(networks) or min(shares, default=-1.0) < 0 or abs(sum(shares) - 1) > SURE:
        raise ValueError(f"shares {list(shares)!r} of {len(networks)} networks; pass one each, adding up to 1")
    out: dict[str, Tensor] = {}
    for name in dict.fromkeys(name for state in networks for name in state):
        having = [(share, state[name]) for share, state in zip(shares, networks, strict=True) if name in state]
        whole = sum(share for share, _ in having)
        if having[0][1].is_floating_point() and whole > 0:
            out[name] = torch.stack([value * (share / whole) for share, value in having]).sum(0)
        else:
            out[name] = having[0][1]
    return out


def main() -> None:
    """Write `network.pt` and the tokenizer of the mean into `--out`, as training.joint does of a run."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2 (safetensors)")
    args.add_argument("--of", type=Path, nargs="+", action="append", required=True,
                      help="a `network.pt`, or both shipped int8 encoders; once a network")  # fmt: skip
    args.add_argument("--shares", type=float, nargs="+", required=True, help="one a network, adding up to 1")
    args.add_argument("--out", type=Path, required=True)
    opt = args.parse_args()
    network = Network(opt.base)
    found = mean([weights(*paths) for paths in opt.of], opt.shares)
    network.load_state_dict(found, strict=False)  # word embeddings that nobody trained are the base's
    opt.out.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), opt.out / "network.pt")
    AutoTokenizer.from_pretrained(opt.base).save_pretrained(opt.out)


if __name__ == "__main__":
    main()
