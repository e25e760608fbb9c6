from tools.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tripped(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, seconds=30, clock=clock)
    for _ in range(3):
        assert breaker.rest() == 0
        breaker.ill()
    return breaker


def test_a_backend_that_fails_three_times_in_a_row_is_skipped_for_a_while() -> None:
    clock = Clock()
    breaker = tripped(clock)
    assert breaker.rest() == 30
    clock.now += 12
    assert breaker.rest() == 18


def test_an_answer_in_between_starts_the_count_anew() -> None:
    breaker = Breaker(failures=3, seconds=30, clock=Clock())
    for _ in range(5):
        breaker.ill()
        breaker.ill()
        breaker.well()
    assert breaker.rest() == 0


def test_after_the_rest_one_caller_alone_tries_it() -> None:
    clock = Clock()
    breaker = tripped(clock)
    clock.now += 30
    assert breaker.rest() == 0
    assert breaker.rest() == 30


def test_one_good_try_opens_it_to_all_and_one_bad_one_closes_it_again() -> None:
    clock = Clock()
    breaker = tripped(clock)
    clock.now += 30
    assert breaker.rest() == 0
    breaker.ill()
    assert breaker.rest() == 30
    clock.now += 30
    assert breaker.rest() == 0
    breaker.well()
    assert [breaker.rest() for _ in range(3)] == [0, 0, 0]
