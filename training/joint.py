"""Train both encoders at once (training/network.py) on training/mixture.py, and leave what training/export.py ships.

Tower: binary cross-entropy of scaled dot products over case x rule (the shape of SigLIP, arXiv:2303.15343), softmax
over rules for violating cases. Reader, for pairs of a case with its own laws, the overall question and the rule that
the tower finds likeliest of those it does not break: hit, order of own over other, severity (absolute, and K3's
ordered pairs weighted by their gap), stance, evidence by token. Checkpoints and resumes; an exponential mean of the
weights is what is kept.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoTokenizer

from cases.finding import STANCES
from policy_store.loader import load_pack
from policy_store.rule import Rule
from training.data import pack_samples, samples
from training.injections import injected
from training.mixture import (
    OVERALL,
    QUESTIONS,
    Item,
    annotated_items,
    apart,
    authored_items,
    batches,
    law_text,
    repeated,
    round_of,
    set_items,
)
from training.network import SHARED, Answers, Laws, Network
from training.obfuscation import obfuscated
from training.public import UNGRADED
from training.templates import template_samples
from training.warm import weights

MAX_CASE_TOKENS, MAX_LAW_TOKENS = 144, 88
SEVERITY_GAP = 0.1
HIDDEN = 0.1
TERMS = ("tower", "rules", "hit", "order", "severity", "stance", "evidence")
SHARES = {"tower": 1.0, "rules": 0.5, "hit": 1.0, "order": 0.3, "severity": 0.5, "stance": 0.1, "evidence": 0.4}


class Pair(NamedTuple):
    """Places of a case and a law in a batch, the truth in [0, 1], and whether the law is one of the case's own."""

    case: int
    law: int
    truth: float
    weight: float
    own: bool


def tower_terms(logits: Tensor, batch: list[Item], keys: list[str], rules: dict[str, Rule]) -> tuple[Tensor, Tensor]:
    """Return the losses of dot products [cases, laws]: every pair that is known, and the right rule among all."""
    column = {k: j for j, k in enumerate(keys)}
    pack = torch.tensor([float(k in rules) for k in keys])
    target, weight = torch.zeros_like(logits), torch.zeros_like(logits)
    for i, item in enumerate(batch):
        broken = [rules[k] for k, t in item.truths.items() if t >= 0.5 and k in rules]
        weight[i] = pack * (1.0 if item.known else 0.15)
        if broken and item.known:  # a sibling may be broken too
            near = {r.scene for r in broken}
            weight[i] *= torch.tensor([0.3 if k in rules and rules[k].scene in near else 1.0 for k in keys])
        for k, truth in item.truths.items():
            if k in QUESTIONS:
                continue  # questions of sets are the reader's
            target[i, column[k]] = truth
            weight[i, column[k]] = {1.0: 4.0, 0.0: 3.0}.get(truth, 1.0) * item.weight
    binary = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight).sum() / weight.sum()
    hit = [(i, column[k]) for i, item in enumerate(batch) if item.known
           for k, t in list(item.truths.items())[1:2] if t == 1.0]  # fmt: skip
    if not hit:
        return binary, logits.new_zeros(())
    places, rule = (list(x) for x in zip(*hit, strict=True))
    among = logits[places] + (1 - pack) * -1e4
    return binary, F.cross_entropy(among, torch.tensor(rule))


def pairs_of(
    batch: list[Item], keys: list[str], logits: Tensor, rules: dict[str, Rule], rng: random.Random
) -> list[Pair]:
    """Return the pairs to read: own laws, and the likeliest rule that is not broken."""
    column = {k: j for j, k in enumerate(keys)}
    columns = [j for j, k in enumerate(keys) if k in rules]
    customs = [j for j, k in enumerate(keys) if k not in rules and k not in QUESTIONS]
    found = logits.detach().cpu().numpy()
    out = []
    for i, item in enumerate(batch):
        for k, truth in item.truths.items():
            share = 0.5 if k == OVERALL or (not item.known and k in rules) else 1.0
            if rng.random() < (0.6 if share < 1 else 1.0):
                out.append(Pair(i, column[k], truth, item.weight * share * (0.3 if truth == 0.5 else 1.0), True))
        if item.topic == "custom":
            if customs and rng.random() < 0.2 and keys[j := rng.choice(customs)] not in item.truths:
                out.append(Pair(i, j, 0.0, 0.2, False))
            continue
        if not item.known or not columns or rng.random() < 0.2:
            continue
        order = [j for j in sorted(columns, key=lambda j: -found[i, j]) if keys[j] not in item.truths]
        if not order:
            continue
        j = order[min(len(order) - 1, int(rng.random() ** 2 * 5))]
        broken = [rules[k] for k, t in item.truths.items() if t == 1.0 and k in rules]
        near = any(r.scene == rules[keys[j]].scene for r in broken)
        out.append(Pair(i, j, 0.0, 0.15 if near else 0.6, False))
    return out


def reader_terms(answers: Answers, pairs: list[Pair], batch: list[Item], offsets: Any) -> list[Tensor]:
    """Return the losses of pairs: hit, order, severity, stance, evidence."""
    hit, zero = answers.hit, answers.hit.new_zeros(())
    truth, weight = torch.tensor([p.truth for p in pairs]), torch.tensor([p.weight for p in pairs])
    binary = (F.binary_cross_entropy_with_logits(hit, truth, reduction="none") * weight).sum() / weight.sum()
    own: dict[int, list[int]] = {}
    other: dict[int, list[int]] = {}
    for n, p in enumerate(pairs):
        if p.own and p.truth == 1.0:
            own.setdefault(p.case, []).append(n)
        elif p.truth == 0.0:  # a rule that was not broken, or the variant under which the same text is allowed
            other.setdefault(p.case, []).append(n)
    gaps = [hit[a] - hit[b] for i in own for a in own[i][-1:] for b in other.get(i, [])]
    order = F.softplus(-torch.stack(gaps)).mean() if gaps else zero

    graded = [ns[-1] for i, ns in own.items() if batch[i].severity not in (UNGRADED, 0)]
    grade = zero
    if graded:
        wanted = torch.tensor([batch[pairs[n].case].severity / 100 for n in graded])
        spread = answers.severity[graded][:, None] - answers.severity[graded][None]
        gap = wanted[:, None] - wanted[None]
        ordered = torch.where(gap >= SEVERITY_GAP, gap, 0.0)
        grade = F.smooth_l1_loss(torch.sigmoid(answers.severity[graded]), wanted, beta=0.1)
        if ordered.any():
            grade = grade + 0.5 * (F.softplus(-2 * spread) * ordered).sum() / ordered.sum()

    said = [n for n, p in enumerate(pairs) if p.own and batch[p.case].stance in STANCES]
    taking = zero
    if said:
        stances = torch.tensor([STANCES.index(batch[pairs[n].case].stance) for n in said])  # type: ignore[arg-type]
        taking = F.cross_entropy(answers.stance[said], stances)

    marks, known = np.zeros((2, *answers.evidence.shape), np.float32)
    for n, p in enumerate(pairs):
        item = batch[p.case]
        spans = [(item.text.find(e), len(e)) for e in item.evidence] if p.own and p.truth == 1.0 else []
        if not spans or any(at < 0 for at, _ in spans):
            continue
        for t, (a, b) in enumerate(offsets[p.case]):
            if b > a:
                known[n, t] = item.weight
                marks[n, t] = float(any(a < at + size and b > at for at, size in spans))
    spans_loss = zero
    if known.any():
        each = F.binary_cross_entropy_with_logits(
            answers.evidence, torch.tensor(marks), reduction="none", pos_weight=torch.tensor(1.5)
        )
        spans_loss = (each * torch.tensor(known)).sum() / float(known.sum())
    return [binary, order, grade, taking, spans_loss]


class Trainer:
    """A network with what a step needs: tokenizer, rules, and the terms that count."""

    def __init__(self, base: str, rules: dict[str, Rule], shares: dict[str, float], narrow: bool = False) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(base)
        self.narrow = narrow
        self.network = Network(base)
        self.rules = rules
        self.shares = shares

    def tokens(self, texts: list[str], limit: int) -> Any:
        """Return ids, mask and offsets of texts."""
        found = self.tokenizer(texts, padding=True, truncation=True, max_length=limit, return_tensors="pt",
                               return_offsets_mapping=True)  # fmt: skip
        return found.to(torch.get_default_device())

    def laws(self, keys: list[str], rng: random.Random | None) -> Laws:
        """Return laws read by the network."""
        t = self.tokens([law_text(k, self.rules, rng) for k in keys], MAX_LAW_TOKENS)
        with self.products():
            laws: Laws = self.network.laws(t["input_ids"], t["attention_mask"])
        return laws

    def products(self) -> torch.autocast:
        """Return the context of the network's products: bfloat16 where asked for, losses stay in fp32."""
        return torch.autocast(torch.get_default_device().type, dtype=torch.bfloat16, enabled=self.narrow)

    def vectors(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states of cases that the reader goes on from, and their unit vectors [n, width]."""
        with self.products():
            x = self.network.lower(ids, mask)
            return x, self.network.tower(x, mask)[0]

    def read(self, x: Tensor, mask: Tensor, laws: Laws, pairs: list[Pair]) -> Answers:
        """Return the reader's answers to pairs."""
        i, j = [p.case for p in pairs], [p.law for p in pairs]
        with self.products():
            answers: Answers = self.network.reader(x[i], mask[i], laws.states, laws.mask, torch.tensor(j))
        return Answers(*(a.float() for a in answers))

    def loss(self, batch: list[Item], more: int, rng: random.Random) -> tuple[Tensor, list[Tensor]]:
        """Return the loss of a batch and its terms, in the order of TERMS."""
        batch = [item._replace(text=injected(obfuscated(item.text, rng, HIDDEN), rng, 0.05)) for item in batch]
        keys = list(dict.fromkeys(k for item in batch for k in item.truths))
        spare = [r for r in self.rules if r not in keys]
        keys += rng.sample(spare, max(0, min(len(spare), more - sum(k in self.rules for k in keys))))
        laws = self.laws(keys, rng)
        t = self.tokens([item.text for item in batch], MAX_CASE_TOKENS)
        mask = t["attention_mask"]
        x, vectors = self.vectors(t["input_ids"], mask)
        logits = vectors @ laws.vectors.T * self.network.scale + self.network.bias
        binary, right = tower_terms(logits, batch, keys, self.rules)
        pairs = pairs_of(batch, keys, logits, self.rules, rng)
        answers = self.read(x, mask, laws, pairs)
        terms = [binary, right, *reader_terms(answers, pairs, batch, t["offset_mapping"].tolist())]
        total = sum((self.shares[name] * term for name, term in zip(TERMS, terms, strict=True)), x.new_zeros(()))
        return total, terms

    @torch.inference_mode()
    def held_out(self, held: list[Item], most: int = 400) -> dict[str, float]:
        """Return ROC of tower and reader on held-out lines under their own rule, of packs and of custom rules."""
        out: dict[str, float] = {}
        chosen = {
            "rule": [i for i in held if i.known and len(i.truths) > 1],
            "custom": [i for i in held if not i.known],
            "slots": authored_items(template_samples("held", random.Random(1))),
        }
        for name, items in chosen.items():
            out |= {f"{name}_{k}": v for k, v in self.told_apart(items, most).items()}
        return out

    @torch.inference_mode()
    def told_apart(self, items: list[Item], most: int) -> dict[str, float]:
        """Return ROC on lines under their own rule, by tower and reader, and under the overall question."""
        self.network.eval()
        items = [i for i in items if 0.5 not in i.truths.values()][:most]
        truth: list[float] = []
        scores: list[tuple[float, float, float]] = []
        for n in range(0, len(items), 24):
            part = items[n : n + 24]
            keys = list(dict.fromkeys(k for i in part for k in i.truths))
            laws = self.laws(keys, None)
            t = self.tokens([i.text for i in part], MAX_CASE_TOKENS)
            x, vectors = self.vectors(t["input_ids"], t["attention_mask"])
            own = [keys.index(list(i.truths)[-1]) for i in part]
            first = [keys.index(list(i.truths)[0]) for i in part]
            cosine = (vectors * laws.vectors[own]).sum(1)
            a, b = (self.read(x, t["attention_mask"], laws, [Pair(i, j, 0, 0, True) for i, j in enumerate(js)])
                    for js in (own, first))  # fmt: skip
            truth += [list(i.truths.values())[-1] for i in part]
            scores += zip(cosine.tolist(), a.hit.tolist(), b.hit.tolist(), strict=True)
        self.network.train()
        names = ("tower", "reader", "overall")
        return {k: round(float(roc_auc_score(truth, c)), 4) for k, c in zip(names, np.array(scores).T, strict=True)}


def main() -> None:
    """Train to `--steps` or for `--minutes`, whichever is less; leave `network.pt` and the tokenizer in `--out`."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2 (safetensors)")
    args.add_argument(
        "--warm", type=Path, nargs="+", default=[], help="shipped int8 encoders, or a `network.pt`, to start from"
    )
    args.add_argument("--public", type=Path, help="folder of public sets (*.jsonl.gz); needed for the annotations")
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--steps", type=int, default=2400)
    args.add_argument("--minutes", type=float, default=math.inf)
    args.add_argument("--batch", type=int, default=48)
    args.add_argument("--rules", type=int, default=16, help="pack rules a batch, own ones included")
    args.add_argument("--fills", type=int, default=5, help="groups an epoch that a sentence with a slot is filled with")
    args.add_argument("--rate", type=float, default=8e-5)
    args.add_argument("--seed", type=int, default=7)
    args.add_argument("--save", type=int, default=100)
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args.add_argument("--bf16", action="store_true", help="products in bfloat16: for GPUs, and CPUs that have AMX")
    args.add_argument("--freeze", action="store_true", help="ablation: train heads and upper layers alone")
    args.add_argument("--hold-out", metavar="SCENE", help="keep a scene's rules and lines from training; measure them")
    args.add_argument(
        "--again",
        nargs="+",
        default=[],
        metavar="FAMILY",
        help="starts of families (FILE/ or PREFIX-) whose lines a short run shall meet, not chance upon",
    )
    args.add_argument("--without", action="append", default=[], choices=TERMS, help="ablation: leave a term out")
    opt = args.parse_args()

    torch.set_default_device(opt.device)  # what a step makes, it makes there
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; no difference on a CPU
    torch.set_num_threads(opt.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(opt.seed)
    rng = random.Random(opt.seed)
    rules = {r.id: r for name in ("community", "short-video-ads") for r in load_pack(name).rules if r.raises is None}
    own = authored_items(samples("train") + pack_samples(rules.values()))
    sets = set_items(opt.public) if opt.public else {}
    own += annotated_items(opt.public) if opt.public else []
    every, unseen = rules, []
    if opt.hold_out:
        lines = authored_items([s for split in ("train", "held", "test") for s in samples(split)])
        unseen = [item for item in lines if item.topic == opt.hold_out]
        rules, own, sets = apart(opt.hold_out, rules, own, sets)
    again = repeated(own, opt.again)
    held = [item for item in authored_items(samples("held")) if item.topic != opt.hold_out]
    random.Random(1).shuffle(held)
    trainer = Trainer(opt.base, rules, SHARES | dict.fromkeys(opt.without, 0.0), opt.bf16)
    net = trainer.network.to(opt.device)
    if opt.warm:
        net.load_state_dict(weights(*opt.warm), strict=False)
    # Words keep their embeddings: half of the weights, and seen words should not drift from unseen ones.
    still = ("embeddings.", *(f"encoder.layer.{n}." for n in range(SHARED) if opt.freeze))
    for name, parameter in net.body.named_parameters():
        parameter.requires_grad = not name.startswith(still)
    fresh = [p for n, p in net.named_parameters() if not n.startswith(("body.", "reader.layers"))]
    tuned = [p for n, p in net.named_parameters() if n.startswith(("body.", "reader.layers")) and p.requires_grad]
    groups: list[dict[str, Any]] = [{"params": tuned, "weight_decay": 0.01, "lr": opt.rate},
                                    {"params": fresh, "weight_decay": 0.0, "lr": 8 * opt.rate}]  # fmt: skip
    optimizer = torch.optim.AdamW(groups, lr=opt.rate, fused=True)
    mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    step, spent = 0, 0.0
    opt.out.mkdir(parents=True, exist_ok=True)
    saved = opt.out / "checkpoint.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=False, map_location=opt.device)
        net.load_state_dict(state["network"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["seconds"]
        rng.seed(opt.seed + step)
    print(json.dumps({"own": len(own), "sets": {k: len(v) for k, v in sets.items()}, "held": len(held)}), flush=True)
    net.train()
    queue: list[list[Item]] = []
    begun, sums, seen = time.monotonic() - spent, np.zeros(len(TERMS) + 1), 0
    while (gone := done(step, opt.steps, (time.monotonic() - begun) / 60, opt.minutes)) < 1:
        if not queue:
            slots = [i for i in authored_items(template_samples("train", rng, opt.fills)) if i.topic != opt.hold_out]
            queue = batches(own + again + slots + round_of(sets, rng), opt.batch, rng)
        for group, rate in zip(optimizer.param_groups, (opt.rate, 8 * opt.rate), strict=True):
            group["lr"] = rate * min(1.0, (step + 1) / 60) * max(0.02, 0.5 * (1 + math.cos(math.pi * gone)))
        batch = queue.pop()
        loss, terms = trainer.loss(batch, opt.rules, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([*tuned, *fresh], 1.0)
        optimizer.step()
        mean.update_parameters(net)
        step += 1
        seen += len(batch)
        sums += [float(x.detach()) for x in (loss, *terms)]
        if step % 20 == 0:
            line = {"step": step, "seconds": round(time.monotonic() - begun), "seen": seen, "done": round(gone, 3),
                    "loss": dict(zip(("total", *TERMS), np.round(sums / 20, 3).tolist(), strict=True))}  # fmt: skip
            print(json.dumps(line), flush=True)
            sums[:] = 0
        if step % opt.save == 0:
            keep(saved, net, mean, optimizer, step, time.monotonic() - begun)
        if step % 200 == 0:
            print(json.dumps({"step": step, "held": trainer.held_out(held)}), flush=True)
    keep(saved, net, mean, optimizer, step, time.monotonic() - begun)
    net.load_state_dict(mean.module.state_dict())
    print(json.dumps({"step": step, "held": trainer.held_out(held, 10**6)}), flush=True)
    if opt.hold_out:
        trainer.rules = every
        print(json.dumps({opt.hold_out: trainer.told_apart(unseen, len(unseen)), "lines": len(unseen)}), flush=True)
    torch.save(net.state_dict(), opt.out / "network.pt")
    trainer.tokenizer.save_pretrained(opt.out)


def done(step: int, steps: int, minutes: float, most: float) -> float:
    """Return the share of the run that is over, by steps or by the clock."""
    return max(step / steps, minutes / most)


def keep(path: Path, net: nn.Module, mean: nn.Module, optimizer: Any, step: int, seconds: float) -> None:
    """Write a checkpoint, whole or not at all."""
    state = {"network": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
             "seconds": seconds}  # fmt: skip
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


if __name__ == "__main__":
    main()
