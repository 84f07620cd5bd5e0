"""Without Keras: the same answers, from the library and from the command line."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condvae.blocks import ROWS
from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions import Categorical
from condvae.files.tensors import StoredTensors, write_tensors
from condvae.graph.model import GraphModel
from condvae.graph.networks import model_graphs
from condvae.inference.trained import TrainedModel
from condvae.models import build_model, network_tensors, network_variables
from condvae.runs import Run
from condvae.spec import Spec

ANIMALS = Categorical(name="animal", categories=("ant", "bee", "cat"))


def both(path, **settings):
    """One model with its first weights: by Keras, and by its graphs."""
    spec = Spec().override(**{"hidden_dims": (7,), "latent_dim": 3, **settings})
    model = build_model(spec, (4, 3, 1), (3,))
    rng = np.random.default_rng(0)
    for variable in network_variables(model).values():
        variable.assign(variable + 0.2 * rng.standard_normal(variable.shape))
    write_tensors(path / "weights.safetensors", network_tensors(model))
    stored = StoredTensors(path / "weights.safetensors")
    return TrainedModel(model, ANIMALS), GraphModel(model_graphs(model), stored)


@pytest.mark.parametrize(
    "settings",
    [{}, {"prior": "conditional", "baseline": "joint"}, {"prior": "flow", "pixels": "dynamic"}],
    ids=["standard", "conditional", "flow, binarised"],
)
def test_seeds_mean_the_same(settings, tmp_path):
    keras_model, graph_model = both(tmp_path, **settings)
    labels = np.array(["ant", "bee", "cat"])[np.arange(ROWS + 6) % 3]
    y, to = ANIMALS.encode(labels), ANIMALS.encode(labels[::-1])
    expected = keras_model.generate(labels, seed=3)
    found = graph_model.generate(y, seed=3)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert abs(found - graph_model.generate(y, seed=4)).max() > 1e-3
    z = np.random.default_rng(0).standard_normal((len(labels), 3))
    np.testing.assert_allclose(graph_model.generate(y, z), keras_model.decode(z, y), atol=1e-5)
    x = np.random.default_rng(1).random((len(labels), 4, 3, 1), dtype="float32")
    expected = keras_model.transfer(x, labels, to=labels[::-1], seed=5)
    np.testing.assert_allclose(graph_model.transfer(x, y, to, seed=5), expected, atol=1e-5)
    # cut into blocks anyhow, the answers are the same
    ends = [(0, 1), (1, 100), (100, len(y))]
    blocks = graph_model.generate_blocks((y[a:b] for a, b in ends), 3, finish=lambda x: 2 * x)
    np.testing.assert_allclose(np.concatenate(list(blocks)), 2 * found, atol=1e-5)
    encoded = graph_model.encode_blocks(((x[a:b], y[a:b]) for a, b in ends), 5)
    means = np.concatenate([mean for mean, _ in encoded])
    np.testing.assert_allclose(means, keras_model.encode(x, labels, 5)[0], atol=1e-5)


def test_what_a_model_cannot_is_said(tmp_path):
    _, baseline = both(tmp_path, network="deterministic", baseline="joint")
    with pytest.raises(InputError, match="must have latents"):
        baseline.generate(np.eye(3, dtype="float32"))
    _, graph_model = both(tmp_path)
    with pytest.raises(InputError, match="z must hold finite numbers"):
        graph_model.generate(np.eye(3, dtype="float32")[:1], [[0, np.nan, 0]])
    with pytest.raises(InputError, match=r"z must have the shape \(N, 3\)"):
        graph_model.generate(np.eye(3, dtype="float32")[:1], [[0, 1]])


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


@pytest.fixture
def room(tmp_path, monkeypatch, trained_run):
    """A working folder with a run, its archive, the run without graphs, and an image."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_run.path, "run")
    shutil.copytree("run", "old")
    Path("old/graph.json").unlink()
    assert main("export run --format archive".split()) == 0
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (8, 8), dtype="uint8")).save("image.png")
    return tmp_path


COMMANDS = (
    "generate {} --given 3 --out {}-g.png",
    "generate {} --given digit=3 -n 3 --z=0.5,-1 --seed 2 --out {}-z.png --sample",
    "generate {} --per-class 2 --seed 7 --out {}-p.png",
    "transfer {} image.png --from 5 --to 3 --out {}-t.png",
)


def test_commands_answer_alike_with_and_without_graphs(room, capsys):
    assert Run.open("old").graph_model is None
    for command in COMMANDS:
        for run in ("run", "old", "run.safetensors"):
            assert main(command.format(run, run).split()) == 0
    for place in "gzpt":
        expected = pixels(f"old-{place}.png")
        assert np.ptp(expected) > 50
        # one level: where rounding meets another rounding
        assert abs(pixels(f"run-{place}.png") - expected).max() <= 1
        assert abs(pixels(f"run.safetensors-{place}.png") - expected).max() <= 1


def test_commands_with_graphs_import_no_keras(room):
    quick = [command for command in COMMANDS if "--sample" not in command]
    chosen = [command.format("run", "cold").split() for command in quick]
    code = (
        "import sys; from condvae.cli import main\n"
        f"for command in {chosen!r}: assert main(command) == 0\n"
        "print(sorted({'keras', 'jax', 'matplotlib', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_damaged_graphs_are_refused_in_words(room, capsys):
    text = Path("run/graph.json").read_text()
    for damaged in (text[:100], text.replace("relu", "tanh"), "\0" * 10):
        Path("run/graph.json").write_text(damaged)
        assert main("generate run --given 3 --out a.png".split()) == 2
        assert "run/graph.json must hold graphs of format 1" in capsys.readouterr().err
    Path("run/graph.json").write_text(text)
    shutil.copy(Path(__file__).parent.parent / "golden/format-1/weights.safetensors", "run")
    assert main("generate run --given 3 --out a.png".split()) == 2
    assert "must fit together and to the weights" in capsys.readouterr().err
