"""Batching of requests: a bounded queue, answers within a deadline, a worker for each core."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any


class Busy(Exception):  # noqa: N818 - a state, not an error
    """The queue is full, so the request is refused."""


class Late(Exception):  # noqa: N818
    """The answer is not available within the deadline."""


class Closing(Exception):  # noqa: N818
    """No more requests are accepted, since the server is shutting down."""


@dataclass(frozen=True)
class Limits:
    """The limits of the queue.

    Attributes:
        workers: number of batches that are computed at a time.
        most_rows: largest number of rows in a batch; a request with more rows is its own batch.
        delay: seconds that the first request of a batch waits for others while a worker is idle.
        most_waiting: largest number of unanswered requests; further ones are refused.
        deadline: seconds within which each request must be answered.
    """

    workers: int = 1
    most_rows: int = 64
    delay: float = 0.0
    most_waiting: int = 256
    deadline: float = 10.0


@dataclass(eq=False)
class _Waiting:
    """An unanswered request."""

    job: Any
    rows: int
    since: float
    answer: asyncio.Future


class Batcher:
    """Answers requests of one kind together.

    Args:
        work: returns the result of each of some jobs of one kind, or the exception of a job that
            fails; called in threads, as many at a time as there are workers.
        limits: limits of the queue.
        told: called with (requests, rows) of each batch.
    """

    def __init__(
        self,
        work: Callable[[list[Any]], Sequence[Any]],
        limits: Limits,
        told: Callable[[int, int], object] = lambda requests, rows: None,
    ):
        self._work, self.limits, self._told = work, limits, told
        self._queues: dict[Hashable, deque[_Waiting]] = {}
        self._open: set[_Waiting] = set()
        self._idle = limits.workers
        self._pool = ThreadPoolExecutor(limits.workers, "batch")
        self._timer: asyncio.TimerHandle | None = None
        self.closing = False

    @property
    def waiting(self) -> int:
        """Number of unanswered requests."""
        return len(self._open)

    async def ask(self, job: Any, kind: Hashable, rows: int = 1) -> Any:
        """The result of `work` for a job.

        Args:
            kind: jobs of one kind may be computed together.
            rows: number of rows that it adds to a batch.

        Raises:
            Busy, Late, Closing: it is not computed, or its result is discarded.
        """
        if self.closing:
            raise Closing
        if len(self._open) >= self.limits.most_waiting:
            raise Busy
        loop = asyncio.get_running_loop()
        entry = _Waiting(job, rows, loop.time(), loop.create_future())
        self._open.add(entry)
        self._queues.setdefault(kind, deque()).append(entry)
        self._start()
        try:
            async with asyncio.timeout(self.limits.deadline):
                return await entry.answer
        except TimeoutError:
            # the timeout has cancelled the answer; a TimeoutError raised by work is in the answer
            if entry.answer.cancelled():
                raise Late from None
            raise
        finally:
            self._open.discard(entry)
            if (queue := self._queues.get(kind)) and entry in queue:
                queue.remove(entry)

    async def drain(self) -> None:
        """Accept no more requests, and wait until the accepted ones are answered."""
        self.closing = True
        self._start()
        while self._open:
            await asyncio.wait([entry.answer for entry in self._open])
            await asyncio.sleep(0)  # callers receive their answers
        await asyncio.to_thread(self._pool.shutdown)

    def _start(self) -> None:
        """Give idle workers the batches that are full or have waited long enough."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queues = {kind: queue for kind, queue in self._queues.items() if queue}
        while self._idle and self._queues:
            # full batches first, then the one whose first request has waited longest
            full = [queue for queue in self._queues.values() if self._is_full(queue)]
            queue = min(full or self._queues.values(), key=lambda queue: queue[0].since)
            left = queue[0].since + self.limits.delay - loop.time()
            if not full and not self.closing and left > 0:
                self._timer = loop.call_later(left, self._start)
                return
            batch = self._take(queue)
            self._queues = {kind: queue for kind, queue in self._queues.items() if queue}
            self._idle -= 1
            self._told(len(batch), sum(entry.rows for entry in batch))
            done = loop.run_in_executor(self._pool, self._work, [entry.job for entry in batch])
            done.add_done_callback(partial(self._answer, batch))

    def _is_full(self, queue: deque[_Waiting]) -> bool:
        """Whether waiting for more requests is useless."""
        return sum(entry.rows for entry in queue) >= self.limits.most_rows

    def _take(self, queue: deque[_Waiting]) -> list[_Waiting]:
        """The next batch, with at least one request."""
        batch = [queue.popleft()]
        rows = batch[0].rows
        while queue and rows + queue[0].rows <= self.limits.most_rows:
            batch.append(queue.popleft())
            rows += batch[-1].rows
        return batch

    def _answer(self, batch: list[_Waiting], done: asyncio.Future) -> None:
        """Distribute a worker's results."""
        self._idle += 1
        failed = done.exception()
        results = [failed] * len(batch) if failed else done.result()
        for entry, result in zip(batch, results, strict=True):
            if entry.answer.done():  # the caller no longer waits
                continue
            if isinstance(result, Exception):
                entry.answer.set_exception(result)
            else:
                entry.answer.set_result(result)
        self._start()
