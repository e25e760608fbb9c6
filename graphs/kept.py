"""What is kept of verdicts so that a changed policy can be compared with them: not the record, which is the ledger's.

Contract: the keys name the case, the policy, the model, the settings and this program's own code, so a verdict is
never taken from another version of any of them. Losing what is kept loses time alone.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from agents.depth import Doubt
from agents.perceiver import Perception
from agents.ranker import Ranking
from agents.reasoner import Draft
from agents.rulebook import FEATURES
from agents.vectors import Encode, Floats, Vectors
from cases.decision import Decision, Outcome, Stage
from cases.model import Fact
from graphs.deps import Deps

SHARED = tuple(FEATURES.index(name) for name in ("brief", "violating", "allowed"))  # where the overall q looks
CODE = ("agents", "cases", "graphs", "policy_store", "tools")

Key = tuple[str, str, str]


class Verdicts(Protocol):
    """Where verdicts and vectors are kept between runs (tools/cache.py)."""

    def verdicts(self, keys: Sequence[Key]) -> dict[Key, str]:
        """Return the JSON bodies that are known."""
        ...

    def put_verdicts(self, items: Mapping[Key, str]) -> None:
        """Keep JSON bodies."""
        ...

    def vectors(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the matrices that are known."""
        ...

    def put_vectors(self, items: Mapping[str, np.ndarray]) -> None:
        """Keep matrices."""
        ...


class Reasoned(Fact):
    """What the reasoner was given, and what it drafted last."""

    ranking: Ranking
    doubt: Doubt
    draft: Draft


class Gist(Fact):
    """What matters of a decision when two are compared: severity 0-100, score in [0, 1]."""

    outcome: Outcome
    rule: str | None
    severity: int
    tier: str
    score: float
    rationale: str


class Kept(Fact):
    """A decision in short, and what it was made from. `texts` are all that were encoded for it, its views first.

    `retrieved` are the rules that it was judged by; there are none where the router let it go. The whole decision is
    kept beside it, as reading it takes twenty times as long.
    """

    gist: Gist
    stage: Stage
    audit: bool
    perception: Perception
    retrieved: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """The texts encoded for one case, their vectors [texts, width], and the highest cosines [texts, 3] of SHARED."""

    texts: tuple[str, ...]
    vectors: Vectors
    peaks: Floats


class Remembering:
    """An encoder that notes what it is asked, and asks the model only for what it has not seen."""

    def __init__(self, encode: Encode, memory: Memory | None) -> None:
        self.encode = encode
        self.known = dict(zip(memory.texts, memory.vectors, strict=True)) if memory else {}
        self.asked: dict[str, None] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors [n, width]."""
        if fresh := [t for t in dict.fromkeys(texts) if t not in self.known]:
            self.known |= dict(zip(fresh, self.encode(fresh), strict=True))
        self.asked |= dict.fromkeys(texts)
        return np.stack([self.known[t] for t in texts])


@dataclass(frozen=True)
class Made:
    """A verdict that was just made, with the vectors of its texts."""

    decision: Decision
    kept: Kept
    reasoned: Reasoned | None
    vectors: Vectors


def gist(decision: Decision) -> Gist:
    """Return a decision in short."""
    return Gist(
        outcome=decision.outcome, rule=decision.rule_id, severity=decision.severity, tier=decision.tier,
        score=decision.score, rationale=decision.rationale,
    )  # fmt: skip


def keep(deps: Deps, made: Mapping[str, Made], store: Verdicts) -> None:
    """Keep verdicts by case digest, with the vectors that they rest on."""
    bodies = {key(deps, digest): one.kept.model_dump_json() for digest, one in made.items()}
    bodies |= {key(deps, digest, "decision"): one.decision.model_dump_json() for digest, one in made.items()}
    bodies |= {
        key(deps, digest, "reasoned"): one.reasoned.model_dump_json() for digest, one in made.items() if one.reasoned
    }
    store.put_verdicts(bodies)
    matrices: dict[str, np.ndarray] = {}
    for digest, one in made.items():
        if one.kept.texts:
            matrices[_name(deps, digest, "texts")] = one.vectors
            peaks = deps.book.features(one.vectors)[..., SHARED].max(1)
            matrices[_name(deps, digest, "peaks")] = peaks.astype(np.float32)
    store.put_vectors(matrices)


def fetch(deps: Deps, digests: Collection[str], store: Verdicts) -> dict[str, Kept]:
    """Return the verdicts that are kept, by case digest."""
    keys = {key(deps, digest): digest for digest in digests}
    return {keys[k]: Kept.model_validate_json(body) for k, body in store.verdicts(list(keys)).items()}


def fetch_decisions(deps: Deps, digests: Collection[str], store: Verdicts) -> dict[str, Decision]:
    """Return the whole decisions that are kept, by case digest."""
    keys = {key(deps, digest, "decision"): digest for digest in digests}
    return {keys[k]: Decision.model_validate_json(body) for k, body in store.verdicts(list(keys)).items()}


def fetch_reasoned(deps: Deps, digests: Collection[str], store: Verdicts) -> dict[str, Reasoned]:
    """Return what is kept of the reasoner's work, by case digest."""
    keys = {key(deps, digest, "reasoned"): digest for digest in digests}
    return {keys[k]: Reasoned.model_validate_json(body) for k, body in store.verdicts(list(keys)).items()}


def recall(deps: Deps, kept: Mapping[str, Kept], store: Verdicts) -> dict[str, Memory]:
    """Return what was encoded for verdicts, by case digest; those that the router made have nothing."""
    wanted = {digest: one.texts for digest, one in kept.items() if one.texts}
    found = store.vectors([_name(deps, digest, what) for digest in wanted for what in ("texts", "peaks")])
    out: dict[str, Memory] = {}
    for digest, texts in wanted.items():
        vectors, peaks = (found.get(_name(deps, digest, what)) for what in ("texts", "peaks"))
        if vectors is not None and peaks is not None:
            out[digest] = Memory(texts, vectors, peaks)
    return out


def key(deps: Deps, case_digest: str, what: str = "gist") -> Key:
    """Return the key of what is kept of one case."""
    settings = f"{deps.template}/{deps.assembly}/{deps.retrieve}/{deps.audit_rate}"
    return case_digest, deps.book.pack.digest, f"{deps.frame.model_digest}/{code_digest()}/{settings}/{what}"


@cache
def code_digest() -> str:
    """Return the sha256 (hex) of the program text that verdicts depend on."""
    root, found = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(p for name in CODE for p in (root / name).rglob("*") if p.suffix in (".py", ".txt")):
        found.update(f"{path.relative_to(root)}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _name(deps: Deps, case_digest: str, what: str) -> str:
    return "/".join(("replay", *key(deps, case_digest, what)))
