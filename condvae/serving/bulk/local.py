"""Jobs in processes on this machine, one core each."""

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

# read when the libraries are first imported: one thread each, since the processes share the cores
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@contextmanager
def in_processes(workers: int) -> Iterator[Pool]:
    """A pool that runs jobs in processes: (work, jobs) -> the results of work, as they finish.

    The processes are started without a copy of this one's memory, and end with it, however it ends.

    Raises:
        InputError: a process was ended, for example because memory was short.
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
                "each worker must run to the end of its part",
                "one that was ended, as the system does with processes that use too much memory",
                "Use fewer `workers`, or smaller parts; running the command again continues.",
            ) from None
        except BaseException:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


@contextmanager
def _environment() -> Iterator[None]:
    """Set the variables that limit the threads of libraries, for the processes that start."""
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
    """Leave Ctrl-C to the parent process, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """Exit when the parent has ended, even if it was killed."""
    parent.join()
    os._exit(1)
