"""A training that is killed, again and again, ends with the bits of the one that never was.

Each training is a process of its own, forked from one that has imported Keras and done nothing
else. Under torture each compiles by itself, so that equal bits do not come from a shared cache.
"""

import multiprocessing
import random
import signal
import time
from pathlib import Path

import pytest
from short_run import rows
from stopper import Stopper

from condvae.runs import Run

# forks of a process that has not started JAX; a fork of this one could hang
processes = multiprocessing.get_context("forkserver")

NUM_KILLS = {False: 3, True: 50}
LAST_PLACE = 110  # in the third epoch, where a checkpoint is removed for the first time


def train_in_process(
    path: Path, cached: bool, stop_at: int | None = None, log: Path | None = None
) -> None:
    """What `condvae train --resume` does, with a checkpoint of every epoch."""
    import jax

    from condvae.training import journal, train

    if not cached:
        jax.config.update("jax_compilation_cache_dir", None)
    journal.SPACING = 0.0
    if stop_at is not None:
        Stopper(path, stop_at, log).install()
    train(
        "digits",
        preset="small",
        run_dir=path,
        resume=True,
        progress=False,
        epochs=12,
        hidden_dims=(32,),
        batch_size=256,
        pixels="dynamic",
    )


@pytest.fixture(scope="module")
def run_process(torture):
    """Trains in a process, kills it after some seconds where they are given; its exit code."""
    processes.set_forkserver_preload(["condvae.training", "sklearn.datasets"])

    def run(path: Path, *arguments, seconds: float | None = None) -> int:
        process = processes.Process(target=train_in_process, args=(path, not torture, *arguments))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
        return process.exitcode

    return run


def state(run_path: Path) -> tuple:
    """All that must be equal: history, best weights, complete training state."""
    run = Run.open(run_path)
    assert run.record.status == "finished"
    files = ("weights.safetensors", "checkpoints/epoch-0000012/tensors.safetensors")
    return rows(run), *((run_path / name).read_bytes() for name in files)


@pytest.fixture(scope="module")
def whole(run_process, tmp_path_factory):
    """The seconds of a run that was never killed, and its final state."""
    path = tmp_path_factory.mktemp("whole") / "run"
    run_process(path.with_name("first"))  # starts the fork server, which imports Keras
    started = time.monotonic()
    assert run_process(path) == 0
    return time.monotonic() - started, state(path)


def test_killed_at_random_moments(run_process, whole, tmp_path, torture):
    """One run after the other, each killed and resumed until it gets through."""
    seconds, expected = whole
    moments, kills, finished = random.Random(0), 0, 0
    while kills < NUM_KILLS[torture] or not finished:
        path = tmp_path / str(finished)
        alive = True
        while alive:
            limit = moments.uniform(0, 1.1 * seconds) if kills < NUM_KILLS[torture] else None
            code = run_process(path, seconds=limit)
            assert code in (0, -signal.SIGKILL)
            alive = code != 0
            kills += alive
        assert state(path) == expected
        finished += 1
    print(f"{kills} kills, {finished} runs finished")


def test_killed_at_every_class_of_place(run_process, whole, tmp_path, torture):
    """One run for each place of the first epochs under torture, a single one in `make test`."""
    _, expected = whole
    log = tmp_path / "place"
    for place in range(LAST_PLACE) if torture else [40]:
        path = tmp_path / str(place)
        assert run_process(path, place, log) == -signal.SIGKILL
        assert run_process(path) == 0
        assert state(path) == expected, log.read_text()
