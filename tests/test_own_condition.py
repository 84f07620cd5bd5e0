"""A kind of condition of the user's own, as docs/how-to-conditions.md has it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import condvae
from condvae.checks import InputError
from condvae.conditions import Categorical, Part, Schema, register_condition, registry
from condvae.data import Dataset
from condvae.export.manifest import manifest
from condvae.figures import draw
from condvae.runs import Run
from condvae.runs.record import RunRecord
from condvae.spec import DataSpec
from condvae.training import train

pytestmark = pytest.mark.usefixtures("compiled_quickly")

GUIDE = Path(__file__).parent.parent / "docs" / "how-to-conditions.md"
TINY = {"epochs": 1, "hidden_dims": (8,), "latent_dim": 2, "batch_size": 64, "progress": False}


@pytest.fixture(scope="module")
def direction():
    """The class of the guide, known as long as the module's tests run."""
    (code,) = (
        b for b in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S) if "(Part)" in b
    )
    names = {"np": np, "__name__": "guide"}
    before = dict(registry._KINDS)
    exec(code.partition("np.savez")[0], names)
    yield names["Direction"]
    registry._KINDS.clear()
    registry._KINDS.update(before)
    registry._reader.cache_clear()


@pytest.fixture(scope="module")
def run(direction, compiled_quickly, tmp_path_factory):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (90, 8, 8), dtype="uint8")
    columns = {"wind": np.where(np.arange(90) % 9, rng.uniform(0, 360, 90), np.nan)}
    columns["season"] = np.array(["dry", "wet"])[np.arange(90) % 2]
    spec = DataSpec(conditions=("wind:direction", "season"))
    data = Dataset.from_columns(columns, x, name="vanes", spec=spec)
    return train(data, run=tmp_path_factory.mktemp("own") / "run", preset="small", **TINY), data


def test_it_is_trained_kept_and_loaded(run, direction):
    made, data = run
    opened = Run.open(made.path)
    wind = opened.record.condition["wind"]
    assert type(wind) is direction
    assert opened.record == made.record
    assert str(wind) == "wind: direction"
    np.testing.assert_allclose(
        wind.decode_rows(wind.encode_rows([359.0, 10])), [359, 10], rtol=1e-5
    )
    images = condvae.load(made.path).generate({"wind": [0.0, np.nan, 360]}, seed=0)
    assert images.shape == (3, 8, 8, 1)
    given = opened.record.condition.parse(["wind=90", "season=wet"])
    np.testing.assert_allclose(
        opened.model.encode_condition(given), [[0, 1, 1, 0, 1, 1]], atol=1e-6
    )
    assert opened.record.condition.decode(data.given)["wind"].shape == (90,)


def test_figures_page_and_manifest_hold_it(run):
    made, data = run
    assert set(draw(made.model, data, {})) == {"samples", "scatter", "generate", "reconstruct"}
    assert made.model.condition.for_page()["parts"][0]["widget"] == "none"
    assert condvae.explore(made, data).text
    blocks = manifest(made.record, {}, {})["condition"]["blocks"]
    assert blocks["wind"] == {"start": 0, "stop": 2, "given": 2}


def test_who_does_not_know_it_is_told_so(run, monkeypatch):
    made, _ = run
    text = (made.path / "run.json").read_text()
    assert json.loads(text)["condition"]["conditions"][0] == {"kind": "direction", "name": "wind"}
    known = {name: kind for name, kind in registry._KINDS.items() if name != "direction"}
    monkeypatch.setattr(registry, "_KINDS", known)
    registry._reader.cache_clear()
    with pytest.raises(InputError, match="tag 'direction' found using 'kind' does not match"):
        RunRecord.parse(text, "run.json")
    registry._reader.cache_clear()


def test_names_are_of_one_class_each(direction):
    assert register_condition(direction) is direction

    class Other(Categorical):
        pass

    with pytest.raises(InputError, match="a unique name, unlike 'categorical'"):
        register_condition(Other)

    class Nameless(Part):
        pass

    with pytest.raises(InputError, match="must have a name as a kind"):
        register_condition(Nameless)


def test_places_are_kept():
    with pytest.raises(ValueError, match="'schema' found using 'kind' does not match"):
        Schema(conditions=(Schema(conditions=(Categorical(categories=("a",)),)),))
