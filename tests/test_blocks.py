import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from condvae.blocks import MOST_WORKERS, ahead, in_order, repeated, slices


def test_results_come_in_the_order_of_the_jobs(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    gate = threading.Event()

    def work(job):
        if job == 0:
            assert gate.wait(300)  # the first ends after the second has begun
        if job == 1:
            gate.set()
        return job * job

    assert list(in_order(work, range(50))) == [job * job for job in range(50)]


def test_jobs_are_drawn_a_few_ahead():
    drawn = []
    results = in_order(lambda job: job, (drawn.append(job) or job for job in range(10_000)))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(drawn) <= 3 + 2 * MOST_WORKERS
    results.close()
    assert len(drawn) <= 3 + 2 * MOST_WORKERS


def test_an_error_ends_the_work():
    begun = []

    def work(job):
        begun.append(job)
        if job == 5:
            raise ValueError("five")
        return job

    results = in_order(work, iter(range(10_000)))
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="five"):
        next(results)
    assert len(begun) <= 6 + 2 * MOST_WORKERS


def test_the_next_item_is_made_while_one_is_used():
    asked = threading.Semaphore(0)

    def items():
        for number in range(5):
            asked.release()
            yield number
        raise ValueError("no more")

    found = ahead(items())
    assert next(found) == 0
    for _ in range(2):  # the second was asked for before it is wanted
        assert asked.acquire(timeout=300)
    assert [next(found) for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="no more"):
        next(found)
    assert list(ahead([])) == []


def test_blas_gets_its_threads_back():
    def threads():
        return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

    with threadpool_limits(2, "blas"):  # on a machine with one core too
        before, results = threads(), in_order(lambda job: job, range(100))
        next(results)
        assert set(threads()) == {1} != set(before)
        results.close()
        assert threads() == before


@pytest.mark.parametrize("size", [1, 4, 5, 20, 99])
def test_blocks_are_the_whole(size):
    rows = np.arange(10.0).reshape(5, 2)
    blocks = list(repeated(rows, 4, size))
    np.testing.assert_array_equal(np.concatenate(blocks), np.repeat(rows, 4, axis=0))
    assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
    parts = [range(20)[part] for part in slices(20, size)]
    assert [row for part in parts for row in part] == list(range(20))
