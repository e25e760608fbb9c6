"""A person's ruling is recorded once, by the rules, and can be taken back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from cases.decision import Decision
from tests.web.acting import DOUBTFUL, KIND, THREAT
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import docket, journal, precedents
from web.work import claims, marks, rulings
from web.work.rulings import Ruling, settle, undo

Person = Callable[..., Actor]
Decided = Callable[..., Decision]
ALLOW = Ruling(outcome="allow", reason="It asks for help.")


def row(office: Office, decision: Decision) -> docket.Entry:
    found = docket.entry(office.store, decision.id)
    assert found is not None
    return found


def test_a_waiting_case_is_answered_on_its_paused_run_and_leaves_the_queue(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(DOUBTFUL), person()
    assert office.desks.live.waiting(decision.id)
    edit = settle(office, ana, decision.id, Ruling(outcome="act", rule_id="SH3", severity=40, reason="Offer support"))
    assert (edit.by, edit.rule_id, edit.severity) == (ana.id, "SH3", 40)
    assert not office.desks.live.waiting(decision.id)
    found = row(office, decision)
    assert (found.state, found.held, found.by, found.severity, found.tier) == ("settled", "act", ana.id, 40, "medium")


def test_a_settled_decision_gets_an_edit_beside_it_and_stays_as_it_was_made(
    office: Office, person: Person, decided: Decided
) -> None:
    decision = decided(THREAT)
    assert decision.outcome == "act"
    settle(office, person(), decision.id, ALLOW)
    assert office.ledger.decision(decision.id) == decision
    assert (row(office, decision).held, row(office, decision).severity, row(office, decision).tier) == (
        "allow",
        0,
        "none",
    )


@pytest.mark.parametrize(
    ("ruling", "code"),
    [
        (Ruling(outcome="allow", reason="  "), "reason_required"),
        (Ruling(outcome="allow", reason="x", rule_id="HR2"), "rule_with_allow"),
        (Ruling(outcome="allow", reason="x", severity=3), "severity_with_allow"),
        (Ruling(outcome="act", reason="x", rule_id="HR99"), "unknown_rule"),
        (Ruling(outcome="act", reason="x", rule_id="HR2", severity=101), "bad_severity"),
        (Ruling(outcome="act", reason="x" * 2001, rule_id="HR2"), "too_long"),
    ],
)
def test_a_ruling_against_the_rules_is_refused_and_nothing_is_recorded(
    office: Office, person: Person, decided: Decided, ruling: Ruling, code: str
) -> None:
    decision = decided(THREAT)
    with pytest.raises(Problem) as raised:
        settle(office, person(), decision.id, ruling)
    assert (raised.value.status, raised.value.code) == (422, code)
    assert office.ledger.edits(decision.id) == () and row(office, decision).version == 1


def test_acting_where_no_rule_leads_needs_one_to_be_named(office: Office, person: Person, decided: Decided) -> None:
    with pytest.raises(Problem, match="name the one that is broken"):
        settle(office, person(), decided(KIND).id, Ruling(outcome="act", reason="x"))


def test_a_version_that_was_changed_since_is_refused_with_who_changed_it(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(THREAT), person(), person()
    version = row(office, decision).version
    settle(office, ana, decision.id, ALLOW, version=version)
    with pytest.raises(Problem, match=f"changed by {ana.shown}") as raised:
        settle(office, ben, decision.id, ALLOW, version=version)
    assert (raised.value.status, raised.value.code) == (409, "stale_version")
    assert claims.holder(office, decision.id) is None


def test_a_case_in_the_hands_of_another_cannot_be_decided_and_says_who_has_it(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(THREAT), person(), person()
    claims.claim(office, ana, decision.id)
    with pytest.raises(Problem, match=ana.shown) as raised:
        settle(office, ben, decision.id, ALLOW)
    assert (raised.value.status, raised.value.code) == (409, "claimed")


def test_of_many_who_race_for_one_case_exactly_one_decides_it(office: Office, person: Person, decided: Decided) -> None:
    decision, people = decided(DOUBTFUL), [person() for _ in range(6)]
    version = row(office, decision).version

    def go(actor: Actor) -> str | None:
        try:
            settle(office, actor, decision.id, ALLOW, version=version)
        except Problem as problem:
            return problem.code
        return None

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(go, people))
    assert told.count(None) == 1 and set(told) <= {None, "claimed", "stale_version"}
    assert len(office.ledger.edits(decision.id)) == 1


def test_an_undo_restores_outcome_rule_severity_and_state_by_a_new_edit(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(DOUBTFUL), person()
    before = row(office, decision)
    settle(office, ana, decision.id, ALLOW)
    edit = undo(office, ana, decision.id)
    after = row(office, decision)
    assert edit.outcome == "review" and len(office.ledger.edits(decision.id)) == 2
    assert [(e.held, e.rule_id, e.severity, e.tier, e.state) for e in (after,)] == [
        (before.held, before.rule_id, before.severity, before.tier, "waiting")
    ]
    assert claims.holder(office, decision.id) is None


def test_an_undo_is_ones_own_once_and_in_time(office: Office, person: Person, decided: Decided) -> None:
    decision, ana, ben = decided(THREAT), person(), person()
    settle(office, ana, decision.id, ALLOW)
    with pytest.raises(Problem, match=f"{ana.shown} decided it last"):
        undo(office, ben, decision.id)
    late = replace(office, clock=lambda: office.clock() + rulings.UNDO + timedelta(seconds=1))
    with pytest.raises(Problem, match="minutes ago"):
        undo(late, ana, decision.id)
    undo(office, ana, decision.id)
    with pytest.raises(Problem, match="undone already"):
        undo(office, ana, decision.id)


def test_an_undo_opens_the_escalation_again_that_the_ruling_had_closed(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(DOUBTFUL), person()
    marks.escalate(office, person(), decision.id, "Too close to call")
    settle(office, ana, decision.id, ALLOW)
    undo(office, ana, decision.id)
    assert row(office, decision).state == "escalated"


def test_an_override_becomes_a_precedent_and_its_undo_withdraws_it(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(THREAT), person()
    edit = settle(office, ana, decision.id, ALLOW)
    (known,) = precedents.all_of(office.store, decision_ids=[decision.id])
    assert (known.edit_id, known.violating, known.standing) == (edit.id, False, "proposed")
    undo(office, ana, decision.id)
    assert precedents.all_of(office.store, decision_ids=[decision.id]) == []


def test_agreeing_with_the_system_makes_no_precedent(office: Office, person: Person, decided: Decided) -> None:
    decision = decided(THREAT)
    settle(office, person(), decision.id, Ruling(outcome="act", rule_id=decision.rule_id, reason="Agrees"))
    assert precedents.all_of(office.store, decision_ids=[decision.id]) == []


def test_every_act_is_in_the_journal(office: Office, person: Person, decided: Decided) -> None:
    decision, ana = decided(THREAT), person()
    settle(office, ana, decision.id, ALLOW)
    undo(office, ana, decision.id)
    acts = [line.act for line in journal.lines(office.store, actor=ana.id, subject=decision.id)]
    assert acts == ["case.undo", "case.decide"]


def test_many_are_decided_alike_each_by_an_edit_of_its_own_and_a_refused_one_stops_none(
    office: Office, person: Person, decided: Decided
) -> None:
    first, second, third = decided(THREAT), decided(KIND), decided(DOUBTFUL)
    claims.claim(office, person(), second.id)
    versions = {d.id: row(office, d).version for d in (first, second, third)}
    ana = person()
    done = rulings.settle_many(office, ana, versions, ALLOW)
    assert [d.edit is not None for d in done] == [True, False, True]
    assert done[1].refused and "has this case" in done[1].refused
    assert len({d.edit.id for d in done if d.edit}) == 2


def test_more_than_a_hundred_at_once_are_refused(office: Office, person: Person) -> None:
    with pytest.raises(Problem, match="1 to 100"):
        rulings.settle_many(office, person(), {f"d-{n}": 1 for n in range(101)}, ALLOW)


def test_somebody_who_may_not_review_cannot_decide(office: Office, person: Person, decided: Decided) -> None:
    with pytest.raises(Problem, match="permission"):
        settle(office, person("author"), decided(THREAT).id, ALLOW)
