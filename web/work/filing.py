"""Filing an appeal: against which decision, what the person says, and what makes it an appeal at all.

Not the reading or judging of one (web.work.appeals). It needs the two records alone, so that the command line files by
the same rules. Contract: what a person says is kept as text, without control characters, and is obeyed by nobody.
"""

from datetime import datetime

from pydantic import Field

from agents.dsa import Country
from agents.standing import standing
from cases.model import Fact
from graphs.record import record
from tools.ledger import Ledger
from tools.lookup import Unknown
from web.problem import Problem
from web.store import appeals, journal
from web.store.appeals import Appeal, Item
from web.store.database import Store, now, stamp

LONGEST, MOST_EXTRA = 10_000, 20


class Filing(Fact):
    """An appeal as it comes in. `statement` is what the person says, which may be nothing."""

    decision_id: str
    statement: str = Field(default="", max_length=LONGEST)
    appellant: str | None = Field(default=None, max_length=200)
    extra: tuple[str, ...] = Field(default=(), max_length=MOST_EXTRA)
    country: Country | None = None
    outside_id: str | None = Field(default=None, min_length=1, max_length=200)
    item: Item = Item()
    filed: datetime | None = None


def take_in(store: Store, ledger: Ledger, by: str, filing: Filing) -> Appeal:
    """File an appeal, or return the one that has this outside id already.

    Raise Problem 404 for a decision that is unknown, 409 for one that still waits for a person or that the same
    appellant contests already.
    """
    try:
        found = record(ledger, filing.decision_id)
    except Unknown as error:
        raise Problem(404, str(error), param="decision_id", code="unknown_decision") from None
    held = standing(found.decision, found.case, found.pack, found.edits)
    decision_id = found.decision.id
    if held.outcome == "review":
        raise Problem(409, f"Decision {decision_id!r} waits for a person, so that there is nothing to contest yet.",
                      param="decision_id", code="not_decided")  # fmt: skip
    for text in filing.extra:
        if len(text) > LONGEST:
            raise Problem(422, f"A further text has {len(text)} characters; {LONGEST} at most.", param="extra",
                          code="too_long")  # fmt: skip
    made = Appeal(
        id=appeals.new_id(), decision_id=decision_id, case_id=found.decision.case_id, outside_id=filing.outside_id,
        filed=stamp(min(filing.filed, now()) if filing.filed else now()), by=by, appellant=filing.appellant,
        statement=_clean(filing.statement), extra=tuple(_clean(t) for t in filing.extra if t.strip()),
        item=filing.item, country=filing.country, outcome=held.outcome, rule_id=held.rule_id, severity=held.severity,
        tier=held.tier or "", policy=f"{found.pack.id} {found.pack.version}", state="open", version=1, ruling=None,
        decided=None, decider=None,
    )  # fmt: skip
    with store.writing("file an appeal") as connection:
        if filing.outside_id is not None and (known := appeals.outside(connection, filing.outside_id)):
            if known.decision_id != decision_id:
                raise Problem(409, f"The appeal {filing.outside_id!r} was filed about another decision, "
                              f"{known.decision_id!r}; give the new one its own id.", param="outside_id",
                              code="appeal_id_in_use")  # fmt: skip
            return known
        open_one = next((a for a in appeals.about(connection, decision_id)
                         if a.state in ("open", "deciding") and a.appellant == made.appellant), None)  # fmt: skip
        if open_one is not None:
            raise Problem(409, f"The same person contests decision {decision_id!r} already, in appeal {open_one.id}, "
                          "which is still open.", param="decision_id", code="appeal_open")  # fmt: skip
        appeals.add(connection, made)
        journal.note(store, by, "appeal.file", made.id, {"decision": decision_id}, connection)
    return made


def _clean(text: str) -> str:
    """Return text without control characters; its lines stay."""
    kept = "".join(ch for ch in text.replace("\r\n", "\n") if ch in "\n\t" or ch.isprintable())
    return kept.strip()


__all__ = ["LONGEST", "Filing", "take_in"]
