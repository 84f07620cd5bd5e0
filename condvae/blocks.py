"""Rows in blocks: memory use that does not grow with their number, and all cores in use.

`in_order` is `Executor.map(buffersize=)` of Python 3.14. The pool that scikit-learn depends on has
this too, but its import alone takes 0.06 s, half as long as NumPy's again, before `condvae
generate` can start.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Job = TypeVar("Job")
Result = TypeVar("Result")

# Large enough for a small overhead of Python, small enough to fit into memory a dozen times.
ROWS = 1024
SAMPLES = 25  # draws of z for one row that are computed at a time
MOST_WORKERS = 16  # more threads would wait for Python's lock


def in_order(work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
    """The result of work for each job, in the order of the jobs, with a thread for each core.

    Jobs are generated on the calling thread, a few ahead of the results: memory is bounded, and
    their random numbers have a fixed order. Meanwhile a matrix product uses one core, because
    BLAS's own threads spin while they wait for each other: on a machine with other work that took
    ten times as long.
    """
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    ahead: deque[Future[Result]] = deque()
    jobs = iter(jobs)
    first = [*islice(jobs, 2)]
    with ExitStack() as opened:
        opened.enter_context(_blas("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas"))
        if len(first) == 1:  # for few rows, threads would cost more than the work
            yield work(first[0])
            return
        pool = opened.enter_context(ThreadPoolExecutor(workers))
        try:
            for job in chain(first, jobs):
                ahead.append(pool.submit(work, job))
                if len(ahead) > 2 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def ahead(items: Iterable[Result]) -> Iterator[Result]:
    """The items in order; while one is used, the next one is made on another thread."""
    items, end = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        following: Future[Any] = pool.submit(next, items, end)
        while (item := following.result()) is not end:
            following = pool.submit(next, items, end)
            yield item


@cache
def _blas(with_scipy: bool) -> ThreadpoolController:
    """The BLAS libraries of this process: NumPy's and, once it is loaded, SciPy's.

    Cached, since searching the libraries of a process takes 2 ms.
    """
    return ThreadpoolController()


def slices(num_rows: int, size: int = ROWS) -> Iterator[slice]:
    """The rows in blocks, the last one shorter."""
    for first in range(0, num_rows, size):
        yield slice(first, min(first + size, num_rows))


def repeated(rows: np.ndarray, times: int, size: int = ROWS) -> Iterator[np.ndarray]:
    """Blocks of `np.repeat(rows, times, axis=0)`, which is never in memory as a whole."""
    for part in slices(len(rows) * times, size):
        yield rows[np.arange(part.start, part.stop) // times]


def as_array(values: Any) -> np.ndarray:
    """A tensor of any library, a list or an image as a NumPy array."""
    if hasattr(values, "detach"):  # a PyTorch tensor
        values = values.detach().cpu()
    return np.asarray(values)
