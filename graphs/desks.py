"""The desks of a process that lives long: one for each policy in use, over one model, one ledger, one set of waits.

Contract: a desk that is handed out stays usable until `close`; `live` may change under its users, who take it anew for
each case. What another process put in force is taken over by `follow`. Opening is done under a lock, deciding is not.
Seeds that people approved join the seed bank of every desk: they can only send more on to be judged.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Lock, RLock
from typing import TYPE_CHECKING

from cases.text import fold
from graphs.deps import Deps
from graphs.desk import Desk
from graphs.published import load_live, mark
from graphs.saved import in_force
from graphs.settings import Settings, SettingsError
from policy_store.fault import PackError
from policy_store.pack import Pack

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from graphs.wiring import Embedded, Ledger

_log = logging.getLogger("precept.desks")


class Desks:
    """The open desks by the digest of their policy. Make them with `open_desks`."""

    def __init__(
        self, settings: Settings, model: "Embedded", ledger: "Ledger", saver: "BaseCheckpointSaver[str]",
        stack: ExitStack,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.model = model
        self.ledger = ledger
        self.saver = saver
        self._stack = stack
        self._open: OrderedDict[str, Desk] = OrderedDict()
        self._bare: dict[str, Deps] = {}
        self._seeds: tuple[tuple[str, str], ...] = ()
        self._lock = RLock()
        self._following = Lock()
        self._mark = mark(settings.home)
        self._live = self.desk(load_live(settings))

    @property
    def live(self) -> Desk:
        """Return the desk of the policy that is in force."""
        return self._live

    @property
    def pack(self) -> Pack:
        """Return the policy that is in force."""
        return self._live.deps.book.pack

    def desk(self, pack: Pack) -> Desk:
        """Return the desk of a policy, opened where it is not; its answers wait in the same place."""
        from graphs.wiring import open_deps

        with self._lock:
            if pack.digest not in self._open:
                opening = open_deps(self.settings, pack, ledger=self.ledger, model=self.model)
                self._bare[pack.digest] = in_force(self.settings, self._stack.enter_context(opening))
                self._open[pack.digest] = Desk(self._taught(self._bare[pack.digest]), self.saver)
            return self._open[pack.digest]

    def learn(self, seeds: Sequence[tuple[str, str]]) -> None:
        """Put these (id, text) in the seed bank of every desk from now on, in place of those learnt before."""
        with self._lock:
            self._seeds = tuple(seeds)
            live = self.pack.digest
            for digest, bare in self._bare.items():
                self._open[digest] = Desk(self._taught(bare), self.saver)
            self._live = self._open[live]

    def _taught(self, deps: Deps) -> Deps:
        if not self._seeds:
            return deps
        vectors = self.model.encode_kept([fold(text) for _, text in self._seeds])
        return replace(deps, bank=deps.bank.with_seeds(tuple(name for name, _ in self._seeds), vectors))

    def go_live(self, pack: Pack) -> Desk:
        """Put another policy in force for every case that is decided from now on; return its desk."""
        fresh = self.desk(pack)
        with self._lock:
            self._live = fresh
        return fresh

    def follow(self) -> Desk | None:
        """Put in force here what another process put in force in this home; return its desk, None where none did.

        Cheap where nothing changed. Of several threads one opens the new desk, and the others go on under the old one.
        A policy that was named by a folder or a version stays: so it would after a restart, too. What is wrong with the
        version itself is logged once, until another is published. What may pass is tried again at the next look: files
        that cannot be read are logged, and a ledger that fails raises, as it does for cases.
        """
        seen = mark(self.settings.home)
        if seen == self._mark or not self._following.acquire(blocking=False):
            return None
        try:
            fresh = self._taken_over()
            self._mark = seen
        except (PackError, SettingsError) as error:
            self._mark = seen
            _log.error("%s %s stays in force: %s", self.pack.id, self.pack.version, error)
            return None
        except OSError as error:
            _log.error("%s %s stays in force for now: %s", self.pack.id, self.pack.version, error)
            return None
        finally:
            self._following.release()
        return fresh

    def _taken_over(self) -> Desk | None:
        if self.settings.policy != self.pack.id:
            return None
        pack = load_live(self.settings)
        if pack.digest == self.pack.digest:
            return None
        _log.info("%s %s was put in force elsewhere, and is in force here now", pack.id, pack.version)
        return self.go_live(pack)


@contextmanager
def open_desks(settings: Settings, ledger: "Ledger") -> Iterator[Desks]:
    """Open what every desk shares, and the desk of the policy in the settings, for the length of a `with` block.

    The ledger is the caller's, and stays open.
    """
    import os

    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
    from graphs.wiring import open_checkpointer, open_model

    with ExitStack() as stack:
        settings.home.mkdir(parents=True, exist_ok=True)
        model = stack.enter_context(open_model(settings))
        saver = stack.enter_context(open_checkpointer(settings))
        yield Desks(settings, model, ledger, saver, stack)
