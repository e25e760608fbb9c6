"""The clients and limits that nodes reach through `Runtime[Deps]`. Never in state, never global."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Protocol

import numpy as np

from agents.ask import Chat, Odds
from agents.asker import Asked
from agents.assembly import Assembly
from agents.calibration import Calibration, Template
from agents.chain import Writer
from agents.exhibit import Eyes
from agents.lexicon import Lexicon, Words
from agents.ranker import rank_views
from agents.reading import Read
from agents.router import SeedBank, risks
from agents.rulebook import Rulebook
from agents.vectors import Encode, Floats, Vectors
from agents.verdict import Frame
from cases.case import Case
from cases.decision import Decision, Edit
from cases.exchange import Allowance
from cases.view import View
from policy_store.index import RuleVectors
from policy_store.keywords import KeywordIndex
from policy_store.rule import Rule

KEPT = 512


class Record(Protocol):
    """Where decisions are kept."""

    def record(self, pairs: Sequence[tuple[Case, Decision]]) -> None:
        """Keep decisions with their cases, all or none."""
        ...

    def edit(self, edit: Edit) -> None:
        """Keep what a person did to a decision."""
        ...


class VectorStore(Protocol):
    """Where vectors are kept between runs; losing them loses time alone."""

    def vectors(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the known ones of these."""
        ...

    def put_vectors(self, items: dict[str, np.ndarray]) -> None:
        """Keep these."""
        ...


class RankRules(Protocol):
    """Ask a language model about the rules of a case, as a profile has them; raise Unanswered where it fails.

    `shares` are the embedded ranker's probabilities of the rules.
    """

    def __call__(
        self, case: Case, rules: Sequence[Rule], profile: str, allowance: Allowance, shares: Sequence[float]
    ) -> Asked:
        """Ask about all of them at once."""
        ...


@dataclass(frozen=True)
class Models:
    """The language models that play roles; None where the embedded agent does.

    `spare` are the roles whose last backend is embedded. `in_flight` is how many cases are in work at once. `eyes` say
    which backends see; `witnesses` are those of them that can be asked how a picture stands on an attribute.
    """

    rank: RankRules | None = None
    writer: Writer | None = None
    critic: tuple[Chat, ...] = ()
    spare: frozenset[str] = frozenset()
    allowance: Allowance = Allowance(seconds=120.0, tokens=150_000)
    in_flight: int = 1
    eyes: Eyes | None = None
    witnesses: tuple[Odds, ...] = ()

    @property
    def any(self) -> bool:
        """Return whether a language model takes part in deciding."""
        return any((self.rank, self.writer, self.critic))


@dataclass(frozen=True)
class Deps:
    """Everything that a decision needs and that is not a fact of the case.

    `encoded` is how many texts the calling thread had encoded so far: a stage runs in one thread, cases run in many.
    """

    frame: Frame
    book: Rulebook
    bank: SeedBank
    calibration: Calibration
    encode: Encode
    keywords: KeywordIndex
    rules: Callable[[], RuleVectors]
    record: Record
    store: VectorStore
    clock: Callable[[], datetime]
    encoded: Callable[[], int]
    template: Template | None = None
    assembly: Assembly | None = None
    audit_rate: float = 0.005
    retrieve: int = 8
    read: Read | None = None
    lexicon: Lexicon | None = None
    models: Models = Models()
    see: Callable[[Case], Case] | None = None
    _recent: OrderedDict[str, Vectors] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def vectors(self, case_digest: str, views: Sequence[View]) -> Vectors:
        """Return the unit vectors [views, width] of a case, from memory, the store, or the encoder."""
        return self.vectors_of([(case_digest, views)])[0]

    def vectors_of(self, wanted: Sequence[tuple[str, Sequence[View]]]) -> list[Vectors]:
        """Return the vectors of several cases, encoding what is new in one call."""
        model = self.frame.model_digest[:16]
        texts = {d: [v.text for v in views] for d, views in wanted}
        # The texts are in the key: another way of cutting views must not find the vectors of the old one.
        keys = {d: f"{model}/{d}/{_digest(read)}" for d, read in texts.items()}
        with self._lock:
            found = {d: self._recent[k] for d, k in keys.items() if k in self._recent}
        stored = self.store.vectors([k for d, k in keys.items() if d not in found])
        found |= {d: stored[k] for d, k in keys.items() if k in stored}
        fresh = {d: read for d, read in texts.items() if d not in found}
        if fresh:
            flat = self.encode([text for read in fresh.values() for text in read])
            cuts = np.cumsum([len(read) for read in fresh.values()])[:-1]
            made = dict(zip(fresh, np.split(flat, cuts), strict=True))
            self.store.put_vectors({keys[d]: v for d, v in made.items()})
            found |= made
        with self._lock:
            for d, vectors in found.items():
                self._recent[keys[d]] = vectors
                self._recent.move_to_end(keys[d])
            while len(self._recent) > max(KEPT, len(wanted)):
                self._recent.popitem(last=False)
        return [found[d] for d, _ in wanted]

    def score(self, texts: Sequence[str]) -> Floats:
        """Return the ranker's calibrated probabilities [texts, rules]."""
        return self.rank_views(self.encode(texts), texts) if texts else np.zeros((0, len(self.book.rules)))

    def rank_views(self, vectors: Vectors, texts: Sequence[str]) -> Floats:
        """Return the ranker's calibrated probabilities [views, rules] of texts and their unit vectors."""
        return rank_views(self.book, vectors, self.calibration, self.template, self.assembly, self.words(texts))

    def risks(self, vectors: Vectors, texts: Sequence[str]) -> Floats:
        """Return the router's risk [views] in [0, 1] of texts and their unit vectors."""
        return risks(self.bank, self.book, vectors, self.calibration, self.words(texts))[0]

    def words(self, texts: Sequence[str]) -> Words | None:
        """Return what the n-grams of texts say, None where these weights come without a lexicon."""
        return self.lexicon.read(texts) if self.lexicon else None


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
