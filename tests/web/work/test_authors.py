"""An account's strikes come from what holds, are hidden from who judges blind, and no model learns who published."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from cases.case import Case, Part
from cases.decision import Decision
from cases.strikes import NONE
from tests.web.acting import DOUBTFUL, KIND, THREAT
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.settings import WebSettings, read_web_settings
from web.store import authors as kept
from web.store import docket, journal, saved
from web.work import authors, live, marks, reversal, rulings, submissions
from web.work.appeals import file, opened
from web.work.filing import Filing
from web.work.rulings import Ruling
from web.work.view import case_view

Person = Callable[..., Actor]
By = Callable[..., Decision]


@pytest.fixture
def author() -> str:
    return f"u-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def by(office: Office) -> Iterator[By]:
    """Return the decision about something that an author published."""

    def publish(author: str, text: str = THREAT, case_id: str | None = None) -> Decision:
        part = Part(id="text", kind="text", text=text)
        case = Case(id=case_id or f"c-{uuid.uuid4().hex[:10]}", parts=(part,), surface="chat")
        decision = office.desks.live.decide(case)
        kept.credit_all(office.store, {decision.id: author})
        office.catch_up()
        return decision

    yield publish


def made(office: Office, actor: Actor, case: Case, author: str | None) -> Decision:
    (decision,) = [s.decision for s in live.judge(office, actor, case, author) if s.decision is not None]
    return decision


def test_who_published_it_changes_neither_the_decision_nor_the_case(
    office: Office, person: Person, author: str
) -> None:  # fmt: skip
    case = live.typed(THREAT, "chat", "en", None, "")
    found = [made(office, person(), case, who) for who in (None, author, f"{author}-other")]
    stripped = [
        d.model_copy(update={"id": "", "at": found[0].at, "spent": ()}).model_dump_json() for d in found
    ]  # fmt: skip
    assert stripped[0] == stripped[1] == stripped[2]
    assert len({d.id for d in found}) == 3 and {d.case_digest for d in found} == {case.digest}
    assert kept.authors(office.store, [d.id for d in found]) == {
        found[1].id: author, found[2].id: f"{author}-other",
    }  # fmt: skip
    record = office.record(found[1].id)
    assert author not in record.case.canonical + record.decision.model_dump_json()


def test_strikes_follow_what_holds(office: Office, person: Person, author: str, by: By) -> None:
    ana, first, second = person(), by(author), by(author, "Dana, I will be at the stop and break your arm.")
    by(author, KIND)
    waiting = by(author, DOUBTFUL)
    found = authors.of(office, author)
    assert set(found.counted) == {first.id, second.id} and waiting.outcome == "review"
    rulings.settle(office, ana, first.id, Ruling(outcome="allow", reason="A quotation."))
    assert authors.of(office, author).counted == (second.id,)
    rulings.undo(office, ana, first.id)
    assert set(authors.of(office, author).counted) == {first.id, second.id}
    rulings.settle(office, ana, waiting.id, Ruling(outcome="act", rule_id="SH1", severity=30, reason="It is one."))
    assert waiting.id in authors.of(office, author).counted
    marks.escalate(office, ana, second.id, "Not sure")
    assert set(authors.of(office, author).counted) == {first.id, waiting.id}


def test_an_appeal_counts_until_it_is_overturned(office: Office, person: Person, author: str, by: By) -> None:
    decision, ben = by(author), person("appeals")
    appeal = file(office, ben, Filing(decision_id=decision.id, statement="I was quoting."))
    assert authors.of(office, author).total > 0
    view = opened(office, ben, appeal.id)
    overturn = reversal.Verdict(verb="overturn", reason="A quotation of what was written to them.")
    reversal.rule_on(office, ben, appeal.id, overturn, version=view.version)
    found = authors.of(office, author)
    assert (found.total, found.recommended) == (0, NONE)
    shown = case_view(office, office.record(by(author, KIND).id), ben).account
    assert shown is not None and [(o.appeal, o.counts) for o in shown.others] == [("overturned", False)]


def test_what_a_person_acted_on_without_saying_how_severe_it_is_weighs_one(
    office: Office, person: Person, author: str, by: By
) -> None:
    decision = by(author)
    assert decision.rule_id != "HR1"
    rulings.settle(office, person(), decision.id, Ruling(outcome="act", rule_id="HR1", reason="An insult."))
    assert authors.of(office, author).total == 1


def test_nobody_gets_a_strike_under_a_rule_that_offers_support(
    office: Office, person: Person, author: str, by: By
) -> None:
    decision = by(author, DOUBTFUL)
    assert decision.rule_id == "SH3"
    before = case_view(office, office.record(decision.id), person()).account
    assert before is not None and before.then is None
    rulings.settle(office, person(), decision.id, Ruling(outcome="act", rule_id="SH3", severity=40, reason="It is."))
    assert authors.of(office, author).total == 0
    shown = case_view(office, office.record(by(author, KIND).id), person()).account
    assert shown is not None and [(o.spared, o.counts) for o in shown.others] == [(True, False)]


def test_strikes_grow_old(office: Office, author: str, by: By) -> None:
    by(author)
    later = replace(office, clock=lambda: office.clock() + timedelta(days=91))
    assert authors.of(office, author).total > 0 and authors.of(later, author).total == 0


def test_an_operator_says_what_counts_how_much_and_leads_where(office: Office, author: str, by: By) -> None:
    by(author)
    web = read_web_settings({
        "PRECEPT_WEB_STRIKE_DAYS": "7", "PRECEPT_WEB_STRIKE_WEIGHTS": "low=1,medium=1,high=1,critical=1",
        "PRECEPT_WEB_STRIKE_STEPS": "talk to them=1, mute for a week=3",
    })  # fmt: skip
    found = authors.of(replace(office, web=web), author)
    assert found.message == (
        "1 strike in the last 7 days, from 1 case. Recommended: talk to them. 2 more reach mute for a week."
    )
    from graphs.settings import SettingsError

    with pytest.raises(SettingsError, match=r"PRECEPT_WEB_STRIKE_STEPS: .*'warn' is no NAME=NUMBER"):
        read_web_settings({"PRECEPT_WEB_STRIKE_STEPS": "warn"})
    assert WebSettings().scale.days == 90


def test_the_page_of_a_case_shows_the_accounts_other_cases_and_where_acting_would_lead(
    office: Office, person: Person, author: str, by: By
) -> None:
    first, second, again = by(author), by(author, KIND), by(author, f"{THREAT} Soon.")
    newest = by(author, f"{THREAT} Soon.", case_id=again.case_id)
    assert again.id not in authors.of(office, author).counted and newest.id in authors.of(office, author).counted
    marks.escalate(office, person(), newest.id, "Unsure")
    rulings.settle(office, person(), again.id, Ruling(outcome="allow", reason="A quotation."))
    found = case_view(office, office.record(newest.id), person()).account
    assert found is not None and found.author == author
    assert [o.entry.decision_id for o in found.others] == [second.id, first.id] and found.number == 2
    assert [o.counts for o in found.others] == [False, True]
    assert found.tier is not None and found.then is not None and found.then.total > found.strikes.total
    assert case_view(office, office.record(first.id), person()).account.then is None  # type: ignore[union-attr]


def test_a_case_of_nobody_has_no_account(office: Office, person: Person, decided: By) -> None:
    view = case_view(office, office.record(decided(KIND).id), person())
    assert view.account is None and not view.credited


def test_who_judges_blind_sees_no_account_and_elsewhere_nothing_of_that_case(
    office: Office, person: Person, author: str, by: By
) -> None:
    ana, ben, first, second = person(), person(), by(author), by(author, KIND)
    marks.ask_second(office, ana, first.id, "Unsure", Ruling(outcome="act", rule_id="HR2", reason="A threat."))
    blind = case_view(office, office.record(first.id), ben)
    assert blind.blind and blind.credited and blind.account is None and author not in blind.model_dump_json()
    told = [case_view(office, office.record(second.id), who).account for who in (ana, ben)]
    assert [[o.hidden for o in t.others] for t in told if t] == [[False], [True]]
    assert [t.strikes.total for t in told if t] == [0, 0]  # what waits for an opinion counts for nobody


def test_an_author_who_is_forgotten_leaves_cases_of_nobody_and_a_journal_that_names_nobody(
    office: Office, person: Person, author: str, by: By
) -> None:
    decision, ana = by(author), person()
    for to in (f"/search?q=author%3A{author}", f"/queue?q=-author%3A%22{author}%22+rule%3AHR2", "/search?q=rule%3AHR2"):
        saved.keep(office.store, ana.id, to, to, False)
    ref = kept.ref(office.store, author)
    assert authors.forget(office.store, ana.id, author) == 1
    own = [s.to for s in saved.of(office.store, ana.id) if s.own]
    assert own == ["/search?q=rule%3AHR2"]
    assert case_view(office, office.record(decision.id), ana).account is None
    assert docket.entry(office.store, decision.id) is not None
    with pytest.raises(Problem) as raised:
        authors.of(office, author)
    assert (raised.value.status, raised.value.code) == (404, "unknown_author")
    (line,) = journal.lines(office.store, act="author.forget", subject=ref)
    assert line.detail == {"cases": "1"} and line.actor == ana.id
    assert authors.forget(office.store, ana.id, author) == 0


def test_a_case_that_breaks_before_it_is_on_record_credits_nobody(
    office: Office, person: Person, author: str
) -> None:  # fmt: skip
    case = Case(id="broken", parts=(Part(id="text", kind="text", text=KIND),), profile="R9")
    ended = submissions.submit(office, person(), "c-00000000000000aa", case, author)
    assert ended.wait(60)
    assert kept.ref(office.store, author) is None
