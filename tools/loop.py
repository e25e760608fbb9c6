"""One event loop in a thread of its own, for all clients of the process. Not a pool: it waits, it does not compute.

Graph nodes are synchronous and run in many threads; clients are asynchronous and share connections. `submit` joins
the two: any thread hands in a coroutine and waits for its result. Contract: never submit from inside the loop, and
never block in a coroutine, because every other ask would wait too.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine, Iterable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

T = TypeVar("T")
JOIN_SECONDS = 5.0


class Loop:
    """A loop whose thread starts with the first coroutine. Close it once; afterwards it takes nothing more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine in the loop and return its result; raise what it raises.

        After `timeout` seconds it is cancelled and TimeoutError is raised. Raise RuntimeError when the loop is closed
        before or meanwhile, or when called from the loop's own thread.
        """
        try:
            future = self._schedule(coroutine)
        except BaseException:
            coroutine.close()
            raise
        try:
            return future.result(timeout)
        except CancelledError:
            raise RuntimeError("the loop was closed before the answer came; ask again in a new process") from None
        except BaseException:
            future.cancel()
            raise

    @property
    def closed(self) -> bool:
        """Return whether the loop takes nothing more."""
        return self._closed

    def close(self) -> None:
        """Cancel what still runs, stop the thread and wait for its end. Harmless to repeat."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(JOIN_SECONDS)
            atexit.unregister(self.close)

    def _schedule(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:  # a loop that closes in between would leave the coroutine waiting for ever
            if self._closed:
                raise RuntimeError("the loop is closed; make a new one")
            if threading.current_thread() is self._thread:
                raise RuntimeError("submit was called from inside the loop, which would wait for itself; await instead")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run, args=(self._loop,), name="precept-loop", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines at once and return their results in order; the first error cancels the rest and is raised."""
    failed: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as several:
        failed = several.exceptions[0]
    if failed is not None:
        raise failed
    return [task.result() for task in tasks]


SHARED = Loop()
