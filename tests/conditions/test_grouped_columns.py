"""Columns of thousands of words: groups that the networks see, and words by their own shares."""

import numpy as np
import pytest
from scipy import special

from condvae import Dataset, impute
from condvae.checks import InputError
from condvae.cli import main
from condvae.conditions import table_of
from condvae.conditions.grouped_column import MOST_STATES, OWN_SHARE, GroupedColumn, principal_axis
from condvae.conditions.table import Table
from condvae.data.tables import read_table
from condvae.likelihoods import TableLikelihood
from condvae.runs.engines import graph_engine_of
from condvae.training import train

ROWS, WORDS = 3_000, 700


def orders():
    """Words with prices of their own, few of which many rows have."""
    rng = np.random.default_rng(0)
    shares = 1 / (np.arange(WORDS) + 3)
    which = rng.choice(WORDS, ROWS, p=shares / shares.sum())
    price = rng.permutation(WORDS)[which] + 0.5 * rng.random(ROWS)
    return {"word": np.array([f"w{n:03}" for n in range(WORDS)])[which], "price": price}


@pytest.fixture(scope="module")
def rows():
    return orders()


@pytest.fixture(scope="module")
def table(rows):
    return table_of(rows, [], "quantile", np.arange(ROWS))


@pytest.fixture(scope="module")
def column(table):
    (column,) = (column for column in table.columns if column.name == "word")
    return column


def test_more_words_than_states_are_grouped_and_come_back(table, column, rows):
    assert isinstance(column, GroupedColumn)
    assert column.num_values == MOST_STATES
    assert table.kinds == ((MOST_STATES, -2), (1, 0))
    words = np.asarray(column.categories)
    codes, numbers = column.codes(words), column.numbers(words)
    assert numbers.dtype == "float32"
    assert column.cells(codes, numbers).tolist() == words.tolist()
    decoded = table.decode(table.encode(rows))
    assert decoded["word"].tolist() == rows["word"].tolist()
    assert Table.model_validate_json(table.model_dump_json()) == table


def test_frequent_words_are_states_of_their_own(column, rows):
    words, counts = np.unique(rows["word"], return_counts=True)
    sizes = np.bincount(column.groups)
    frequent = column.codes(words[counts >= OWN_SHARE * ROWS])
    assert len(frequent) > 20
    assert (sizes[frequent] == 1).all()


def test_a_uniform_number_is_a_word_by_its_share(column, rows):
    """Of the words of a group each has the share of its rows, whatever the order."""
    count = 20_001
    places = (np.arange(count) + 0.5) / count - 0.5
    words, counts = np.unique(rows["word"], return_counts=True)
    for group in (0, 100, MOST_STATES - 1):
        drawn = column.cells(np.full(count, group), places)
        members = np.asarray(column.categories)[np.asarray(column.groups) == group]
        own = np.array([counts[words == word].sum() for word in members])
        shares = np.array([(drawn == word).mean() for word in members])
        np.testing.assert_allclose(shares, own / own.sum(), atol=1e-3)
        ends = column.cells(np.full(2, group), np.array([-0.5, 0.5]))
        assert set(ends) <= set(members)


def test_the_probabilities_of_words_sum_to_one(table, column):
    likelihood = TableLikelihood(table.kinds)
    (size,) = likelihood.params_shape((table.dim,))
    params = np.random.default_rng(1).normal(size=(1, size)).astype("float32")
    words = np.asarray(column.categories)
    x = table.encode({"word": words, "price": np.full(len(words), np.nan)})
    log_prob = np.asarray(likelihood(params).log_prob(x), "float64") + table.log_slope(x)
    of_groups = special.log_softmax(params[0, :MOST_STATES].astype("float64"))
    exact = of_groups[list(column.groups)] + np.log(column.widths)
    np.testing.assert_allclose(log_prob, exact, rtol=1e-4)
    assert np.exp(log_prob).sum() == pytest.approx(1, abs=1e-4)


def test_words_of_a_group_have_like_rows(column, rows):
    """The prices of a group's words spread by less than a tenth of all prices."""
    words, codes, counts = np.unique(rows["word"], return_inverse=True, return_counts=True)
    prices = np.bincount(codes, rows["price"]) / counts
    groups = column.codes(words)
    means = np.bincount(groups, counts * prices) / np.bincount(groups, counts)
    within = np.average((prices - means[groups]) ** 2, weights=counts)
    assert within < 0.01 * np.average((prices - rows["price"].mean()) ** 2, weights=counts)


def test_a_word_without_a_training_row_is_possible():
    rows = orders()
    rows["word"][-1] = "zz"
    table = table_of(rows, [], "quantile", np.arange(ROWS - 1))
    x = table.encode({name: values[-1:] for name, values in rows.items()})
    assert table.decode(x)["word"] == ["zz"]
    assert np.isfinite(table.log_slope(x)).all()


def test_empty_cells_and_words_that_there_are_not(table, column):
    hidden = table.encode({"word": [""], "price": [3.0]})
    assert table.hidden(hidden)[0].tolist() == [True, False]
    assert table.decode(hidden)["word"] == [""]
    with pytest.raises(InputError, match="'word' must hold one of"):
        column.codes(np.array(["nothing"]))
    rows = orders()
    rows["word"][:300] = ""
    holed = table_of(rows, [], "quantile", np.arange(ROWS))
    assert holed.kinds[0] == (MOST_STATES + 1, -2)
    x = holed.encode(rows)
    assert holed.decode(x)["word"].tolist() == rows["word"].tolist()
    assert (holed.empty(x)[:, 0] == (rows["word"] == "")).all()


def test_a_column_alone_is_grouped_by_shares():
    rng = np.random.default_rng(0)
    words = np.char.add("w", rng.integers(2_000, size=6_000).astype(str))
    table = table_of({"word": words}, [], "quantile", np.arange(6_000))
    counts = np.bincount(table.columns[0].codes(words))
    assert len(counts) == MOST_STATES
    assert counts.min() >= 2
    assert table.decode(table.encode({"word": words}))["word"].tolist() == words.tolist()


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly", "small_forests")
def test_runs_on_grouped_words_are_like_others(tmp_path, rows):
    """NumPy computes what Keras does; given words are in all rows; known cells are unchanged."""
    data = Dataset.from_columns(rows, name="orders")
    settings = {"latent_dim": 2, "hidden_dims": (4,), "epochs": 1, "progress": False}
    run = train(data, run=tmp_path / "run", **settings)
    model, x = run.model, data.test.x[:64]
    y = np.zeros((64, *run.record.condition.shape), "float32")
    z = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    by_keras, by_numpy = (
        engine.run("decode", {"z": z, "y": y})["x_mean"]
        for engine in (run.by_keras.engines.keras, graph_engine_of(run))
    )
    np.testing.assert_allclose(by_numpy, by_keras, atol=1e-5)
    made = impute(model, {"word": rows["word"][:9], "price": np.full(9, np.nan)})
    assert made.tables[0]["word"].tolist() == rows["word"][:9].tolist()
    assert not np.isnan(made.tables[0]["price"]).any()
    out = tmp_path / "new.csv"
    asked = ["--given", "word=w003", "-n", "5", "--out", str(out)]
    assert main(["generate", str(run.path), *asked]) == 0
    assert set(read_table(out).columns["word"]) == {"w003"}
    assert np.isfinite(model.elbo(x, {}, seed=0).loss).all()


@pytest.mark.parametrize("rows", [3, 5, 8])
def test_the_principal_axis_is_that_of_the_weighted_squares(rows):
    rng = np.random.default_rng(rows)
    weight = rng.uniform(1, 4, rows)
    centred = rng.normal(size=(rows, 5))
    values, axis = principal_axis(centred, weight)
    squares = centred.T @ np.diag(weight) @ centred
    np.testing.assert_allclose(squares @ axis, values[-1] * axis, atol=1e-9)
    assert values[-1] == pytest.approx(np.linalg.eigvalsh(squares)[-1])
    assert not principal_axis(np.zeros((2, 5)), weight[:2])[1].any()
