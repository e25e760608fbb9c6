"""The rule index: a pack's entries as vectors in Chroma, on disk or on a server. Not the encoder, not the ranking.

A collection is named by pack digest and model digest and never changes once it is whole: another policy or another
model is another collection. `complete` is written to its metadata last, so a build that was cut short shows.
On disk, one process builds at a time and the others wait. On a server, two that build at once write the same
entries under the same ids and end with the same collection.
"""

import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from policy_store.entry import VOTING, Entry, Kind, entries, parse
from policy_store.pack import Pack
from policy_store.rule import Strict

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection
    from chromadb.config import Settings

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

PREFIX = "rules-"
BATCH = 1000
PER_RULE = 8  # entries fetched for every rule wanted, as near examples of one rule crowd the top
FETCH = 64
WIDER = 4
WAIT = 900.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Measured at 30,000 entries: 0.99 of the true 64 neighbours in 3.5 ms (Chroma's own defaults: 0.87 in 1.3 ms).
HNSW: "CreateHNSWConfiguration" = {"space": "cosine", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32}


class Hit(Strict):
    """A rule that was found by its nearest voting entry; `similarity` is the cosine in [-1, 1]."""

    rule_id: str
    entry_id: str
    kind: Kind
    similarity: float


class RuleVectors:
    """One pack under one model, whole and ready to be searched."""

    def __init__(self, collection: "Collection", found: Sequence[Entry]) -> None:
        self.collection = collection
        self.name = collection.name
        self.count = len(found)
        self.rules = frozenset(entry.rule_id for entry in found if entry.kind in VOTING)

    def search(self, vectors: Vectors, k: int, allowed: frozenset[str] | None = None) -> list[tuple[Hit, ...]]:
        """Return for each row of `vectors` [n, d], unit length, its k nearest rules, best first.

        `allowed` limits the rules (None: all). Fewer than k come back only where fewer are allowed. Exceptions never
        stand for their rule. All rows go in one query; rows that end short are asked again, wider: a metadata filter
        costs 11 ms at 10,000 rules, a wider query 1 ms.
        """
        if vectors.ndim != 2:
            raise ValueError(f"vectors have shape {vectors.shape!r}; pass [n, d], one row a text")
        rules = self.rules if allowed is None else self.rules & allowed
        wanted = min(k, len(rules))
        out: list[tuple[Hit, ...]] = [()] * len(vectors)
        rows = list(range(len(vectors))) if wanted > 0 else []
        fetch = min(self.count, max(FETCH, k * PER_RULE))
        while rows:
            for row, hits in zip(rows, self._nearest(vectors[rows], fetch, rules, wanted), strict=True):
                out[row] = hits
            rows = [row for row in rows if len(out[row]) < wanted] if fetch < self.count else []
            fetch = min(self.count, fetch * WIDER)
        return out

    def _nearest(self, vectors: Vectors, fetch: int, rules: frozenset[str], k: int) -> Iterator[tuple[Hit, ...]]:
        found = self.collection.query(query_embeddings=vectors, n_results=fetch, include=["distances"])
        for ids, distances in zip(found["ids"], found["distances"] or (), strict=True):
            best: dict[str, Hit] = {}
            for entry_id, distance in zip(ids, distances, strict=True):
                rule_id, kind, _ = parse(entry_id)
                if rule_id in rules and rule_id not in best and kind in VOTING:
                    similarity = 1.0 - float(distance)
                    best[rule_id] = Hit(rule_id=rule_id, entry_id=entry_id, kind=kind, similarity=similarity)
                    if len(best) == k:
                        break
            yield tuple(best.values())


class RuleIndex:
    """All collections of one Chroma directory or server."""

    def __init__(self, client: "Client", directory: Path | None) -> None:
        self.client = client
        self.directory = directory

    @classmethod
    def open(cls, where: str | Path) -> "RuleIndex":
        """Open a directory (made when missing), or a server given as http://host:port or https://host:port."""
        import chromadb

        if str(where).startswith(("http://", "https://")):
            url = urlsplit(str(where))
            if url.hostname is None or url.path.strip("/"):
                raise ValueError(f"rule index {where!r} is not a server address; write http://host:port")
            secure = url.scheme == "https"
            port = url.port or (443 if secure else 8000)
            client = chromadb.HttpClient(url.hostname, port, ssl=secure, settings=_settings())
            return cls(cast("Client", client), None)
        directory = Path(where).absolute()
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory / "open.lock"):  # the first one in creates the tables
            return cls(cast("Client", chromadb.PersistentClient(directory, settings=_settings())), directory)

    def close(self) -> None:
        """Let go of the files or connections; what was handed out by `ensure` can no longer be searched."""
        self.client.close()

    def ensure(self, pack: Pack, encode: Encode, model_digest: str) -> RuleVectors:
        """Return the collection of a pack under a model, built first where it is missing or not whole.

        `encode` gives [n, d] float32 rows of unit length; ValueError where it does not.
        """
        name = collection_name(pack, model_digest)
        found = entries(pack)
        collection = self._whole(name, len(found))
        if collection is None:
            with self._building():
                collection = self._whole(name, len(found))
                if collection is None:
                    collection = self._build(name, found, encode)
        return RuleVectors(collection, found)

    def drop_stale(self, keep: int) -> tuple[str, ...]:
        """Delete all but the `keep` newest collections of this index; return the names deleted, oldest first."""
        if keep < 0:
            raise ValueError(f"keep is {keep!r}; pass 0 or more")
        with self._building():
            ours = sorted((c for c in self.client.list_collections() if c.name.startswith(PREFIX)), key=_built)
            stale = tuple(collection.name for collection in ours[: max(0, len(ours) - keep)])
            for name in stale:
                self._delete(name)
        return stale

    @contextmanager
    def _building(self) -> Iterator[None]:
        if self.directory is None:
            yield
        else:
            with _locked(self.directory / "build.lock"):
                yield

    def _get(self, name: str) -> "Collection | None":
        from chromadb.errors import NotFoundError

        try:
            return self.client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None

    def _count(self, name: str) -> int:
        collection = self._get(name)
        return 0 if collection is None else collection.count()

    def _whole(self, name: str, count: int) -> "Collection | None":
        collection = self._get(name)
        if collection is None or not (collection.metadata or {}).get("complete"):
            return None
        return collection if collection.count() == count else None

    def _delete(self, name: str) -> None:
        from chromadb.errors import NotFoundError

        try:
            self.client.delete_collection(name)
        except NotFoundError:
            return  # it never was, or another client of the server was faster
        if self.directory is not None:
            for orphan in _orphans(self.directory):
                shutil.rmtree(orphan, ignore_errors=True)  # where open files cannot be deleted, the next time does it

    def _build(self, name: str, found: Sequence[Entry], encode: Encode) -> "Collection":
        # The lock says that nobody builds it any more. A server has no lock: what is there may still be growing.
        if self.directory is not None or self._count(name) > len(found):
            self._delete(name)
        metadata: dict[str, str | int | float | bool] = {"entries": len(found), "built": time.time()}
        collection = self.client.get_or_create_collection(
            name, configuration={"hnsw": HNSW}, metadata=metadata, embedding_function=None
        )
        for first in range(0, len(found), BATCH):
            batch = found[first : first + BATCH]
            collection.upsert(
                ids=[entry.id for entry in batch],
                embeddings=_checked(encode([entry.text for entry in batch]), len(batch)),
                metadatas=[entry.model_dump(include={"rule_id", "kind", "clause_id", "shadow"}) for entry in batch],
                documents=[entry.text for entry in batch],
            )
        if (count := collection.count()) != len(found):
            raise RuntimeError(f"collection {name!r} holds {count} entries, expected {len(found)}; build it again")
        collection.modify(metadata=metadata | {"complete": True})
        return collection


def collection_name(pack: Pack, model_digest: str) -> str:
    """Return the name of a pack's collection under a model."""
    return f"{PREFIX}{pack.digest[:20]}-{model_digest[:12]}"


def _settings() -> "Settings":
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _orphans(directory: Path) -> list[Path]:
    """Return the vector folders of deleted collections, which Chroma 1.x leaves on disk (chroma issue 5259).

    Folders are listed before the table is read: a new collection's row is written before its folder.
    """
    folders = [path for path in directory.iterdir() if path.is_dir() and _UUID.fullmatch(path.name)]
    with closing(sqlite3.connect(f"{(directory / 'chroma.sqlite3').as_uri()}?mode=ro", uri=True)) as database:
        alive = {str(row[0]) for row in database.execute("SELECT id FROM segments")}
    return [folder for folder in folders if folder.name not in alive]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock  # the kernel lets go of it when its holder is killed

    with FileLock(path, timeout=WAIT):
        yield


def _built(collection: "Collection") -> float:
    return float((collection.metadata or {}).get("built", 0.0))


def _checked(vectors: Vectors, rows: int) -> Vectors:
    if vectors.ndim != 2 or len(vectors) != rows:
        raise ValueError(f"the encoder gave shape {vectors.shape!r} for {rows} texts; it must give one row a text")
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.allclose(lengths, 1.0, atol=1e-3):
        worst = float(lengths[np.abs(lengths - 1.0).argmax()])
        raise ValueError(f"the encoder gave a vector of length {worst:.4f}; divide every row by its length")
    return vectors.astype(np.float32, copy=False)
