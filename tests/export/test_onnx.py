"""Exports say in onnxruntime what Keras says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from graph_cases import OPERATIONS, operation_case
from graph_readers import assert_onnx_agrees, said_by_onnx

from condvae.cli import main
from condvae.conditions import Categorical, Continuous, Image, Schema
from condvae.export.folder import export_onnx
from condvae.export.preprocessing import with_preprocessing
from condvae.graph.graph import Graph, Input, run_graph
from condvae.graph.operations import Affine
from condvae.models import CVAE
from condvae.runs import Run
from condvae.runs.record import RunRecord

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "format-1"
GUIDE = HERE.parent.parent / "docs" / "onnx.md"


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation(name):
    assert_onnx_agrees([operation_case(name)])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The golden run, which has no graphs of its own, as ONNX."""
    path = tmp_path_factory.mktemp("onnx") / "golden"
    export_onnx(Run.open(GOLDEN), path)
    return path


@pytest.fixture(scope="module")
def expected():
    """Keras's outputs for the golden run."""
    texts = json.loads(GOLDEN.with_suffix(".json").read_text())
    return {name: np.array(values) for name, values in texts.items()}


def test_the_golden_run_says_what_keras_said(exported, expected):
    manifest = json.loads((exported / "manifest.json").read_text())
    categories = manifest["condition"]["categories"]
    y = np.array([categories.index(name) for name in expected["y"]])
    x = expected["x"].astype("uint8")
    posterior = said_by_onnx(exported / "encoder.onnx", {"x": x, "y": y})
    np.testing.assert_allclose(posterior["mean"], expected["mean"], atol=1e-5)
    np.testing.assert_allclose(posterior["logvar"], expected["logvar"], atol=1e-5)
    decoded = said_by_onnx(exported / "decoder.onnx", {"z": posterior["mean"], "y": y})
    np.testing.assert_allclose(decoded["x_mean"], expected["x_mean"], atol=1e-5)
    assert {path.name for path in exported.iterdir()} == {
        "encoder.onnx",
        "decoder.onnx",
        "manifest.json",
    }


def test_the_manifest_and_the_files_agree(exported):
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["prior"] == "standard normal"
    assert manifest["files"]["encoder"]["inputs"]["x"] == {
        "dtype": "uint8",
        "shape": ["batch", 4, 3, 1],
        "axes": ["batch", "height", "width", "channels"],
        "range": [0, 255],
    }
    assert manifest["files"]["encoder"]["inputs"]["y"]["range"] == [0, 2]
    for described in manifest["files"].values():
        model = onnx.load(exported / described["file"])
        for kind, values in (("inputs", model.graph.input), ("outputs", model.graph.output)):
            assert [value.name for value in values] == list(described[kind])
            for value in values:
                shape = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
                assert shape == described[kind][value.name]["shape"]


def test_the_guide_s_example_needs_no_keras(trained_run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    export = ["export", str(trained_run.path), "--format", "onnx", "--out", "digits-onnx"]
    assert main(export) == 0
    assert "digits-onnx: " in capsys.readouterr().out
    (example,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    code = example + (
        "import sys\nnp.save('x.npy', images)\n"
        "print({'keras', 'jax', 'condvae'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    expected = trained_run.model.generate(3, 16, seed=0)
    np.testing.assert_allclose(np.load("x.npy"), expected, atol=1e-5)
    assert main(export) == 2
    assert "a folder" in capsys.readouterr().err


def test_keras_files_load_by_keras_alone(expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(GOLDEN), "--format", "keras"]) == 0
    whole = keras.models.load_model("format-1-keras/model.keras", safe_mode=True)
    assert isinstance(whole, CVAE)
    code = (
        "import sys, keras, numpy as np\n"
        "decoder = keras.models.load_model('format-1-keras/decoder.keras', safe_mode=True)\n"
        "z, y = np.load('z.npy'), np.load('y.npy')\n"
        "np.save('logits.npy', decoder.predict({'z': z, 'y': y}, verbose=0))\n"
        "print('condvae' in sys.modules)"
    )
    np.save("z.npy", expected["mean"].astype("float32"))
    np.save("y.npy", Run.open(GOLDEN).record.condition.encode(expected["y"]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"
    x_mean = 1 / (1 + np.exp(-np.load("logits.npy")))
    np.testing.assert_allclose(x_mean, expected["x_mean"], atol=1e-5)


RECORD = RunRecord.read(GOLDEN / "run.json")
COLUMNS = Schema(
    conditions=(
        Categorical(name="town", categories=("north", "south")),
        Continuous(name="age", mean=(4.0,), scale=(2.0,), minimum=(0.0,), maximum=(9.0,)),
    )
)
PICTURE = Image(image_shape=(1, 2, 1), y_max=2)
MAPS = {"pixel_classes": ("sky", "sea", "land"), "x_max": 2}
FLOATS = {"assumption": "float pixels in [0, 1], taken as they are"}


@pytest.mark.parametrize(
    ("preprocessing", "condition", "x", "y", "ready"),
    [
        ({}, None, [[51, 255]], [1], ([[0.2, 1]], [[0, 1, 0]])),
        (FLOATS, None, [[0.5, 0.25]], [2], ([[0.5, 0.25]], [[0, 0, 1]])),
        (MAPS, None, [[0, 2]], [0], ([[[1, 0, 0], [0, 0, 1]]], [[1, 0, 0]])),
        (
            {},
            PICTURE,
            [[51, 255]],
            [[1, 2]],
            ([[0.2, 1]], [[0.5, 1]]),
        ),
        ({}, COLUMNS, [[51, 255]], [[0, 1, 1, 3, 1]], ([[0.2, 1]], [[0, 1, 1, 3, 1]])),
    ],
    ids=["levels", "floats", "label maps", "image", "several"],
)
def test_preprocessing(preprocessing, condition, x, y, ready):
    record = RECORD.model_copy(
        update={
            "preprocessing": RECORD.preprocessing.model_copy(
                update={"image_shape": (1, 2, 1), **preprocessing}
            ),
            "condition": condition or RECORD.condition,
        }
    )
    classes = 3 if "pixel_classes" in preprocessing else 1
    graph = Graph(
        inputs=(
            Input(name="y", shape=record.condition.shape),
            Input(name="x", shape=(1, 2, classes)),
        ),
        operations=(Affine(inputs=("x",), output="a"), Affine(inputs=("y",), output="b")),
        outputs={"x": "a", "y": "b"},
    )
    whole = with_preprocessing(graph, record)
    shapes = {given.name: given.shape for given in whole.inputs}
    inputs = {"x": np.reshape(x, (1, *shapes["x"])), "y": np.reshape(y, (1, *shapes["y"]))}
    outputs = run_graph(whole, {}, inputs)
    np.testing.assert_allclose(np.ravel(outputs["x"]), np.ravel(ready[0]), rtol=1e-6)
    np.testing.assert_allclose(np.ravel(outputs["y"]), np.ravel(ready[1]), rtol=1e-6)
