import numpy as np
import pytest
from test_trained import LinearGaussian

from condvae.checks import InputError
from condvae.conditions import MaskedImage
from condvae.conditions.masks import half, observe, quadrants
from condvae.figures import complete
from condvae.figures.completion import with_given
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec


def test_a_model_of_parts_predicts_the_holes():
    spec = Spec().override(
        task="quadrants", baseline="joint", prior="conditional", hidden_dims=(5,)
    )
    condition = MaskedImage(image_shape=(4, 3, 1))
    model = TrainedModel(build_model(spec, Signature((4, 3, 1), condition.shape)), condition)
    image = np.random.default_rng(0).integers(0, 256, (4, 3), dtype="uint8")
    given = quadrants(4, 3, 2)
    drawn = complete(model, image, given, num_samples=6, seed=3)
    assert drawn.shape == (6, 4, 3, 1)
    np.testing.assert_allclose(drawn[:, given, 0], [image[given] / 255] * 6, rtol=1e-6)
    y = observe(image[None, ..., None], given, 255)
    expected = model.predict(y, 6, seed=3).samples[0]
    np.testing.assert_allclose(drawn[:, ~given], expected[:, ~given], rtol=1e-5)
    with pytest.raises(InputError, match="takes none"):
        complete(model, image, given, label=3)


def test_alternation_draws_from_the_exact_conditional():
    """The oracle's encoder is its exact posterior, so that the chain's limit is p(x_m | x_o, y)."""
    oracle = LinearGaussian()
    given = quadrants(4, 3, 2)
    known = given.reshape(-1)
    mean = oracle.v[:, 1] + oracle.b
    covariance = oracle.w @ oracle.w.T + oracle.scale**2 * np.eye(12)
    gain = covariance[np.ix_(~known, known)] @ np.linalg.inv(covariance[np.ix_(known, known)])
    image = oracle.x[0]
    expected = mean[~known] + gain @ (image.reshape(-1)[known] - mean[known])
    spread = covariance[np.ix_(~known, ~known)] - gain @ covariance[np.ix_(known, ~known)]
    drawn = complete(oracle.model, image, given, 4000, label="bee", sweeps=25)
    missing = drawn.reshape(4000, 12)[:, ~known]
    error = np.sqrt(np.diag(spread) / 4000)
    assert (np.abs(missing.mean(axis=0) - expected) < 5 * error).all()
    np.testing.assert_allclose(np.cov(missing.T), spread, atol=0.08)
    assert np.abs(expected - mean[~known]).max() > 20 * error.max()  # what is given matters


def test_the_first_shows_what_is_given_first():
    image = np.full((4, 4, 1), 0.2)
    cells = with_given(image, half(4, 4, "top"), np.ones((3, 4, 4, 1)))
    assert cells.shape == (4, 4, 4, 1)
    np.testing.assert_allclose(cells[0, :2], 0.2)
    np.testing.assert_allclose(cells[0, 2:], 0.5)


def test_an_image_of_another_size_is_refused(trained_run):
    with pytest.raises(InputError, match="the image must have the shape"):
        complete(trained_run.model, np.zeros((7, 8)), half(8, 8, "left"), label=3)
