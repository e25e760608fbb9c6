"""Judging what comes at the same moment together: one pass of the encoder and one entry on record for many requests.

Contract: whoever comes is served in order, waits for no timer, and gets its own decisions; what breaks one request
breaks no other. Not a queue: nothing is kept that nobody waits for.
"""

from collections.abc import Sequence
from threading import Condition

from cases.case import Case
from cases.decision import Decision
from graphs.desk import Desk
from web.office import Office
from web.store import journal
from web.work.deadline import Deadline

CHUNK = 32
AT_ONCE = 2  # passes: one that has to reason long does not hold up everybody


class Slot:
    """The cases of one request, at most CHUNK of them, and what came of them."""

    def __init__(self, actor: str, subject: str, cases: Sequence[Case]) -> None:
        self.actor = actor
        self.subject = subject
        self.cases = cases
        self.made: list[Decision] | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        """Return whether it was served."""
        return self.made is not None or self.error is not None


class Together:
    """Serves slots over one desk. The first who comes decides for those who came meanwhile, and so on."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._waiting: list[Slot] = []
        self._passes = 0
        self._changed = Condition()

    def judge(self, office: Office, slot: Slot, deadline: Deadline, told: str) -> list[Decision]:
        """Return the decisions of a slot, all on record and in the journal; raise Problem 504 past the deadline."""
        with self._changed:
            self._waiting.append(slot)
        while (batch := self._turn(slot, deadline, told)) is not None:
            try:
                self._serve(office, batch)
            finally:
                with self._changed:
                    self._passes -= 1
                    self._changed.notify_all()
        if slot.error is not None:
            raise slot.error
        assert slot.made is not None
        return slot.made

    def _turn(self, slot: Slot, deadline: Deadline, told: str) -> list[Slot] | None:
        """Return what to serve now, None once the slot itself was served."""
        with self._changed:
            while not slot.done:
                if self._passes < AT_ONCE and self._waiting:
                    self._passes += 1
                    return self._taken()
                # Who is being served already is not left alone: its decisions are on their way to the record.
                if slot not in self._waiting:
                    self._changed.wait()
                elif not self._changed.wait(deadline.left) and slot in self._waiting:
                    self._waiting.remove(slot)
                    deadline.check(told)
            return None

    def _taken(self) -> list[Slot]:
        batch, size = [], 0
        while self._waiting and size + len(self._waiting[0].cases) <= CHUNK:
            batch.append(self._waiting.pop(0))
            size += len(batch[-1].cases)
        return batch

    def _serve(self, office: Office, batch: Sequence[Slot]) -> None:
        try:
            made = list(self.desk.decide_many([case for slot in batch for case in slot.cases]))
        except Exception as error:  # what it is, is raised in the request that it belongs to
            if len(batch) == 1:
                batch[0].error = error
            else:
                for slot in batch:
                    self._serve(office, [slot])
            return
        except BaseException as error:
            self._fail(batch, RuntimeError(f"the pass was broken off: {type(error).__name__}"))
            raise
        try:
            with office.store.writing("note what was judged") as connection:
                for slot in batch:
                    detail = {"count": str(len(slot.cases))}
                    journal.note(office.store, slot.actor, "content.judge", slot.subject, detail, connection)
        except Exception as error:  # they are on record, but nobody is told what was not noted
            self._fail(batch, error)
            return
        rest = iter(made)
        for slot in batch:
            slot.made = [next(rest) for _ in slot.cases]

    def _fail(self, batch: Sequence[Slot], error: Exception) -> None:
        for slot in batch:
            slot.error = error


__all__ = ["AT_ONCE", "CHUNK", "Slot", "Together"]
