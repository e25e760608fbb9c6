"""Train the bi-encoder: one MiniLM as two towers over content and rule, from authored lines alone.

Loss, all in one batch: binary cross-entropy of scaled dot products over case x rule (the shape of SigLIP,
arXiv:2303.15343, with careless-rule pairs weighted up), softmax over rules for violating cases, supervised
contrast between cases (arXiv:2004.11362), where an allowed twin is the hardest negative.
Resumes from the last checkpoint in the output folder.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer

from policy_store.loader import load_pack
from policy_store.rule import Rule
from training.data import Sample, pack_samples, samples
from training.injections import injected

MAX_CASE_TOKENS = 160
MAX_RULE_TOKENS = 96
LONG = 260  # characters


class Towers(nn.Module):
    """MiniLM with mean pooling; `pair` gives logits [cases, rules] from unit vectors."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(base)
        self.scale = nn.Parameter(torch.tensor(math.log(12.0)))
        self.bias = nn.Parameter(torch.tensor(-5.0))
        self.twin_scale = nn.Parameter(torch.tensor(math.log(12.0)))

    def embed(self, tokens: dict[str, Tensor]) -> Tensor:
        hidden = self.body(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return F.normalize(pooled.float(), dim=-1)

    def pair(self, cases: Tensor, rules: Tensor) -> Tensor:
        return self.scale.exp().clamp(max=60) * cases @ rules.T + self.bias


def rule_text(rule: Rule, rng: random.Random) -> str:
    """Return the rule in one of its written forms, so that no single wording is learnt by heart."""
    form = rng.random()
    includes = [c.text for c in rule.includes]
    rng.shuffle(includes)
    if form < 0.45:
        return f"{rule.type}: {rule.statement}"
    if form < 0.6:
        return rule.statement
    if form < 0.8:
        return f"{rule.type}: {rule.statement} {' '.join(includes[: rng.randint(1, len(includes))])}"
    return " ".join([rule.statement, *includes[:2], "Not when:", *(c.text for c in rule.exceptions)])


def batches(data: list[Sample], size: int, rng: random.Random) -> list[list[Sample]]:
    """Return batches that keep a family together, shuffled; long texts share batches, so that short ones run fast."""
    families: dict[str, list[Sample]] = {}
    for sample in data:
        families.setdefault(sample.family, []).append(sample)
    out: list[list[Sample]] = []
    for long in (False, True):
        groups = []
        for members in families.values():
            if (max(len(m.text) for m in members) > LONG) == long:
                rng.shuffle(members)
                groups += [members[i : i + 8] for i in range(0, len(members), 8)]
        rng.shuffle(groups)
        filled: list[list[Sample]] = [[]]
        for group in groups:
            if len(filled[-1]) + len(group) > size:
                filled.append([])
            filled[-1] += group
        out += filled
    rng.shuffle(out)
    return out


def loss_of(model: Towers, batch: list[Sample], rules: dict[str, Rule], tokenize, rng: random.Random, extra: int):  # type: ignore[no-untyped-def]
    """Return the batch's loss and its three terms."""
    ids = sorted({s.rule for s in batch if s.rule})
    others = [r for r in rules if r not in ids]
    ids += rng.sample(others, min(extra, len(others)))
    texts = [rule_text(rules[r], rng) for r in ids]
    customs = sorted({s.rule_text for s in batch if s.rule_text})
    column = {key: i for i, key in enumerate([*ids, *customs])}
    cases = model.embed(tokenize([injected(s.text, rng, 0.1) for s in batch], MAX_CASE_TOKENS))
    laws = model.embed(tokenize([*texts, *customs], MAX_RULE_TOKENS))
    logits = model.pair(cases, laws)

    target = torch.zeros_like(logits)
    weight = torch.full_like(logits, 0.25)
    severity = torch.tensor([s.severity / 100 for s in batch])
    for i, sample in enumerate(batch):
        key = sample.rule or sample.rule_text
        if sample.rule_text or sample.label == "borderline":
            weight[i] = 0.05
        elif sample.label == "violating":
            for j, other in enumerate(ids):
                if rules[other].scene == rules[sample.rule or ""].scene:  # siblings may be broken as well
                    weight[i, j] = 0.08
        if key is None:
            weight[i] = 0.4
            continue
        j = column[key]
        target[i, j] = {"violating": 1.0, "allowed": 0.0, "borderline": 0.5}[sample.label]
        weight[i, j] = {"violating": 4.0, "allowed": 3.0, "borderline": 1.0}[sample.label]
    binary = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight).sum() / weight.sum()

    hit = [i for i, s in enumerate(batch) if s.label == "violating" and s.rule]
    choice = logits.new_zeros(())
    if hit:
        choice = F.cross_entropy(logits[hit][:, : len(ids)], torch.tensor([column[batch[i].rule or ""] for i in hit]))

    # A precedent is a case of the same rule on the same side; everything else in the batch pushes away.
    twin = model.twin_scale.exp().clamp(max=60) * cases @ cases.T
    same = torch.tensor([[a is not b and a.rule == b.rule and a.rule is not None and a.label == b.label == "violating"
                          for b in batch] for a in batch])  # fmt: skip
    eye = torch.eye(len(batch), dtype=torch.bool)
    log_p = twin.masked_fill(eye, -1e4).log_softmax(-1)
    rows = same.any(1)
    contrast = -(log_p * same).sum(1)[rows].div(same.sum(1)[rows]).mean() if rows.any() else logits.new_zeros(())

    order = logits.new_zeros(())  # K3: within a rule, the worse case scores higher
    pairs = [(i, j) for i in hit for j in hit
             if batch[i].rule == batch[j].rule and severity[i] - severity[j] >= 0.1]  # fmt: skip
    if pairs:
        gap = torch.stack(
            [logits[i, column[batch[i].rule or ""]] - logits[j, column[batch[j].rule or ""]] for i, j in pairs]
        )
        order = F.softplus(-gap).mean()
    return binary + 0.25 * choice + 0.25 * contrast + 0.1 * order, (binary, choice, contrast, order)


def main() -> None:
    """Train, checkpoint every `--save` steps, log every 20, and leave `model/` in the output folder."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2 (safetensors)")
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--steps", type=int, default=1500)
    args.add_argument("--batch", type=int, default=40)
    args.add_argument("--rules", type=int, default=12, help="further rules a batch, as easy negatives")
    args.add_argument("--rate", type=float, default=6e-5)
    args.add_argument("--seed", type=int, default=7)
    args.add_argument("--save", type=int, default=200)
    opt = args.parse_args()

    torch.manual_seed(opt.seed)
    rng = random.Random(opt.seed)
    rules = {r.id: r for name in ("community", "short-video-ads") for r in load_pack(name).rules if r.raises is None}
    data = samples("train") + pack_samples(rules.values())
    tokenizer = AutoTokenizer.from_pretrained(opt.base)
    model = Towers(opt.base)
    plain = [p for p in model.parameters() if p.ndim < 2]
    heavy = [p for p in model.parameters() if p.ndim >= 2]
    groups = [{"params": heavy, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=opt.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min(1.0, (s + 1) / 80) * max(0.02, 0.5 * (1 + math.cos(math.pi * s / opt.steps)))
    )
    opt.out.mkdir(parents=True, exist_ok=True)
    saved = opt.out / "checkpoint.pt"
    step = 0
    if saved.exists():
        state = torch.load(saved, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        rng.setstate(state["rng"])
        step = state["step"]

    def tokenize(texts: list[str], limit: int) -> dict[str, Tensor]:
        return dict(tokenizer(texts, padding=True, truncation=True, max_length=limit, return_tensors="pt"))

    model.train()
    queue: list[list[Sample]] = []
    begun, sums = time.time(), [0.0] * 5
    while step < opt.steps:
        queue = queue or batches(data, opt.batch, rng)
        batch = queue.pop()
        if len(batch) < 4:
            continue
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, terms = loss_of(model, batch, rules, tokenize, rng, opt.rules)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        step += 1
        sums = [a + float(b.detach()) for a, b in zip(sums, (loss, *terms), strict=True)]
        if step % 20 == 0:
            line = {"step": step, "seconds": round(time.time() - begun), "loss": [round(x / 20, 4) for x in sums]}
            print(json.dumps(line), flush=True)
            sums = [0.0] * 5
        if step % opt.save == 0 or step == opt.steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
                     "schedule": schedule.state_dict(), "rng": rng.getstate()}  # fmt: skip
            torch.save(state, saved.with_suffix(".part"))
            saved.with_suffix(".part").replace(saved)
    model.body.save_pretrained(opt.out / "model")
    tokenizer.save_pretrained(opt.out / "model")
    scales = {"scale": float(model.scale.detach().exp()), "bias": float(model.bias.detach())}
    (opt.out / "model" / "scales.json").write_text(json.dumps(scales))


if __name__ == "__main__":
    main()
