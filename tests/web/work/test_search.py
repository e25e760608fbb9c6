"""One line of words and prefixes is read exactly, or refused with the fix; pages go on where the last one ended."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from cases.decision import Decision
from tests.web.acting import DOUBTFUL, KIND, THREAT
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store.docket import DOCKET, Entry
from web.work import claims, marks, search
from web.work.rulings import Ruling, settle
from web.work.search import SORTS, UNKNOWN, Term, parse

Decided = Callable[..., Decision]
Person = Callable[..., Actor]


@pytest.fixture
def shelf(office: Office) -> Iterator[str]:
    """Forty rows of one policy that no other test has; its name finds them alone."""
    name = f"shelf-{uuid.uuid4().hex[:8]}"
    base = {
        "case_digest": "0" * 64, "outcome": "act", "held": "act", "stage": "ranker", "causes": "", "locale": "en",
        "profile": None, "policy": f"{name} 1", "by": None, "edited": None, "version": 1, "vector": None,
    }  # fmt: skip
    rows = [
        base | {
            "decision_id": f"{name}-{n:02}", "seq": -1000 - n - hash(name) % 10**9, "case_id": f"{name}-case-{n:02}",
            "at": f"2026-02-{1 + n % 28:02}T10:00:00", "rule_id": None if n % 4 == 0 else f"HR{n % 4}",
            "severity": n % 7 * 10, "tier": "high" if n % 7 > 4 else "low", "score": n % 3 / 2, "media": n % 2,
            "surface": "ad" if n % 2 else "post", "state": ("waiting", "settled")[n % 2],
            "words": f"line {n} of the bus stop, 50% off_" if n % 5 == 0 else f"line {n} stop the bus",
        }
        for n in range(40)
    ]  # fmt: skip
    with office.store.writing() as connection:
        connection.execute(DOCKET.insert(), rows)
    yield name
    with office.store.writing() as connection:
        connection.execute(DOCKET.delete().where(DOCKET.c.policy == f"{name} 1"))


def found(office: Office, shelf: str, text: str) -> list[Entry]:
    return search.find(office, parse(f"policy:{shelf} {text}"), limit=100)


def test_prefixes_words_phrases_and_denials_are_read() -> None:
    query = parse('rule:HR2 -surface:ad severity:>60 "bus stop" Dana -cake')
    assert query.terms == (
        Term(field="rule", value="HR2"), Term(field="surface", value="ad", no=True),
        Term(field="severity", value="60", sign=">"), Term(field="words", value="bus stop"),
        Term(field="words", value="dana"), Term(field="words", value="cake", no=True),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("severity:high", "severity:high cannot be read; write it as severity:>60"),
        ("sverity:5", "sverity: is no prefix"),
        ("state:open", "state:open is none of waiting, escalated, second, settled"),
        ("rule:>HR2", "cannot be compared by size"),
        ("at:>soon", "write it as at:>2026-01-01"),
        ('"bus', "quotation mark is not closed"),
        ("by:me", "needs somebody who is signed in"),
        ("x" * 501, "501 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_fix(text: str, told: str) -> None:
    with pytest.raises(Problem) as raised:
        parse(text)
    assert raised.value.status == 422 and told in raised.value.message


def test_an_address_in_quotes_is_words_and_not_a_prefix() -> None:
    assert parse('"http://spam.example"').terms == (Term(field="words", value="http://spam.example"),)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 40), ("rule:hr1", 10), ("rule:HR1 rule:HR2", 20), ("rule:HR*", 30), ("-rule:HR*", 10), ("-rule:HR1", 30),
        ("surface:ad", 20), ("state:waiting", 20), ("state:waiting state:settled", 40), ("has:media", 20),
        ("tier:high", 10), ("severity:60", 5), ("severity:>40 severity:<=60", 10), ("score:>=0.5", 26),
        ("at:2026-02-01", 2), ("at:>2026-02-28", 0), ("at:>=2026-02-28", 1), ("at:<2026-02-02", 2), ('"bus stop"', 8),
        ("bus stop", 40), ("bus -bus", 0), ("50%", 8), ("off_", 8), ("5_", 0), ("surface:ad state:waiting", 0),
        ("by:nobody", 40), ("by:me", 0), ("locale:e", 40), ("case:{shelf}-case-03", 1), ("id:{shelf}-1", 10),
    ],
)  # fmt: skip
def test_each_wish_finds_what_it_says(office: Office, shelf: str, text: str, count: int) -> None:
    query = parse(f"policy:{shelf} {text.format(shelf=shelf)}", me="u-nobody")
    assert len(search.find(office, query, limit=100)) == count == search.count(office, query)


@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
def test_pages_of_every_order_hold_every_case_once_in_that_order(office: Office, shelf: str, sort: str) -> None:
    query = parse(f"policy:{shelf}")
    whole = search.find(office, query, sort=sort, limit=100)
    pages: list[Entry] = []
    after = None
    while page := search.find(office, query, sort=sort, after=after, limit=7):
        pages += page
        after = search.cursor(page[-1], sort)
    assert pages == whole and len(whole) == 40


def test_a_case_that_comes_in_between_shifts_no_page(office: Office, shelf: str) -> None:
    query = parse(f"policy:{shelf} severity:>=0")
    first = search.find(office, query, limit=10)
    rest = search.find(office, query, after=search.cursor(first[-1], "-severity"), limit=100)
    with office.store.writing() as connection:
        connection.execute(DOCKET.update().where(DOCKET.c.decision_id == first[0].decision_id).values(severity=100))
    assert search.find(office, query, after=search.cursor(first[-1], "-severity"), limit=100) == rest


@pytest.mark.parametrize(("sort", "after"), [("colour", None), ("-severity", "x"), ("at", "1~soon"), ("score", "~")])
def test_a_made_up_order_or_place_is_refused(office: Office, sort: str, after: str | None) -> None:
    with pytest.raises(Problem) as raised:
        search.find(office, parse(""), sort=sort, after=after)
    assert raised.value.status == 422


def test_counts_go_by_state_whatever_state_is_asked_for(office: Office, shelf: str) -> None:
    assert search.counts(office, parse(f"policy:{shelf} state:settled")) == {
        "waiting": 20, "escalated": 0, "second": 0, "settled": 20,
    }  # fmt: skip


def test_cases_are_found_by_what_holds_and_by_who_decided(office: Office, decided: Decided, person: Person) -> None:
    decision, ana = decided(THREAT), person()
    settle(office, ana, decision.id, Ruling(outcome="allow", reason="A line of a play"))
    for text in ("by:me outcome:allow", f"by:{ana.shown}", f"id:{decision.id} has:edit -rule:{decision.rule_id}"):
        query = parse(text, me=ana.id)
        assert [e.decision_id for e in search.find(office, query)] == [decision.id], text


def test_a_case_that_waits_for_a_blind_opinion_is_not_found_by_its_verdict(
    office: Office, decided: Decided, person: Person
) -> None:
    decision, ana, ben = decided(THREAT), person(), person()
    marks.ask_second(office, ana, decision.id, "Hard")
    for telling in (f"rule:{decision.rule_id}", "severity:>0", f"-tier:{decision.tier}x", "outcome:act"):
        line = f"id:{decision.id} {telling}"
        assert search.find(office, parse(line, me=ben.id)) == [] and search.count(office, parse(line, me=ben.id)) == 0
        assert search.find(office, parse(line, me=ana.id))
        assert search.find(office, parse(line, me="pk-program", person=False))
    assert search.find(office, parse(f"id:{decision.id} state:second", me=ben.id))


@pytest.mark.parametrize("sort", [sign + name for name in UNKNOWN for sign in ("", "-")])
def test_where_a_case_stands_in_a_list_tells_nothing_to_whoever_may_give_a_blind_opinion(
    office: Office, decided: Decided, person: Person, sort: str
) -> None:
    ana, ben = person(), person()
    severe, kind, *others = (decided(t).id for t in (THREAT, KIND, DOUBTFUL, THREAT + " Tonight."))
    for one in (severe, kind):
        marks.ask_second(office, ana, one, "Hard")

    def listed(who: Actor) -> list[str]:
        query = parse(" ".join(f"id:{i}" for i in (severe, kind, *others)), me=who.id)
        out, after = list[str](), None
        while page := search.find(office, query, sort=sort, after=after, limit=1):
            out += [e.decision_id for e in page]
            after = search.cursor(page[-1], sort, hidden=search.hidden(office, query, page[-1]))
        return out

    unknown = [kind, severe] if sort.startswith("-") else [severe, kind]  # as they came in, whatever was found of them
    theirs = listed(ben)
    assert (theirs[2:] if sort.startswith("-") else theirs[:2]) == unknown
    assert sorted(theirs) == sorted(listed(ana))
    assert listed(ana)[-1 if sort.startswith("-") else 0] == kind or sort.endswith("outcome")


def test_the_next_case_to_read_blind_is_not_the_most_severe_one(
    office: Office, decided: Decided, person: Person
) -> None:
    severe, mild, ana, ben = decided(THREAT), decided(KIND), person(), person()
    for one in (severe, mild):
        marks.ask_second(office, ana, one.id, "Hard")
    query = parse(f"state:second id:{severe.id} id:{mild.id}", me=ben.id)
    assert claims.next_case(office, ben, query, take=False) == mild.id  # the one that came in last


def test_words_are_found_however_they_are_written(office: Office, decided: Decided) -> None:
    decision = decided("ＣＡＫＥ for the\nwhole street, and a Straße full of people.")
    for words in ("STRASSE", "cake", '"for the whole street"'):
        assert [e.decision_id for e in search.find(office, parse(f"id:{decision.id} {words}"))] == [decision.id]


def test_doubt_is_found_by_its_cause(office: Office, decided: Decided) -> None:
    decision = decided(DOUBTFUL)
    assert decision.causes and decided(KIND).id != decision.id
    assert search.find(office, parse(f"id:{decision.id} cause:{decision.causes[0]}"))
    assert not search.find(office, parse(f"id:{decision.id} cause:{decision.causes[0][:-1]}"))
