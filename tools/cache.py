"""A disposable cache of vectors and per-rule verdicts in one SQLite file. Not a record: it may be deleted any time.

What it returns is what was put in, or nothing: every row carries a checksum, a damaged file is set aside as
`*.broken` and begun anew, and a cache that cannot be used turns itself off for the run. So callers never handle its
errors, and always compute what they do not get back. Contract: the caller's keys name everything that the value
depends on (text or case digest, rule digest, model digest). Vectors are kept in half precision: pass fresh ones
through `stored` too, or a warm run and a cold run differ in the fourth digit. With a bound on its size the items that
were written longest ago go first.
"""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from tools.items import Item, Vector, get, key, packed, prepare, put, size, stored, trim, unpacked
from tools.sqlite import DAMAGED, code, connect, explain

VerdictKey = tuple[str, str, str]  # content digest, rule digest, model digest
T = TypeVar("T")

BUSY_SECONDS = 5.0
LOOK = 0.02  # of the bound is written between two looks at the size
ROOM = 0.9  # of the bound is left where it is passed, so that not every write makes room anew
_UNUSABLE = DAMAGED | {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_log = logging.getLogger(__name__)


class Cache:
    """An open cache. Make one with `Cache.open`; close it, or use it in a `with` block. Threads may share it."""

    def __init__(self, path: Path, max_bytes: int | None = None) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._written = 0
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._renewed = False

    @classmethod
    def open(cls, path: str | Path, max_bytes: int | None = None) -> Self:
        """Open a cache, creating it and its folder; a cache that cannot be used comes back turned off.

        With `max_bytes` it is kept at that, give or take LOOK of it and what one write holds, now and after writing.
        Raise ValueError when the path names a healthy SQLite file that is no cache.
        """
        cache = cls(Path(path), max_bytes)
        cache._start()
        cache._safely("keep to its size", cache._bound, None)
        return cache

    def close(self) -> None:
        """Close the file. Harmless to repeat; afterwards the cache is off."""
        with self._lock:
            self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def on(self) -> bool:
        """Return whether the cache is in use."""
        return self._db is not None

    def vectors(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Return the arrays that are known, in the order asked, float32, each in the shape it was put in."""
        wanted = {name: key("vector", (name,)) for name in keys}
        found = self._get("read vectors", list(wanted.values()))
        return {name: unpacked(found[k]) for name, k in wanted.items() if k in found}

    def put_vectors(self, items: Mapping[str, Vector]) -> None:
        """Keep arrays of shape (n,) or (rows, n). One that half precision cannot hold (beyond ±65504) is not kept.

        Raise ValueError for another number of dimensions.
        """
        rows = {key("vector", (name,)): packed(name, vector) for name, vector in items.items()}
        kept = {k: item for k, item in rows.items() if item is not None}
        self._safely("keep vectors", lambda db: self._put(db, kept), None)

    def verdicts(self, keys: Sequence[VerdictKey]) -> dict[VerdictKey, str]:
        """Return the JSON bodies that are known, in the order asked."""
        wanted = {digests: key("verdict", digests) for digests in keys}
        found = self._get("read verdicts", list(wanted.values()))
        return {digests: found[k].data.decode() for digests, k in wanted.items() if k in found}

    def put_verdicts(self, items: Mapping[VerdictKey, str]) -> None:
        """Keep small JSON bodies."""
        rows = {key("verdict", digests): Item(body.encode()) for digests, body in items.items()}
        self._safely("keep verdicts", lambda db: self._put(db, rows), None)

    def trim(self, max_bytes: int) -> int:
        """Drop the items written longest ago until the file is no larger; return how many were dropped."""
        return self._safely("trim it", lambda db: trim(db, max_bytes), 0)

    def _put(self, db: sqlite3.Connection, items: Mapping[bytes, Item]) -> None:
        put(db, items)
        self._written += sum(len(item.data) for item in items.values())
        if self.max_bytes is not None and self._written > LOOK * self.max_bytes:
            self._bound(db)

    def _bound(self, db: sqlite3.Connection) -> None:
        self._written = 0
        if self.max_bytes is not None and size(db) > self.max_bytes:
            trim(db, int(ROOM * self.max_bytes))

    def _get(self, doing: str, keys: list[bytes]) -> dict[bytes, Item]:
        nothing: dict[bytes, Item] = {}
        return self._safely(doing, lambda db: get(db, keys), nothing)

    def _safely(self, doing: str, act: Callable[[sqlite3.Connection], T], instead: T) -> T:
        with self._lock:
            if self._db is None:
                return instead
            try:
                return act(self._db)
            except sqlite3.Error as error:
                if code(error) in _UNUSABLE:
                    self._begin_anew(error)
                elif code(error) == sqlite3.SQLITE_BUSY:
                    _log.info("%s; this once it goes on without", explain(error, self._what(doing)))
                else:
                    self._turn_off(error, doing)
                return instead

    def _start(self) -> None:
        try:
            self._connect()
        except sqlite3.Error as error:
            if self.path.is_file() and code(error) in _UNUSABLE:
                self._begin_anew(error)
            else:
                self._turn_off(error, "open it")
        except OSError as error:
            self._turn_off(error, "open it")

    def _connect(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = connect(self.path, wait=BUSY_SECONDS, synchronous="NORMAL", shrinks=True)
        try:
            prepare(db, self.path)
            self._inode = self.path.stat().st_ino
        except BaseException:
            db.close()
            raise
        self._db = db

    def _begin_anew(self, error: sqlite3.Error) -> None:
        if self._renewed:
            self._turn_off(error, "use it, a second time in this run")
            return
        self._renewed = True
        self._disconnect()
        broken = Path(f"{self.path}.broken")
        try:
            # Another process may have set the file aside already; what lies there now is its new one.
            if self.path.exists() and self._inode in (None, self.path.stat().st_ino):
                # The log first: left behind, SQLite would play it into the new file.
                for tail in ("-wal", "-shm", ""):
                    with suppress(FileNotFoundError):
                        os.replace(f"{self.path}{tail}", f"{broken}{tail}")
                _log.warning("%s; set aside as %r, begun anew", explain(error, self._what("use it")), str(broken))
            self._connect()
        except (sqlite3.Error, OSError) as second:
            self._turn_off(second, "begin it anew")

    def _turn_off(self, error: Exception, doing: str) -> None:
        self._disconnect()
        why = explain(error, self._what(doing)) if isinstance(error, sqlite3.Error) else f"{self._what(doing)}: {error}"
        _log.warning("%s; this run goes on without the cache", why)

    def _disconnect(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            # Closing writes what the log still holds, so a full disk or a damaged file can refuse it.
            with suppress(sqlite3.Error):
                db.close()

    def _what(self, doing: str) -> str:
        return f"cache {str(self.path)!r}: cannot {doing}"


__all__ = ["Cache", "Vector", "VerdictKey", "stored"]
