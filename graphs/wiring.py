"""Joins tools to what agents and the graph ask for. Only it and graphs.backends name backends."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from agents.calibration import Calibration
from agents.lexicon import Lexicon
from agents.ranker import rank_views
from agents.reading import Mark, Read, Reading
from agents.router import seed_bank
from agents.rulebook import Rulebook, write_rulebook
from agents.vectors import Encode, Vectors
from agents.verdict import Frame
from cases.decision import PackRef
from cases.text import fold
from graphs.backends import guard_of, open_explainer, open_models, probed, speakers
from graphs.published import load_live
from graphs.roles import digest_with, played
from graphs.settings import Settings
from policy_store.keywords import KeywordIndex
from policy_store.pack import Pack
from policy_store.rule import canonical
from tools.cache import Cache
from tools.encoder import OnnxEncoder
from tools.items import stored
from tools.lexicon import LexiconFile
from tools.prepared import Prepared
from tools.products import one_thread
from tools.reader import OnnxReader
from tools.session import WeightsError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from cases.case import Case
    from graphs.deps import Deps, Models
    from graphs.desk import Desk
    from policy_store.index import RuleVectors
    from tools.ledger import Ledger as Ledger
    from tools.speech import Listener


Watch = Callable[[str, str, str, float, float], None]  # case id, file, stage, share done, seconds that it lasts
RECENT = 2048
BANK = "bank.jsonl"  # of known pictures, in the home


@dataclass(frozen=True)
class Embedded:
    """The embedded encoder with its calibration and a store of what it encoded before."""

    encoder: OnnxEncoder
    calibration: Calibration
    store: Cache
    reader: OnnxReader | None = None
    prepared: Prepared | None = None
    lexicon: Lexicon | None = None
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
        """Return how many texts the calling thread had encoded, the cross-encoder's work counted along as such."""
        return self.encoder.encoded + round(self.reader.cost if self.reader else 0.0)

    @property
    def read(self) -> Read | None:
        """Return the cross-encoder as agents ask for it; None where these weights come without one."""
        return None if self.reader is None else reading(self.reader)

    def encode_kept(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of policy texts, which are kept between runs; those of shipped policies came with us."""
        known = self.prepared.vectors(texts) if self.prepared else {}
        keys = {t: f"{self.encoder.digest[:16]}/text/{_digest(t)}" for t in texts if t not in known}
        kept = self.store.vectors(list(keys.values()))
        known |= {t: kept[k] for t, k in keys.items() if k in kept}
        fresh = [t for t in keys if t not in known]
        if fresh:
            made = dict(zip(fresh, self.encode(fresh), strict=True))
            self.store.put_vectors({keys[t]: vector for t, vector in made.items()})
            known |= made
        return np.stack([known[t] for t in texts]) if texts else np.zeros((0, 384), np.float32)


def open_reader(encoder: OnnxEncoder, calibration: Calibration) -> OnnxReader | None:
    """Return the cross-encoder that stands on an encoder, None where the weights were calibrated without one."""
    return OnnxReader(encoder) if calibration.crossed else None


def open_lexicon(encoder: OnnxEncoder, calibration: Calibration) -> Lexicon | None:
    """Return the lexicon beside an encoder, None where the weights were calibrated without one.

    Raise WeightsError for one that they were not calibrated with.
    """
    if calibration.lexicon is None:
        return None
    file = LexiconFile(encoder.model.with_name("lexicon.npz"))
    if file.digest != calibration.lexicon:
        raise WeightsError(
            f"{file.path}: has digest {file.digest[:12]}, but {encoder.model.name} was calibrated with "
            f"{calibration.lexicon[:12]}; reinstall precept or calibrate again"
        )
    return lexicon_of(file)


def lexicon_of(file: LexiconFile) -> Lexicon:
    """Return a lexicon as agents read it."""
    found = file.arrays()
    rules = tuple(map(str, found.pop("rules")))
    return Lexicon(
        rarity=found["rarity"].astype(np.float32), weights=found["weights"].astype(np.int8),
        scale=found["scale"].astype(np.float64), bias=found["bias"].astype(np.float64), rules=rules,
        laws=found["laws"].astype(np.float32),
    )  # fmt: skip


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
    with Cache.open(settings.home / "cache.db", settings.cache_mb << 20) as store:
        lexicon = open_lexicon(encoder, calibration)
        yield Embedded(encoder, calibration, store, reader, Prepared.open(encoder.digest), lexicon)


@contextmanager
def open_desk(
    settings: Settings, pack: Pack | None = None, *, waits: bool = True, ledger: "Ledger | None" = None,
    models: "Models | None" = None, watch: "Watch | None" = None,
) -> Iterator["Desk"]:  # fmt: skip
    """Open everything that deciding needs, for the length of a `with` block.

    `waits` keeps cases in review open for an answer; `ledger` replaces the one of the settings. Thresholds that were
    saved in the home hold for the ledger of the settings alone: a trial run is the same in every home. `models` play
    the roles that the settings bind; `watch` is told how far looking at files is.
    """
    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
    from graphs.desk import Desk
    from graphs.saved import in_force

    with ExitStack() as stack:
        deps = stack.enter_context(open_deps(settings, pack, ledger=ledger, models=models, watch=watch))
        if ledger is None:
            deps = in_force(settings, deps)
        saver = stack.enter_context(open_checkpointer(settings)) if waits else None
        yield Desk(deps, saver)


@contextmanager
def open_deps(
    settings: Settings, pack: Pack | None = None, *, ledger: "Ledger | None" = None, model: Embedded | None = None,
    models: "Models | None" = None, watch: "Watch | None" = None,
) -> Iterator["Deps"]:  # fmt: skip
    """Open the clients and read the policy, for the length of a `with` block.

    `ledger` and `model`, where given, are shared and stay open; `models` play the roles that the settings bind.
    """
    from graphs.deps import Deps
    from tools.ledger import Ledger

    one_thread()
    pack = pack or load_live(settings)
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
            lexicon=model.lexicon,
            models=models,
            see=sight(settings, book, model, watch),
        )


def sight(
    settings: Settings, book: Rulebook, model: Embedded, watch: "Watch | None" = None
) -> "Callable[[Case], Case]":
    """Return how the files of a case are looked at; `watch` is told the case's id and how far its file is."""
    from agents.keyframes import Chooser, risk_prompts, telling_regions
    from agents.perceiver import with_seen
    from tools.fingerprint import bank_at
    from tools.looking import Looking
    from tools.sight import is_page, look, look_at_pages

    def risk(texts: Sequence[str]) -> list[float]:
        read = [fold(text) for text in texts]
        words = model.lexicon.read(read) if model.lexicon else None
        found = rank_views(book, model.encode(read), model.calibration, words=words)
        return [float(p) for p in found.max(1)]

    liken = None
    if settings.scorer != "embedded":
        from tools.clip import ClipScorer

        liken = partial(ClipScorer(settings.scorer.removeprefix("clip/")), prompts=risk_prompts(book.pack))
    by = f"{settings.scorer} {settings.frame_bins}+{settings.frame_top} {book.pack.digest} {model.digest}"
    choose = Chooser(risk, settings.frame_bins, settings.frame_top, telling=telling_regions(book.pack))
    how = Looking(
        root=settings.media_root, frames=settings.frames, engine=settings.ocr, choose=choose,
        chosen_by=by, likeness=liken, listener=_listener(settings.speech), store=model.store,
        seconds=settings.media_seconds,
    )  # fmt: skip

    def see(case: "Case") -> "Case":
        pages = [part for part in case.parts if part.kind == "landing" and is_page(part.text)]
        if case.observations or case.unseen or not (case.media or pages):
            return case
        told = partial(watch, case.id) if watch is not None else None
        case = with_seen(case, *look_at_pages(pages))
        return with_seen(case, *look(case.media, how._replace(bank=bank_at(settings.home / BANK), watch=told)))

    return see


@cache
def _listener(spec: str) -> "Listener | None":
    from tools.speech import listener

    return listener(spec)


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
    from agents.sight import Look, Viewed
    from cases.view import View
    from graphs.state import Answer
    from policy_store.retrieval import Retrieved
    from tools.checkpoints import open_checkpointer as opened

    allowed = (Doubt, Perception, Ranking, Score, Draft, Route, Severity, View, Answer, Retrieved, Look, Viewed)
    with opened(settings.home / "waiting.db", allowed=allowed) as saver:
        yield saver


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


__all__ = [
    "Embedded",
    "digest_of",
    "guard_of",
    "open_checkpointer",
    "open_deps",
    "open_desk",
    "open_explainer",
    "open_model",
    "open_models",
    "open_reader",
    "probed",
    "reading",
    "sight",
    "speakers",
]
