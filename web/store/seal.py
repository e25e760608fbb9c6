"""The seal: what lies in work.db and must not be read there, encrypted under a key that lies in a file beside it.

Contract: the key is made once, at the first need, for its owner alone (mode 0600); whoever has the database without the
file reads nothing. It is Fernet of `cryptography` (AES-CBC with HMAC-SHA256). Servers that share a database on
PostgreSQL need the same file in each home.
"""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from web.store.database import StoreError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

NAME = "web.key"


class Seal:
    """Closes and opens texts with the key of a file. Nothing is read or made before the first use."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def close(self, text: str) -> str:
        """Return a text sealed; the key is made where there is none. Raise StoreError where it cannot be used."""
        return self._fernet(make=True).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the text under a seal; raise StoreError where the key is gone, or is another one."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet(make=False).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise StoreError(
                f"key {str(self.place)!r} is not the one that this was sealed with; put the old file back"
            ) from None

    def _fernet(self, *, make: bool) -> "Fernet":
        try:
            from cryptography.fernet import Fernet
        except ImportError:
            raise StoreError("secrets cannot be sealed without cryptography; pip install 'precept[web]'") from None
        try:
            if make and not self.place.exists():
                self._make(Fernet.generate_key())
            if os.name == "posix" and (mode := self.place.stat().st_mode & 0o777) & 0o077:
                raise StoreError(f"key {str(self.place)!r} can be read by others (mode {mode:o}); chmod 600 it")
            return Fernet(self.place.read_bytes().strip())
        except FileNotFoundError:
            raise StoreError(f"key {str(self.place)!r} is gone; put the file back that this was sealed with") from None
        except OSError as error:
            raise StoreError(f"key {str(self.place)!r}: {error.strerror}; make it readable for this user") from error
        except ValueError:
            raise StoreError(f"key {str(self.place)!r} is damaged; put back a copy of it") from None

    def _make(self, key: bytes) -> None:
        self.place.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.place.with_name(f".{NAME}.{secrets.token_hex(6)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(key)
                out.flush()
                os.fsync(out.fileno())
            # A link, not a rename: of two processes that make a key at once, the second finds the first one's.
            os.link(fresh, self.place)
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)


__all__ = ["NAME", "Seal"]
