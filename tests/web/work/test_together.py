from concurrent.futures import ThreadPoolExecutor

import pytest

from cases.case import Case
from cases.intake import case_from_text
from graphs.desk import Desk
from web.office import Office
from web.problem import Problem
from web.store import journal
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
