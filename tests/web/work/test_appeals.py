"""An appeal is filed, looked at without knowing what a machine now says, and read beside what was decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cases.case import Case, Part
from cases.decision import Edit
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.roles import OF_ROLE
from web.store import accounts, appeals, journal
from web.store.accounts import Role
from web.store.appeals import Wanted
from web.work.appeals import acting_for, counts, file, fresh, inbox, look, next_open, opened, set_blind
from web.work.filing import Filing

THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
SAID = "I was quoting what he wrote to me, to show why I am afraid."
Person = Callable[..., Actor]


@pytest.fixture
def person(office: Office) -> Person:
    def make(*roles: Role) -> Actor:
        made = accounts.add(office.store, f"{'-'.join(roles)}-{len(accounts.everybody(office.store))}", roles)
        may = frozenset().union(*(OF_ROLE[r] for r in roles))
        return Actor(id=made.id, shown=made.shown, via="session", may=may)

    return make


@pytest.fixture
def acted(office: Office) -> str:
    """The id of a decision to act."""
    part = Part(id="text", kind="text", text=THREAT)
    decision = office.desks.live.decide(Case(id=f"post-{datetime.now(UTC).timestamp()}", parts=(part,)))
    assert decision.outcome == "act"
    return decision.id


def edited(office: Office, decision_id: str, by: str) -> None:
    office.ledger.edit(Edit(id=f"e-{by}-{decision_id}", decision_id=decision_id, by=by, outcome="act", rule_id="HR2",
                            severity=70, reason="a plain threat", at=datetime.now(UTC)))  # fmt: skip


def test_an_appeal_keeps_what_was_contested_as_it_held_then(office: Office, person: Person, acted: str) -> None:
    made = file(office, person("appeals"), Filing(decision_id=acted[:12], statement=SAID, appellant="user-7"))
    assert (made.decision_id, made.outcome, made.rule_id, made.state) == (acted, "act", "HR2", "open")
    assert appeals.appeal(office.store, made.id) == made
    assert journal.lines(office.store, subject=made.id)[0].act == "appeal.file"


def test_an_unknown_decision_and_one_that_waits_are_refused(office: Office, person: Person) -> None:
    with pytest.raises(Problem) as unknown:
        file(office, person("appeals"), Filing(decision_id="d-0000000000000000"))
    assert (unknown.value.status, unknown.value.param) == (404, "decision_id")
    text = "What happens to people who talk too much, Dana?"
    waits = office.desks.live.decide(Case(id="waits", parts=(Part(id="text", kind="text", text=text),),
                                          media=({"type": "image", "path": "a.png"},)))  # fmt: skip
    with pytest.raises(Problem) as early:
        file(office, person("appeals"), Filing(decision_id=waits.id))
    assert (early.value.status, early.value.code) == (409, "not_decided")


def test_the_same_person_has_one_open_appeal_and_another_person_their_own(
    office: Office, person: Person, acted: str
) -> None:
    clerk = person("appeals")
    file(office, clerk, Filing(decision_id=acted, appellant="a"))
    with pytest.raises(Problem) as twice:
        file(office, clerk, Filing(decision_id=acted, appellant="a"))
    assert (twice.value.status, twice.value.code) == (409, "appeal_open")
    assert file(office, clerk, Filing(decision_id=acted, appellant="b")).open


def test_an_appeal_that_another_console_sends_twice_is_one_appeal(office: Office, person: Person, acted: str) -> None:
    clerk = person("appeals")
    first, again = (file(office, clerk, Filing(decision_id=acted, outside_id=f"out-{acted}")) for _ in range(2))
    assert first.id == again.id


def test_control_characters_of_a_statement_are_dropped_and_its_lines_stay(
    office: Office, person: Person, acted: str
) -> None:
    made = file(office, person("appeals"), Filing(decision_id=acted, statement="one\r\ntwo\x00\u202e<b>three</b>"))
    assert made.statement == "one\ntwo<b>three</b>"


def test_the_inbox_is_oldest_first_and_each_appeal_stands_beside_its_decision(
    office: Office, person: Person, acted: str
) -> None:
    clerk = person("appeals")
    ids = [file(office, clerk, Filing(decision_id=acted, appellant=n, statement="zebra crossing")).id for n in "abc"]
    wanted = Wanted(text="zebra", decision_id=acted)
    rows = inbox(office, clerk, "open", wanted)
    assert [r.appeal.id for r in rows] == ids
    assert rows[0].rule == "HR2 Threat against a person" and "bus you take" in rows[0].content
    first = rows[0].appeal
    assert [r.appeal.id for r in inbox(office, clerk, "open", wanted, after=(first.filed, first.id))] == ids[1:]
    assert counts(office, clerk, wanted)["open"] == 3 and counts(office, clerk, wanted)["mine"] == 0


def test_a_page_of_an_appeal_has_the_rule_then_and_today_and_says_that_nothing_changed(
    office: Office, person: Person, acted: str
) -> None:
    clerk = person("appeals")
    found = opened(office, clerk, file(office, clerk, Filing(decision_id=acted, statement=SAID)).id)
    assert found.unchanged and {c.kind for c in found.clauses} == {"same"}
    assert found.rule is not None and found.rule.id == "HR2" and found.clauses[0].part == "statement"
    assert found.reason and not found.by_person and found.blind and found.barred is None


def test_a_changed_rule_is_shown_word_by_word(office: Office, person: Person, acted: str) -> None:
    clerk = person("appeals")
    made = file(office, clerk, Filing(decision_id=acted, statement=SAID))
    before = office.pack
    rule = before.by_id["HR2"]
    fresher = rule.model_copy(update={"statement": rule.statement.replace("threat", "credible threat", 1) + " Always."})
    body = before.model_dump() | {
        "version": "2.0-test",
        "rules": tuple(fresher if r.id == "HR2" else r for r in before.rules),
    }
    try:
        office.desks.go_live(type(before).model_validate(body))
        found = opened(office, clerk, made.id)
        clause = next(c for c in found.clauses if c.id == "HR2")
        assert not found.unchanged and clause.kind == "changed"
        assert any(op == "insert" and "Always" in text for op, text in clause.spans)
        assert "".join(t for op, t in clause.spans if op != "insert") == rule.statement
    finally:
        office.desks.go_live(before)


def test_the_fresh_judgement_is_hidden_until_the_person_has_put_down_a_view(
    office: Office, person: Person, acted: str
) -> None:
    one, other = person("appeals"), person("appeals")
    made = file(office, one, Filing(decision_id=acted, statement=SAID))
    with pytest.raises(Problem) as blind:
        fresh(office, one, made.id)
    assert (blind.value.status, blind.value.code) == (403, "blind")
    look(office, one, made.id, "allow", None, "reads as a quotation")
    found = fresh(office, one, made.id)
    assert found.then.decision.stage == "reasoner" and found.then.rule_id == "HR2"
    assert fresh(office, one, made.id) == found
    with pytest.raises(Problem):
        fresh(office, other, made.id)  # a view is one's own
    assert opened(office, other, made.id).blind and not opened(office, one, made.id).blind


def test_a_first_view_stays_as_it_was_first_given(office: Office, person: Person, acted: str) -> None:
    one = person("appeals")
    made = file(office, one, Filing(decision_id=acted))
    assert look(office, one, made.id, "act", None).rule_id == "HR2"
    assert look(office, one, made.id, "allow", None).outcome == "act"
    for outcome, rule_id in (("allow", "HR2"), ("act", "NO9"), ("review", None)):
        with pytest.raises(Problem) as wrong:
            look(office, person("appeals"), made.id, outcome, rule_id)  # type: ignore[arg-type]
        assert wrong.value.status == 422


def test_whoever_decided_the_case_is_barred_and_gets_no_such_appeal_as_the_next(
    office: Office, person: Person, acted: str
) -> None:
    decider, other = person("admin"), person("appeals")
    edited(office, acted, decider.id)
    made = file(office, other, Filing(decision_id=acted))
    why = opened(office, decider, made.id).barred
    assert why is not None and "another person" in why
    assert next_open(office, decider, Wanted(decision_id=acted)) is None
    assert next_open(office, other, Wanted(decision_id=acted)) == made.id
    assert "a plain threat" in opened(office, other, made.id).reason


def test_a_program_acts_for_a_person_that_it_names(person: Person) -> None:
    key = Actor(id="pk-abc", shown="console", via="key", may=frozenset({"appeals.decide"}))
    assert acting_for(key, "kim").id == "pk-abc/kim"
    with pytest.raises(Problem) as nobody:
        acting_for(key, " ")
    assert nobody.value.code == "person_required"


def test_a_filing_date_in_the_future_is_now(office: Office, person: Person, acted: str) -> None:
    ahead = datetime.now(UTC) + timedelta(days=3)
    made = file(office, person("appeals"), Filing(decision_id=acted, filed=ahead))
    assert made.filed <= datetime.now(UTC).isoformat(timespec="microseconds")


def test_an_admin_alone_lets_the_team_see_the_fresh_judgement_at_once(
    office: Office, person: Person, acted: str
) -> None:
    one, admin = person("appeals"), person("admin")
    made = file(office, one, Filing(decision_id=acted))
    with pytest.raises(Problem) as refused:
        set_blind(office, one, False)
    assert refused.value.status == 403 and opened(office, one, made.id).blind
    try:
        set_blind(office, admin, False)
        assert not opened(office, one, made.id).blind and fresh(office, one, made.id).then.voices
    finally:
        set_blind(office, admin, True)
    assert opened(office, one, made.id).blind
