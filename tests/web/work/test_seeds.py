"""What people ruled otherwise joins the seed bank once an admin says so, at once and after a restart."""

from collections.abc import Callable

import numpy as np
import pytest

from cases.decision import Decision
from cases.text import fold
from graphs.desks import open_desks
from tests.web.acting import KIND, THREAT
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import precedents
from web.work import rulings, seeds
from web.work.rulings import Ruling

Person = Callable[..., Actor]
Decided = Callable[..., Decision]


def overridden(office: Office, decision: Decision, actor: Actor, ruling: Ruling) -> str:
    return rulings.settle(office, actor, decision.id, ruling).id


def test_an_approved_violation_is_the_nearest_seed_of_its_own_text(
    office: Office, person: Person, decided: Decided
) -> None:
    text = KIND + " It has a file in it for the man in cell nine."
    decision, ana, admin = decided(text), person(), person("admin")
    assert decision.outcome == "allow"
    edit_id = overridden(office, decision, ana, Ruling(outcome="act", rule_id="IL1", reason="It is a code"))
    before = office.desks.live.deps.bank
    seeds.rule_on(office, admin, edit_id, "approved")
    bank = office.desks.live.deps.bank
    assert bank.ids == (*before.ids, f"precedent/{decision.id}")
    nearest = bank.vectors @ office.desks.live.deps.encode([fold(text)])[0]
    assert int(nearest.argmax()) == len(bank.ids) - 1
    with open_desks(office.settings, office.ledger) as desks:  # as after a restart
        assert desks.live.deps.bank.ids == before.ids
        desks.learn(precedents.seeds(office.store))
        np.testing.assert_allclose(desks.live.deps.bank.vectors, bank.vectors, atol=1e-6)
    seeds.rule_on(office, admin, edit_id, "refused")
    assert office.desks.live.deps.bank.ids == before.ids


def test_what_was_allowed_is_a_precedent_and_never_a_seed(office: Office, person: Person, decided: Decided) -> None:
    decision = decided(THREAT + " Said the villain.")
    edit_id = overridden(office, decision, person(), Ruling(outcome="allow", reason="A line of a play"))
    seeds.rule_on(office, person("admin"), edit_id, "approved")
    assert f"precedent/{decision.id}" not in office.desks.live.deps.bank.ids


def test_only_who_administers_approves(office: Office, person: Person, decided: Decided) -> None:
    edit_id = overridden(office, decided(THREAT), person(), Ruling(outcome="allow", reason="A line of a play"))
    with pytest.raises(Problem, match="administer"):
        seeds.rule_on(office, person(), edit_id, "approved")
    with pytest.raises(Problem, match="No precedent"):
        seeds.rule_on(office, person("admin"), "e-none", "approved")


def test_a_desk_that_is_in_use_goes_on_with_the_bank_that_it_had(office: Office, decided: Decided) -> None:
    before = office.desks.live
    office.desks.learn([("precedent/x", "a seed")])
    try:
        assert office.desks.live is not before and "precedent/x" not in before.deps.bank.ids
        assert "precedent/x" in office.desks.live.deps.bank.ids
        assert decided("The same text, once more.").outcome == "allow"
    finally:
        office.desks.learn(precedents.seeds(office.store))
