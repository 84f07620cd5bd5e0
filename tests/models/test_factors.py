"""Networks that start from the factors of tables and images."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from condvae import Dataset
from condvae.checks import InputError
from condvae.inference.trained import TrainedModel
from condvae.likelihoods import DiscretisedLogisticLikelihood
from condvae.likelihoods.factors import find_factors
from condvae.spec import Spec
from condvae.training.beginning import prepare_model

ROWS, COLUMNS, LATENTS = 4_000, 6, 2


def table_of_factors():
    """Two factors; six numbers that they explain to 80 to 99 %, and a word that they explain."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(LATENTS, COLUMNS))
    noise = np.linspace(0.1, 0.5, COLUMNS) * np.linalg.norm(loadings, axis=0)
    z = rng.normal(size=(ROWS, LATENTS))
    numbers = z @ loadings + noise * rng.normal(size=(ROWS, COLUMNS))
    word = np.where(2 * z[:, 0] + rng.logistic(size=ROWS) > 0, "up", "down")
    covariance = loadings.T @ loadings + np.diag(noise**2)
    return dict(zip("abcdef", numbers.T, strict=True)) | {"word": word}, covariance


def test_a_first_model_has_the_density_of_its_factors():
    columns, covariance = table_of_factors()
    settings = {"latent_dim": LATENTS, "hidden_dims": (8,), "likelihood": "table"}
    spec = Spec.parse({"model": settings | {"decoder_start": "factors", "output_bias": "data"}})
    data = Dataset.from_columns(columns, spec=spec.data)
    model = prepare_model(data, spec)
    trained = TrainedModel(model, data.condition, table=data.table)
    numbers = np.stack([columns[name] for name in "abcdef"], axis=1)
    # in the units of the encoded numbers, whose standard deviation is 1
    exact = multivariate_normal.logpdf(numbers, np.zeros(COLUMNS), covariance)
    exact = exact.mean() + np.log(numbers.std(axis=0)).sum() - np.log(2)
    alone = -COLUMNS * norm(0, 1).entropy() - np.log(2)
    found = trained.elbo(columns, {}).elbo.mean()
    assert exact > alone + 4
    # mixtures of logistic distributions are not normal, nor is the word nothing
    assert found == pytest.approx(exact, abs=0.6)


def test_a_first_model_is_given_its_condition():
    columns, covariance = table_of_factors()
    rng = np.random.default_rng(1)
    kinds, shifts = rng.integers(0, 3, ROWS), rng.normal(size=(3, COLUMNS))
    exact = multivariate_normal(np.zeros(COLUMNS), covariance).logpdf(
        np.stack([columns[name] for name in "abcdef"], axis=1)
    )
    numbers = {name: columns[name] + shifts[kinds, i] for i, name in enumerate("abcdef")}
    columns = numbers | {"kind": np.array(["x", "y", "z"])[kinds]}
    settings = {"latent_dim": LATENTS, "hidden_dims": (8,), "likelihood": "table"}
    spec = Spec.parse(
        {
            "model": settings | {"decoder_start": "factors", "output_bias": "data"},
            "data": {"conditions": ["kind"]},
        }
    )
    data = Dataset.from_columns(columns, spec=spec.data)
    model = TrainedModel(prepare_model(data, spec), data.condition, table=data.table)
    stacked = np.stack([*numbers.values()], axis=1)
    # in the units of the encoded numbers, as above
    exact = exact.mean() + np.log(stacked.std(axis=0)).sum()
    without = multivariate_normal(stacked.mean(axis=0), np.cov(stacked.T)).logpdf(stacked).mean()
    assert exact > without + np.log(stacked.std(axis=0)).sum() + 1.5
    found = model.elbo(numbers, {"kind": columns["kind"]}).elbo.mean()
    assert found == pytest.approx(exact, abs=0.6)


def test_factors_explain_what_columns_have_in_common():
    columns, _ = table_of_factors()
    numbers = np.stack([columns[name] for name in "abcdef"], axis=1)
    scale = numbers.std(axis=0)
    x = np.concatenate([np.ones((ROWS, COLUMNS)), (numbers - numbers.mean(axis=0)) / scale], axis=1)
    factors = find_factors(x, [(1, 0)] * COLUMNS, LATENTS)
    explained = factors.numbers @ factors.numbers.T + np.diag(factors.scales**2)
    np.testing.assert_allclose(explained, np.corrcoef(numbers.T), atol=0.03)
    # q(z | x) of a linear model, which has turned z so that its covariance is diagonal
    told = factors.numbers / factors.scales[:, None] ** 2
    precision = np.eye(LATENTS) + factors.numbers.T @ told
    np.testing.assert_allclose(np.linalg.inv(precision), np.diag(factors.variances), atol=1e-9)
    np.testing.assert_allclose(factors.seen[COLUMNS:], told * factors.variances, atol=1e-9)


def test_more_latents_than_numbers_are_left_alone():
    x = np.concatenate([np.ones((50, 2)), np.random.default_rng(0).normal(size=(50, 2))], axis=1)
    x[:5, [0, 2]] = 0  # hidden
    factors = find_factors(x, [(1, 0)] * 2, 6)
    assert factors.seen.shape == (4, 6)
    assert np.isfinite(factors.seen).all()
    assert (factors.variances <= 1).all()


def test_a_wide_table_has_the_same_factors_by_fewer_eigenvectors(monkeypatch):
    rng, count = np.random.default_rng(0), 300
    loadings = rng.normal(size=(3, count)) * [[1.0], [0.7], [0.4]]
    noise = np.linspace(0.3, 1, count)
    numbers = rng.normal(size=(1_000, 3)) @ loadings + noise * rng.normal(size=(1_000, count))
    x = np.concatenate([np.ones_like(numbers), numbers / numbers.std(axis=0)], axis=1)
    x[:50, [0, count]] = 0  # hidden
    columns, decompose, dense = [(1, 0)] * count, np.linalg.eigh, []
    monkeypatch.setattr(np.linalg, "eigh", lambda a: dense.append(len(a)) or decompose(a))
    wide = find_factors(x, columns, 3)
    assert max(dense) == 3  # that of the latents alone
    monkeypatch.setattr("condvae.likelihoods.factors.MOST_DENSE", 2 * count)
    exact = find_factors(x, columns, 3)
    assert max(dense) == 2 * count
    np.testing.assert_allclose(wide.variances, exact.variances, rtol=1e-4)
    for name in ("numbers", "seen"):
        # the sign of a latent is arbitrary
        found, wanted = getattr(wide, name), getattr(exact, name)
        found = found * np.sign((found * wanted).sum(axis=0))
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    explained = wide.numbers @ wide.numbers.T + np.diag(wide.scales**2)
    true = loadings.T @ loadings + np.diag(noise**2)
    size = np.sqrt(np.diag(true))
    np.testing.assert_allclose(explained, true / size / size[:, None], atol=0.15)


def images_of_factors(side, count=3_000, noise=0.05):
    """Grey images of three classes: a mean of its own each, two factors and noise."""
    rng = np.random.default_rng(1)
    places = np.linspace(0, 1, side)
    waves = np.stack([np.outer(np.sin(3 * places), places), np.outer(places, np.cos(4 * places))])
    loadings = np.array([0.15, 0.1])[:, None, None] * waves
    means = 0.5 + 0.1 * rng.normal(size=(3, 1, 1)) * np.outer(1 - places, places)
    y = np.arange(count) % 3
    z = rng.normal(size=(count, 2))
    x = (
        means[y]
        + np.einsum("nk,khw->nhw", z, loadings)
        + noise * rng.normal(size=(count, side, side))
    )
    return x.astype("float32"), y, means.reshape(3, -1), loadings.reshape(2, -1)


@pytest.mark.parametrize("latents", [LATENTS, 5])
def test_a_first_model_of_images_has_the_density_of_its_components(latents):
    x, y, means, loadings = images_of_factors(8)
    model = {"latent_dim": latents, "hidden_dims": (8,), "likelihood": "normal", "scale": 0.05}
    spec = Spec.parse({"model": model | {"decoder_start": "factors"}})
    data = Dataset.from_arrays(x, y)
    trained = TrainedModel(prepare_model(data, spec), data.condition)
    covariance = loadings.T @ loadings + 0.05**2 * np.eye(64)
    exact = [
        multivariate_normal.logpdf(x[y == c].reshape(-1, 64), means[c], covariance)
        for c in range(3)
    ]
    found = trained.elbo(x, y).elbo.mean()
    # axes and means are of 2,160 images
    assert found == pytest.approx(np.mean(exact), abs=0.15)


def test_large_images_start_from_small_ones():
    x, y, _, _ = images_of_factors(96, 300)
    model = {"latent_dim": 2, "hidden_dims": (8,), "likelihood": "normal", "scale": 0.05}
    spec = Spec.parse({"model": model | {"decoder_start": "factors"}})
    data = Dataset.from_arrays(x, y)
    model = prepare_model(data, spec)
    trained = TrainedModel(model, data.condition)
    assert model.decoder.get_layer("x_params").units == 48**2
    images = trained.reconstruct(x[:50], y[:50])
    assert np.mean((images.reshape(50, 96, 96) - x[:50]) ** 2) == pytest.approx(0.05**2, rel=0.05)


def test_levels_start_from_the_scales_and_slopes_that_are_left():
    rng = np.random.default_rng(2)
    red = 0.04 * rng.logistic(size=(2_000, 4, 4))
    green = 0.5 * red + 0.01 * rng.logistic(size=red.shape)
    params = DiscretisedLogisticLikelihood().first_params(
        np.full((4, 4, 2), 0.5), np.stack([red, green], axis=-1)
    )
    drawn = DiscretisedLogisticLikelihood()(params[None].astype("float32"))
    assert np.exp(drawn.log_scales[0, 0, 0]) == pytest.approx([0.04, 0.01], rel=0.02)
    assert drawn.slopes[0, 0, 0] == pytest.approx([0.5], rel=0.02)


def test_counts_and_networks_without_a_linear_part_have_no_factors():
    spec = Spec.parse({"model": {"decoder_start": "factors", "likelihood": "poisson"}})
    x = np.random.default_rng(0).integers(0, 9, (20, 4, 4)).astype("uint8")
    with pytest.raises(InputError, match="requires a table, or pixels"):
        prepare_model(Dataset.from_arrays(x, np.arange(20) % 2), spec)
    with pytest.raises(InputError, match="decoder_start 'factors' needs"):
        Spec.parse({"model": {"decoder_start": "factors", "architecture": "mixer"}})
