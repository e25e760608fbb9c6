"""The network that becomes both encoders: one MiniLM whose first layers are shared by a tower and a joint reader.

The tower turns a text, case or rule, into a unit vector (bi-encoder). The reader is the cross-encoder: the words of a
case attend to themselves and to the words of a rule, whose states do not depend on the case, so that a rule is read
once and a further pair costs half an encoding. Splitting the layers so is that of PreTTR (MacAvaney et al., SIGIR
2020); that the rule's states are its tower's own, and are not updated by the case, is ours (decision 0010).
"""

import copy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel

from cases.finding import STANCES

SHARED = 3
WIDTH, HEADS = 384, 12


class Laws(NamedTuple):
    """Rules as the reader needs them: vectors [r, width], states [r, layers, length, width], mask [r, length]."""

    vectors: Tensor
    states: Tensor
    mask: Tensor


class Answers(NamedTuple):
    """What the reader says of pairs: hit and severity logits [n], stances [n, stances], evidence [n, length]."""

    hit: Tensor
    severity: Tensor
    stance: Tensor
    evidence: Tensor


class Dropout(nn.Module):
    """Drop a share of the numbers while training, by masks of random bytes: making those takes nn.Dropout its time."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropped = round(share * 256)

    def forward(self, x: Tensor) -> Tensor:
        """Return numbers of any shape, some of them zero and the others larger by as much."""
        if not self.training or not self.dropped:
            return x
        bits = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device).random_(-(2**63), None)
        kept = bits.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype) * (256 / (256 - self.dropped))


class Reader(nn.Module):
    """The upper layers of the cross-encoder with its heads."""

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers
        self.side = nn.Parameter(torch.zeros(len(layers), WIDTH))
        self.mix = nn.Linear(2 * WIDTH, WIDTH)
        self.hit = nn.Linear(WIDTH, 1)
        self.severity = nn.Linear(WIDTH, 1)
        self.stance = nn.Linear(WIDTH, len(STANCES))
        self.evidence = nn.Linear(WIDTH, 1)

    def forward(self, case: Tensor, case_mask: Tensor, law: Tensor, law_mask: Tensor, which: Tensor) -> Answers:
        """Read pairs: case states [n, length, width], and `which` [n] of laws [r, layers, length, width] each meets."""
        x = case
        mask = torch.cat([case_mask, law_mask[which]], 1)
        layer: Any
        for i, layer in enumerate(self.layers):
            own, seen = layer.attention.self, law[:, i] + self.side[i]
            x = through(layer, x, mask, (own.key(seen)[which], own.value(seen)[which]))
        share = case_mask.unsqueeze(-1).to(x.dtype)
        mean = (x * share).sum(1) / share.sum(1).clamp(min=1)
        mixed = F.gelu(self.mix(torch.cat([mean, x[:, 0]], -1)))
        return Answers(
            self.hit(mixed).squeeze(-1), self.severity(mixed).squeeze(-1), self.stance(mean),
            self.evidence(x).squeeze(-1),
        )  # fmt: skip


class Network(nn.Module):
    """Shared layers, tower and reader, from a MiniLM checkpoint."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(base, attn_implementation="eager")
        for module in list(self.body.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(module, name, Dropout(child.p))
        self.reader = Reader(copy.deepcopy(self.body.encoder.layer[SHARED:]))
        self.scale = nn.Parameter(torch.tensor(12.0))
        self.bias = nn.Parameter(torch.tensor(-6.0))

    def lower(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the states [n, length, width] that tower and reader share."""
        x: Tensor = self.body.embeddings(input_ids=ids, token_type_ids=torch.zeros_like(ids))
        for layer in self.body.encoder.layer[:SHARED]:
            x = through(layer, x, mask)
        return x

    def tower(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return unit vectors [n, width] and the states that enter each upper layer [n, layers, length, width]."""
        states = []
        for layer in self.body.encoder.layer[SHARED:]:
            states.append(x)
            x = through(layer, x, mask)
        share = mask.unsqueeze(-1).to(x.dtype)
        pooled = (x * share).sum(1) / share.sum(1).clamp(min=1)
        return F.normalize(pooled.float(), dim=-1), torch.stack(states, 1)

    def laws(self, ids: Tensor, mask: Tensor) -> Laws:
        """Return rules as tower and reader need them."""
        vectors, states = self.tower(self.lower(ids, mask), mask)
        return Laws(vectors, states, mask)


def through(layer: Any, x: Tensor, mask: Tensor, law: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Return states [n, length, width] after one BERT layer; its keys and values are those of `x`, then of a law."""
    own = layer.attention.self
    q, k, v = own.query(x), own.key(x), own.value(x)
    if law is not None:
        k, v = torch.cat([k, law[0]], 1), torch.cat([v, law[1]], 1)
    q, k, v = _heads(q), _heads(k), _heads(v)
    with torch.autocast(x.device.type, enabled=False):  # it would widen scores for the softmax and narrow them again
        away = (1 - mask[:, None, None].to(q.dtype)) * -1e4
        scores = (q / (WIDTH // HEADS) ** 0.5) @ k.transpose(-1, -2) + away
        mixed = scores.softmax(-1) @ v
    attended = layer.attention.output(mixed.transpose(1, 2).reshape(x.shape[0], -1, WIDTH), x)
    out: Tensor = layer.output(layer.intermediate(attended), attended)
    return out


def _heads(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], -1, HEADS, WIDTH // HEADS).transpose(1, 2)
