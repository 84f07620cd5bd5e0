"""Hidden cells drawn given the known ones."""

from types import SimpleNamespace

import numpy as np
import pytest

import condvae
from condvae.chance import Chance
from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions import Schema, table_of
from condvae.data.tables import read_table
from condvae.inference.completion import NUM_SAMPLES, Completion
from condvae.training import train

pytestmark = pytest.mark.usefixtures("compiled_quickly")

ROWS = 20_000


def coins(rows=2_000, holes=0.0):
    """A coin, another that agrees with it in 90 % of the rows, and a number about its side."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 2, rows)
    second = np.where(rng.random(rows) < 0.9, first, 1 - first)
    columns = {
        "first": np.array(["h", "t"])[first],
        "second": np.array(["h", "t"])[second],
        "number": rng.normal(4.0 * first, 1.0).round(3),
    }
    columns["second"][rng.random(rows) < holes] = ""
    return columns


def test_z_is_taken_by_its_weight_and_known_cells_stay():
    table = table_of(coins(), [], "quantile", np.arange(2_000))
    weights = np.arange(1.0, NUM_SAMPLES + 1)

    def ask(name, arrays):
        rows = len(arrays["y"])
        if name == "weighted_draws":
            z = np.broadcast_to(np.arange(NUM_SAMPLES)[None, :, None], (rows, NUM_SAMPLES, 1))
            return {"z": z, "log_weights": np.tile(np.log(weights), (rows, 1))}
        seen.append(arrays["z"][:, 0])
        drawn = table.encode(
            {"first": ["t"] * rows, "second": ["t"] * rows, "number": [0.0] * rows}
        )
        return {"x_sample": drawn}

    seen = []
    completion = Completion(SimpleNamespace(ask=ask), table, Schema(conditions=()), latent_dim=1)
    known = {"first": ["h"] * ROWS, "second": [""] * ROWS, "number": [np.nan] * ROWS}
    y = np.zeros((ROWS, 1))
    (x, again), effective = completion.draw(table.encode(known), y, Chance(0), num_draws=2)
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(x, again)
    columns = table.decode(x)
    assert set(columns["first"]) == {"h"}
    assert set(columns["second"]) == {"t"}
    np.testing.assert_allclose(effective, weights.sum() ** 2 / (weights**2).sum())
    shares = np.bincount(np.concatenate(seen).astype(int), minlength=NUM_SAMPLES) / (2 * ROWS)
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.005)


@pytest.mark.slow
def test_what_is_imputed_has_the_conditionals_of_the_model(tmp_path):
    """Those of the joint distribution that it generates."""
    data = condvae.Dataset.from_columns(coins(4_000, holes=0.1), name="coins")
    settings = {"hidden_dims": (32,), "latent_dim": 3, "epochs": 40, "progress": False}
    run = train(data, run_dir=tmp_path / "run", **settings)
    joint = run.model.generate({}, num_samples=40_000)
    assert (joint["second"] == "").mean() == pytest.approx(0.1, abs=0.03)
    rows = {"first": ["h"] * 8_000, "second": [""] * 8_000, "number": [np.nan] * 8_000}
    (drawn,) = condvae.impute(run.model, rows, num_draws=1).tables
    assert set(drawn["second"]) == {"h", "t"}
    heads = joint["first"] == "h"
    exact = (joint["second"][heads & (joint["second"] != "")] == "h").mean()
    assert exact > 0.7
    assert (drawn["second"] == "h").mean() == pytest.approx(exact, abs=0.025)
    assert drawn["number"].mean() == pytest.approx(joint["number"][heads].mean(), abs=0.1)
    rows = {"first": [""] * 8_000, "second": [""] * 8_000, "number": [2.0] * 8_000}
    (drawn,) = condvae.impute(run.model, rows, num_draws=1).tables
    near = abs(joint["number"] - 2) < 0.3
    assert (drawn["first"] == "t").mean() == pytest.approx(
        (joint["first"][near] == "t").mean(), abs=0.06
    )


def test_holes_are_filled_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    columns = coins(400, holes=0.2)
    lines = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    text = "\n".join([",".join(columns), *lines]) + "\n"
    (tmp_path / "coins.csv").write_text(text)
    assert main("train coins.csv --run run --epochs 1 --hidden-dims 4 --latent-dim 2".split()) == 0
    assert main("impute run coins.csv --out filled.csv".split()) == 0
    empty = int((columns["second"] == "").sum())
    assert f"{empty} empty cells filled" in capsys.readouterr().out
    filled = read_table("filled.csv").columns
    known = columns["second"] != ""
    assert filled["second"][known].tolist() == columns["second"][known].tolist()
    assert set(filled["second"]) == {"h", "t"}
    np.testing.assert_array_equal(filled["number"], columns["number"])
    assert main("impute run coins.csv --out drawn.csv -n 2".split()) == 0
    assert (tmp_path / "drawn-1.csv").read_text() != (tmp_path / "drawn-2.csv").read_text()
    assert main("impute run coins.csv --out filled.csv".split()) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_a_model_of_images_fills_no_table(tmp_path):
    x = np.random.default_rng(0).integers(0, 2, (60, 4, 4)).astype("uint8")
    data = condvae.Dataset.from_arrays(x, np.arange(60) % 2)
    run = train(data, run_dir=tmp_path / "run", epochs=1, hidden_dims=(4,), progress=False)
    with pytest.raises(InputError, match="one of tables"):
        condvae.impute(run.model, {"a": [1.0]})


def test_a_table_without_conditions_takes_every_verb(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [",".join(map(str, row)) for row in zip(*coins(200).values(), strict=True)]
    (tmp_path / "coins.csv").write_text("\n".join(["first,second,number", *lines]) + "\n")
    for command in (
        "data info coins.csv",
        "train coins.csv --run run --epochs 1 --hidden-dims 4 --latent-dim 2",
        "generate run -n 5 --out made.csv",
        "generate run --given first=h --given number=0.5 -n 5 --out given.csv",
        "encode run coins.csv --out z.npz",
        "plot run history",
        "evaluate run",
    ):
        assert main(command.split()) == 0, command
    given = read_table("given.csv").columns
    assert set(given["first"]) == {"h"}
    assert set(given["number"]) == {0.5}
    assert np.load("z.npz")["mean"].shape == (200, 2)
    for mistake, said in (("first=x", "one of h, t"), ("number=x", "a number"), ("a=1", "column")):
        assert main(f"generate run --given {mistake} -n 2 --out no.csv".split()) == 2
        assert said in capsys.readouterr().err


@pytest.mark.slow
def test_conditions_that_are_not_given_are_drawn_by_the_model(tmp_path, monkeypatch):
    """Two conditions and a column, all three the same word: whichever is given tells the others."""
    monkeypatch.chdir(tmp_path)
    words = np.random.default_rng(0).choice(["left", "right"], 600, p=[0.3, 0.7])
    lines = [f"{word},{word[0]},{word.upper()}" for word in words]
    noise = np.random.default_rng(1).random(len(lines)) < 0.02  # so that none is a function
    lines = [
        line.replace("LEFT", "RIGHT") if flip else line
        for line, flip in zip(lines, noise, strict=True)
    ]
    (tmp_path / "words.csv").write_text("\n".join(["a,b,c", *lines]) + "\n")
    train = "train words.csv --condition a --condition c --run run --latent-dim 2"
    assert main(f"{train} --hidden-dims 32 --epochs 60 --learning-rate 0.005".split()) == 0
    for given, word in (("a=left", "l"), ("b=l", "l"), ("c=RIGHT", "r"), ("a=right", "r")):
        command = f"generate run --given {given} -n 500 --out drawn.csv --overwrite"
        assert main(command.split()) == 0
        drawn = read_table("drawn.csv").columns
        assert list(drawn) == ["a", "b", "c"]
        for values in drawn.values():
            share = np.mean([value.lower().startswith(word) for value in values.tolist()])
            assert share > 0.9, (given, drawn)
    assert main("generate run -n 2000 --out drawn.csv --overwrite".split()) == 0
    drawn = read_table("drawn.csv").columns
    assert np.mean(drawn["a"] == "left") == pytest.approx(0.3, abs=0.05)
    assert np.mean(drawn["b"] == "l") == pytest.approx(0.3, abs=0.05)
