"""The batcher without a server, on an event loop with simulated time."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from condvae.serving.batching import Batcher, Busy, Closing, Late, Limits


class Work:
    """Doubles numbers, one batch at a time, when it is let; fails at negative ones."""

    def __init__(self, held=False):
        self.batches, self.gate = [], threading.Event()
        if not held:
            self.gate.set()

    def __call__(self, jobs):
        self.gate.wait(30)
        self.batches.append(jobs)
        return [ValueError(f"{job}") if job < 0 else 2 * job for job in jobs]


def run(scenario):
    """In a thread of its own, since that of the browser's tests has a loop of Playwright's."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scenario).result()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_each_gets_its_own_answer_and_kinds_are_not_mixed():
    async def scenario():
        work = Work(held=True)
        batcher = Batcher(work, Limits(most_rows=8))
        first = asyncio.ensure_future(batcher.ask(0, "even"))  # it keeps the worker
        await asyncio.sleep(0)
        others = [
            asyncio.ensure_future(batcher.ask(n, "odd" if n % 2 else "even")) for n in range(1, 9)
        ]
        await asyncio.sleep(0)
        work.gate.set()
        assert await asyncio.gather(first, *others) == [2 * n for n in range(9)]
        assert work.batches == [[0], [1, 3, 5, 7], [2, 4, 6, 8]]
        assert batcher.waiting == 0

    run(scenario())


def test_a_batch_has_no_more_rows_than_it_may_and_a_large_request_is_alone():
    async def scenario():
        work, told = Work(held=True), []
        batcher = Batcher(work, Limits(most_rows=4), lambda *sizes: told.append(sizes))
        rows = [1, 3, 2, 9, 1, 1]
        asked = [asyncio.ensure_future(batcher.ask(n, "", size)) for n, size in enumerate(rows)]
        await asyncio.sleep(0)
        work.gate.set()
        assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8, 10]
        assert work.batches == [[0], [1], [2], [3], [4, 5]]
        assert told == [(1, 1), (1, 3), (1, 2), (1, 9), (2, 2)]

    run(scenario())


def test_requests_wait_for_others_until_the_batch_is_full():
    async def scenario():
        work = Work()
        batcher = Batcher(work, Limits(workers=2, most_rows=3, delay=3600, deadline=7200))
        asked = [asyncio.ensure_future(batcher.ask(n, "")) for n in range(2)]
        await asyncio.sleep(0.01)
        assert not work.batches
        assert await batcher.ask(2, "") == 4
        assert await asyncio.gather(*asked) == [0, 2]
        assert work.batches == [[0, 1, 2]]

    run(scenario())


def test_requests_do_not_wait_longer_than_the_delay():
    async def scenario():
        work = Work()
        batcher = Batcher(work, Limits(most_rows=1000, delay=0.001))
        assert await batcher.ask(1, "") == 2

    run(scenario())


def test_what_the_queue_does_not_hold_is_refused_and_what_it_holds_is_answered():
    async def scenario():
        work = Work(held=True)
        batcher = Batcher(work, Limits(most_waiting=3))
        asked = [asyncio.ensure_future(batcher.ask(n, "")) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await batcher.ask(3, "")
        work.gate.set()
        assert await asyncio.gather(*asked) == [0, 2, 4]
        assert await batcher.ask(3, "") == 6

    run(scenario())


def test_a_late_request_ends_and_is_not_worked_on():
    async def scenario():
        work = Work(held=True)
        batcher = Batcher(work, Limits(deadline=0.01))
        asked = [asyncio.ensure_future(batcher.ask(n, "")) for n in range(2)]
        for result in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(result, Late)
        assert batcher.waiting == 0
        work.gate.set()
        await until(lambda: work.batches)
        await batcher.drain()
        assert work.batches == [[0]]  # the second one had left the queue

    run(scenario())


def test_who_leaves_gives_the_place_back():
    async def scenario():
        work = Work(held=True)
        batcher = Batcher(work, Limits(most_waiting=2))
        first, second = (asyncio.ensure_future(batcher.ask(n, "")) for n in (1, 2))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        third = asyncio.ensure_future(batcher.ask(3, ""))
        await asyncio.sleep(0)
        work.gate.set()
        assert await asyncio.gather(first, third) == [2, 6]
        assert work.batches == [[1], [3]]

    run(scenario())


def test_a_failure_is_that_request_s_alone():
    async def scenario():
        batcher = Batcher(Work(), Limits(most_rows=2, delay=3600, deadline=7200))
        bad, good = (asyncio.ensure_future(batcher.ask(n, "")) for n in (-1, 1))
        with pytest.raises(ValueError, match="-1"):
            await bad
        assert await good == 2

    run(scenario())


def test_work_that_breaks_fails_its_batch_and_not_the_next():
    async def scenario():
        def work(jobs):
            if 0 in jobs:
                raise ZeroDivisionError
            return jobs

        batcher = Batcher(work, Limits())
        with pytest.raises(ZeroDivisionError):
            await batcher.ask(0, "")
        assert await batcher.ask(1, "") == 1

    run(scenario())


def test_draining_does_not_wait_for_others():
    async def scenario():
        batcher = Batcher(Work(), Limits(delay=3600, deadline=7200))
        asked = asyncio.ensure_future(batcher.ask(1, ""))
        await asyncio.sleep(0)
        await batcher.drain()
        assert asked.result() == 2

    run(scenario())


def test_draining_answers_what_was_taken_and_takes_no_more():
    async def scenario():
        work = Work(held=True)
        batcher = Batcher(work, Limits(most_rows=1))
        asked = [asyncio.ensure_future(batcher.ask(n, "")) for n in range(4)]
        await asyncio.sleep(0)
        end = asyncio.ensure_future(batcher.drain())
        await asyncio.sleep(0)
        with pytest.raises(Closing):
            await batcher.ask(9, "")
        assert not end.done()
        work.gate.set()
        await end
        assert [one.result() for one in asked] == [0, 2, 4, 6]

    run(scenario())
