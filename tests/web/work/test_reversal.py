"""A ruling on an appeal is one act in two records, by somebody who had no part in the decision."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest

from agents.standing import standing
from cases.case import Case, Part
from cases.decision import Edit
from tools.ledger import Ledger, LedgerError
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.roles import OF_ROLE
from web.store import accounts, appeals, claims, docket, journal, precedents
from web.store.accounts import Role
from web.work import reversal
from web.work.appeals import file, opened
from web.work.filing import Filing
from web.work.reversal import Verdict, repair, rule_on

ROOT = Path(__file__).parents[3]
THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
OVERTURN = Verdict(verb="overturn", reason="A quotation of what was written to them.")
UPHOLD = Verdict(verb="uphold", reason="A plain threat.")
CHANGE = Verdict(verb="change", rule_id="HR1", severity=40, reason="An insult, no threat.")
Person = Callable[..., Actor]


class NoEdits(Ledger):
    """A ledger whose disk is full when it comes to edits."""

    def edit(self, edit: Edit) -> None:
        raise LedgerError("ledger: cannot record an edit: the disk is full")


@pytest.fixture
def person(office: Office) -> Person:
    def make(*roles: Role) -> Actor:
        made = accounts.add(office.store, f"{'-'.join(roles)}-{len(accounts.everybody(office.store))}", roles)
        may = frozenset().union(*(OF_ROLE[r] for r in roles))
        return Actor(id=made.id, shown=made.shown, via="session", may=may)

    return make


@pytest.fixture
def filed(office: Office, person: Person) -> appeals.Appeal:
    part = Part(id="text", kind="text", text=THREAT)
    decision = office.desks.live.decide(Case(id=f"post-{datetime.now(UTC).timestamp()}", parts=(part,)))
    return file(office, person("appeals"), Filing(decision_id=decision.id, statement="I was quoting."))


def seen(office: Office, actor: Actor, appeal: appeals.Appeal) -> int:
    return opened(office, actor, appeal.id).version


def held(office: Office, appeal: appeals.Appeal) -> tuple[str, str | None, int | None]:
    found = office.record(appeal.decision_id)
    now = standing(found.decision, found.case, found.pack, found.edits)
    return now.outcome, now.rule_id, now.severity


@pytest.mark.parametrize(
    ("verdict", "state", "after"),
    [
        (OVERTURN, "overturned", ("allow", None)),
        (UPHOLD, "upheld", ("act", "HR2")),
        (CHANGE, "changed", ("act", "HR1")),
    ],
    ids=["overturn", "uphold", "change"],
)
def test_a_ruling_settles_the_appeal_and_puts_its_edit_in_the_ledger(
    office: Office, person: Person, filed: appeals.Appeal, verdict: Verdict, state: str, after: tuple[str, str | None]
) -> None:
    judge = person("appeals")
    done = rule_on(office, judge, filed.id, verdict, version=seen(office, judge, filed))
    assert (done.state, done.decider) == (state, judge.id) and done.ruling is not None
    (edit,) = office.ledger.edits(filed.decision_id)
    assert (edit.id, edit.by, edit.outcome) == (done.ruling.edit_id, judge.id, after[0])
    assert verdict.reason in edit.reason
    assert held(office, filed)[:2] == after
    row = docket.entry(office.store, filed.decision_id)
    assert row is not None and (row.held, row.by) == (after[0], judge.id)
    with office.store.reading() as connection:
        assert claims.held(connection, filed.decision_id, office.clock()) is None


def test_what_was_upheld_keeps_its_severity_and_what_was_changed_has_the_one_that_was_stated(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    before = held(office, filed)
    first, second = person("appeals"), person("appeals")
    rule_on(office, first, filed.id, UPHOLD, version=seen(office, first, filed))
    assert held(office, filed) == before
    again = file(office, first, Filing(decision_id=filed.decision_id))
    rule_on(office, second, again.id, CHANGE, version=seen(office, second, again))
    assert held(office, filed) == ("act", "HR1", 40)


def test_an_outcome_becomes_a_precedent_and_every_step_is_in_the_journal(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    judge = person("appeals")
    rule_on(office, judge, filed.id, OVERTURN, version=seen(office, judge, filed))
    (known,) = precedents.all_of(office.store, decision_ids=[filed.decision_id])
    assert (known.rule_id, known.violating, known.standing) == ("HR2", False, "proposed")
    assert appeals.precedents(office.store, [filed.decision_id])[filed.decision_id].state == "overturned"
    acts = [line.act for line in journal.lines(office.store, subject=filed.id)]
    assert acts == ["appeal.decide", "appeal.read", "appeal.file"]


def test_whoever_decided_or_edited_the_case_may_not_rule_on_it(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    decider = person("admin")
    office.ledger.edit(Edit(id=f"e-{filed.id}", decision_id=filed.decision_id, by=decider.id, outcome="act", rule_id="HR2",
                            severity=70, reason="agreed", at=datetime.now(UTC)))  # fmt: skip
    with pytest.raises(Problem) as refused:
        rule_on(office, decider, filed.id, UPHOLD, version=seen(office, decider, filed))
    assert (refused.value.status, refused.value.code) == (403, "same_person")
    assert "another person" in refused.value.message
    assert len(office.ledger.edits(filed.decision_id)) == 1


def test_a_moderator_without_the_role_may_not_rule(office: Office, person: Person, filed: appeals.Appeal) -> None:
    with pytest.raises(Problem) as refused:
        rule_on(office, person("moderator"), filed.id, UPHOLD, version=1)
    assert (refused.value.status, refused.value.code) == (403, "not_permitted")


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        (Verdict(verb="change", reason="x"), "rule_id", "rule_required"),
        (Verdict(verb="change", rule_id="HR1", reason="x"), "severity", "severity_required"),
        (Verdict(verb="change", rule_id="HR2", severity=50, reason="x"), "rule_id", "same_rule"),
        (Verdict(verb="change", rule_id="ZZ9", severity=50, reason="x"), "rule_id", "unknown_rule"),
        (Verdict(verb="change", rule_id="HR1", severity=101, reason="x"), "severity", "bad_severity"),
        (Verdict(verb="overturn", rule_id="HR1", reason="x"), "rule_id", "rule_without_change"),
        (Verdict(verb="uphold", reason="  "), "reason", "reason_required"),
        (Verdict(verb="uphold", reason="x", why="Write to ann@mail.example"), "why", "personal_data"),
    ],
)  # fmt: skip
def test_a_ruling_that_makes_no_sense_is_refused_whole(
    office: Office, person: Person, filed: appeals.Appeal, wrong: Verdict, param: str, code: str
) -> None:
    judge = person("appeals")
    with pytest.raises(Problem) as refused:
        rule_on(office, judge, filed.id, wrong, version=seen(office, judge, filed))
    assert (refused.value.status, refused.value.param, refused.value.code) == (422, param, code)
    assert office.ledger.edits(filed.decision_id) == ()
    assert appeals.appeal(office.store, filed.id) == filed


def test_no_name_of_ours_goes_to_the_person(office: Office, person: Person, filed: appeals.Appeal) -> None:
    judge = person("appeals")
    named = Verdict(verb="uphold", reason="x", why=f"{judge.shown.upper()} has read it.")
    with pytest.raises(Problem) as refused:
        rule_on(office, judge, filed.id, named, version=seen(office, judge, filed))
    assert refused.value.code == "names_somebody"


def test_a_stale_version_is_refused_also_where_it_is_the_decision_that_changed(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    judge = person("appeals")
    before = seen(office, judge, filed)
    office.ledger.edit(Edit(id=f"e-x-{filed.id}", decision_id=filed.decision_id, by="somebody", outcome="allow", rule_id=None,
                            reason="between friends", at=datetime.now(UTC)))  # fmt: skip
    with pytest.raises(Problem) as refused:
        rule_on(office, judge, filed.id, UPHOLD, version=before)
    assert (refused.value.status, refused.value.code) == (409, "stale_version")


def test_of_two_who_rule_at_once_one_is_told_that_the_other_did(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    judges = [person("appeals") for _ in range(4)]
    version = seen(office, judges[0], filed)
    start, said = Barrier(len(judges)), []

    def go(judge: Actor) -> None:
        start.wait()
        try:
            said.append(rule_on(office, judge, filed.id, OVERTURN, version=version).state)
        except Problem as problem:
            said.append(problem.status)

    threads = [Thread(target=go, args=(judge,)) for judge in judges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, said)) == ["409", "409", "409", "overturned"]
    assert len(office.ledger.edits(filed.decision_id)) == 1


def test_a_moderator_who_has_the_case_in_hand_is_not_overruled_meanwhile(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    from web.work.claims import claim

    judge, moderator = person("appeals"), person("moderator")
    claim(office, moderator, filed.decision_id)
    with pytest.raises(Problem) as refused:
        rule_on(office, judge, filed.id, UPHOLD, version=seen(office, judge, filed))
    assert refused.value.status == 409 and appeals.appeal(office.store, filed.id) == filed


def test_where_the_ledger_fails_nothing_is_half_done(office: Office, person: Person, filed: appeals.Appeal) -> None:
    judge = person("appeals")
    with NoEdits.open(office.settings.ledger_url) as broken:
        with pytest.raises(LedgerError, match="disk is full"):
            rule_on(replace(office, ledger=broken), judge, filed.id, OVERTURN, version=seen(office, judge, filed))
    now = appeals.appeal(office.store, filed.id)
    assert now is not None and now.open and now.ruling is None
    assert held(office, filed)[0] == "act"
    assert rule_on(office, judge, filed.id, OVERTURN, version=seen(office, judge, filed)).state == "overturned"


KILLED = """
import os, sys
from contextlib import nullcontext
from graphs.desks import open_desks
from graphs.settings import Settings
from tools.ledger import Ledger
from web.identity import Actor
from web.office import Office
from web.store.database import Store
from web.work import reversal
from web.work.reversal import Verdict, rule_on
home, place, appeal_id, by, version, when = sys.argv[1:]
settings = Settings(home=home, ledger=place)
class Dies(Ledger):
    def edit(self, edit):
        if when == "after":
            super().edit(edit)
        os._exit(9)
with (
    Dies.open(settings.ledger_url) as ledger, Store.beside(settings) as store, open_desks(settings, ledger) as desks,
):
    office = Office(settings, desks, ledger, store)
    actor = Actor(id=by, shown="x", via="session", may=frozenset({"appeals.decide"}))
    rule_on(office, actor, appeal_id, Verdict(verb="overturn", reason="a quotation"), version=int(version))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_dies_between_the_two_records_is_made_whole_at_the_next_start(
    office: Office, person: Person, filed: appeals.Appeal, when: str
) -> None:
    judge = person("appeals")
    version = str(seen(office, judge, filed))
    home, place = str(office.settings.home), office.settings.ledger_url
    command = [sys.executable, "-c", KILLED, home, place, filed.id, judge.id, version, when]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 9, done.stderr
    half = appeals.appeal(office.store, filed.id)
    assert half is not None and half.state == "deciding"
    assert len(office.ledger.edits(filed.decision_id)) == (1 if when == "after" else 0)
    assert repair(office) == 1 and repair(office) == 0
    whole = appeals.appeal(office.store, filed.id)
    assert whole is not None and (whole.state, whole.decider) == ("overturned", judge.id)
    assert held(office, filed)[:2] == ("allow", None) and len(office.ledger.edits(filed.decision_id)) == 1
    assert [k.violating for k in precedents.all_of(office.store, decision_ids=[filed.decision_id])] == [False]
    assert [line.act for line in journal.lines(office.store, subject=filed.id)].count("appeal.decide") == 1


def test_two_who_repair_at_once_append_one_edit(office: Office, person: Person, filed: appeals.Appeal) -> None:
    judge = person("appeals")
    found = office.record(filed.decision_id)
    now = standing(found.decision, found.case, found.pack, found.edits)
    ruling = reversal._ruling(office, judge, OVERTURN, found, now)
    reversal._begin(office, judge, filed, found, ruling, seen(office, judge, filed))
    start = Barrier(3)

    def go() -> None:
        start.wait()
        repair(office)

    threads = [Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(office.ledger.edits(filed.decision_id)) == 1
    assert [line.act for line in journal.lines(office.store, subject=filed.id)].count("appeal.decide") == 1


def test_an_allow_cannot_be_lifted_but_can_be_changed_to_a_rule(office: Office, person: Person) -> None:
    part = Part(id="text", kind="text", text="Lovely weather for the bake sale, see you all at noon!")
    decision = office.desks.live.decide(Case(id="cake", parts=(part,)))
    clerk, judge = person("appeals"), person("appeals")
    appeal = file(office, clerk, Filing(decision_id=decision.id, statement="This mocks me."))
    with pytest.raises(Problem) as nothing:
        rule_on(office, judge, appeal.id, OVERTURN, version=seen(office, judge, appeal))
    assert nothing.value.code == "nothing_to_overturn"
    assert rule_on(office, judge, appeal.id, CHANGE, version=seen(office, judge, appeal)).state == "changed"
    assert held(office, appeal) == ("act", "HR1", 40)


def test_what_was_decided_on_appeal_is_neither_undone_nor_changed_by_a_moderator(
    office: Office, person: Person, filed: appeals.Appeal
) -> None:
    from web.work import rulings

    judge, moderator = person("appeals"), person("moderator")
    rule_on(office, judge, filed.id, OVERTURN, version=seen(office, judge, filed))
    with pytest.raises(Problem) as undone:
        rulings.undo(office, judge, filed.decision_id)
    assert (undone.value.status, undone.value.code) == (409, "decided_on_appeal")
    again = rulings.Ruling(outcome="act", rule_id="HR2", severity=70, reason="I still think so.")
    with pytest.raises(Problem) as changed:
        rulings.settle(office, moderator, filed.decision_id, again)
    assert (changed.value.status, changed.value.code) == (403, "decided_on_appeal")
    assert held(office, filed)[0] == "allow"
