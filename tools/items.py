"""The one table of the cache: keyed bytes with a shape and a checksum, read and written in bulk, oldest first out.

Not the cache itself: nothing here handles an error. Contract: a row whose checksum does not fit raises Damaged, so
what `get` returns is what `put` was given.
"""

import math
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

_APPLICATION = 0x50524543  # "PREC": tells this file from other SQLite files, which are never set aside
_FORMAT = 1
_CHUNK = 500
_TABLE = """
CREATE TABLE items (
    n INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    rows INTEGER,
    columns INTEGER,
    data BLOB NOT NULL,
    checksum INTEGER NOT NULL
)
"""


class Item(NamedTuple):
    """What one row holds: `rows` and `columns` are the shape of a matrix; `rows` is None for a vector."""

    data: bytes
    rows: int | None = None
    columns: int | None = None


class Damaged(sqlite3.DatabaseError):
    """Say that a row does not match its checksum."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "checksum"


def stored(vector: Vector) -> Vector:
    """Return an array as the cache will give it back: rounded to half precision, or itself if that cannot hold it."""
    half = _half(vector)
    return vector if half is None else half.astype(np.float32)


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Create the table in a new file, and anew in one of another format.

    Raise ValueError when the file is somebody else's: a SQLite file with tables and without the mark of a cache.
    """

    def marks() -> tuple[int, int]:
        return db.execute("PRAGMA application_id").fetchone()[0], db.execute("PRAGMA user_version").fetchone()[0]

    if marks() == (_APPLICATION, _FORMAT):
        return
    if marks()[0] != _APPLICATION and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise ValueError(f"{str(path)!r} is a SQLite file but no cache; give the cache a path of its own")
    with _writing(db):
        if marks() == (_APPLICATION, _FORMAT):
            return
        db.execute("DROP TABLE IF EXISTS items")
        db.execute(_TABLE)
        db.execute(f"PRAGMA application_id={_APPLICATION}")
        db.execute(f"PRAGMA user_version={_FORMAT}")


@contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def get(db: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Item]:
    """Return the items of those keys that are there; raise Damaged when one is not as it was put."""
    found: dict[bytes, Item] = {}
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        places = ",".join("?" * len(chunk))
        rows = db.execute(
            f"SELECT key, CAST(data AS BLOB), rows, columns, checksum FROM items WHERE key IN ({places})", chunk
        )
        for name, data, height, width, checksum in rows:
            item = Item(data, height, width)
            if _checksum(name, item) != checksum:
                raise Damaged(f"the row of key {name.hex()} does not match its checksum")
            found[name] = item
    return found


def put(db: sqlite3.Connection, items: Mapping[bytes, Item]) -> None:
    """Write all items in one transaction; an item of the same key is replaced and counts as new."""
    rows = [(name, item.data, item.rows, item.columns, _checksum(name, item)) for name, item in items.items()]
    with _writing(db):
        db.executemany("INSERT OR REPLACE INTO items (key, data, rows, columns, checksum) VALUES (?, ?, ?, ?, ?)", rows)


def trim(db: sqlite3.Connection, max_bytes: int) -> int:
    """Drop the items written longest ago until the rest fits; give the space back; return how many were dropped."""
    dropped = 0
    while (now := size(db)) > max_bytes:
        count = db.execute("SELECT count(*) FROM items").fetchone()[0]
        if not count:
            break
        share = max(1, math.ceil(count * (1 - max_bytes / now)))
        oldest = "DELETE FROM items WHERE n IN (SELECT n FROM items ORDER BY n LIMIT ?)"
        dropped += db.execute(oldest, (share,)).rowcount
    # It gives back one page a step, and `execute` takes a single step where there is no result; a script runs it out.
    db.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
    return dropped


def size(db: sqlite3.Connection) -> int:
    """Return how many bytes the items take up in the file."""
    page, pages, free = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count", "freelist_count")
    )
    return page * (pages - free)


def key(space: str, parts: Sequence[str]) -> bytes:
    """Return the 32 bytes that stand for a key, apart from the same parts in another space."""
    # A digest keeps rows small and keeps content out of the file; lengths keep ("ab", "c") from ("a", "bc").
    framed = "".join(f"{len(part)}:{part}" for part in (space, *parts))
    return blake2b(framed.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def _checksum(name: bytes, item: Item) -> int:
    return zlib.crc32(item.data, zlib.crc32(b"%s %s %s" % (name, str(item.rows).encode(), str(item.columns).encode())))


def _half(vector: Vector) -> NDArray[np.float16] | None:
    with np.errstate(over="ignore"):
        half = np.asarray(vector).astype(np.float16)
    return half if np.isfinite(half).all() else None


def packed(name: str, vector: Vector) -> Item | None:
    """Return an array of one or two dimensions as an item, None when half precision cannot hold it.

    Raise ValueError, with its name, for another number of dimensions.
    """
    if vector.ndim not in (1, 2):
        raise ValueError(f"vector {name!r} has the shape {vector.shape!r}; give one row, or a matrix of rows")
    half = _half(vector)
    if half is None:
        return None
    rows = vector.shape[0] if vector.ndim == 2 else None
    return Item(half.tobytes(), rows, vector.shape[-1])


def unpacked(item: Item) -> Vector:
    """Return the array of an item, float32."""
    flat = np.frombuffer(item.data, dtype=np.float16).astype(np.float32)
    return flat if item.rows is None else flat.reshape(item.rows, item.columns or 0)
