import numpy as np
import pytest

from condvae.data import Dataset
from condvae.evaluation.pixels import Pixels
from condvae.evaluation.trial import Trial

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3
GREY = RNG.integers(0, 256, (60, 4, 3), dtype="uint8")


def made(x):
    return Dataset.from_arrays(x, LABELS)


@pytest.mark.parametrize(
    ("x", "settings", "expected"),
    [
        (GREY, {"likelihood": "bernoulli"}, Pixels(drawn=False, binarised=False)),
        (GREY, {"pixels": "dynamic"}, Pixels(drawn=True, binarised=True)),
        (GREY, {"likelihood": "logistic_mixture"}, Pixels(drawn=True, binarised=False)),
        (GREY // 128, {"likelihood": "bernoulli"}, Pixels(drawn=True, binarised=False)),
        (GREY // 10, {"likelihood": "poisson"}, Pixels(True, False, 0, 255)),
        (GREY / 255, {"likelihood": "normal"}, Pixels(drawn=False, binarised=False)),
    ],
)
def test_what_is_compared_follows_the_likelihood(stand_in, x, settings, expected):
    data = made(x)
    assert Pixels.of_run(stand_in(data, None, **settings), data) == expected


def test_real_and_generated_numbers_have_one_scale(stand_in):
    """Floats from -30 to 30: 0 and 1 are the least and the greatest of the training images."""
    x = RNG.uniform(-30, 30, (60, 4, 3)).astype("float32")
    data = made(x)
    run = stand_in(data, lambda labels: np.arange(60), likelihood="normal")
    pixels = Pixels.of_run(run, data)
    rows = pixels.rows(data.x, data.x_max)
    assert (rows[data.train.rows].min(), rows[data.train.rows].max()) == (0, 1)
    np.testing.assert_allclose(pixels.generate(Trial.of(run, data), LABELS), rows, rtol=1e-6)
    np.testing.assert_allclose(
        Pixels(False, False).rows(GREY[..., None], 255), GREY.reshape(60, 12) / 255
    )


def test_counts_have_one_scale(stand_in):
    data = made(GREY // 10)
    run = stand_in(data, lambda labels: np.arange(60), likelihood="poisson")
    run.model.generate = lambda labels, **how: data.x.astype("float32")  # as stored
    pixels = Pixels.of_run(run, data)
    generated = pixels.generate(Trial.of(run, data), LABELS)
    np.testing.assert_allclose(generated, pixels.rows(data.x, data.x_max), rtol=1e-6)


def test_binarised_pixels_are_draws():
    rows = np.repeat(np.array([[0, 0.25, 1]], "float32"), 20_000, axis=0)
    drawn = Pixels(True, True).draw(rows, np.random.default_rng(0))
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(axis=0), [0, 0.25, 1], atol=0.01)
    assert Pixels(True, False).draw(rows, np.random.default_rng(0)) is rows
