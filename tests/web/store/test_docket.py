"""The docket follows the ledger, whoever wrote to it, and can be made anew from it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from cases.decision import Decision, Edit
from tests.web.acting import DOUBTFUL, THREAT
from web.office import Office
from web.store import docket
from web.store.database import Store
from web.store.docket import DOCKET
from web.store.forms import UNREAD

Decided = Callable[..., Decision]


def edited(office: Office, decision: Decision, number: int, **values: object) -> None:
    body = {
        "id": f"e-{decision.id}-{number}", "decision_id": decision.id, "by": "somebody", "reason": "From elsewhere",
        "rule_id": None, "at": datetime.now(UTC), **values,
    }  # fmt: skip
    office.ledger.edit(Edit.model_validate(body))
    office.catch_up()


def row(office: Office, decision: Decision) -> docket.Entry:
    found = docket.entry(office.store, decision.id)
    assert found is not None
    return found


def rows(store: Store, ids: list[str]) -> dict[str, dict[str, object]]:
    with store.reading() as connection:
        found = connection.execute(sa.select(DOCKET).where(DOCKET.c.decision_id.in_(ids))).mappings()
        return {r["decision_id"]: dict(r) for r in found}


def test_an_edit_from_elsewhere_changes_outcome_severity_tier_state_and_version(
    office: Office, decided: Decided
) -> None:
    decision = decided(DOUBTFUL)
    edited(office, decision, 1, outcome="act", rule_id="SH3", severity=76)
    found = row(office, decision)
    assert (found.held, found.severity, found.tier, found.state, found.version) == ("act", 76, "critical", "settled", 2)
    edited(office, decision, 2, outcome="allow")
    assert (row(office, decision).severity, row(office, decision).tier) == (0, "none")
    assert (row(office, decision).outcome, row(office, decision).by) == ("review", "somebody")


def test_an_edit_that_states_no_severity_leaves_the_one_that_held(office: Office, decided: Decided) -> None:
    decision = decided(THREAT)
    edited(office, decision, 1, outcome="act", rule_id="VI1")
    assert (row(office, decision).severity, row(office, decision).tier) == (decision.severity, decision.tier)


def test_a_docket_that_was_lost_is_made_anew_from_the_ledger(office: Office, decided: Decided, tmp_path: Path) -> None:
    decision = decided(THREAT)
    edited(office, decision, 1, outcome="allow")
    with Store.open(tmp_path / "work.db") as fresh:
        assert docket.catch_up(fresh, office.ledger) > 0
        assert docket.entry(fresh, decision.id) == row(office, decision)
        assert docket.catch_up(fresh, office.ledger) == 0


def test_a_docket_of_the_first_form_is_completed_from_the_record(
    office: Office, decided: Decided, tmp_path: Path
) -> None:
    acted, allowed, plain = decided(THREAT), decided(THREAT + " Now."), decided(THREAT + " Later.")
    edited(office, acted, 1, outcome="act", rule_id="VI1", severity=20)
    edited(office, allowed, 1, outcome="allow")
    ids = [d.id for d in (acted, allowed, plain)]
    with Store.open(tmp_path / "work.db") as fresh:
        docket.catch_up(fresh, office.ledger)
        whole = rows(fresh, ids)
        with fresh.writing() as connection:
            old = {"first_rule": UNREAD, "words": "Straße  unfolded", "tier": "none", "severity": 99}
            here = DOCKET.update().where(DOCKET.c.decision_id.in_(ids))
            connection.execute(here.values(old | {"state": "escalated", "version": 7}))
        assert docket.complete(fresh, office.ledger, page=2) == 3
        kept = {"state": "escalated", "version": 7}
        assert rows(fresh, ids) == {one: row | kept for one, row in whole.items()}
        assert docket.complete(fresh, office.ledger) == 0
