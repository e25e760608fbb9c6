"""Every table of work.db, by import: a module that defines one is named here, and is made when the store opens."""

from web.store import accounts, docket, journal, keys, sessions

__all__ = ["accounts", "docket", "journal", "keys", "sessions"]
