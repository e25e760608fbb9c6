"""Judging what comes at the same moment together: one pass of the encoder and one entry on record for many requests.

Contract: whoever comes is served in order, waits for no timer, and gets its own decisions; what breaks one request
breaks no other. The id of a decision is fixed before the first try, so that a pass that broke half way records no case
twice when it is tried again. Not a queue: nothing is kept that nobody waits for.
"""

from collections.abc import Sequence
from threading import Condition

from cases.case import Case
from cases.decision import Decision
from graphs.desk import Desk, new_id
from tools.lookup import UnknownDecision
from web.office import Office
from web.store import journal
from web.work.deadline import Deadline

CHUNK = 32
AT_ONCE = 2  # passes: one that has to reason long does not hold up everybody


class Slot:
    """The cases of one request, at most CHUNK of them, and what came of them.

    Where `ids` of the decisions are given, those that are on record already are not decided again.
    """

    def __init__(self, actor: str, subject: str, cases: Sequence[Case], ids: Sequence[str] | None = None) -> None:
        self.actor = actor
        self.subject = subject
        self.cases = cases
        self.ids = [new_id() for _ in cases] if ids is None else list(ids)
        self.again = ids is not None
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
        # Noted first: what cannot be noted is not decided, so that nothing goes on record of which nobody is told.
        try:
            with office.store.writing("note what is judged") as connection:
                for slot in batch:
                    detail = {"count": str(len(slot.cases))}
                    journal.note(office.store, slot.actor, "content.judge", slot.subject, detail, connection)
        except Exception as error:
            self._fail(batch, error)
            return
        self._decide(office, batch)

    def _decide(self, office: Office, batch: Sequence[Slot]) -> None:
        try:
            made = {i: found for slot in batch if slot.again for i in slot.ids if (found := on_record(office, i))}
            left = [(i, c) for slot in batch for i, c in zip(slot.ids, slot.cases, strict=True) if i not in made]
            made |= {d.id: d for d in self.desk.decide_many([c for _, c in left], ids=[i for i, _ in left])}
        except Exception as error:  # what it is, is raised in the request that it belongs to
            if len(batch) == 1:
                batch[0].error = error
                return
            for slot in batch:
                slot.again = True
                self._decide(office, [slot])
            return
        except BaseException as error:
            self._fail(batch, RuntimeError(f"the pass was broken off: {type(error).__name__}"))
            raise
        for slot in batch:
            slot.made = [made[i] for i in slot.ids]

    def _fail(self, batch: Sequence[Slot], error: Exception) -> None:
        for slot in batch:
            slot.error = error


def on_record(office: Office, decision_id: str) -> Decision | None:
    """Return a decision by its whole id, None where it was never recorded."""
    try:
        return office.ledger.decision(decision_id)
    except UnknownDecision:
        return None


__all__ = ["AT_ONCE", "CHUNK", "Slot", "Together", "on_record"]
