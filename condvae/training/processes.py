"""Training in several processes, on one or more machines, using JAX's distributed runtime.

Each process runs the same program on its own devices and reads the same data; it serves its own
rows of each batch. Process 0 writes the run; the others write a temporary copy.
"""

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors.numpy import load, save

from condvae.checks import InputError
from condvae.files.atomic import atomic_path
from condvae.runs import RECORD_NAME, Run

# Seconds without a heartbeat after which a process counts as lost; also the timeout of shutdown.
HEARTBEAT = SHUTDOWN = 10
# Variables that describe the processes outside of a cluster; the first name is JAX's own.
ADDRESS, NUMBER, PLACE = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
# Found in errors of gloo, NCCL and JAX's coordination service.
LOST = re.compile(r"gloo|nccl|unavailable|heartbeat|connection|coordination", re.IGNORECASE)
BLOCK = 2**26  # bytes that process 0 sends at a time
WRITTEN = (RECORD_NAME, "history.csv", "weights.safetensors", "checkpoints/*/*")


class ProcessLostError(RuntimeError):
    """Another process of the training has ended, or cannot be reached."""


def num_processes() -> int:
    """Number of processes that train together."""
    if keras.backend.backend() != "jax":
        return 1
    import jax

    return jax.process_count()


def is_first() -> bool:
    """Whether this process writes and prints."""
    if keras.backend.backend() != "jax":
        return True
    import jax

    return jax.process_index() == 0


@contextmanager
def in_processes(distributed: bool | int) -> Iterator[None]:
    """In this block the processes of a cluster, or of the environment, compute together.

    Args:
        distributed: whether to do so; or the number of processes that there must be.

    Raises:
        InputError: no cluster, or another number of processes.
        ProcessLostError: a process was lost.
    """
    if not distributed:
        yield
        return
    import jax

    joined = not jax.distributed.is_initialized()  # otherwise by the calling program
    if joined:
        _join()
    found = jax.process_count()
    if found < 2 or distributed not in (True, found):
        asked = "2 or more" if distributed is True else str(distributed)
        raise InputError(
            f"`distributed` must find {asked} processes",
            str(found),
            "Start as many, each with the same cluster or environment; a program must join them "
            "before it computes anything.",
        )
    with naming_losses():
        yield
    # together: a process that stays behind, to measure, would count as lost
    if joined:
        jax.distributed.shutdown()


def _join() -> None:
    """Call `jax.distributed.initialize` for the cluster, or with the environment's variables."""
    import jax

    if keras.backend.backend() != "jax":
        raise InputError(
            "`distributed` requires the backend jax", keras.backend.backend(), "Omit it."
        )
    settings: dict[str, Any] = {}
    if given := {name for name in (NUMBER, PLACE) if name in os.environ}:
        try:
            settings = {
                "num_processes": int(os.environ[NUMBER]),
                "process_id": int(os.environ[PLACE]),
            }
        except (KeyError, ValueError):
            raise InputError(
                f"{ADDRESS}, {NUMBER} and {PLACE} must be set together, the last two to integers",
                ", ".join(f"{name}={os.environ[name]}" for name in sorted(given)),
                "Set all three, or none in a cluster that JAX knows.",
            ) from None
    address = os.environ.get(ADDRESS, "")
    if address.startswith(("127.", "localhost:")):
        # otherwise JAX's coordinator would listen on all addresses of the machine
        settings["coordinator_bind_address"] = address
    jax.config.update("jax_enable_preemption_service", True)  # used by `Preemption`
    try:
        jax.distributed.initialize(
            **settings,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=SHUTDOWN,
        )
    except (ValueError, RuntimeError) as error:
        raise InputError(
            "`distributed` must be used within SLURM, Kubernetes or Open MPI, or with "
            f"{ADDRESS}=HOST:PORT, {NUMBER} and {PLACE}, once in a process that has computed "
            "nothing yet",
            str(error).partition("\n")[0],
            "Start each process in one of these ways, or omit it.",
        ) from None


@contextmanager
def naming_losses() -> Iterator[None]:
    """Replace network errors that mean that a process was lost by a clear error."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, RuntimeError) as error:
        if num_processes() == 1 or isinstance(error, ProcessLostError):
            raise
        if not LOST.search(str(error)):
            raise
        raise ProcessLostError(
            f"another process was lost, or the connection to it: {str(error).splitlines()[0]:.200}"
        ) from error


@contextmanager
def own_folder(path: Callable[[], Path], facts: Any) -> Iterator[Path]:
    """The folder to which this process writes.

    Args:
        path: returns the run folder, for process 0; the others start with a copy of its content.
        facts: what must be the same in all processes, compared as text.

    Raises:
        InputError: the facts differ.
    """
    if num_processes() == 1:
        yield path()
        return
    _check_same(facts)
    if is_first():
        folder = path()
        found = [p for pattern in WRITTEN for p in folder.glob(pattern) if p.stat().st_size]
        contents = {
            str(p.relative_to(folder)): np.frombuffer(p.read_bytes(), "uint8") for p in found
        }
        _sent(save(contents))
        yield folder
        return
    scratch = Path(tempfile.mkdtemp(prefix="condvae-"))
    notices = logging.getLogger("condvae")
    level = notices.level
    notices.setLevel(logging.CRITICAL)  # process 0 prints them
    try:
        folder = scratch / "run"
        for name, content in load(_sent(None)).items():
            with atomic_path(folder / name) as fresh:
                fresh.write_bytes(content.tobytes())
        if (folder / RECORD_NAME).exists():
            Run.open(folder).update(tracks=())  # process 0 updates the trackers
        yield folder
    finally:
        notices.setLevel(level)
        shutil.rmtree(scratch, ignore_errors=True)


def _check_same(facts: Any) -> None:
    """Compare a digest across the processes, before they compute anything that would differ."""
    from jax.experimental.multihost_utils import process_allgather

    digest = np.frombuffer(hashlib.sha256(repr(facts).encode()).digest(), "uint8")
    digests = np.asarray(process_allgather(digest))
    different = np.flatnonzero((digests != digests[0]).any(axis=1))
    if len(different):
        raise InputError(
            "all processes must have the same data and settings",
            f"others in process {', '.join(map(str, different))} than in process 0",
            "Start them with the same command on the same files.",
        )


def _sent(content: bytes | None) -> bytes:
    """The content that process 0 passes, in all processes."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    size = divmod(len(content or b""), BLOCK)  # JAX's integers have 32 bits
    whole, rest = (int(part) for part in broadcast_one_to_all(np.array(size, "int32")))
    length, blocks = whole * BLOCK + rest, []
    for start in range(0, length, BLOCK):
        block = np.zeros(min(BLOCK, length - start), "uint8")
        if content is not None:
            block = np.frombuffer(content, "uint8", len(block), start)
        blocks.append(np.asarray(broadcast_one_to_all(block)).astype("uint8").tobytes())
    return b"".join(blocks)
