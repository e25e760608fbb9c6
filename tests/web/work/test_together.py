from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from cases.case import Case
from cases.intake import case_from_text
from graphs.desk import Desk
from tests.web.acting import DOUBTFUL
from tools.database import LedgerError
from web.office import Office
from web.problem import Problem
from web.store import journal
from web.store.database import StoreError
from web.work.deadline import Deadline
from web.work.intake import judge
from web.work.together import CHUNK, Slot, Together

THREAT = "I will find you and hurt you, wait for me at the bus stop."
LATER = Deadline.after(3600)


def many(name: str, count: int) -> list[Case]:
    return [
        case_from_text(f"{THREAT} {n}" if n % 2 else f"See you at {n}, bring cake.", f"{name}-{n}")
        for n in range(count)
    ]


@contextmanager
def refusing(engine: sa.Engine, table: str, when: str) -> Iterator[None]:
    """Have a database refuse some rows, as a full disk would in the middle of a pass."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the trigger is written in SQLite's words")
    with engine.begin() as connection:
        told = "SELECT RAISE(ABORT, 'database or disk is full')"
        connection.exec_driver_sql(f"CREATE TRIGGER full BEFORE INSERT ON {table} WHEN {when} BEGIN {told}; END")
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER full")


def recorded(office: Office, *names: str) -> Counter[str]:
    """Return how often a case of each name was decided."""
    return Counter(d.case_id for name in names for d in office.ledger.decisions(case_id=name))


def test_requests_at_the_same_moment_get_their_own_decisions_in_their_order(office: Office) -> None:
    line = Together(Desk(office.desks.live.deps))

    def ask(number: int) -> list[tuple[str, str]]:
        slot = Slot("pk-x", f"modr-{number}", many(f"t{number}", 1 + number % 3))
        return [(d.case_id, d.outcome) for d in line.judge(office, slot, LATER, "")]

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(ask, range(24)))
    for number, told in enumerate(found):
        assert told == [(f"t{number}-{n}", "act" if n % 2 else "allow") for n in range(1 + number % 3)]
        assert [x.detail for x in journal.lines(office.store, subject=f"modr-{number}")] == [{"count": str(len(told))}]


def test_what_breaks_one_request_breaks_no_other(office: Office) -> None:
    line = Together(Desk(office.desks.live.deps))
    bad = Slot("pk-x", "bad", [many("bad", 1)[0].model_copy(update={"profile": "nobody"})])
    good = Slot("pk-x", "good", many("good", 2))
    line._serve(office, [bad, good])
    assert isinstance(bad.error, KeyError) and bad.made is None
    assert good.made is not None and [d.case_id for d in good.made] == ["good-0", "good-1"]


def test_more_than_a_chunk_is_decided_in_order(office: Office) -> None:
    cases = many("long", CHUNK + 5)
    assert [d.case_id for d in judge(office, "pk-x", "long", cases, LATER)] == [c.id for c in cases]


def test_a_deadline_that_is_over_decides_nothing_more(office: Office) -> None:
    before = office.ledger.head().count
    with pytest.raises(Problem) as raised:
        judge(office, "pk-x", "late", many("late", 2), Deadline.after(0))
    assert raised.value.status == 504 and office.ledger.head().count == before


def test_a_pass_that_broke_half_way_records_no_case_twice_when_it_is_tried_again(office: Office) -> None:
    line = Together(Desk(office.desks.live.deps))
    bad = Slot("pk-x", "broke", [case_from_text(DOUBTFUL + " Half way.", "broke-0")])
    good = [Slot("pk-x", f"held-{n}", many(f"held{n}", 2)) for n in range(2)]
    with refusing(office.ledger.engine, "entries", "NEW.body LIKE '%\"broke-0\"%'"):
        line._serve(office, [good[0], bad, good[1]])
    assert isinstance(bad.error, LedgerError) and bad.made is None
    names = ["held0-0", "held0-1", "held1-0", "held1-1"]
    assert recorded(office, *names, "broke-0") == Counter(names)
    for slot in good:
        assert slot.made is not None and [d.case_id for d in slot.made] == [c.id for c in slot.cases]
        assert [office.ledger.decision(d.id) for d in slot.made] == slot.made


def test_what_cannot_be_noted_is_not_decided_and_once_it_can_be_it_is_decided_once(office: Office) -> None:
    cases = many("unnoted", 3)
    with (
        refusing(office.store.engine, "journal", "NEW.subject = 'unnoted'"), pytest.raises(StoreError, match="full"),
    ):  # fmt: skip
        judge(office, "pk-x", "unnoted", cases, LATER)
    assert not recorded(office, *(c.id for c in cases))
    judge(office, "pk-x", "unnoted", cases, LATER)
    assert recorded(office, *(c.id for c in cases)) == Counter(c.id for c in cases)


def test_a_request_with_a_key_that_is_sent_again_decides_only_what_was_left(office: Office) -> None:
    cases = [*many("keyed", 2), case_from_text(DOUBTFUL + " With a key.", "keyed-2"), *many("keyed-more", 2)]
    with refusing(office.ledger.engine, "entries", "NEW.body LIKE '%\"keyed-2\"%'"), pytest.raises(LedgerError):
        judge(office, "pk-x", "keyed", cases, LATER, "k1")
    before = recorded(office, *(c.id for c in cases))
    assert before and "keyed-2" not in before
    first = judge(office, "pk-x", "keyed", cases, LATER, "k1")
    assert [d.case_id for d in first] == [c.id for c in cases]
    assert judge(office, "pk-x", "keyed", cases, LATER, "k1") == first
    assert recorded(office, *(c.id for c in cases)) == Counter(c.id for c in cases)
    assert judge(office, "pk-x", "keyed", cases[:1], LATER, "k2")[0].id != first[0].id
