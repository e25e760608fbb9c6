"""The record of one decision, with everything that explains it. It is read from a ledger, never made here."""

from typing import NamedTuple, Protocol

from cases.case import Case
from cases.decision import Decision, Edit
from policy_store.pack import Pack


class Recorded(Protocol):
    """Where decisions stand on record (tools/ledger.py)."""

    def decision(self, decision_id: str) -> Decision:
        """Return a decision by its id or a unique beginning of it."""
        ...

    def case(self, digest: str) -> Case:
        """Return a stored case."""
        ...

    def edits(self, decision_id: str) -> tuple[Edit, ...]:
        """Return what people did to a decision, oldest first."""
        ...

    def pack_body(self, digest: str) -> str:
        """Return the canonical JSON of a recorded policy."""
        ...


class Record(NamedTuple):
    """A decision with everything that explains it: `pack` is the policy as it was then."""

    decision: Decision
    case: Case
    edits: tuple[Edit, ...]
    pack: Pack


def record(opened: Recorded, decision_id: str) -> Record:
    """Return the record of a decision by its id or a unique beginning of it."""
    decision = opened.decision(decision_id)
    # The same content may have been decided under several ids; the ledger keeps it once, under the first.
    case = opened.case(decision.case_digest).model_copy(update={"id": decision.case_id})
    pack = Pack.model_validate_json(opened.pack_body(decision.pack.digest))
    return Record(decision, case, opened.edits(decision.id), pack)
