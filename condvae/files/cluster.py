"""Jobs on a Ray cluster, one task each; only this file imports Ray, and only when needed."""

import importlib
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from condvae.checks import InputError, reason_of

EXTRA = "pip install 'condvae[cluster]'"

CONNECT_SECONDS = 10.0
STARTS = 3  # of a cluster of our own: on a busy machine, Ray gives up on one after 30 seconds
MACHINE = re.compile(r"([\w.-]+):(\d+)")

Pool = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]


@contextmanager
def on_ray(address: str, variables: Mapping[str, str]) -> Iterator[Pool]:
    """A pool that runs jobs on a cluster: (work, jobs) -> the results of work, as they finish.

    Each job is a task of one core, on any machine. Paths and data that work and jobs refer to must
    exist on every machine.

    Args:
        address: address of the cluster, such as "auto" or "ray://host:10001"; "local": a cluster on
            this machine, for the duration of the block.
        variables: environment variables of the tasks.

    Raises:
        InputError: Ray is not installed, the cluster does not answer, or a machine was lost.
    """
    ray = library()
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # avoids a warning
    starts = address == "local" and not ray.is_initialized()
    _connect(ray, address, variables, STARTS if starts else 1)

    def pool(work: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
        task = ray.remote(num_cpus=1, max_retries=3)(lambda job: work(job))
        waiting = [task.remote(job) for job in jobs]
        while waiting:
            (done, *_), waiting = ray.wait(waiting)
            yield _result(ray, done)

    try:
        yield pool
    finally:
        ray.shutdown()


def library() -> Any:
    """The module of Ray; InputError if it is not installed."""
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise InputError(
            "a cluster requires the extra 'cluster'", "no Ray", f"Install it: {EXTRA}."
        ) from None


def _connect(ray: Any, address: str, variables: Mapping[str, str], tries: int) -> None:
    """Connect to a cluster, or start one; InputError if none of the tries succeeds."""
    try:
        if found := MACHINE.fullmatch(address):  # Ray itself would try for minutes
            socket.create_connection((found[1], int(found[2])), CONNECT_SECONDS).close()
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"env_vars": dict(variables)},
            # a temporary cluster needs no dashboard, which takes seconds to start
            **({"include_dashboard": False} if address == "local" else {}),
        )
    except Exception as error:  # the class depends on what is wrong with the address
        if tries > 1:
            ray.shutdown()
            return _connect(ray, address, variables, tries - 1)
        raise InputError(
            f"a Ray cluster must answer at {address!r}",
            reason_of(error),
            "Start one with `ray start --head`, or use 'local'.",
        ) from None


def _result(ray: Any, done: Any) -> Any:
    """The result of a task; its exception is raised here."""
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        raise InputError(
            "each task must run to completion",
            reason_of(error),
            "Check the cluster's machines; running the same command again continues.",
        ) from None
