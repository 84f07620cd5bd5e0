"""Baselines of digits, computed again, and of images from a known normal distribution."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from condvae.data import Dataset
from condvae.evaluation.baselines import class_moments, evaluate_baselines
from condvae.evaluation.trial import Trial
from condvae.likelihoods import likelihood_named
from condvae.spec import Spec


def trial_of(dataset, likelihood, **settings):
    """A stand-in for a run that is used only for its likelihood."""
    spec = Spec().override(likelihood=likelihood, **settings)
    model = SimpleNamespace(likelihood=likelihood_named(likelihood).of(spec.model))
    run = SimpleNamespace(spec=spec, comparability=lambda split, how: f"{split}, {how}")
    return Trial(run, dataset, SimpleNamespace(keras_model=model))


def spread(x, codes):
    """Mean square of the deviations from the mean of the class, and these means."""
    means = np.stack([x[codes == code].mean(axis=0) for code in range(10)])
    return ((x - means[codes]) ** 2).mean(axis=0), means


def test_bernoulli_pixels_of_the_class(digits):
    found = evaluate_baselines(trial_of(digits, "bernoulli"), loss=20.0)
    train, test = digits.train, digits.test
    _, means = spread(train.x / 255, train.given)
    p = np.clip(means, 1e-3, 1 - 1e-3)[test.given]
    x = test.x / 255
    losses = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    assert found.class_mean.loss == pytest.approx(losses.mean(), rel=1e-5)
    error = losses.std(ddof=1) / np.sqrt(len(losses))
    assert found.class_mean.standard_error == pytest.approx(error, rel=1e-4)
    assert found.gaussian is found.components is found.bits is None
    assert f"the run is {losses.mean() - 20:.2f} nats better" in str(found)
    assert "a Gaussian is not comparable" in str(found)
    assert found.figures()["class_mean_loss"] == found.class_mean.loss


@pytest.mark.parametrize("scale", [0.5, "learned", "per_dimension"])
def test_normal_pixels_of_the_class(digits, scale):
    trial = trial_of(digits, "normal", scale=scale)
    found = evaluate_baselines(trial, loss=0.0)
    variance, means = spread(digits.train.x / 255, digits.train.given)
    fixed = {0.5: 0.25, "learned": variance.mean(), "per_dimension": np.maximum(variance, 1e-4)}
    scales = np.sqrt(fixed[scale])
    x, codes = digits.test.x / 255, digits.test.given
    losses = -stats.norm.logpdf(x, means[codes], scales).sum(axis=(1, 2, 3))
    assert found.class_mean.loss == pytest.approx(losses.mean(), rel=1e-3)
    assert found.gaussian.loss < evaluate_baselines(trial, 0.0).class_mean.loss
    assert found.components > 0
    assert f"{found.components} principal components" in str(found)


def test_a_likelihood_of_one_s_own_that_says_no_parameters_has_no_mean_image(digits):
    trial = trial_of(digits, "bernoulli")
    own = trial.model.keras_model

    class Own(type(own.likelihood)):
        def params_shape(self, x_shape):
            return (*x_shape[:-1], 2 * x_shape[-1])

    own.likelihood = Own()
    found = evaluate_baselines(trial, loss=0.0)
    assert found.class_mean is None
    assert "class: unknown" in str(found)
    assert found.figures()["class_mean_loss"] is None


def normal_images(count, rng):
    """Two classes of 4 x 4 levels, each normal around a mean of its own, three directions apart."""
    codes = np.arange(count) % 2
    directions = np.linalg.qr(np.random.default_rng(5).normal(size=(16, 16)))[0][:3]
    deviations = 0.1 * rng.normal(size=(count, 3)) @ directions + 0.03 * rng.normal(
        size=(count, 16)
    )
    levels = np.rint(255 * (0.4 + 0.2 * codes[:, None] + deviations)).clip(0, 255)
    return levels.reshape(count, 4, 4).astype("uint8"), codes


def test_levels_of_a_known_normal_distribution_have_its_entropy():
    """Levels are narrow beside it: their mass is its density times their width."""
    rng = np.random.default_rng(0)
    dataset = Dataset.from_arrays(*normal_images(6_000, rng), test=normal_images(3_000, rng))
    found = evaluate_baselines(trial_of(dataset, "logistic_mixture"), loss=0.0)
    variances = np.r_[np.full(3, 0.1**2 + 0.03**2), np.full(13, 0.03**2)]
    entropy = (np.log(2 * np.pi * np.e * variances) / 2).sum() + 16 * np.log(255)
    assert found.gaussian.loss == pytest.approx(
        entropy, abs=4 * found.gaussian.standard_error + 0.1
    )
    assert found.bits == pytest.approx(found.gaussian.loss / 16 / np.log(2))
    assert found.components in (3, 4)
    # the mean image knows no directions, so that it is worse
    assert found.class_mean.loss > entropy + 2


def test_moments_are_those_that_the_likelihood_stands_for(digits):
    """Distributions made of moments have them."""
    trial = trial_of(digits, "logistic_mixture")
    means, variance = class_moments(trial)
    expected, of_class = spread(digits.train.x / 255, digits.train.given)
    np.testing.assert_allclose(means, of_class)
    np.testing.assert_allclose(variance, expected)
    kind = trial.model.keras_model.likelihood
    params = kind.params_of_moments(np.full((1, 1, 1), 0.5), np.full((1, 1, 1), 0.01))
    levels = (np.arange(256, dtype="float32") / 255).reshape(256, 1, 1, 1)
    mass = np.exp(np.asarray(kind(params[None].astype("float32")).log_prob(levels), "float64"))
    assert mass.sum() == pytest.approx(1, rel=1e-3)
    mean = (mass * levels.ravel()).sum()
    assert mean == pytest.approx(0.5, abs=1e-3)
    assert (mass * (levels.ravel() - mean) ** 2).sum() == pytest.approx(0.01, rel=0.02)
    counts = likelihood_named("negative_binomial")()
    log_mean, log_dispersion = counts.params_of_moments(np.array([4.0]), np.array([12.0]))
    assert (np.exp(log_mean), np.exp(log_dispersion)) == pytest.approx((4, 2))
