"""The only file that names backends: joins tools to what agents and the graph ask for."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from agents.calibration import Calibration
from agents.reading import Mark, Read, Reading
from agents.router import seed_bank
from agents.rulebook import write_rulebook
from agents.vectors import Encode, Vectors
from agents.verdict import Frame
from cases.decision import PackRef
from graphs.binding import EMBEDDED, Binding
from graphs.roles import DECIDING, digest_with, played
from graphs.settings import Settings
from policy_store.keywords import KeywordIndex
from policy_store.loader import load_pack
from policy_store.pack import Pack
from policy_store.rule import canonical
from tools.cache import Cache
from tools.encoder import OnnxEncoder
from tools.items import stored
from tools.reader import OnnxReader
from tools.sight import look, missing

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agents.ask import Chat, Odds
    from agents.bounds import Speaker
    from agents.guards.guard import Guard
    from cases.case import Case
    from graphs.deps import Deps, Models
    from graphs.desk import Desk
    from policy_store.index import RuleVectors
    from tools.connection import Connection
    from tools.endpoint import Endpoint, Provider
    from tools.ledger import Ledger
    from tools.local import LocalModel
    from tools.probe import Probe


RECENT = 2048


@dataclass(frozen=True)
class Embedded:
    """The embedded encoder with its calibration and a store of what it encoded before."""

    encoder: OnnxEncoder
    calibration: Calibration
    store: Cache
    reader: OnnxReader | None = None
    recent: OrderedDict[str, Vectors] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors [n, width] at the precision that the store keeps, so that warm and cold runs agree.

        Reasoner and critic ask for the same sentences again: the last RECENT texts are remembered.
        """
        if not texts:
            return self.encoder.encode(texts)
        with self.lock:
            known = {t: self.recent[t] for t in texts if t in self.recent}
        fresh = [t for t in dict.fromkeys(texts) if t not in known]
        if fresh:
            made = dict(zip(fresh, stored(self.encoder.encode(fresh)), strict=True))
            known |= made
            with self.lock:
                self.recent.update(made)
                while len(self.recent) > RECENT:
                    self.recent.popitem(last=False)
        return np.stack([known[t] for t in texts])

    @property
    def digest(self) -> str:
        """Return what names the models in decisions."""
        return digest_of(self.encoder, self.reader)

    @property
    def encoded(self) -> int:
        """Return how many texts were encoded, the cross-encoder's work counted along as such."""
        return self.encoder.encoded + round(self.reader.cost if self.reader else 0.0)

    @property
    def read(self) -> Read | None:
        """Return the cross-encoder as agents ask for it; None where these weights come without one."""
        return None if self.reader is None else reading(self.reader)

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


def open_reader(encoder: OnnxEncoder, calibration: Calibration) -> OnnxReader | None:
    """Return the cross-encoder that stands on an encoder, None where the weights were calibrated without one."""
    return OnnxReader(encoder) if calibration.crossed else None


def digest_of(encoder: OnnxEncoder, reader: OnnxReader | None) -> str:
    """Return what names the models in decisions: the encoder's digest, or that of both files together."""
    if reader is None:
        return encoder.digest
    return hashlib.sha256(f"{encoder.digest}{reader.digest}".encode()).hexdigest()


def reading(reader: OnnxReader) -> Read:
    """Return a cross-encoder as agents ask for it."""

    def read(text: str, laws: Sequence[str]) -> Reading:
        found = reader.read(text, laws)
        return Reading(
            np.array([a.hit for a in found]), np.array([a.severity for a in found]),
            tuple(tuple(Mark(*m) for m in a.marks) for a in found),
        )  # fmt: skip

    return read


@contextmanager
def open_model(settings: Settings) -> Iterator[Embedded]:
    """Open the embedded encoder and the store of its vectors; the weights file carries its calibration."""
    encoder = OnnxEncoder(threads=settings.threads)
    calibration = Calibration.model_validate_json(encoder.calibration)
    reader = open_reader(encoder, calibration)
    with Cache.open(settings.home / "cache.db") as store:
        yield Embedded(encoder, calibration, store, reader)


@contextmanager
def open_desk(
    settings: Settings, pack: Pack | None = None, *, waits: bool = True, ledger: "Ledger | None" = None,
    models: "Models | None" = None,
) -> Iterator["Desk"]:  # fmt: skip
    """Open everything that deciding needs, for the length of a `with` block.

    `waits` keeps cases in review open for an answer; `ledger` replaces the one of the settings. Thresholds that were
    saved in the home hold for the ledger of the settings alone: a trial run is the same in every home. `models` play
    the roles that the settings bind.
    """
    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
    from graphs.desk import Desk
    from graphs.saved import in_force

    with ExitStack() as stack:
        deps = stack.enter_context(open_deps(settings, pack, ledger=ledger, models=models))
        if ledger is None:
            deps = in_force(settings, deps)
        saver = stack.enter_context(open_checkpointer(settings)) if waits else None
        yield Desk(deps, saver)


@contextmanager
def open_deps(
    settings: Settings, pack: Pack | None = None, *, ledger: "Ledger | None" = None, model: Embedded | None = None,
    models: "Models | None" = None,
) -> Iterator["Deps"]:  # fmt: skip
    """Open the clients and read the policy, for the length of a `with` block.

    `ledger` and `model`, where given, are shared and stay open; `models` play the roles that the settings bind.
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
        models = models or stack.enter_context(open_models(settings, pack))
        roles = played(settings)
        yield Deps(
            frame=Frame(
                pack=PackRef(id=pack.id, version=pack.version, digest=pack.digest),
                profile=pack.default_profile,
                model_digest=digest_with(model.digest, roles),
                roles=roles,
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
            encoded=lambda: model.encoded,
            template=settings.template,
            assembly=settings.assembly,
            audit_rate=settings.audit_rate,
            retrieve=settings.retrieve,
            read=model.read,
            models=models,
            see=None if missing() else sight(settings),
        )


def sight(settings: Settings) -> "Callable[[Case], Case]":
    """Return how the files of a case are looked at."""
    from agents.perceiver import with_seen

    def see(case: "Case") -> "Case":
        return with_seen(case, *look(case.media, settings.media_root))

    return see


@contextmanager
def open_models(settings: Settings, pack: Pack) -> "Iterator[Models]":
    """Open the language models that the settings bind to the deciding roles; nothing is asked of them yet.

    Raise Misbound where a library that a backend needs is not installed.
    """
    from graphs.deps import Models

    if settings.bare:
        yield Models()
        return
    from agents.chain import Writer
    from graphs.ranking import Asking, Ranker

    with ExitStack() as stack:
        backends = Backends(settings, stack)
        bound = {role: [b for b in settings.bound(role) if b != EMBEDDED] for role in DECIDING}
        rankers = tuple(Asking(backends.odds(b), backends.chat(b), guard_of(b)) for b in bound["ranker"])
        writers = tuple(backends.chat(b) for b in bound["reasoner"])
        yield Models(
            rank=Ranker(pack, rankers, settings.template, settings.assembly) if rankers else None,
            writer=Writer(writers, backends.odds(bound["reasoner"][0])) if writers else None,
            critic=tuple(backends.chat(b) for b in bound["critic"]),
            spare=frozenset(r for r in DECIDING if bound[r] and settings.bound(r)[-1] == EMBEDDED),
            allowance=settings.allowance,
            in_flight=settings.in_flight,
        )


class Backends:
    """The backends of one process: roles that name the same one share its connection and its limit."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings = settings
        self.stack = stack
        self.opened: dict[str, Connection | LocalModel] = {}

    def chat(self, binding: Binding) -> "Chat":
        """Return a backend that answers in words; one that fails again and again is skipped for a while."""
        from tools.chat import ServedChat
        from tools.connection import Connection
        from tools.local import LocalChat
        from tools.resting import RestingChat

        opened = self._open(binding)
        return RestingChat(ServedChat(opened) if isinstance(opened, Connection) else LocalChat(opened))

    def odds(self, binding: Binding) -> "Odds":
        """Return a backend that gives the odds of first tokens."""
        from tools.connection import Connection
        from tools.gathered import GatheredOdds
        from tools.local import LocalOdds
        from tools.odds import ServedOdds
        from tools.resting import RestingOdds

        opened = self._open(binding)
        if isinstance(opened, Connection):
            return RestingOdds(ServedOdds(opened))
        gathered = GatheredOdds(LocalOdds(opened))
        self.stack.callback(gathered.close)
        return RestingOdds(gathered)

    def _open(self, binding: Binding) -> "Connection | LocalModel":
        from tools.connection import Connection

        if binding.name not in self.opened:
            if binding.backend == "transformers":
                from tools.local import LocalModel

                local = LocalModel(binding.model)
                local.load()  # minutes, perhaps: not on the first case's time
                self.opened[binding.name] = local
            else:
                connection = Connection(endpoint(self.settings, binding))
                self.stack.callback(connection.close)
                self.opened[binding.name] = connection
        return self.opened[binding.name]


@contextmanager
def open_explainer(settings: Settings) -> "Iterator[tuple[Chat, ...]]":
    """Open the backends of the explainer that write words, in their order; none where it is embedded."""
    with ExitStack() as stack:
        backends = Backends(settings, stack)
        yield tuple(backends.chat(b) for b in settings.bound("explainer") if b != EMBEDDED)


def speakers(settings: Settings) -> "tuple[Speaker, ...]":
    """Return the backends of the explainer that can call tools, in their order; none where it is embedded."""
    from tools.speaker import ServedSpeaker

    served = [b for b in settings.bound("explainer") if b.backend in ("vllm", "openai")]
    return tuple(ServedSpeaker(endpoint(settings, b)) for b in served)


def guard_of(binding: Binding) -> "Guard | None":
    """Return the guard format that a backend speaks, None where it is none; raise Misbound where it cannot."""
    from agents.guards.choice import guard_for
    from cases.exchange import Misbound

    guard = guard_for(binding.model, binding.adapter)
    if guard is not None and guard.template and binding.backend == "transformers":
        raise Misbound(
            f"{binding.name}: {guard.name} needs a chat template of ours; serve the model, with --chat-template"
        )
    return guard


def endpoint(settings: Settings, binding: Binding) -> "Endpoint":
    """Return where a served backend is, as the settings say."""
    from tools.endpoint import Endpoint

    provider: Provider = "vllm" if binding.backend == "vllm" else "openai"
    key = settings.vllm_key if provider == "vllm" else settings.openai_key
    url = settings.vllm_url if provider == "vllm" else settings.openai_url
    secret, wait = key.get_secret_value() if key else None, max(120.0, settings.case_seconds)
    return Endpoint(provider, binding.model, url, secret, settings.in_flight, attempt_seconds=wait)


def probed(settings: Settings, binding: Binding) -> "Probe":
    """Reach a backend that is not embedded, and say what it can do."""
    from tools.probe import Probe, probe

    if binding.backend != "transformers":
        return probe(endpoint(settings, binding))
    from tools.local import LocalModel

    LocalModel(binding.model).load()
    return Probe(True, (binding.model,), logprobs=True, told="loaded in this process")


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
def open_checkpointer(settings: Settings) -> "Iterator[BaseCheckpointSaver[str]]":
    """Open where cases in review wait for an answer, for the length of a `with` block."""
    from agents.depth import Doubt
    from agents.perceiver import Perception
    from agents.ranker import Ranking, Score
    from agents.reasoner import Draft
    from agents.router import Route
    from agents.severity import Severity
    from cases.view import View
    from graphs.state import Answer
    from policy_store.retrieval import Retrieved
    from tools.checkpoints import open_checkpointer as opened

    allowed = (Doubt, Perception, Ranking, Score, Draft, Route, Severity, View, Answer, Retrieved)
    with opened(settings.home / "waiting.db", allowed=allowed) as saver:
        yield saver


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
