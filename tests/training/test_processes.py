"""Two processes that train together, over gloo on this machine, each in a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from short_run import rows

from condvae.cli import main
from condvae.runs import Run
from condvae.runs.checkpoint import newest_checkpoint

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="distributed under JAX")
SLOW = pytest.mark.slow

PROGRAM = Path(__file__).with_name("one_of_two.py")
HANGS = 300  # seconds after which a process is not slow but stuck
# seven steps an epoch, of 21 rows, which two devices do not divide, and a last one of 20; half of
# each image is given, another half in each batch
QUICK = "--preset plane --task halves --baseline joint --batch-size 21 --epochs 3 "
QUICK += "--hidden-dims 6 --latent-dim 2 --run new"
STEPS = 7
ENDED_BY_JAX = -signal.SIGABRT  # of a process whose coordinator is gone


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """203 images, of which 146 are trained on."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "made.npz"
    y = rng.integers(0, 3, 203)
    x = np.clip(rng.random((3, 8, 8))[y] * 200 + rng.normal(0, 20, (203, 8, 8)), 0, 255)
    np.savez(path, x=x.astype("uint8"), y=y)
    return path


def free_port():
    """One that the system has just had to spare."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def together(folder, commands, signals=((0, 0), (0, 0)), count=2):
    """Start a process for each command, in the folders 0, 1, ...; their codes and what they said.

    Args:
        signals: (signal, step) of each.
        count: of processes, as the environment says.
    """
    address = f"127.0.0.1:{free_port()}"
    processes = []
    for place, (command, sent) in enumerate(zip(commands, signals, strict=True)):
        (folder / str(place)).mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "JAX_COORDINATOR_ADDRESS": address,
            "JAX_NUM_PROCESSES": str(count),
            "JAX_PROCESS_ID": str(place),
        }
        arguments = [sys.executable, str(PROGRAM), *map(str, map(int, sent)), *command.split()]
        processes.append(
            subprocess.Popen(
                arguments,
                cwd=folder / str(place),
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    try:
        said = [process.communicate(timeout=HANGS)[0] for process in processes]
    finally:
        for process in processes:  # none is left, whatever happened
            process.kill()
            process.wait()
    return [process.returncode for process in processes], said


def trained(folder, data, further="", signals=((0, 0), (0, 0)), settings=QUICK):
    """The same training in both processes: exit codes, outputs, and the run of process 0."""
    command = f"train {data} {settings} --distributed {further}"
    codes, said = together(folder, [command, command], signals)
    assert not list((folder / "1").iterdir())
    return codes, said, Run.open(folder / "0" / "new")


def state(run):
    """All that must be equal to the bit."""
    assert run.record.status == "finished"
    return rows(run), run.weights_path.read_bytes()


def weights(run):
    stored = run.stored_weights()
    return np.concatenate([t.ravel() for _, t in sorted(stored.read(stored.shapes).items())])


def assert_near(run, other):
    """The same to a hundred-thousandth."""
    for name, column in rows(other).items():
        np.testing.assert_allclose(rows(run)[name], column, rtol=1e-5, atol=1e-6, err_msg=name)
    assert np.linalg.norm(weights(run) - weights(other)) < 1e-5 * np.linalg.norm(weights(other))


@pytest.fixture(scope="module")
def one(data, tmp_path_factory):
    """The run of one process."""
    folder = tmp_path_factory.mktemp("one")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(f"train {data} {QUICK}".split()) == 0
    return Run.open(folder / "new")


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The run of two processes that nothing has broken."""
    codes, said, run = trained(tmp_path_factory.mktemp("whole"), data)
    assert codes == [0, 0], said
    assert "run: new" in said[0]
    assert "epoch" not in said[1]
    assert "run:" not in said[1]
    return run


@SLOW
def test_two_processes_are_one(whole, one):
    assert_near(whole, one)
    assert (whole.record.devices, whole.record.processes) == (2, 2)


@SLOW
@pytest.mark.parametrize("told", [0, 1])
def test_sigterm_to_one_ends_both_after_the_same_step(data, whole, tmp_path, told):
    signals = [(signal.SIGTERM, 3 if place == told else 0) for place in (0, 1)]
    codes, said, run = trained(tmp_path, data, signals=signals)
    assert codes == [143, 143], said
    assert run.record.status == "terminated"
    place = newest_checkpoint(run.checkpoints_path).state
    assert (place.epoch, place.step) >= (0, 3)
    codes, said, run = trained(tmp_path, data, "--resume")
    assert codes == [0, 0], said
    assert run.record.resumed[0].place == place.place
    assert state(run) == state(whole)


@SLOW
@pytest.mark.parametrize("killed", [0, 1])
def test_a_kill_of_one_ends_the_other(data, whole, one, tmp_path, killed):
    signals = [(signal.SIGKILL, STEPS + 3 if place == killed else 0) for place in (0, 1)]
    codes, said, run = trained(tmp_path, data, signals=signals)
    assert codes[killed] == -signal.SIGKILL
    if killed:
        assert codes[0] == 75, said
        assert "another process was lost" in said[0]
        assert run.record.status == "failed"
        assert run.record.failure.startswith("ProcessLostError: another process was lost")
    else:  # nobody is left to write: the record says what it says after any kill
        assert codes[1] in (75, ENDED_BY_JAX), said
        assert run.record.status == "running"
    alone = tmp_path / "alone"
    subprocess.run(["cp", "-r", run.path, alone], check=True)
    assert main(f"train {data} --run {alone} --resume".split()) == 0
    assert_near(Run.open(alone), one)
    codes, said, run = trained(tmp_path, data, "--resume")
    assert codes == [0, 0], said
    assert run.record.failure is None
    assert run.record.resumed[0].place == "epoch 1"
    assert state(run) == state(whole)


@SLOW
def test_early_stopping_ends_both(data, tmp_path, monkeypatch):
    settings = QUICK.replace("--epochs 3", "--epochs 40 --patience 1 --learning-rate 0.1")
    codes, said, run = trained(tmp_path, data, settings=settings)
    assert codes == [0, 0], said
    epochs = len(run.history["epoch"])
    assert epochs < 40
    monkeypatch.chdir(tmp_path)
    assert main(f"train {data} {settings}".split()) == 0
    assert len(Run.open("new").history["epoch"]) == epochs


@SLOW
def test_processes_with_other_settings_are_refused(data, tmp_path):
    commands = [f"train {data} {QUICK} --distributed --beta {beta}" for beta in (1.0, 2.0)]
    codes, said = together(tmp_path, commands)
    assert codes == [2, 2], said
    assert "all processes must have the same data and settings" in said[0]
    assert [list((tmp_path / str(place)).iterdir()) for place in (0, 1)] == [[], []]


@SLOW
@pytest.mark.parametrize("asked", ["--distributed", "--distributed --processes 2"])
def test_one_process_where_two_were_asked_for_is_refused(data, tmp_path, asked):
    codes, said = together(tmp_path, [f"train {data} {QUICK} {asked}"], [(0, 0)], count=1)
    assert codes == [2], said
    assert "--distributed must find 2" in said[0]
    assert not list((tmp_path / "0").iterdir())


def test_without_a_cluster_it_is_refused(data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(f"train {data} {QUICK} --distributed".split()) == 2
    assert "--distributed must be used within SLURM" in capsys.readouterr().err
    monkeypatch.setenv("JAX_NUM_PROCESSES", "2")
    assert main(f"train {data} {QUICK} --distributed".split()) == 2
    assert "must be set together" in capsys.readouterr().err
    assert main(f"train {data} {QUICK} --processes 2".split()) == 2
    assert "--processes must come with --distributed" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
