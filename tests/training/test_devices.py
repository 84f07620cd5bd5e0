"""Several devices: the training of one, to rounding."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.cli import main
from condvae.spec.presets import PRESETS
from condvae.training.devices import Shares
from condvae.training.feed import Feed

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="distributed under JAX")

PROGRAM = Path(__file__).with_name("four_devices.py")
HANGS = 1200  # seconds after which a program is not slow but stuck
FURTHER = ("free bits", "ladder", "vampprior", "weights", "hybrid", "augmented")


def compared(folder, *arguments):
    """The output of the program."""
    command = [sys.executable, str(PROGRAM), str(folder), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("rows", [16, 14, 13, 3])
def test_each_device_gets_as_many_rows(rows):
    x, y = np.arange(1, 2 * rows + 1).reshape(rows, 2), np.arange(rows)
    weights = np.linspace(0, 2, rows)
    batch, nothing, (marks, weighed) = Shares(Feed(x, y, 16, weights=weights), 4)[0]
    size = {16: 16, 14: 16, 13: 16, 3: 4}[rows]
    assert nothing is None
    assert marks.shape == (4, rows)
    for received, expected in ((batch["x"], x), (batch["y"], y), (weighed, weights)):
        assert len(received) == size
        np.testing.assert_array_equal(received[:rows], expected)
    assert len(Shares(Feed(x, y, 16), 4)[0][2]) == 1


@pytest.mark.parametrize("rows", [16, 14, 5])
def test_the_shares_of_processes_are_the_batch(rows):
    """Three processes with one, two and one of the devices."""
    feed = Feed(np.arange(1, rows + 1), np.arange(rows), 16, augment=lambda x, rng: rng.permuted(x))
    whole = Shares(feed, 4)[0]
    parts = [Shares(feed, 4, own)[0] for own in (range(1), range(1, 3), range(3, 4))]
    for name in ("x", "y"):
        together = np.concatenate([batch[name] for batch, *_ in parts])
        np.testing.assert_array_equal(together, whole[0][name])
    assert [marks.shape for *_, (marks,) in parts] == [(1, rows), (2, rows), (1, rows)]


def test_gradients_are_those_of_one_device(tmp_path):
    """A batch of 15 rows on four devices, with regularisers and means over the batch."""
    assert compared(tmp_path, "gradient", "tiny")["gradient"] < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("case", [*PRESETS, *FURTHER])
def test_trainings_are_those_of_one_device(tmp_path, case):
    """The first gradient, the weights after twenty steps and the losses of two epochs."""
    found = compared(tmp_path, "compare", case)
    assert max(found.values()) < 1e-5, found


@pytest.mark.slow
@pytest.mark.parametrize("case", ["plane", "semi_supervised"])
def test_a_broken_run_goes_on_to_the_bit_and_on_fewer_devices(tmp_path, case):
    found = compared(tmp_path, "resume", case)
    assert found["bits"] == [True, True]
    assert found["fewer"] < 1e-5


def test_a_distribution_ends_with_the_training(small, tmp_path):
    run = quick(small, tmp_path / "run", devices="all", epochs=1)
    assert keras.distribution.distribution() is None
    assert run.record.devices == len(keras.distribution.list_devices())
    assert len(rows(run)["loss"]) == 1
    # by a model of its own, not the one that lies on all devices
    assert "by_keras" not in vars(run)
    mean, _ = run.model.encode(small.test.x, small.test.y)
    assert np.isfinite(mean).all()


@pytest.mark.parametrize("devices", ["0", "some", "999", -1])
def test_devices_that_are_not_there_are_refused(small, tmp_path, devices):
    with pytest.raises(InputError, match=r"`devices` must be 'all', or a number from 1 to"):
        quick(small, tmp_path / "run", devices=devices)
    assert not list(tmp_path.iterdir())
    assert keras.distribution.distribution() is None


def test_the_command_refuses_them_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main("train digits --run new --devices 999".split()) == 2
    assert "--devices must be 'all', or a number from 1 to" in capsys.readouterr().err
    assert main("train digits --run new --devices 2 --dry-run".split()) == 2
    assert "--dry-run measures one device" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_networks_that_lie_on_one_device_are_refused(small, tmp_path):
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(12)])
    with pytest.raises(InputError, match="omit `devices`"):
        quick(small, tmp_path / "run", devices=1, networks={"decoder": decoder})
