"""A training that is killed, again and again, ends with the bits of the one that never was.

Each training is a process of its own, forked from one that has imported Keras and done nothing
else. Under torture each compiles by itself, so that equal bits do not come from a shared cache,
and every second kill comes at any time, which is mostly while it compiles; all others come at
batches, the same ones on every machine.
"""

import multiprocessing
import os
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
NUM_BATCHES = 96  # that a whole run draws, about
HANGS = 600  # seconds after which a training is not slow but stuck


def train_in_process(
    path: Path,
    compiled: Path | None,
    last_batch: int | None = None,
    stop_at: int | None = None,
    log: Path | None = None,
) -> None:
    """What `condvae train --resume` does, with a checkpoint of every epoch.

    Args:
        compiled: JAX's cache of these trainings alone: one that is killed may leave half a file.
        last_batch: of so many, after which the kill comes.
        stop_at, log: the place in a write where it comes, see `Stopper`.
    """
    import jax

    from condvae.training import journal, train
    from condvae.training.feed import Feed

    jax.config.update("jax_compilation_cache_dir", compiled and str(compiled))
    journal.SPACING = 0.0
    if stop_at is not None:
        Stopper(path, stop_at, log).install()
    serve, served = Feed.__getitem__, []

    def killed(feed: Feed, index: int) -> tuple:
        if len(served) == last_batch:
            os.kill(os.getpid(), signal.SIGKILL)
        served.append(index)
        return serve(feed, index)

    Feed.__getitem__ = killed  # type: ignore[method-assign]
    train(
        "digits",
        preset="small",
        run=path,
        resume=True,
        progress=False,
        epochs=12,
        hidden_dims=(32,),
        batch_size=256,
        pixels="dynamic",
    )


@pytest.fixture(scope="module")
def run_process(torture, tmp_path_factory):
    """Trains in a process, kills it after some seconds where they are given; its exit code."""
    compiled = None if torture else tmp_path_factory.mktemp("compiled")
    processes.set_forkserver_preload(["condvae.training", "sklearn.datasets"])

    def run(path: Path, seconds: float = HANGS, **arguments) -> int:
        process = processes.Process(
            target=train_in_process, args=(path, compiled), kwargs=arguments
        )
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            assert seconds < HANGS, f"the training in {path} hangs"
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
    first = processes.Process(target=int)  # starts the fork server, which imports Keras
    first.start()
    first.join()
    path = tmp_path_factory.mktemp("whole") / "run"
    started = time.monotonic()
    assert run_process(path) == 0
    return time.monotonic() - started, state(path)


@pytest.mark.slow
def test_killed_at_random_moments(run_process, whole, tmp_path, torture):
    """One run after the other, each killed and resumed until it gets through."""
    seconds, expected = whole
    moments, kills, finished = random.Random(0), 0, 0
    while kills < NUM_KILLS[torture] or not finished:
        path = tmp_path / str(finished)
        alive = True
        while alive:
            share, moment = moments.uniform(0, 1.1), {}
            if kills < NUM_KILLS[torture]:
                by_batch = {"last_batch": int(share * NUM_BATCHES)}
                moment = {"seconds": share * seconds} if torture and kills % 2 else by_batch
            code = run_process(path, **moment)
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
        assert run_process(path, stop_at=place, log=log) == -signal.SIGKILL
        assert run_process(path) == 0
        assert state(path) == expected, log.read_text()
