"""Ctrl-C and SIGTERM from outside, to a command whose steps take long and wait at a gate."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest

from condvae.cli import main
from condvae.runs import Run
from condvae.runs.checkpoint import newest_checkpoint
from condvae.training import Sweep

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the gate is JAX's")

GATED = Path(__file__).with_name("gated.py")
HANGS = 120  # seconds after which a command is not slow but stuck
QUICK = "good.npz --preset plane --epochs 2 --batch-size 10 --hidden-dims 4"
STEPS, BATCHES = 5, 3  # of training and of validation, in an epoch
LONG = pytest.mark.slow


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A working folder with 60 images."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("good.npz", x=rng.integers(0, 256, (60, 4, 4), dtype="uint8"), y=np.arange(60) % 3)
    return tmp_path


@pytest.fixture
def at_gate(room):
    """A function that starts a command and returns its process when it waits at a place."""
    started = []

    def start(place, command, mode="plain"):
        arguments = [sys.executable, str(GATED), str(room), place, mode, *command.split()]
        process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
        started.append(process)
        last = time.monotonic() + HANGS
        while not (room / place).exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < last, f"never came to {place}"
            time.sleep(0.01)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def begun(room):
    """How many pieces of work of each kind have begun."""
    return Counter(path.name.split("-")[0] for path in room.glob("*-*"))


@pytest.mark.parametrize(
    ("place", "number", "mode"),
    [
        ("step-3", signal.SIGTERM, "plain"),
        pytest.param("step-3", signal.SIGINT, "fused", marks=LONG),
        pytest.param("step-2", signal.SIGTERM, "fused", marks=LONG),
        pytest.param("step-5", signal.SIGTERM, "plain", marks=LONG),
        pytest.param("validation-2", signal.SIGINT, "plain", marks=LONG),
        pytest.param("validation-3", signal.SIGTERM, "fused", marks=LONG),
    ],
)
def test_nothing_begins_after_a_signal(at_gate, room, place, number, mode):
    process = at_gate(place, f"train {QUICK} --run new", mode)
    process.send_signal(number)
    before = begun(room)
    (room / "open").touch()
    _, said = process.communicate(timeout=HANGS)
    assert process.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[number], said
    assert begun(room) == before
    kind, _, count = place.partition("-")
    steps = int(count) if kind == "step" else STEPS
    assert newest_checkpoint(Run.open("new").checkpoints_path).state.step == steps
    assert main(f"train {QUICK} --run new --resume".split()) == 0
    run = Run.open("new")
    assert run.record.resumed[0].place == f"epoch 0 and {steps} steps"
    assert len(run.history["epoch"]) == 2


@pytest.mark.parametrize("place", [pytest.param(p, marks=LONG) for p in ("step-3", "validation-2")])
def test_no_step_of_a_sweep_begins_after_a_signal(at_gate, room, place):
    process = at_gate(place, f"sweep {QUICK} --seeds 2 --together --out new")
    process.send_signal(signal.SIGTERM)
    before = begun(room)
    (room / "open").touch()
    _, said = process.communicate(timeout=HANGS)
    assert process.returncode == 143, said
    assert begun(room) == before
    assert main(f"sweep {QUICK} --seeds 2 --together --out new --resume".split()) == 0
    assert [len(run.history["epoch"]) for run in Sweep("new").runs] == [2, 2]


@pytest.mark.parametrize(
    ("place", "number"),
    [
        ("compilation of a step-1", signal.SIGINT),
        pytest.param("compilation of a step-1", signal.SIGTERM, marks=LONG),
        pytest.param("import-1", signal.SIGINT, marks=LONG),
        pytest.param("import-1", signal.SIGTERM, marks=LONG),
    ],
)
def test_before_the_first_step_a_signal_ends_the_process(at_gate, place, number):
    """In compiled code that never returns; a shell calls these codes 130 and 143."""
    process = at_gate(place, f"train {QUICK} --run new")
    process.send_signal(number)
    process.communicate(timeout=HANGS)
    assert process.returncode == -number
    assert main(f"train {QUICK} --run new --resume".split()) == 0
    assert len(Run.open("new").history["epoch"]) == 2


def test_a_second_signal_ends_a_step_that_never_ends(at_gate):
    process = at_gate("step-2", f"train {QUICK} --run new")
    last = time.monotonic() + HANGS
    while process.poll() is None:  # the first one may not be seen yet, and two are then one
        assert time.monotonic() < last, "a second signal is not obeyed"
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert process.returncode == -signal.SIGINT
    assert main(f"train {QUICK} --run new --resume".split()) == 0
