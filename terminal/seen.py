"""Which ids occurred already, kept on disk beyond a few megabytes, so that a million of them cost no memory.

Not a record: the file is SQLite's own temporary one and goes with the process.
"""

import sqlite3
from collections.abc import Iterable


class Seen:
    """Ids that were added; `repeated` counts those that came again, `first` is the first of them."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("", isolation_level=None)
        self.db.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self.repeated = 0
        self.first: str | None = None

    def __contains__(self, id: object) -> bool:
        return self.db.execute("SELECT 1 FROM seen WHERE id = ?", (id,)).fetchone() is not None

    def add(self, ids: Iterable[str]) -> None:
        """Add ids, and count those that were there."""
        self.db.execute("BEGIN")
        for id in ids:
            if not self.db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (id,)).rowcount:
                self.repeated += 1
                self.first = self.first or id
        self.db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()
