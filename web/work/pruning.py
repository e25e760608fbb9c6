"""Pruning uploads: files that came with a request and that no case on record names are taken out after a while.

A case names its files for good, so only what led to no decision goes: a request that was refused, or broke. Contract:
a file that a case on record names is never touched, nor one that this service did not put there itself.
"""

import logging
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from cases.model import Fact
from tools.ledger import Ledger
from tools.lookup import UnknownCase
from web.store import journal, uploads
from web.store.database import Store, StoreError
from web.store.docket import DOCKET, catch_up
from web.work.media import folder

BY = "precept"
OURS = re.compile(r"^[0-9a-f]{64}\.[a-z0-9]{2,4}$")
_log = logging.getLogger("precept.uploads")


class Pruned(Fact):
    """What was taken out: files, and their bytes."""

    files: int
    bytes: int


def prune(store: Store, ledger: Ledger, home: Path, root: Path | None, at: datetime, age: timedelta) -> Pruned:
    """Take out uploads last sent longer ago than `age` that no case names; raise StoreError where that is not certain.

    `home` and `root` are the settings' home and media_root. The journal says how many went.
    """
    place, edge = folder(home, root), at - age
    if root is None:  # the folder in the home is ours alone, also what lay there before uploads were written down
        _adopt(store, place)
    old = uploads.before(store, edge)
    if not old:
        return Pruned(files=0, bytes=0)
    catch_up(store, ledger)
    _check(store, ledger)
    named = {Path(path).name for path in ledger.files()}
    files = size = 0
    for name in old:
        if name in named:
            continue
        with store.writing("take out an upload") as connection:
            if not uploads.drop(connection, name, edge):
                continue
            file = place / name
            if not file.is_file():
                continue
            freed = file.stat().st_size
            file.unlink()
        files, size = files + 1, size + freed
    if files:
        journal.note(store, BY, "uploads.prune", "uploads", {"files": str(files), "bytes": str(size)})
        _log.info("took out %d uploads that no case names (%d bytes)", files, size)
    return Pruned(files=files, bytes=size)


def _adopt(store: Store, place: Path) -> None:
    found: dict[str, datetime] = {}
    for file in place.glob("*"):
        with suppress(FileNotFoundError):  # another process that prunes took it out in between
            if OURS.match(file.name):
                found[file.name] = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    names = list(found)
    for start in range(0, len(names), 500):
        with store.writing("note uploads") as connection:
            uploads.add(connection, {name: found[name] for name in names[start : start + 500]})


def _check(store: Store, ledger: Ledger) -> None:
    """Raise StoreError where the record is another one than that which the docket follows: it would name no file."""
    query = sa.select(DOCKET.c.case_digest).where(DOCKET.c.media > 0)
    with store.reading("read the docket") as connection:
        ends = [connection.execute(query.order_by(o).limit(1)).scalar() for o in (DOCKET.c.seq, DOCKET.c.seq.desc())]
    for digest in ends:
        try:
            if digest is not None:
                ledger.case(digest)
        except UnknownCase:
            raise StoreError(
                f"store {store.place!r}: no upload is taken out, as it follows another ledger than {ledger.place!r}; "
                "open it with the ledger that belongs to it (PRECEPT_LEDGER)"
            ) from None


__all__ = ["Pruned", "prune"]
