"""Densities of the cells of a table: in the data's own units, with and without their presence."""

import numpy as np
import pytest

from condvae import Dataset
from condvae.conditions import table_of
from condvae.evaluation import bound_of
from condvae.inference.trained import TrainedModel
from condvae.likelihoods import TableLikelihood
from condvae.spec import Spec
from condvae.training import train
from condvae.training.beginning import prepare_model

pytestmark = pytest.mark.usefixtures("compiled_quickly", "small_forests")

ROWS = 2_000


def spiky(rows=ROWS):
    """A third of the rows 0, a tenth empty, the others with a long tail."""
    rng = np.random.default_rng(0)
    values = np.where(rng.random(rows) < 1 / 3, 0.0, np.exp(rng.normal(3, 1, rows)))
    values[rng.random(rows) < 0.1] = np.nan
    return values


@pytest.mark.parametrize("scaling", ["quantile", "standard"])
@pytest.mark.slow
def test_a_density_of_cells_integrates_to_one(scaling):
    values = spiky()
    table = table_of({"n": values}, [], scaling, np.arange(ROWS))
    likelihood = TableLikelihood(table.kinds)
    (size,) = likelihood.params_shape((table.dim,))
    params = np.float32(np.random.default_rng(1).normal(size=(1, size)))

    def density(x):
        return np.exp(np.asarray(likelihood(params).log_prob(x), "float64"))

    def of_cells(cells):
        x = table.encode({"n": cells})
        return density(x) * np.exp(table.log_slope(x))

    spike, empty = of_cells(np.asarray([0.0, np.nan]))
    low, high = np.nanmin(values[values > 0]), np.nanmax(values)
    # as fine near 0 as the scale is
    grid = np.exp(np.linspace(np.log(low), np.log(high), 60_001))
    inside = np.trapezoid(of_cells(grid), grid)
    # beyond the ends the scale goes on, and rows are generated as the ends
    ends = table.encode({"n": np.asarray([low, high])})
    outside = 0.0
    for end, sign in zip(ends, (-1, 1), strict=True):
        steps = np.linspace(0, 80, 40_001)
        x = np.repeat(end[None], len(steps), axis=0)
        x[:, -1] += sign * steps
        outside += np.trapezoid(density(x), steps)
    assert 0.05 < spike < 0.9
    assert 0.01 < empty < 0.9
    assert inside > 0.05
    assert spike + empty + inside + outside == pytest.approx(1, abs=2e-3)


def test_the_scaling_of_numbers_changes_no_density_of_cells():
    """Twice as large numbers have half the density: a nat times log 2 less, number by number."""
    values = spiky()
    one, two = (
        table_of({"n": factor * values}, [], "quantile", np.arange(ROWS)) for factor in (1, 2)
    )
    x = one.encode({"n": values})
    has_number = values > 0
    np.testing.assert_allclose(
        one.log_slope(x) - two.log_slope(x), np.log(2) * has_number, atol=1e-6
    )


def test_of_a_row_that_is_empty_its_presence_is_all():
    data = Dataset.from_columns({"n": spiky(300)})
    spec = Spec.parse({"model": {"latent_dim": 2, "hidden_dims": (4,), "likelihood": "table"}})
    trained = TrainedModel(prepare_model(data, spec), data.condition, table=data.table)
    x, y = data.train.x[:], trained.encode_condition({})
    presence = trained.completion.log_presence(x, np.repeat(y, len(x), axis=0), seed=3)
    reconstruction = -trained.elbo(x, {}, seed=3).reconstruction_loss
    empty = data.table.empty(x)[:, 0]
    np.testing.assert_allclose(presence[empty], reconstruction[empty], rtol=1e-4)
    assert (presence < 0).all()
    # to be there, and to be 0
    spike = x[:, 0] == 1
    assert (presence[spike] > reconstruction[spike]).all()


@pytest.mark.slow
def test_an_evaluation_tells_both(tmp_path):
    data = Dataset.from_columns({"n": spiky(300), "m": np.arange(300.0) ** 2}, name="spiky")
    run = train(
        data, run=tmp_path / "run", epochs=1, hidden_dims=(4,), latent_dim=2, progress=False
    )
    found = bound_of(run, data)
    x = data.test.x[:]
    assert found.elbo_of_cells == pytest.approx(found.elbo + data.table.log_slope(x).mean())
    assert found.elbo_of_values > found.elbo_of_cells
    assert "in the data's own units" in str(found)
    assert "given which cells are empty" in str(found)
