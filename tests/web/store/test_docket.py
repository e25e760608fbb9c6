"""The docket follows the ledger, whoever wrote to it, and can be made anew from it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cases.decision import Decision, Edit
from tests.web.acting import DOUBTFUL, THREAT
from web.office import Office
from web.store import docket
from web.store.database import Store

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
