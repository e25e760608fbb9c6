"""What stands in the ledger as text: decisions, edits, cases and packs to canonical JSON and back.

Touches no database. Contract: a case's text is the very text that `Case.digest` hashes, and a pack's text the one
that `Pack.digest` hashes, so that stored bodies are checked against their digests without any model of ours.
"""

import json
from typing import TypeVar

from pydantic import ValidationError

from cases.case import Case
from cases.decision import Decision, Edit
from cases.model import Fact
from policy_store.rule import canonical
from tools.chain import Draft, Kind, sha256
from tools.database import LedgerError

Value = str | int | None
F = TypeVar("F", bound=Fact)


def draft(kind: Kind, fact: Decision | Edit) -> Draft:
    """Return a decision or an edit as an entry; raise LedgerError when JSON cannot hold one of its numbers."""
    body = canonical(fact)
    try:
        json.loads(body, parse_constant=_refuse_constant)
    except ValueError as error:
        raise LedgerError(f"{kind} {fact.id!r} holds {error}, which JSON cannot; give a finite number") from error
    return Draft(kind, fact.id, fact.at.isoformat(), body)


def case_text(case: Case, decision: Decision) -> str:
    """Return the text of a case, without its id; raise LedgerError when the decision is not about this case."""
    if (decision.case_id, decision.case_digest) != (case.id, case.digest):
        raise LedgerError(
            f"decision {decision.id!r} is about case {decision.case_id!r} ({decision.case_digest[:12]}…), "
            f"not {case.id!r} ({case.digest[:12]}…); pair each decision with the case it was made for"
        )
    text = case.canonical
    if sha256(text) != case.digest:
        raise LedgerError(f"case {case.id!r}: its text does not hash to its digest {case.digest!r}; build it anew")
    return text


def read_case(body: str, case_id: str) -> Case:
    """Return the case of a stored text under an id; raise LedgerError when the text is no case."""
    try:
        whole = json.dumps({**json.loads(body), "id": case_id})
    except (ValueError, TypeError) as error:
        raise LedgerError(f"case {case_id!r} cannot be read: {error}; run verify") from error
    return read(Case, whole, f"case {case_id!r}")


def checked_pack(pack_id: str, version: str, digest: str, body: str) -> str:
    """Return a pack's text; raise LedgerError when it is not the text of this digest, id and version."""
    what = f"policy {pack_id!r} version {version!r}"
    if sha256(body) != digest:
        raise LedgerError(f"{what}: its text has the sha256 {sha256(body)!r}, not {digest!r}; give canonical(pack)")
    try:
        said = json.loads(body)
        named = (said["id"], said["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{what}: its text is no pack ({error!r}); give canonical(pack)") from error
    if named != (pack_id, version):
        raise LedgerError(f"{what}: its text says {named[0]!r} version {named[1]!r}; give the pack's own")
    return body


def read(model: type[F], body: str, label: str) -> F:
    """Return the value of a stored text; raise LedgerError, with `label`, when it does not fit the model."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise LedgerError(
            f"{label} cannot be read: {first['msg']} at {where!r} ({error.error_count()} in all); "
            "run verify: if it finds no fault, the entry was written by another version of precept"
        ) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
