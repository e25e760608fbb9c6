"""Gathers what many callers ask at once into batches, for a model that answers many as fast as one. No HTTP is here.

The queue is bounded: once it is full callers wait, which holds back whoever feeds them, until their time is up.
`run` is called in one worker thread, never twice at once, with what has come until `size` items are there or `wait`
seconds have passed since the first; while it runs, the next batch fills up.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from cases.exchange import Unanswered
from tools.loop import SHARED, Loop, together

Item = TypeVar("Item")
Result = TypeVar("Result")
CLOSE_SECONDS = 30.0
GRACE_SECONDS = 5.0


class Waiting(NamedTuple, Generic[Item, Result]):
    """An item in the queue and the future that its caller waits on."""

    item: Item
    result: "asyncio.Future[Result]"


class Batcher(Generic[Item, Result]):
    """Answer items in batches of at most `size`; `depth` items may wait. Many threads may call at once."""

    def __init__(
        self, name: str, run: Callable[[list[Item]], Sequence[Result]], *, size: int, wait: float = 0.005,
        depth: int = 256, loop: Loop = SHARED,
    ) -> None:  # fmt: skip
        if size < 1 or depth < 1:
            raise ValueError(f"batcher {name}: size={size!r}, depth={depth!r}; give 1 or more")
        self.name, self.size, self.wait, self.depth = name, size, wait, depth
        self._run, self._loop = run, loop
        self._queue: asyncio.Queue[Waiting[Item, Result] | None] = asyncio.Queue(depth)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"batch-{name}")
        self._worker: asyncio.Task[None] | None = None
        self._taken: list[Waiting[Item, Result]] = []
        self._closed = False

    def __call__(self, items: Sequence[Item], seconds: float) -> list[Result]:
        """Return the results of items, in their order, within `seconds`.

        Raise Unanswered when the queue stays full, the time is up, or the batcher is closed; raise what `run` raises.
        """
        try:
            return self._loop.submit(self._all(items, seconds), max(0.0, seconds) + GRACE_SECONDS)
        except TimeoutError:
            pass
        raise Unanswered("out_of_time", f"{self.name} gave no answer within {seconds:.1f} s")

    @property
    def queued(self) -> int:
        """Return how many items wait in the queue."""
        return self._queue.qsize()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Take nothing more, answer what is queued, and fail what is not answered in `seconds`. Harmless to repeat."""
        self._closed = True
        if not self._loop.closed:
            self._loop.submit(self._finish(seconds))
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _all(self, items: Sequence[Item], seconds: float) -> list[Result]:
        return await together(self.put(item, seconds) for item in items)

    async def put(self, item: Item, seconds: float) -> Result:
        """Return the result of one item; called in the batcher's loop. Errors are those of a call."""
        if self._closed:
            raise self._gone()
        loop = asyncio.get_running_loop()
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        waiting = Waiting[Item, Result](item, loop.create_future())
        queued = False
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await self._queue.put(waiting)
                queued = True
                if self._worker.done():  # closed while this one waited for a place
                    raise self._gone()
                return await waiting.result
        except TimeoutError:
            if not limit.expired():
                raise
        if queued:
            raise Unanswered("out_of_time", f"{self.name} gave no answer within {seconds:.1f} s")
        full = f"{self.name} stayed busy for {seconds:.1f} s: its queue of {self.depth} is full"
        raise Unanswered("backend_unavailable", f"{full}; lower PRECEPT_IN_FLIGHT or give cases more time")

    async def _work(self) -> None:
        going = True
        while going:
            first = await self._queue.get()
            if first is None:
                return
            self._taken = [first]
            end = asyncio.get_running_loop().time() + self.wait
            while going and len(self._taken) < self.size:
                try:
                    async with asyncio.timeout_at(end):
                        after = await self._queue.get()
                except TimeoutError:
                    break
                going = after is not None
                if after is not None:
                    self._taken.append(after)
            # Whose time is up, or who went away, needs no answer.
            await self._answer([waiting for waiting in self._taken if not waiting.result.done()])
            self._taken = []

    async def _answer(self, batch: Sequence[Waiting[Item, Result]]) -> None:
        if not batch:
            return
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(self._thread, self._run, [waiting.item for waiting in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{self.name} gave {len(results)} results for {len(batch)} items")
        except Exception as error:
            # Every caller of the batch gets it; the batcher goes on with the next.
            for waiting in batch:
                if not waiting.result.done():
                    waiting.result.set_exception(error)
            return
        for waiting, result in zip(batch, results, strict=True):
            if not waiting.result.done():
                waiting.result.set_result(result)

    async def _finish(self, seconds: float) -> None:
        worker = self._worker
        if worker is None or worker.done():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._queue.put(None)
                await asyncio.shield(worker)
        except TimeoutError:
            worker.cancel()
            await asyncio.wait([worker])
        left = self._taken
        while not self._queue.empty():
            waiting = self._queue.get_nowait()
            if waiting is not None:
                left.append(waiting)
        for waiting in left:
            if not waiting.result.done():
                waiting.result.set_exception(self._gone())

    def _gone(self) -> Unanswered:
        return Unanswered("backend_unavailable", f"{self.name} was closed before it answered; open it again")
