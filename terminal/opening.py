"""What commands open before they do anything: the settings, the policy, the ledger, the record of one decision.

Nothing is created by a command that only reads: a home without a ledger is said to be one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from terminal.errors import Refused

if TYPE_CHECKING:
    from graphs.record import Record
    from graphs.settings import Settings
    from policy_store.pack import Pack
    from tools.ledger import Ledger


def read(policy: str | None = None) -> "Settings":
    """Return the settings, with another policy where one is given."""
    from graphs.settings import read_settings

    settings = read_settings()
    return settings if policy is None else settings.model_copy(update={"policy": policy})


def measured(policy: str | None = None) -> "Settings":
    """Return the settings with every role embedded, and say so where others are bound.

    What is fitted, replayed or measured over many cases is so of the embedded roles: it asks no model server.
    """
    import typer

    settings = read(policy)
    if not settings.bare:
        typer.echo("precept: this works with the embedded ranker, reasoner and critic, whatever is bound", err=True)
    return settings.embedded


def unknown_profile(profile: str, pack: "Pack") -> str | None:
    """Return what is wrong with a profile, None for one that the policy has."""
    from policy_store.fault import suggest

    names = [p.id for p in pack.profiles]
    if profile in names:
        return None
    return f"{profile!r} is no profile of the policy {pack.id}; {suggest(profile, names, 'profiles')}"


@contextmanager
def ledger(settings: "Settings", *, write: bool = False) -> "Iterator[Ledger]":
    """Open the ledger that there is, to read it unless `write`."""
    from pathlib import Path

    from tools.ledger import Ledger

    url = settings.ledger_url
    if "://" not in url and not Path(url).exists():
        raise Refused(f"no ledger at {url}: nothing was decided here yet; run precept decide, or give another --home")
    with Ledger.open(url, readonly=not write) as opened:
        yield opened


def record(opened: "Ledger", decision_id: str) -> "Record":
    """Return the record of a decision by its id or a unique beginning of it."""
    from graphs.record import record as recorded

    return recorded(opened, decision_id)
