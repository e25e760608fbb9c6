"""The office: what all requests share, opened once. It holds clients and limits, and does nothing by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from graphs.desks import Desks, open_desks
from graphs.record import Record, record
from graphs.settings import Settings
from policy_store.pack import Pack
from tools.ledger import Ledger
from tools.lookup import Unknown
from web.problem import Problem
from web.settings import WebSettings
from web.store.database import Store, now
from web.store.docket import catch_up, complete
from web.store.precedents import seeds


@dataclass(frozen=True)
class Office:
    """The running system behind the doors."""

    settings: Settings
    desks: Desks
    ledger: Ledger
    store: Store
    web: WebSettings = WebSettings()
    clock: Callable[[], datetime] = now

    @property
    def pack(self) -> Pack:
        """Return the policy that is in force."""
        return self.desks.pack

    def record(self, decision_id: str) -> Record:
        """Return the record of a decision; raise Problem 404 where there is none."""
        try:
            return record(self.ledger, decision_id)
        except Unknown as error:
            raise Problem(404, str(error), param="decision_id", code="unknown_decision") from None

    def catch_up(self) -> None:
        """Bring the docket up to date with the ledger, and what is in force here with what was published elsewhere."""
        self.desks.follow()
        catch_up(self.store, self.ledger)


@contextmanager
def open_office(settings: Settings, web: WebSettings | None = None) -> Iterator[Office]:
    """Open ledger, store and the desk of the policy in force, for the length of a `with` block."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (
        Ledger.open(settings.ledger_url) as ledger, Store.beside(settings) as store,
        open_desks(settings, ledger) as desks,
    ):  # fmt: skip
        office = Office(settings, desks, ledger, store, web or WebSettings())
        complete(store, ledger)
        office.catch_up()
        desks.learn(seeds(store))
        yield office
