"""What a stage costs is its own case's, whatever other cases are in work."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event

import pytest

from agents.asker import Asked, Likely
from cases.case import Case
from cases.decision import Decision
from cases.exchange import Allowance, Usage
from graphs.deps import Models
from graphs.desk import Desk
from policy_store.rule import Rule
from tests.graphs.conftest import make_case

WAITS = "Keep talking, Dana. I know which bus number {} you take home and I will be at the stop."
SECONDS = 30


def ranking(meanwhile: Callable[[Case], None]) -> Models:
    """Return models whose ranker lets something happen before it finds the threat."""

    def rank(case: Case, rules: Sequence[Rule], profile: str, allowance: Allowance, shares: Sequence[float]) -> Asked:
        meanwhile(case)
        found = tuple(Likely(r.id, 0.99 if r.id == "HR2" else 0.01) for r in rules)
        return Asked(probabilities=found, any=0.99, usage=Usage(calls=1))

    return Models(rank=rank, in_flight=2)


def encoded(decision: Decision) -> dict[str, int]:
    return {line.stage: line.encoded for line in decision.spent}


@pytest.fixture
def one_by_one(desk: Desk) -> Callable[[int], dict[str, int]]:
    """Return what the stages of a case cost that is alone."""
    alone = Desk(replace(desk.deps, models=ranking(lambda case: None)))
    return lambda n: encoded(alone.decide(make_case(WAITS.format(n))))


def test_what_another_case_has_encoded_meanwhile_is_not_counted(
    desk: Desk, one_by_one: Callable[[int], dict[str, int]]
) -> None:
    asked, go_on = Event(), Event()

    def wait(case: Case) -> None:
        asked.set()
        assert go_on.wait(SECONDS)

    expected = one_by_one(11)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Desk(replace(desk.deps, models=ranking(wait))).decide, make_case(WAITS.format(12)))
        assert asked.wait(SECONDS)
        before = desk.deps.encoded()
        desk.deps.encode([f"Text {n} that no other test encodes, on quince." for n in range(7)])
        assert desk.deps.encoded() == before + 7
        go_on.set()
        assert encoded(waiting.result(SECONDS)) == expected
    assert sum(expected.values()) > 0


def test_two_cases_in_threads_cost_each_what_one_costs_alone(
    desk: Desk, one_by_one: Callable[[int], dict[str, int]]
) -> None:
    both = Barrier(2, timeout=SECONDS)
    together = Desk(replace(desk.deps, models=ranking(lambda case: both.wait() and None)))
    expected = one_by_one(21)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(together.decide, (make_case(WAITS.format(n)) for n in (22, 23))))
    assert [encoded(d) for d in found] == [expected, expected]


def test_the_stages_of_a_case_add_up_to_what_its_thread_encoded(desk: Desk) -> None:
    before = desk.deps.encoded()
    decision = desk.decide(make_case(WAITS.format(31)))
    assert 0 < sum(encoded(decision).values()) <= desk.deps.encoded() - before
