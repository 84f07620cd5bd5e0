"""Images made smaller and larger inside a network."""

import numpy as np
import pytest
from PIL import Image

from condvae.models.resampling import resample, resampling, seen_shape, small_size


@pytest.mark.parametrize(
    ("size", "seen"),
    [((28, 28), (28, 28)), ((64, 50), (64, 50)), ((65, 65), (48, 48)), ((256, 128), (48, 24))],
)
def test_small_images_are_seen_as_they_are(size, seen):
    assert small_size(*size) == seen
    assert seen_shape((*size, 3)) == (*seen, 3)


@pytest.mark.parametrize(("size", "small"), [(96, 48), (100, 48), (7, 7), (5, 2)])
def test_small_pixels_are_means_of_what_they_cover(size, small):
    rows = np.random.default_rng(0).normal(size=(3, size))
    # each pixel in as many parts as small ones, so that parts fit into both
    parts = np.repeat(rows, small, axis=1).reshape(3, small, size)
    np.testing.assert_allclose(rows @ resampling(size, small), parts.mean(axis=2))


@pytest.mark.parametrize(("size", "large"), [(4, 8), (48, 128), (3, 10)])
def test_large_pixels_lie_between_small_ones(size, large):
    image = np.random.default_rng(0).random((1, size, size, 1)).astype("float32")
    mine = resample(image, large, large)[0, ..., 0]
    theirs = Image.fromarray(image[0, ..., 0]).resize((large, large), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(mine, np.asarray(theirs), atol=1e-5)
