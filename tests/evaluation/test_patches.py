"""Patches answered one by one, and a classifier that is kept with them."""

import numpy as np
import pytest

from condvae.data import Dataset
from condvae.evaluation import classifier, patches
from condvae.evaluation.classifier import real_classifier, sees_patches
from condvae.evaluation.patches import PatchFeatures
from condvae.evaluation.pixels import Pixels

PLAIN = Pixels(drawn=False, binarised=False)


@pytest.fixture(autouse=True)
def few_patches(monkeypatch, few_steps):
    monkeypatch.setattr(patches, "SEEN", 500)
    monkeypatch.setattr(classifier, "LEAST_STEPS", 20)


@pytest.fixture(scope="module")
def stripes():
    """Horizontal and vertical stripes of any colours and phases, in noise: the mean tells none."""
    rng = np.random.default_rng(0)
    codes = np.arange(600) % 2
    phase = rng.uniform(0, 2 * np.pi, (600, 1, 1, 1))
    wave = np.sin(np.arange(14)[:, None, None] * 1.5 + phase)
    wave = np.where(codes[:, None, None, None] == 0, wave, wave.swapaxes(1, 2))
    colour = rng.uniform(0.2, 1, (600, 1, 1, 3))
    x = 128 + 60 * wave * colour + 10 * rng.normal(size=(600, 14, 14, 3))
    return Dataset.from_arrays(x.clip(0, 255).astype("uint8"), codes)


def rows_of(dataset, split="test"):
    return PLAIN.rows(getattr(dataset, split).x, dataset.x_max)


def test_features_are_the_answers_of_each_quarter(stripes):
    """Patch by patch, and an average over each quarter."""
    made = PatchFeatures.of(rows_of(stripes, "train"), (14, 14, 3), seed=3)
    image = rows_of(stripes)[0].reshape(14, 14, 3)
    answers = np.zeros((5, 5, patches.FILTERS))
    for row in range(5):
        for column in range(5):
            patch = image[2 * row : 2 * row + 6, 2 * column : 2 * column + 6]
            # channels come first in a window
            flat = np.moveaxis(patch, 2, 0).ravel() - patch.mean()
            flat = flat / np.sqrt(flat.var() + 10 / 255**2)
            answers[row, column] = flat @ made.kernel - made.offset
    quarters = [
        np.maximum(sign * answers[rows, columns] - 1, 0).mean(axis=(0, 1))
        for sign in (1, -1)
        for rows in (slice(3), slice(3, 5))
        for columns in (slice(3), slice(3, 5))
    ]
    expected = (np.concatenate(quarters) - made.mean) / made.scale
    np.testing.assert_allclose(made(rows_of(stripes)[:1])[0], expected, atol=2e-3)


def test_features_are_standardised_and_bear_flat_images(stripes):
    train = rows_of(stripes, "train")
    made = PatchFeatures.of(train, (14, 14, 3))
    found = made(train)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3)
    assert (found.std(axis=0) < 1.001).all()
    # neither brightness nor a flat image is an answer
    np.testing.assert_allclose(made(train[:9] + 0.1), found[:9], atol=0.01)
    assert np.isfinite(made(np.full((2, 588), 0.5, "float32"))).all()
    assert made(train[:0]).shape == (0, 1600)


def test_the_same_seed_makes_the_same_features(stripes):
    train = rows_of(stripes, "train")
    first, again, other = (PatchFeatures.of(train, (14, 14, 3), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first(train), again(train))
    assert abs(first(train) - other(train)).max() > 0.1


def test_large_images_are_averaged_down():
    rng = np.random.default_rng(0)
    small = rng.random((30, 32, 33, 3)).astype("float32")
    large = small.repeat(2, axis=1).repeat(2, axis=2)
    made = [PatchFeatures.of(x.reshape(30, -1), x.shape[1:]) for x in (small, large)]
    np.testing.assert_allclose(
        made[0](small.reshape(30, -1)), made[1](large.reshape(30, -1)), atol=1e-3
    )


def test_who_sees_patches():
    assert sees_patches((32, 32, 3), PLAIN)
    for shape in ((32, 32, 1), (11, 32, 3), (32, 32, 4), (3072,), None):
        assert not sees_patches(shape, PLAIN)
    assert not sees_patches((32, 32, 3), Pixels(drawn=True, binarised=True))


def test_a_classifier_is_kept_with_its_patches(stripes, tmp_path, monkeypatch):
    made = real_classifier(stripes, PLAIN, folder=tmp_path)
    rows = rows_of(stripes)
    assert made.accuracy(rows, stripes.test.given) > 0.95
    monkeypatch.delattr(classifier, "train_classifier")
    kept = real_classifier(stripes, PLAIN, folder=tmp_path)
    assert kept.sha256 == made.sha256
    np.testing.assert_array_equal(kept.features(rows), made.features(rows))
    assert made.features(rows).shape == (len(rows), 256)
    # other patches are another classifier
    assert made.patches is not None
    scaled = classifier.Classifier(made.network, PatchFeatures.of(rows, (14, 14, 3), seed=9))
    assert scaled.sha256 != made.sha256
