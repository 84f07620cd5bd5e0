"""Runs given a class of an order, from files to figures, the page and ONNX."""

import json

import numpy as np
import pytest

import condvae
from condvae.cli import main
from condvae.data import load_data
from condvae.data.tables import read_table
from condvae.data.writing import write_table
from condvae.evaluation import Trial, evaluate_table
from condvae.figures import draw
from condvae.runs import Run
from condvae.training import train

pytestmark = pytest.mark.usefixtures("compiled_quickly")

N = 240
NAMES = np.array(["low", "medium", "high"])
TINY = {"epochs": 2, "hidden_dims": (8,), "latent_dim": 2, "batch_size": 64, "progress": False}
ORDER = "ordinal:low<medium<high"


@pytest.fixture(scope="module")
def folder(compiled_quickly, tmp_path_factory):
    """Images as bright as they are called, a table, and a run on each."""
    path, rng = tmp_path_factory.mktemp("ordinal"), np.random.default_rng(0)
    level = np.arange(N) % 3
    x = (rng.random((N, 8, 8)) * 80 * (1 + level[:, None, None])).astype("uint8")
    names = np.where(np.arange(N) % 10 == 0, "", NAMES[level])
    np.savez(path / "images.npz", x=x, light=names)
    images = load_data(path / "images.npz", conditions=(f"light:{ORDER}",))
    train(images, run=path / "pictures", preset="small", **TINY)
    columns = {"size": np.round(level + rng.random(N), 2), "light": names, "half": level / 2}
    write_table(path / "made.csv", columns, set())
    data = load_data(path / "made.csv", conditions=(f"light:{ORDER}", "half:ordinal"))
    train(data, run=path / "rows", preset="table", **TINY)
    return path


def test_the_run_comes_back_and_knows_the_order(folder):
    run = Run.open(folder / "pictures")
    (light,) = run.record.condition.conditions
    assert light.categories == tuple(NAMES)
    assert run.record.spec.data.conditions == (f"light:{ORDER}",)
    assert run.model.generate({"light": ["low", "", "high"]}, seed=0).shape == (3, 8, 8, 1)
    (half,) = Run.open(folder / "rows").record.condition.conditions[1:]
    assert half.categories == ("0", "0.5", "1")


def test_figures_walk_in_order(folder):
    run = Run.open(folder / "pictures")
    figures = draw(run.model, run.load_data(), {}, ["scatter", "generate", "labels"])
    legend = figures["scatter"].axes[0].get_legend().get_texts()
    assert [text.get_text() for text in legend] == [*NAMES, "missing"]
    assert len(figures["labels"]) == 2 * 12 + 1 + 3 * 6


def test_commands_take_its_names(folder, tmp_path, capsys):
    pictures, rows = folder / "pictures", folder / "rows"
    out = tmp_path / "a.npz"
    assert main(f"generate {pictures} --given light=medium -n 3 --out {out}".split()) == 0
    assert main(f"generate {pictures} --per-class 2 --out {tmp_path / 'b.npz'}".split()) == 0
    assert np.load(tmp_path / "b.npz")["y"].tolist() == np.repeat(NAMES, 2).tolist()
    assert main(f"generate {rows} --given half=0.5 -n 4 --out {tmp_path / 'c.csv'}".split()) == 0
    written = read_table(tmp_path / "c.csv").columns
    assert written["half"].tolist() == [0.5] * 4
    assert main(f"generate {pictures} --given light=bright -n 3 --out x.npz".split()) == 2
    assert "low, medium, high" in capsys.readouterr().err


@pytest.mark.slow
def test_a_table_is_judged_by_it(folder):
    run = Run.open(folder / "rows")
    quality = evaluate_table(Trial.of(run, run.load_data()))
    assert "light" in quality.prediction.figures()["targets"]


def test_page_and_onnx_hold_it(folder, tmp_path):
    run = Run.open(folder / "pictures")
    page = condvae.explore(run)
    assert page.text
    pytest.importorskip("onnx")
    assert (
        main(f"export {folder / 'pictures'} --format onnx --out {tmp_path / 'onnx'}".split()) == 0
    )
    manifest = json.loads((tmp_path / "onnx" / "manifest.json").read_text())
    assert manifest["condition"]["blocks"]["light"] == {"start": 0, "stop": 2, "given": 2}
    (light,) = manifest["condition"]["conditions"]
    assert light == {
        "kind": "ordinal",
        "name": "light",
        "categories": list(NAMES),
        "seldom": [],
    }
