"""Networks that start from the factors of a table."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from condvae import Dataset
from condvae.checks import InputError
from condvae.inference.trained import TrainedModel
from condvae.likelihoods.factors import find_factors
from condvae.spec import Spec
from condvae.training.train import prepare_model

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


def test_images_have_no_factors():
    spec = Spec.parse({"model": {"decoder_start": "factors", "likelihood": "bernoulli"}})
    x = np.random.default_rng(0).integers(0, 2, (20, 4, 4)).astype("uint8")
    with pytest.raises(InputError, match="needs a table"):
        prepare_model(Dataset.from_arrays(x, np.arange(20) % 2), spec)
    with pytest.raises(InputError, match="decoder_start 'factors' needs"):
        Spec.parse({"model": {"decoder_start": "factors", "architecture": "mixer"}})
