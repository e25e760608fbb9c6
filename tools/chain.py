"""The hash chain: how one entry of the ledger is bound to all that came before it. Pure; touches no database.

Contract: `link` never changes. A ledger written years ago is checked with the same bytes; a new form needs a new
`FORM` and a migration that starts a new chain from the head of the old one.
"""

import hashlib
from typing import Literal, NamedTuple

from cases.model import Fact

Kind = Literal["decision", "edit", "policy"]
FORM = b"precept.ledger.1"
GENESIS = "0" * 64


class Head(Fact):
    """The end of the chain: how many entries there are, and the hash of the last (GENESIS for none)."""

    count: int
    hash: str


class Draft(NamedTuple):
    """An entry before it has its place in the chain. `at` is ISO 8601, `body` canonical JSON."""

    kind: Kind
    id: str
    at: str
    body: str


class Link(NamedTuple):
    """An entry in its place: what one row of the ledger holds."""

    seq: int
    kind: str
    id: str
    body: str
    at: str
    prev: str
    hash: str


def link(prev: str, seq: int, kind: str, entry_id: str, at: str, body: str) -> str:
    """Return the sha256 (hex) of one entry and of the hash before it.

    Each field goes in as its length in bytes, a colon, its bytes and a comma (a netstring), so that no two
    different entries give the same bytes: moving a character from one field to the next changes the hash.
    """
    digest = hashlib.sha256(FORM)
    for field in (prev, str(seq), kind, entry_id, at, body):
        # surrogateescape: rows that were tampered with may hold bytes that are no UTF-8, and are still hashed.
        raw = field.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(raw))
        digest.update(raw)
        digest.update(b",")
    return digest.hexdigest()


def extend(head: Head, drafts: list[Draft]) -> tuple[list[Link], Head]:
    """Return the drafts as links after `head`, in order, and the new head."""
    links: list[Link] = []
    seq, prev = head.count, head.hash
    for draft in drafts:
        seq += 1
        found = link(prev, seq, draft.kind, draft.id, draft.at, draft.body)
        links.append(Link(seq, draft.kind, draft.id, draft.body, draft.at, prev, found))
        prev = found
    return links, Head(count=seq, hash=prev)


def sha256(text: str) -> str:
    """Return the sha256 (hex) of a text, as `Case.digest` and `Pack.digest` take it."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
