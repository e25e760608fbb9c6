"""The only file that names backends: joins tools to what agents and the graph ask for."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from agents.calibration import Calibration
from agents.router import seed_bank
from agents.rulebook import write_rulebook
from agents.vectors import Encode, Vectors
from agents.verdict import Frame
from cases.decision import PackRef
from graphs.settings import Settings
from policy_store.keywords import KeywordIndex
from policy_store.loader import load_pack
from policy_store.pack import Pack
from policy_store.rule import canonical
from tools.cache import Cache
from tools.encoder import OnnxEncoder
from tools.items import stored

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from graphs.deps import Deps
    from graphs.desk import Desk
    from policy_store.index import RuleVectors
    from tools.ledger import Ledger


RECENT = 2048


@dataclass(frozen=True)
class Embedded:
    """The embedded encoder with its calibration and a store of what it encoded before."""

    encoder: OnnxEncoder
    calibration: Calibration
    store: Cache
    recent: OrderedDict[str, Vectors] = field(default_factory=OrderedDict)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors [n, width] at the precision that the store keeps, so that warm and cold runs agree.

        Reasoner and critic ask for the same sentences again: the last RECENT texts are remembered.
        """
        if not texts:
            return self.encoder.encode(texts)
        known = {t: self.recent[t] for t in texts if t in self.recent}
        fresh = [t for t in dict.fromkeys(texts) if t not in known]
        if fresh:
            made = dict(zip(fresh, stored(self.encoder.encode(fresh)), strict=True))
            known |= made
            self.recent.update(made)
            while len(self.recent) > RECENT:
                self.recent.popitem(last=False)
        return np.stack([known[t] for t in texts])

    def encode_kept(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of policy texts, which are kept between runs."""
        keys = [f"{self.encoder.digest[:16]}/text/{_digest(t)}" for t in texts]
        known = self.store.vectors(list(dict.fromkeys(keys)))
        fresh = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
        if fresh:
            made = dict(zip(fresh, self.encode(list(fresh.values())), strict=True))
            self.store.put_vectors(made)
            known |= made
        return np.stack([known[k] for k in keys]) if keys else np.zeros((0, 384), np.float32)


@contextmanager
def open_model(settings: Settings) -> Iterator[Embedded]:
    """Open the embedded encoder and the store of its vectors; the weights file carries its calibration."""
    encoder = OnnxEncoder(threads=settings.threads)
    with Cache.open(settings.home / "cache.db") as store:
        yield Embedded(encoder, Calibration.model_validate_json(encoder.calibration), store)


@contextmanager
def open_desk(
    settings: Settings, pack: Pack | None = None, *, waits: bool = True, ledger: "Ledger | None" = None
) -> Iterator["Desk"]:
    """Open everything that deciding needs, for the length of a `with` block.

    `waits` keeps cases in review open for an answer; `ledger` replaces the one of the settings.
    """
    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
    from graphs.desk import Desk

    with ExitStack() as stack:
        deps = stack.enter_context(open_deps(settings, pack, ledger=ledger))
        saver = stack.enter_context(_checkpointer(settings)) if waits else None
        yield Desk(deps, saver)


@contextmanager
def open_deps(
    settings: Settings, pack: Pack | None = None, *, ledger: "Ledger | None" = None, model: Embedded | None = None
) -> Iterator["Deps"]:
    """Open the clients and read the policy, for the length of a `with` block.

    `ledger` and `model`, where given, are shared and stay open.
    """
    from graphs.deps import Deps
    from tools.ledger import Ledger

    pack = pack or load_pack(settings.policy)
    with ExitStack() as stack:
        settings.home.mkdir(parents=True, exist_ok=True)
        if model is None:
            model = stack.enter_context(open_model(settings))
        if ledger is None:
            ledger = stack.enter_context(Ledger.open(settings.ledger_url))
        ledger.policy(pack.id, pack.version, pack.digest, canonical(pack))
        book = write_rulebook(pack, model.encode_kept)
        yield Deps(
            frame=Frame(
                pack=PackRef(id=pack.id, version=pack.version, digest=pack.digest),
                profile=pack.default_profile,
                model_digest=model.encoder.digest,
            ),
            book=book,
            bank=seed_bank(book),
            calibration=model.calibration,
            encode=model.encode,
            keywords=KeywordIndex.build(pack),
            rules=_rules(settings, pack, model.encode_kept, model.encoder.digest, stack),
            record=ledger,
            store=model.store,
            clock=lambda: datetime.now(UTC),
            encoded=lambda: model.encoder.encoded,
            template=settings.template,
            assembly=settings.assembly,
            audit_rate=settings.audit_rate,
            retrieve=settings.retrieve,
        )


def _rules(
    settings: Settings, pack: Pack, encode: Encode, model_digest: str, stack: ExitStack
) -> "Callable[[], RuleVectors]":
    @cache
    def opened() -> "RuleVectors":
        # Chroma takes a second to import: only a case that passes the router pays for it.
        from policy_store.index import RuleIndex

        index = RuleIndex.open(settings.chroma or settings.home / "chroma")
        stack.callback(index.close)
        return index.ensure(pack, encode, model_digest)

    return opened


@contextmanager
def _checkpointer(settings: Settings) -> "Iterator[BaseCheckpointSaver[str]]":
    from agents.depth import Doubt
    from agents.perceiver import Perception
    from agents.ranker import Ranking, Score
    from agents.reasoner import Draft
    from agents.router import Route
    from agents.severity import Severity
    from cases.view import View
    from graphs.state import Answer
    from policy_store.retrieval import Retrieved
    from tools.checkpoints import open_checkpointer

    allowed = (Doubt, Perception, Ranking, Score, Draft, Route, Severity, View, Answer, Retrieved)
    with open_checkpointer(settings.home / "waiting.db", allowed=allowed) as saver:
        yield saver


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:32]
