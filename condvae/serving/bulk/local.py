"""Jobs in processes of this machine, each on one core."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from condvae.checks import InputError
from condvae.files.cluster import Pool

# read when the libraries are first imported: one thread each, since the processes have the cores
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@contextmanager
def in_processes(workers: int) -> Iterator[Pool]:
    """What does jobs in processes: (work, jobs) -> what the work returns of each, as it ends.

    The processes start anew, without what this one holds, and end with it, however it ends.

    Raises:
        InputError: a process ended by itself, as where memory is short.
    """
    before = set(multiprocessing.active_children())
    with _environment():
        executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)

        def pool(work: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
            for future in as_completed([executor.submit(work, job) for job in jobs]):
                yield future.result()

        try:
            yield pool
        except BrokenProcessPool:
            raise InputError(
                "each worker must live to the end of its part",
                "one that ended before, as the system ends those that take too much memory",
                "Take fewer `workers`, or smaller parts; the same command goes on.",
            ) from None
        except BaseException:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


@contextmanager
def _environment() -> Iterator[None]:
    """The variables by which libraries choose their threads, for the processes that start."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    flags = " ".join(filter(None, (before["XLA_FLAGS"], ONE_THREAD["XLA_FLAGS"])))
    os.environ.update(ONE_THREAD | {"XLA_FLAGS": flags})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _begin() -> None:
    """Leave Ctrl-C to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """Wait for the end of the parent, which a kill may bring."""
    parent.join()
    os._exit(1)
