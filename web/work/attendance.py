"""What is done beside the requests, round by round: webhooks are queued and sent, and decisions counted. One thread.

A policy that another process published is in force here from the next round on. Once at the start and once a day
uploads that no case names are taken out.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread

from web.office import Office
from web.work import hooks, outward
from web.work.pruning import prune
from web.work.tally import Tally

EVERY = 1.0
DAY = timedelta(days=1)
_log = logging.getLogger("precept.attendance")


@contextmanager
def attending(office: Office, tally: Tally) -> Iterator[None]:
    """Do the rounds for the length of a `with` block."""
    over = Event()
    thread = Thread(target=_rounds, args=(office, tally, over), name="attendance", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(outward.TIMEOUT + 5)


def _rounds(office: Office, tally: Tally, over: Event) -> None:
    pruned: datetime | None = None
    while not over.wait(EVERY):
        try:
            office.desks.follow()
            hooks.collect(office)
            hooks.send_due(office)
            tally.catch_up()
            if pruned is None or office.clock() - pruned >= DAY:
                pruned = office.clock()  # noted first: what fails is tried again tomorrow, not every second
                old = timedelta(days=office.web.uploads_days)
                prune(office.store, office.ledger, office.settings.home, office.settings.media_root, pruned, old)
        except Exception:  # a thread that ended would end every later round with it
            _log.exception("a round failed")


__all__ = ["attending"]
