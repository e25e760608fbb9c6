"""Escalating, skipping, and second opinions that are blind in both directions."""

from collections.abc import Callable

import pytest

from cases.decision import Decision
from tests.web.acting import DOUBTFUL, THREAT
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import docket, journal
from web.work import claims, marks, rulings
from web.work.rulings import Ruling
from web.work.view import case_view

Person = Callable[..., Actor]
Decided = Callable[..., Decision]
ACT = Ruling(outcome="act", rule_id="SH3", severity=40, reason="Offer support")
ALLOW = Ruling(outcome="allow", reason="It asks for help.")


def state(office: Office, decision: Decision) -> str:
    found = docket.entry(office.store, decision.id)
    assert found is not None
    return found.state


def test_an_escalation_needs_a_reason_and_gives_the_case_back(office: Office, person: Person, decided: Decided) -> None:
    decision, ana = decided(), person()
    claims.claim(office, ana, decision.id)
    with pytest.raises(Problem, match="reason is blank"):
        marks.escalate(office, ana, decision.id, " ")
    marks.escalate(office, ana, decision.id, "A child may be in danger")
    assert state(office, decision) == "escalated" and claims.holder(office, decision.id) is None


def test_a_skip_is_logged_with_its_reason_and_leaves_the_case_where_it_was(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(), person()
    claims.claim(office, ana, decision.id)
    marks.skip(office, ana, decision.id, "Too close to home")
    assert state(office, decision) == "waiting" and claims.holder(office, decision.id) is None
    assert marks.skipped(office, 1)[0].reason == "Too close to home"
    assert journal.lines(office.store, actor=ana.id, act="case.skip")


def test_what_agrees_holds_and_the_agreement_is_on_record(office: Office, person: Person, decided: Decided) -> None:
    decision, ana, ben = decided(), person(), person()
    before = marks.agreement(office)
    marks.ask_second(office, ana, decision.id, "Hard", ACT)
    assert state(office, decision) == "second" and office.ledger.edits(decision.id) == ()
    said = marks.opine(office, ben, decision.id, ACT)
    assert (said.agreed, said.first, said.first_by) == ("yes", "act under SH3", ana.shown)
    assert said.edit is not None and state(office, decision) == "settled"
    after = marks.agreement(office)
    assert (after.read, after.same) == (before.read + 1, before.same + 1)


def test_where_two_readers_differ_nothing_is_decided_and_the_case_is_escalated(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(), person()
    marks.ask_second(office, ana, decision.id, "Hard", ACT)
    said = marks.opine(office, person(), decision.id, ALLOW)
    assert (said.agreed, said.edit) == ("no", None)
    assert office.ledger.edits(decision.id) == () and state(office, decision) == "escalated"


def test_the_one_who_asks_cannot_answer_and_nobody_can_decide_past_the_wish(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(), person(), person()
    marks.ask_second(office, ana, decision.id, "Hard", ACT)
    with pytest.raises(Problem, match="somebody else"):
        marks.opine(office, ana, decision.id, ACT)
    with pytest.raises(Problem, match="second opinion is asked for"):
        rulings.settle(office, ben, decision.id, ACT)


def test_whoever_may_answer_sees_neither_the_systems_verdict_nor_the_first_readers(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(THREAT), person(), person()
    marks.ask_second(office, ana, decision.id, "Is it a joke?", ALLOW)
    record = office.record(decision.id)
    seen = case_view(office, record, ben)
    told = seen.model_dump_json()
    assert seen.blind and decision.rationale not in told and "Is it a joke?" not in told and ana.shown not in told
    assert (seen.held, seen.findings, seen.grades, seen.chain, seen.history, seen.precedents) == (
        None,
        (),
        (),
        (),
        (),
        (),
    )
    assert all(not span.findings for part in seen.parts for span in part.spans)
    assert all(choice.probability is None for choice in seen.choices)
    assert [c.rule_id for c in seen.choices] == sorted(
        (c.rule_id for c in seen.choices), key=[r.id for r in record.pack.rules].index
    )
    assert not case_view(office, record, ana).blind
    marks.opine(office, ben, decision.id, ALLOW)
    assert not case_view(office, office.record(decision.id), ben).blind


def test_without_a_first_verdict_the_second_holds_and_is_compared_with_what_held(
    office: Office, person: Person, decided: Decided
) -> None:
    decision = decided(THREAT)
    marks.ask_second(office, person(), decision.id, "Please look")
    said = marks.opine(office, person(), decision.id, ALLOW)
    assert (said.agreed, said.first_by) == ("no", "the system")
    assert said.edit is not None and state(office, decision) == "settled"


def test_ones_own_mark_is_taken_back_and_the_case_is_as_before(
    office: Office, person: Person, decided: Decided
) -> None:
    waiting, settled, ana = decided(DOUBTFUL), decided(THREAT), person()
    marks.escalate(office, ana, waiting.id, "Why not")
    marks.ask_second(office, ana, settled.id, "Why not")
    with pytest.raises(Problem, match="nothing of yours"):
        marks.take_back(office, person(), waiting.id)
    marks.take_back(office, ana, waiting.id)
    marks.take_back(office, ana, settled.id)
    assert (state(office, waiting), state(office, settled)) == ("waiting", "settled")
    assert not marks.blind(office, person(), settled.id)


def test_undoing_a_second_opinion_asks_for_it_again(office: Office, person: Person, decided: Decided) -> None:
    decision, ben = decided(), person()
    marks.ask_second(office, person(), decision.id, "Hard", ACT)
    marks.opine(office, ben, decision.id, ACT)
    rulings.undo(office, ben, decision.id)
    assert state(office, decision) == "second" and marks.blind(office, ben, decision.id)
