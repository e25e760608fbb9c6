import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.loop import Loop, together


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


async def where() -> str:
    await asyncio.sleep(0)
    return threading.current_thread().name


async def meet(barrier: asyncio.Barrier) -> int:
    async with asyncio.timeout(10):
        return await barrier.wait()


def test_a_result_comes_back_from_one_thread_for_all(loop: Loop) -> None:
    with ThreadPoolExecutor(16) as threads:
        names = set(threads.map(lambda _: loop.submit(where(), 10), range(64)))
    assert names == {"precept-loop"}


def test_coroutines_of_many_threads_run_at_once(loop: Loop) -> None:
    barrier = asyncio.Barrier(16)
    with ThreadPoolExecutor(16) as threads:
        places = list(threads.map(lambda _: loop.submit(meet(barrier), 20), range(16)))
    assert sorted(places) == list(range(16))


def test_an_error_comes_back_as_it_was_raised(loop: Loop) -> None:
    async def fail() -> None:
        raise KeyError("this one")

    with pytest.raises(KeyError, match="this one"):
        loop.submit(fail(), 10)


def test_a_coroutine_whose_time_is_up_is_cancelled(loop: Loop) -> None:
    cancelled = threading.Event()

    async def linger() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError):
        loop.submit(linger(), 0.05)
    assert cancelled.wait(10)


def test_closing_ends_what_still_waits_and_takes_nothing_more() -> None:
    before, loop = set(threading.enumerate()), Loop()  # other tests may have a loop running
    running = threading.Event()

    async def linger() -> None:
        running.set()
        await asyncio.sleep(60)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: loop.submit(linger(), 60))
        assert running.wait(10)
        loop.close()
        with pytest.raises(RuntimeError, match="closed before the answer came"):
            waiting.result(10)
    with pytest.raises(RuntimeError, match="the loop is closed"):
        loop.submit(where(), 10)
    loop.close()
    assert not [t for t in threading.enumerate() if t.name == "precept-loop" and t.is_alive() and t not in before]


def test_waiting_for_the_loop_inside_the_loop_is_refused(loop: Loop) -> None:
    async def inside() -> str:
        return loop.submit(where(), 10)

    with pytest.raises(RuntimeError, match="from inside the loop"):
        loop.submit(inside(), 10)


def test_together_keeps_the_order(loop: Loop) -> None:
    async def late(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        return number

    assert loop.submit(together(late(n) for n in range(3)), 10) == [0, 1, 2]
    assert loop.submit(together(()), 10) == []


def test_the_first_error_of_several_cancels_the_rest(loop: Loop) -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise ValueError("first")

    async def linger() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    with pytest.raises(ValueError, match="first"):
        loop.submit(together([linger(), fail(), linger()]), 10)
    assert ended == ["cancelled", "cancelled"]
