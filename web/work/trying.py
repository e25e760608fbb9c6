"""Trying a policy out: what it decides is in no ledger and does nothing to anybody.

The embedded roles judge, whatever is bound: thousands of cases are not asked of a model server for a look at an edit.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evals.impact import in_memory
from graphs.deps import Deps
from graphs.wiring import open_deps
from policy_store.pack import Pack
from tools.ledger import Ledger
from web.office import Office


@contextmanager
def tried(office: Office, *packs: Pack) -> Iterator[tuple[Deps, ...]]:
    """Open policies over a ledger that is gone afterwards; rules are searched in memory."""
    settings, model = office.settings.embedded, office.desks.model
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="precept-"))
        ledger = stack.enter_context(Ledger.open(Path(folder) / "ledger.db"))
        opening = (open_deps(settings, pack, ledger=ledger, model=model) for pack in packs)
        yield tuple(in_memory(stack.enter_context(one)) for one in opening)
