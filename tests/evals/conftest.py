"""One encoder for the whole session. It remembers what it encoded, so deciding the same cases again stays affordable."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from agents.vectors import Vectors
from graphs.deps import Deps
from graphs.settings import Settings
from graphs.wiring import Embedded, open_deps, open_model
from policy_store.pack import Pack
from tools.ledger import Ledger


@dataclass(frozen=True)
class Remembering(Embedded):
    """The embedded model, each text once: a text's vector depends on that text alone."""

    known: dict[str, Vectors] = field(default_factory=dict)

    def encode(self, texts: Sequence[str]) -> Vectors:
        fresh = [t for t in dict.fromkeys(texts) if t not in self.known]
        self.known.update(zip(fresh, super().encode(fresh), strict=True))
        return np.stack([self.known[t] for t in texts]) if texts else super().encode(texts)


class Opened(Protocol):
    """Open what deciding under a pack needs."""

    def __call__(self, pack: Pack) -> AbstractContextManager[Deps]: ...


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"), audit_rate=0.05)


@pytest.fixture(scope="session")
def model(settings: Settings) -> Iterator[Remembering]:
    with open_model(settings) as plain:
        yield Remembering(plain.encoder, plain.calibration, plain.store, plain.reader, lexicon=plain.lexicon)


@pytest.fixture(scope="session")
def opened(settings: Settings, model: Remembering, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with Ledger.open(Path(tmp_path_factory.mktemp("ledger")) / "ledger.db") as ledger:

        @contextmanager
        def open_pack(pack: Pack) -> Iterator[Deps]:
            with open_deps(settings, pack, ledger=ledger, model=model) as deps:
                yield deps

        yield open_pack
