"""The person is told what came of it in plain words, by nobody's name, and only once nothing is left open."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from agents.notice import PLACEHOLDER
from cases.case import Case, Part
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.roles import OF_ROLE
from web.store import accounts, appeals, statements
from web.store.accounts import Role
from web.work import notices
from web.work.appeals import file, opened
from web.work.filing import Filing
from web.work.reversal import Verdict, rule_on

THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
OVERTURN = Verdict(verb="overturn", reason="internal words of ours", why="You were quoting what he wrote.")
UPHOLD = Verdict(verb="uphold", reason="internal words of ours")
CHANGE = Verdict(verb="change", rule_id="HR1", severity=60, reason="internal words of ours")
Person = Callable[..., Actor]
Settle = Callable[..., tuple[appeals.Appeal, Actor]]


@pytest.fixture
def person(office: Office) -> Person:
    def make(*roles: Role) -> Actor:
        made = accounts.add(office.store, f"{'-'.join(roles)}-{len(accounts.everybody(office.store))}", roles)
        may = frozenset().union(*(OF_ROLE[r] for r in roles))
        return Actor(id=made.id, shown=made.shown, via="session", may=may)

    return make


@pytest.fixture
def settle(office: Office, person: Person) -> Settle:
    def make(verdict: Verdict, text: str = THREAT, country: str | None = None, said: str = "I quoted him.") -> object:
        part = Part(id="text", kind="text", text=text)
        decision = office.desks.live.decide(Case(id=f"told-{datetime.now(UTC).timestamp()}", parts=(part,)))
        filing = Filing.model_validate({"decision_id": decision.id, "statement": said, "country": country})
        appeal, judge = file(office, person("appeals"), filing), person("appeals")
        return rule_on(office, judge, appeal.id, verdict, version=opened(office, judge, appeal.id).version), judge

    return make  # type: ignore[return-value]


def ready(office: Office, judge: Actor, appeal: appeals.Appeal) -> int:
    """Fill every open line; return the version of the draft."""
    found = notices.shown(office, judge, appeal.id)
    fills = {o.number: "help.example/appeals" for o in found.open}
    return notices.save(office, judge, appeal.id, found.notice.text, fills, version=found.notice.version).version


def test_who_was_right_is_told_so_and_what_we_got_wrong(office: Office, settle: Settle) -> None:
    appeal, judge = settle(OVERTURN)
    text = notices.shown(office, judge, appeal.id).notice.text
    assert text.startswith("You were right to ask.") and "is to be restored" in text
    assert "You were quoting what he wrote." in text and "A person took this decision." in text


def test_who_was_not_right_is_told_why_by_which_rule_and_where_to_turn(office: Office, settle: Settle) -> None:
    appeal, judge = settle(UPHOLD, country="DE")
    text = notices.shown(office, judge, appeal.id).notice.text
    assert "the decision stays: your post was removed" in text and "“I quoted him.”" in text
    assert "HR2" in text and "The rule does not hold for:" in text and "A person who had no part" in text
    assert "Bundesnetzagentur" in text and "Amtsgericht" in text and PLACEHOLDER not in text
    assert "I know which bus you take home" in text


def test_a_changed_rule_takes_the_old_one_back_and_names_the_new(office: Office, settle: Settle) -> None:
    appeal, judge = settle(CHANGE)
    text = notices.shown(office, judge, appeal.id).notice.text
    assert "the wrong one, and we take that back" in text and "HR1" in text and "Threat against a person" in text


def test_whoever_wrote_no_reason_is_not_quoted(office: Office, settle: Settle) -> None:
    appeal, judge = settle(UPHOLD, said="")
    assert "You gave no reasons" in notices.shown(office, judge, appeal.id).notice.text


def test_a_report_about_what_was_left_up_is_answered_to_its_reporter(office: Office, settle: Settle) -> None:
    cake = "Lovely weather for the bake sale, see you all at noon!"
    kept, judge = settle(UPHOLD, text=cake)
    assert "a post that we had left up. We did, and it stays" in notices.shown(office, judge, kept.id).notice.text
    acted, judge = settle(CHANGE, text=cake)
    text = notices.shown(office, judge, acted.id).notice.text
    assert "it breaks this rule: “Targeted insult" in text and "your post" not in text


@pytest.mark.parametrize("verdict", [OVERTURN, UPHOLD, CHANGE], ids=["overturn", "uphold", "change"])
def test_nothing_internal_and_no_name_is_in_a_notice(office: Office, settle: Settle, verdict: Verdict) -> None:
    appeal, judge = settle(verdict)
    text = notices.shown(office, judge, appeal.id).notice.text
    for inside in (judge.shown, judge.id, "internal words of ours", "probab", "threshold", "severity", "ranker", "0."):
        assert inside not in text, inside


def test_an_unfilled_line_keeps_a_notice_from_being_sent_and_is_filled_once_for_all(
    office: Office, settle: Settle
) -> None:
    appeal, judge = settle(UPHOLD, country="PL")
    found = notices.shown(office, judge, appeal.id)
    assert [o.label.split(". ")[-1] for o in found.open] == [
        "Where to find one:",
        "Which court, and where to get advice:",
    ]
    with pytest.raises(Problem) as unfilled:
        notices.send(office, judge, appeal.id, version=0, content_date=date(2026, 1, 2))
    assert (unfilled.value.status, unfilled.value.code) == (422, "unfilled")
    version = ready(office, judge, appeal)
    assert notices.shown(office, judge, appeal.id).ready
    sent = notices.send(office, judge, appeal.id, version=version, content_date=date(2026, 1, 2))
    assert sent.state == "sent" and PLACEHOLDER not in sent.text
    another, judge = settle(UPHOLD, country="PL")
    assert notices.shown(office, judge, another.id).open == ()


def test_what_was_sent_stays_as_it_was_sent(office: Office, settle: Settle) -> None:
    appeal, judge = settle(OVERTURN)
    sent = notices.send(office, judge, appeal.id, version=ready(office, judge, appeal))
    for again in (
        lambda: notices.save(office, judge, appeal.id, "other words", version=sent.version),
        lambda: notices.send(office, judge, appeal.id, version=sent.version),
    ):
        with pytest.raises(Problem) as refused:
            again()
        assert (refused.value.status, refused.value.code) == (409, "already_sent")


def test_names_and_personal_data_that_somebody_writes_in_keep_it_from_being_sent(
    office: Office, settle: Settle
) -> None:
    appeal, judge = settle(OVERTURN)
    version = ready(office, judge, appeal)
    text = notices.shown(office, judge, appeal.id).notice.text
    written = f"{text}\nYours, {judge.shown}\nDana lives at 14 Linden Row, call +49 30 1234567."
    version = notices.save(office, judge, appeal.id, written, version=version).version
    found = notices.shown(office, judge, appeal.id)
    assert not found.ready and len(found.faults) >= 2 and judge.shown in found.faults[0]
    with pytest.raises(Problem) as refused:
        notices.send(office, judge, appeal.id, version=version)
    assert refused.value.code == "not_ready"


def test_a_statement_of_reasons_goes_with_an_act_and_needs_the_day_of_publication(
    office: Office, settle: Settle
) -> None:
    appeal, judge = settle(CHANGE)
    version = ready(office, judge, appeal)
    with pytest.raises(Problem) as refused:
        notices.send(office, judge, appeal.id, version=version)
    assert refused.value.code == "content_date_required"
    sent = notices.send(office, judge, appeal.id, version=version, content_date=date(2026, 1, 2))
    assert sent.statement is not None
    (taken,) = [s for s in statements.statements(office.store) if s.decision_id == appeal.decision_id]
    assert taken.body["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert taken.body["content_date"] == "2026-01-02" and appeal.ruling and appeal.ruling.edit_id in taken.puid


def test_no_statement_is_due_once_nothing_is_restricted(office: Office, settle: Settle) -> None:
    appeal, judge = settle(OVERTURN)
    found = notices.shown(office, judge, appeal.id)
    assert not found.due and found.why_none is not None and "restricts nothing" in found.why_none


def test_a_stale_draft_is_refused(office: Office, settle: Settle) -> None:
    appeal, judge = settle(OVERTURN)
    notices.save(office, judge, appeal.id, "one", version=0)
    with pytest.raises(Problem) as refused:
        notices.save(office, judge, appeal.id, "two", version=0)
    assert (refused.value.status, refused.value.code) == (409, "stale_version")
    with pytest.raises(Problem) as strange:
        notices.save(office, judge, appeal.id, "one", {7: "x"}, version=1)
    assert strange.value.code == "unknown_line"


def test_an_open_appeal_has_nothing_to_tell(office: Office, person: Person) -> None:
    part = Part(id="text", kind="text", text=THREAT)
    decision = office.desks.live.decide(Case(id="untold", parts=(part,)))
    appeal = file(office, person("appeals"), Filing(decision_id=decision.id))
    with pytest.raises(Problem) as early:
        notices.shown(office, person("appeals"), appeal.id)
    assert (early.value.status, early.value.code) == (409, "not_decided")
