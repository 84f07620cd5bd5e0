"""Hidden cells drawn given the known ones."""

import numpy as np
import pytest
from scipy.stats import norm

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions import Schema, Table
from condvae.conditions.class_column import ClassColumn
from condvae.conditions.number_column import NumberColumn
from condvae.data.tables import read_table
from condvae.inference.chance import Chance
from condvae.inference.completion import ENOUGH, Completion
from condvae.inference.linear_rows import LinearRows
from condvae.training import train

pytestmark = pytest.mark.usefixtures("compiled_quickly", "small_forests")


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


class UninformedModel:
    """z ~ N(0, 1), which the encoder knows nothing of."""

    def ask(self, name, arrays):
        if name == "draw_prior":
            return {"z": arrays["noise"]}
        zeros = np.zeros((len(arrays["x"]), 1))
        return {"mean": zeros, "logvar": zeros}


class KnownModel(UninformedModel):
    """z ~ N(0, 1); each coin shows h with the probability sigmoid(3 z); a number ~ N(2 z, 1/2)."""

    def __init__(self, table):
        self.table = table

    def ask(self, name, arrays):
        if name in ("draw_prior", "encode"):
            return super().ask(name, arrays)
        z = arrays["z"][:, 0].astype(float)
        heads = 1 / (1 + np.exp(-3 * z))
        if name == "joint_log_prob":
            return {"log_prob": self.log_prob(self.table.decode(arrays["x"]), z)}
        noise = arrays["pixel_noise"]
        number = 2 * z + 0.5 * norm.ppf(np.clip(noise[:, 2], 1e-6, 1 - 1e-6))
        sides = {
            coin: np.where(noise[:, place] < heads, "h", "t")
            for place, coin in enumerate(("first", "second"))
        }
        return {"x_sample": self.table.encode(sides | {"number": number})}

    def log_prob(self, cells, z):
        heads = 1 / (1 + np.exp(-3 * z))
        log_prob = norm.logpdf(z)
        for coin in ("first", "second"):
            share = np.select([cells[coin] == "h", cells[coin] == "t"], [heads, 1 - heads], 1.0)
            log_prob = log_prob + np.log(share)
        known = ~np.isnan(cells["number"])
        density = norm.logpdf(np.where(known, cells["number"], 0.0), 2 * z, 0.5)
        return log_prob + np.where(known, density, 0.0)

    def exact(self, cells):
        """(points, weights) of z given the cells of one row, by a fine grid."""
        z = np.linspace(-6, 6, 4_001)
        one = {name: np.full(len(z), value) for name, value in cells.items()}
        weights = np.exp(self.log_prob(one, z))
        return z, weights / weights.sum()


@pytest.mark.parametrize(
    "known", [("h", np.nan), ("t", np.nan), ("", 1.3), ("h", -0.4), ("t", 2.5)]
)
def test_hidden_cells_have_the_conditionals_of_a_model_that_is_known(known):
    knots = ((-9.0, -9.0), (9.0, 9.0))
    coin = {"may_miss": False, "categories": ("h", "t")}
    table = Table(
        columns=(
            ClassColumn(name="first", **coin),
            ClassColumn(name="second", **coin),
            NumberColumn(name="number", knots=knots),
        )
    )
    model = KnownModel(table)
    cells = {"first": known[0], "second": "", "number": known[1]}
    rows, y = {name: [value] * 5_000 for name, value in cells.items()}, np.zeros((5_000, 1))
    completion = Completion(model, table, Schema(conditions=()), latent_dim=1, noise_dim=1)
    (x, again), effective = completion.draw(table.encode(rows), y, Chance(0), num_draws=2)
    assert not np.array_equal(x, again)
    assert effective.min() > ENOUGH / 2
    drawn, (z, weights) = table.decode(x), model.exact(cells)
    heads = 1 / (1 + np.exp(-3 * z))
    if known[0]:
        assert set(drawn["first"]) == {known[0]}
    else:
        assert (drawn["first"] == "h").mean() == pytest.approx(weights @ heads, abs=0.02)
    assert (drawn["second"] == "h").mean() == pytest.approx(weights @ heads, abs=0.02)
    if np.isnan(known[1]):
        assert drawn["number"].mean() == pytest.approx(weights @ (2 * z), abs=0.08)
        deviation = np.sqrt(weights @ (2 * z) ** 2 - (weights @ (2 * z)) ** 2 + 0.25)
        assert drawn["number"].std() == pytest.approx(deviation, abs=0.06)
    else:
        np.testing.assert_allclose(drawn["number"], known[1], rtol=1e-6)


class AlmostEmpty(UninformedModel):
    """Cells are empty with a probability that no draw misses; else h three times as often as t."""

    def ask(self, name, arrays):
        if name in ("draw_prior", "encode"):
            return super().ask(name, arrays)
        if name == "joint_log_prob":
            return {"log_prob": norm.logpdf(arrays["z"][:, 0].astype(float))}
        cells = {"draw_pixels": [0, 0, 1, 0, 1, 0], "decode": [3e-30, 1e-30, 1, 2e-30, 1, 10e-30]}
        rows = np.tile(np.array(cells[name], "float32"), (len(arrays["z"]), 1))
        return {"x_sample": rows, "x_mean": rows}


def test_cells_are_filled_that_are_almost_certainly_empty():
    coin = ClassColumn(name="coin", may_miss=True, categories=("h", "t"))
    number = NumberColumn(name="number", may_miss=True, knots=((-9.0, -9.0), (9.0, 9.0)))
    table = Table(columns=(coin, number))
    x = table.encode({"coin": [""] * 4_000, "number": [np.nan] * 4_000})
    completion = Completion(AlmostEmpty(), table, Schema(conditions=()), latent_dim=1, noise_dim=1)
    hidden = table.hide(x, table.empty(x))
    (x,), _ = completion.draw(hidden, np.zeros((4_000, 1)), Chance(0), fill=True)
    drawn = table.decode(x)
    assert set(drawn["coin"]) == {"h", "t"}
    assert (drawn["coin"] == "h").mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(drawn["number"], 5.0)


def test_z_is_told_from_any_cells_as_a_linear_model_has_it():
    rng = np.random.default_rng(0)
    names, num, size = ("a", "b", "c", "d"), 200_000, 2
    by_z, by_y = rng.normal(size=(size, 4)), rng.normal(size=(1, 4))
    y = rng.normal(size=(num, 1))
    z = 0.7 * y + rng.normal(size=(num, size))
    numbers = y @ by_y + z @ by_z + 0.3 * rng.normal(size=(num, 4))
    knots = ((-50.0, -50.0), (50.0, 50.0))
    table = Table(columns=tuple(NumberColumn(name=name, knots=knots) for name in names))
    linear = LinearRows(table, table.encode(dict(zip(names, numbers.T, strict=True))), y, z)
    for known in ([0, 1, 2, 3], [2], [0, 3], []):
        cells = {
            name: values if place in known else np.full(3, np.nan)
            for place, (name, values) in enumerate(zip(names, numbers[:3].T, strict=True))
        }
        found = linear.posterior(table.encode(cells), y[:3])
        part = by_z[:, known]
        covariance = np.linalg.inv(np.eye(size) + part @ part.T / 0.09)
        rest = numbers[:3, known] - y[:3] @ by_y[:, known] - 0.7 * y[:3].repeat(2, 1) @ part
        mean = 0.7 * y[:3] + rest @ part.T @ covariance / 0.09
        np.testing.assert_allclose(found.mean, mean, atol=0.03)
        np.testing.assert_allclose(found.root[0] @ found.root[0].T, covariance, atol=0.02)


@pytest.mark.slow
def test_what_is_imputed_has_the_conditionals_of_the_model(tmp_path):
    """The conditional distributions of the joint distribution that it generates."""
    data = condvae.Dataset.from_columns(coins(4_000, holes=0.1), name="coins")
    settings = {"hidden_dims": (32,), "latent_dim": 3, "epochs": 40, "progress": False}
    run = train(data, run=tmp_path / "run", **settings)
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


@pytest.mark.slow
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
    indexed = [f",remark,{text.splitlines()[0]}", *(f"{n},,{line}" for n, line in enumerate(lines))]
    (tmp_path / "indexed.csv").write_text("\n".join(indexed) + "\n")
    assert main("impute run indexed.csv --out indexed-filled.csv".split()) == 0
    assert "400 stay empty, which the model cannot tell: remark" in capsys.readouterr().out
    header, first, *_ = (tmp_path / "indexed-filled.csv").read_text().splitlines()
    assert header == "column 1,remark,first,second,number"
    assert first.startswith("0,,")


def test_a_model_of_images_fills_no_table(tmp_path):
    x = np.random.default_rng(0).integers(0, 2, (60, 4, 4)).astype("uint8")
    data = condvae.Dataset.from_arrays(x, np.arange(60) % 2)
    run = train(data, run=tmp_path / "run", epochs=1, hidden_dims=(4,), progress=False)
    with pytest.raises(InputError, match="must be a model of tables"):
        condvae.impute(run.model, {"a": [1.0]})


@pytest.mark.slow
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
