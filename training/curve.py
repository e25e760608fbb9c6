"""The learning curve of authored lines: what each doubling of them bought, and what the next thousand may buy.

Not a measure of the system: a line is one vector, read by the support vector machine of training/calibrate.py, for
its rule and for its severity, on shares of the training families. Custom rules and borderline lines take no part.
Contract: a share says something only of vectors whose encoder never saw the lines, as the untouched base. The shipped
int8 encoder (`--weights`) has seen all of them, those that a share leaves out too: its curve is flattened.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import pairwise, roc_auc_score
from sklearn.svm import SVC

from agents.vectors import Encode, Vectors
from tools.encoder import OnnxEncoder
from training.data import Sample, Split, samples

SHARES, SEEDS, MORE = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0), 3, 1000
BATCH, RULE_C = 64, 10.0
FIGURES = ("roc_any", "rule_top1", "severity_tau")
SETS: dict[str, Split] = {"dev_other_author": "dev", "held": "held"}
Lines = tuple[list[Sample], Vectors]


class Point(NamedTuple):
    """What a share of the lines reaches on a set: ROC of violation; of violating lines, rule first and tau-b."""

    on: str
    share: float
    seed: int
    lines: int
    roc_any: float
    rule_top1: float
    severity_tau: float


class Gain(NamedTuple):
    """What a straight line over log2 of the lines says of a figure, and the step between the last two shares."""

    per_doubling: float
    next_thousand: float
    last_doubling: float


def judged(split: Split) -> list[Sample]:
    """Return the lines of a split that say yes or no under the rules of a pack."""
    return [s for s in samples(split) if not s.rule_text and s.label != "borderline"]


def part(lines: Sequence[Sample], share: float, seed: int) -> list[int]:
    """Return the places of a share of the families; of one seed, a larger share holds every smaller one."""
    places = [hashlib.sha256(f"{seed}/{s.family}".encode()).hexdigest()[:8] for s in lines]
    return [i for i, place in enumerate(places) if int(place, 16) / 2**32 < share]


def measure(train: list[Sample], x: Vectors, tests: Sequence[Lines]) -> list[tuple[float, float, float]]:
    """Return the FIGURES on each test of readings that are fitted on lines with vectors `x` [n, width]."""
    from training.calibrate import KERNEL_C, KERNEL_GAMMA, SEVERITY_RIDGE  # late, as it brings torch

    hit = np.flatnonzero(y := [s.label == "violating" for s in train])
    machine = SVC(C=KERNEL_C, kernel="precomputed").fit(pairwise.rbf_kernel(x, gamma=KERNEL_GAMMA), y)
    namer = LogisticRegression(C=RULE_C, max_iter=3000).fit(x[hit], [train[i].rule for i in hit])
    grader = KernelRidge(alpha=SEVERITY_RIDGE, kernel="rbf", gamma=KERNEL_GAMMA)
    grader.fit(x[hit], [train[i].severity / 100 - 0.5 for i in hit])
    out = []
    for lines, v in tests:
        hit = np.flatnonzero(y := [s.label == "violating" for s in lines])
        roc = roc_auc_score(y, machine.decision_function(pairwise.rbf_kernel(v, x, gamma=KERNEL_GAMMA)))
        tau = kendalltau(grader.predict(v[hit]), [lines[i].severity for i in hit]).statistic
        out.append((float(roc), float(namer.score(v[hit], [lines[i].rule for i in hit])), float(tau)))
    return out


def points(train: Lines, tests: dict[str, Lines]) -> Iterator[Point]:
    """Give the curve of lines with vectors, a point for each share, seed and test."""
    lines, x = train
    for share, seed in [*product(SHARES[:-1], range(SEEDS)), (1.0, 0)]:
        taken = part(lines, share, seed)
        found = measure([lines[i] for i in taken], x[taken], [*tests.values()])
        yield from (Point(on, share, seed, len(taken), *f) for on, f in zip(tests, found, strict=True))


def gain(lines: Sequence[float], figures: Sequence[float]) -> Gain:
    """Return what doubling the lines gains, what MORE lines after the last count do, and the last step.

    >>> [round(g, 3) for g in gain([500, 1000, 2000], [0.70, 0.75, 0.80])]
    [0.05, 0.029, 0.05]
    """
    slope = float(np.polyfit(np.log2(lines), figures, 1)[0])
    return Gain(slope, slope * float(np.log2(1 + MORE / lines[-1])), float(np.diff(figures)[-1]))


def gains(found: Sequence[Point]) -> dict[tuple[str, str], Gain]:
    """Return the gain by set and figure, through the means of the shares."""
    out = {}
    for on, figure in product(SETS, FIGURES):
        groups = [[p for p in found if (p.on, p.share) == (on, share)] for share in SHARES]
        lines, means = ([float(np.mean([getattr(p, k) for p in g])) for g in groups] for k in ("lines", figure))
        out[on, figure] = gain(lines, means)
    return out


def base_vectors(folder: Path, texts: Sequence[str]) -> Vectors:
    """Return unit vectors [n, width] of texts as the model in a folder has them: the mean of its last states."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    order, rows = sorted(range(len(texts)), key=lambda i: len(texts[i])), []
    for k in range(0, len(order), BATCH):
        tokens = tokenizer([texts[i] for i in order[k : k + BATCH]], padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state * tokens["attention_mask"][..., None]
            rows.append(torch.nn.functional.normalize(states.sum(1)).numpy())  # the mean but for its length
    return np.asarray(np.concatenate(rows)[np.argsort(order)], np.float32)


def main() -> None:
    """Print points and trends as lines of JSON, and write the list of them to `--out`."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--base", type=Path, required=True, help="folder of all-MiniLM-L6-v2 (safetensors)")
    args.add_argument("--weights", type=Path, help="also an encoder as shipped, which has seen all lines")
    args.add_argument("--out", type=Path, required=True)
    opt = args.parse_args()
    encoders: dict[str, Encode] = {"base": lambda texts: base_vectors(opt.base, texts)}
    if opt.weights:
        encoders["shipped"] = OnnxEncoder(opt.weights).encode
    rows: list[dict[str, object]] = []
    for name, encode in encoders.items():
        train, *tests = [(lines := judged(s), encode([x.text for x in lines])) for s in ("train", *SETS.values())]
        found = list(points(train, dict(zip(SETS, tests, strict=True))))
        rows += [{"vectors": name, **p._asdict()} for p in found]
        rows += [{"vectors": name, "on": on, "figure": f, **g._asdict()} for (on, f), g in gains(found).items()]
    print(*map(json.dumps, rows), sep="\n")
    opt.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
