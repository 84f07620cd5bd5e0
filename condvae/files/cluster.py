"""Jobs on a Ray cluster, a task each; Ray is imported here alone, when it is asked for."""

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
MACHINE = re.compile(r"([\w.-]+):(\d+)")

Pool = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]


@contextmanager
def on_ray(address: str, variables: Mapping[str, str]) -> Iterator[Pool]:
    """What does jobs on a cluster: (work, jobs) -> what the work returns of each, as it ends.

    Each is a task of one core, on any machine. What work and jobs name, paths and data, must be
    there on every machine.

    Args:
        address: of the cluster, such as "auto" or "ray://host:10001"; "local": one on this
            machine, for as long as the block runs.
        variables: of the environment of the tasks.

    Raises:
        InputError: Ray is not installed, the cluster does not answer, or a machine was lost.
    """
    ray = library()
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # and does not warn of it
    try:
        if found := MACHINE.fullmatch(address):  # Ray itself tries for minutes
            socket.create_connection((found[1], int(found[2])), CONNECT_SECONDS).close()
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"env_vars": dict(variables)},
            # a cluster of one's own for as long as this runs needs none, which takes seconds
            **({"include_dashboard": False} if address == "local" else {}),
        )
    except Exception as error:  # of many kinds, by what is wrong with the address
        raise InputError(
            f"a Ray cluster must answer at {address!r}",
            reason_of(error),
            "Start one with `ray start --head`, or take 'local'.",
        ) from None

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
    """Ray; InputError where it is not installed."""
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise InputError(
            "a cluster needs the extra 'cluster'", "no Ray", f"Install it: {EXTRA}."
        ) from None


def _result(ray: Any, done: Any) -> Any:
    """A task's; what it raised is raised here."""
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        raise InputError(
            "each task must live to its end",
            reason_of(error),
            "Look at the cluster's machines; the same command goes on.",
        ) from None
