"""The page of precedents: everybody who reads cases sees them, who administers rules on them."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from cases.decision import Decision
from tests.web.acting import KIND
from web.identity import Actor
from web.office import Office
from web.store import precedents
from web.work import rulings
from web.work.rulings import Ruling

SignedIn = Callable[..., TestClient]


def test_an_override_is_listed_and_an_admin_puts_it_in_the_seed_bank_and_takes_it_out(
    signed_in: SignedIn, office: Office, person: Callable[..., Actor], decided: Callable[..., Decision]
) -> None:
    decision = decided(KIND + " Ask for the red one.")
    ruling = Ruling(outcome="act", rule_id="IL2", reason="It is a code for pills")
    edit = rulings.settle(office, person(), decision.id, ruling)
    page = signed_in("moderator").get("/precedents").text
    assert decision.id in page and "Approve" not in page
    assert signed_in("moderator").post(f"/precedents/{edit.id}", data={"standing": "approved"}).status_code == 403
    admin = signed_in("admin")
    assert "Approve" in admin.get("/precedents").text
    admin.post(f"/precedents/{edit.id}", data={"standing": "approved"})
    assert f"precedent/{decision.id}" in office.desks.live.deps.bank.ids
    admin.post(f"/precedents/{edit.id}", data={"standing": "refused"})
    assert f"precedent/{decision.id}" not in office.desks.live.deps.bank.ids
    assert [k.standing for k in precedents.all_of(office.store, decision_ids=[decision.id])] == ["refused"]
