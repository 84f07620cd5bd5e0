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
from condvae.graph.engine import GraphEngine
from condvae.graph.networks import model_graphs
from condvae.inference.engines import Engines, Facts
from condvae.inference.trained import TrainedModel
from condvae.models import build_model, network_tensors, network_variables
from condvae.runs import Run
from condvae.spec import Signature, Spec
from condvae.training import train

ANIMALS = Categorical(name="animal", categories=("ant", "bee", "cat"))


def no_keras():
    """Calls that load Keras, where they must not."""
    raise AssertionError("the graphs know this")


def both(path, **settings):
    """One model with its first weights: by Keras, and by its graphs alone."""
    spec = Spec().override(**{"hidden_dims": (7,), "latent_dim": 3, **settings})
    model = build_model(spec, Signature((4, 3, 1), (3,)))
    rng = np.random.default_rng(0)
    for variable in network_variables(model).values():
        variable.assign(variable + 0.2 * rng.standard_normal(variable.shape))
    write_tensors(path / "weights.safetensors", network_tensors(model))
    stored = StoredTensors(path / "weights.safetensors")
    graphs = GraphEngine(model_graphs(model), stored, model.x_max)
    by_graphs = Engines(Facts.of(model), no_keras, graphs)
    return TrainedModel(model, ANIMALS), TrainedModel(by_graphs, ANIMALS)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"prior": "conditional", "baseline": "joint"},
        {"prior": "flow", "pixels": "dynamic"},
        pytest.param({"prior": "ladder", "latent_groups": (1, 2)}, marks=pytest.mark.slow),
    ],
    ids=["standard", "conditional", "flow, binarised", "ladder"],
)
def test_seeds_mean_the_same(settings, tmp_path):
    by_keras, by_graphs = both(tmp_path, **settings)
    labels = np.array(["ant", "bee", "cat"])[np.arange(ROWS + 6) % 3]
    expected = by_keras.generate(labels, seed=3)
    found = by_graphs.generate(labels, seed=3)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert abs(found - by_graphs.generate(labels, seed=4)).max() > 1e-3
    if by_graphs.engines.facts.latent_groups:
        kept = by_graphs.generate("bee", 5, keep=1, seed=3)
        np.testing.assert_allclose(kept, by_keras.generate("bee", 5, keep=1, seed=3), atol=1e-5)
    z = np.random.default_rng(0).standard_normal((len(labels), 3))
    expected = by_keras.decode(z, labels)
    np.testing.assert_allclose(by_graphs.generate(labels, z=z), expected, atol=1e-5)
    x = np.random.default_rng(1).random((len(labels), 4, 3, 1), dtype="float32")
    expected = by_keras.transfer(x, labels, to=labels[::-1], seed=5)
    np.testing.assert_allclose(by_graphs.transfer(x, labels, labels[::-1], 5), expected, atol=1e-5)
    # cut into blocks anyhow, the answers are the same
    ends, expected = [(0, 1), (1, 100), (100, len(labels))], by_keras.encode(x, labels, 5)
    for model in (by_keras, by_graphs):
        blocks = model.generate_blocks(
            (labels[a:b] for a, b in ends), seed=3, finish=lambda x: 2 * x
        )
        np.testing.assert_allclose(np.concatenate(list(blocks)), 2 * found, atol=1e-5)
        encoded = model.encode_blocks(((x[a:b], labels[a:b]) for a, b in ends), 5)
        for parts, whole in zip(zip(*encoded, strict=True), expected, strict=True):
            np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_what_a_model_cannot_is_said(tmp_path):
    _, baseline = both(tmp_path, network="deterministic", baseline="joint")
    with pytest.raises(InputError, match="must have latents"):
        baseline.generate("ant")
    _, by_graphs = both(tmp_path)
    with pytest.raises(InputError, match="z must hold finite numbers"):
        by_graphs.generate("ant", z=[[0, np.nan, 0]])
    with pytest.raises(InputError, match=r"z must have the shape \(N, 3\)"):
        by_graphs.generate("ant", z=[[0, 1]])


@pytest.mark.parametrize("name", ["mlp", "convolutional"])
def test_graphs_answer_where_they_can_and_pay(tmp_path, name):
    """Convolutions of many rows are Keras's, and all that the graphs do not know."""
    sizes = (2, 3) if name == "convolutional" else (7,)
    _, model = both(tmp_path, architecture=name, hidden_dims=sizes)
    assert model.engines.choose("draw_prior", "decode") is model.engines.choose("encode", rows=1)
    for names, rows in [(("elbo",), 1), (("draw_prior", "draw_pixels"), None)]:
        with pytest.raises(AssertionError, match="the graphs know this"):
            model.engines.choose(*names, rows=rows)
    if name == "mlp":
        assert model.engines.choose("encode") is model.engines.choose("decode")
    else:
        with pytest.raises(AssertionError, match="the graphs know this"):
            model.engines.choose("encode")


@pytest.mark.parametrize("settings", [{}, {"likelihood": "normal"}, {"pixels": "dynamic"}], ids=str)
def test_a_record_says_what_keras_would(tmp_path, digits, settings):
    run = train(
        digits, run=tmp_path / "run", epochs=1, hidden_dims=(4,), progress=False, **settings
    )
    opened = Run.open(run.path)
    assert opened.model.engines.facts == opened.by_keras.engines.facts
    assert opened.model.keras_model is opened.by_keras.keras_model


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
    old = Run.open("old")
    assert old.model is old.by_keras
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


def test_generating_images_imports_no_readers(room):
    code = (
        "import sys; from condvae.cli import main\n"
        "assert main('generate run --given 3 --out unread.png'.split()) == 0\n"
        "print(sorted(name for name in sys.modules if name.startswith('condvae.data.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "condvae.data.writers" in loaded
    assert not [
        name for name in ("dataset", "sources", "readers", "tables") if f".{name}'" in loaded
    ]


def test_damaged_graphs_are_refused_in_words(room, capsys):
    text = Path("run/graph.json").read_text()
    for damaged in (text[:100], text.replace("relu", "tanh"), "\0" * 10):
        Path("run/graph.json").write_text(damaged)
        assert main("generate run --given 3 --out a.png".split()) == 2
        assert "run/graph.json must hold graphs of format 1" in capsys.readouterr().err
    Path("run/graph.json").write_text(text)
    shutil.copy(Path(__file__).parent.parent / "golden/format-1/weights.safetensors", "run")
    assert main("generate run --given 3 --out a.png".split()) == 2
    assert "must fit one another and the weights" in capsys.readouterr().err
