"""Runs of each released format still load, whole or in part, on every backend.

They were made by `scripts/golden-run` and never change.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import load_data
from condvae.runs import Run
from condvae.training import train

GOLDEN = sorted(Path(__file__).parent.glob("golden/format-*.json"))


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def golden(request) -> Path:
    """The run folder; beside it the archive, the data and the model's results."""
    return request.param.with_suffix("")


@pytest.fixture
def expected(golden) -> dict:
    texts = json.loads(golden.with_suffix(".json").read_text())
    return {name: np.array(values) for name, values in texts.items()}


@pytest.mark.parametrize("suffix", ["", ".safetensors"], ids=["folder", "archive"])
def test_a_golden_run_says_what_it_said(golden, expected, suffix):
    run = Run.open(golden.with_suffix(suffix))
    assert run.record.condition.categories == ("ant", "bee", "cat")
    assert run.history["epoch"] == [1, 2, 3]
    mean, logvar = run.model.encode(expected["x"], expected["y"])
    np.testing.assert_allclose(mean, expected["mean"], atol=1e-5)
    np.testing.assert_allclose(logvar, expected["logvar"], atol=1e-5)
    x_mean = run.model.decode(expected["mean"], expected["y"])
    np.testing.assert_allclose(x_mean, expected["x_mean"], atol=1e-5)


@pytest.mark.parametrize("suffix", ["", ".safetensors"], ids=["folder", "archive"])
def test_one_network_alone(golden, expected, suffix):
    run = Run.open(golden.with_suffix(suffix))
    y = run.record.condition.encode(expected["y"])
    outputs = run.network("encoder").predict_on_batch({"x": expected["x"] / 255, "y": y})
    np.testing.assert_allclose(outputs["mean"], expected["mean"], atol=1e-5)
    z = expected["mean"].astype("float32")
    logits = np.asarray(run.network("decoder").predict_on_batch({"z": z, "y": y}))
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), expected["x_mean"], atol=1e-5)


def test_a_golden_run_goes_on_from_its_checkpoint(golden, tmp_path):
    path = Path(shutil.copytree(golden, tmp_path / "run"))
    data = load_data(golden.with_suffix(".npz"))
    history = Run.open(path).history
    if keras.backend.backend() != "jax":  # whose random state the checkpoint holds
        with pytest.raises(InputError, match="must fit the model and its optimizer"):
            train(data, run=path, resume=True, epochs=4, progress=False)
        return
    run = train(data, run=path, resume=True, epochs=4, progress=False)
    assert run.history["epoch"] == [1, 2, 3, 4]
    assert run.history["loss"][:3] == history["loss"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", [*filter(find_spec, ("jax", "torch", "tensorflow"))])
def test_an_archive_loads_on_every_backend_that_is_installed(golden, expected, backend):
    """`make test-backends` has PyTorch too."""
    code = (
        "import sys, json, condvae, keras\n"
        "model, said = condvae.load(sys.argv[1]), json.load(open(sys.argv[2]))\n"
        "print(keras.backend.backend(), json.dumps(model.decode(said['mean'], said['y']).tolist()))"
    )
    files = [golden.with_suffix(suffix) for suffix in (".safetensors", ".json")]
    done = subprocess.run(
        [sys.executable, "-c", code, *files],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    name, _, x_mean = done.stdout.partition(" ")
    assert name == backend
    np.testing.assert_allclose(json.loads(x_mean), expected["x_mean"], atol=1e-5)
