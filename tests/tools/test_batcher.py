import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from cases.exchange import Unanswered
from tools.batcher import Batcher
from tools.loop import Loop

Make = Callable[..., "Batcher[int, int]"]


class Model:
    """Doubles numbers; keeps the batches it was given, and can be held up in the middle of one."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started, self.going = threading.Event(), threading.Event()
        self.going.set()
        self.at_once = self.busiest = 0

    def __call__(self, items: list[int]) -> Sequence[int]:
        self.at_once += 1
        self.busiest = max(self.busiest, self.at_once)
        self.batches.append(items)
        self.started.set()
        try:
            assert self.going.wait(20)
            if -1 in items:
                raise ValueError("-1 is not doubled")
            return [2 * item for item in items]
        finally:
            self.at_once -= 1

    def hold(self) -> None:
        self.started.clear()
        self.going.clear()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def make(model: Model) -> Iterator[Make]:
    loop = Loop()
    made: list[Batcher[int, int]] = []

    def batcher(**given: float) -> "Batcher[int, int]":
        made.append(Batcher("doubler", model, **{"size": 4, "loop": loop, **given}))  # type: ignore[arg-type]
        return made[-1]

    yield batcher
    model.going.set()
    for one in made:
        one.close()
    loop.close()


def test_results_come_back_in_the_order_of_the_items(make: Make) -> None:
    assert make()(range(10), 20) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert make()([], 20) == []


def test_no_batch_is_larger_than_its_size(make: Make, model: Model) -> None:
    make()(range(10), 20)
    assert [len(batch) for batch in model.batches] == [4, 4, 2]


def test_one_item_is_not_kept_waiting_for_others(make: Make, model: Model) -> None:
    assert make(wait=0.0)([5], 20) == [10]
    assert model.batches == [[5]]


def test_sixteen_callers_share_batches_and_each_gets_its_own(make: Make, model: Model) -> None:
    batcher = make(size=16, wait=5.0)  # full long before
    together = threading.Barrier(16)

    def ask(number: int) -> list[int]:
        together.wait(20)
        return batcher([number], 20)

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(ask, range(16)))
    assert found == [[2 * n] for n in range(16)]
    assert [sorted(batch) for batch in model.batches] == [list(range(16))]


def test_the_model_is_run_once_at_a_time(make: Make, model: Model) -> None:
    batcher = make(size=2, wait=0.0)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(lambda n: batcher([n, n], 20), range(32))) == [[2 * n, 2 * n] for n in range(32)]
    assert model.busiest == 1


def test_an_error_reaches_every_caller_of_its_batch_and_the_batcher_goes_on(make: Make, model: Model) -> None:
    batcher = make(size=3, wait=5.0)
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(batcher, [n], 20) for n in (1, -1, 2)]
        for one in asked:
            with pytest.raises(ValueError, match="-1 is not doubled"):
                one.result(20)
    assert batcher([4, 5, 6], 20) == [8, 10, 12]


def test_too_few_results_are_an_error(make: Make) -> None:
    loop = Loop()
    batcher: Batcher[int, int] = Batcher("short", lambda items: items[1:], size=2, loop=loop)
    with pytest.raises(RuntimeError, match="short gave 1 results for 2 items"):
        batcher([1, 2], 20)
    batcher.close()
    loop.close()


def test_a_full_queue_makes_callers_wait_and_then_tells_them_so(make: Make, model: Model) -> None:
    batcher = make(size=1, depth=2, wait=0.0)
    model.hold()
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(batcher, [1], 20)
        assert model.started.wait(20)
        queued = threads.submit(batcher, [2, 3], 20)  # fills the queue
        while batcher.queued < 2:
            threading.Event().wait(0.01)
        with pytest.raises(Unanswered, match="doubler stayed busy for 0.1 s: its queue of 2 is full") as raised:
            batcher([4], 0.1)
        assert raised.value.failure == "backend_unavailable"
        patient = threads.submit(batcher, [5], 20)
        model.going.set()
        assert [first.result(20), queued.result(20), patient.result(20)] == [[2], [4, 6], [10]]
    assert model.batches == [[1], [2], [3], [5]]


def test_who_ran_out_of_time_in_the_queue_is_not_computed_for(make: Make, model: Model) -> None:
    batcher = make(size=1, wait=0.0)
    model.hold()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(batcher, [1], 20)
        assert model.started.wait(20)
        with pytest.raises(Unanswered, match="doubler gave no answer within 0.1 s") as raised:
            batcher([2], 0.1)
        assert raised.value.failure == "out_of_time"
        model.going.set()
        assert first.result(20) == [2]
    assert batcher([3], 20) == [6]
    assert model.batches == [[1], [3]]


def test_closing_answers_what_is_queued_and_takes_nothing_more(make: Make, model: Model) -> None:
    batcher = make(size=1, wait=0.0)
    model.hold()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(batcher, [n], 20) for n in range(3)]
        assert model.started.wait(20)
        while batcher.queued < 2:
            threading.Event().wait(0.01)
        closing = threads.submit(batcher.close)
        model.going.set()
        closing.result(20)
        assert sorted(one.result(20) for one in asked) == [[0], [2], [4]]
    with pytest.raises(Unanswered, match="doubler was closed before it answered; open it again") as raised:
        batcher([1], 20)
    assert raised.value.failure == "backend_unavailable"
    batcher.close()


def test_closing_fails_loudly_what_it_cannot_wait_for(make: Make, model: Model) -> None:
    batcher = make(size=1, wait=0.0, depth=1)
    model.hold()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(batcher, [1], 20)]
        assert model.started.wait(20)
        asked += [threads.submit(batcher, [n], 20) for n in (2, 3)]
        while batcher.queued < 1:
            threading.Event().wait(0.01)
        batcher.close(0.1)
        for one in asked:
            with pytest.raises(Unanswered, match="was closed before it answered"):
                one.result(20)
        model.going.set()


def test_sizes_below_one_are_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="batcher doubler: size=0, depth=256; give 1 or more"):
        Batcher("doubler", model, size=0)
