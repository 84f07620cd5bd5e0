"""Images of known frequencies under filters of known gains."""

import numpy as np
import pytest
from scipy.fft import dctn

from condvae.checks import InputError
from condvae.metrics.memorisation import compare_with_training
from condvae.metrics.spectrum import compare_detail, restore, rings, smooth_alike, transform

RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=(40, 8, 6, 3)).astype("float32")


def photographs(count, seed, size=16, channels=3):
    """Images whose power falls with the square of the frequency, as that of photographs does."""
    white = np.random.default_rng(seed).normal(size=(count, size, size, channels))
    ring = np.maximum(rings(size, size), 1)[:, :, None]
    return restore(white.astype("float32") / ring) + 0.5


def smoothed(images):
    """(1, 2, 1) / 4 by rows and columns, ends mirrored: its gain is cos²(pi k / 2 n)."""
    for axis in (1, 2):
        pad = [(1, 1) if a == axis else (0, 0) for a in range(4)]
        padded = np.moveaxis(np.pad(images, pad, mode="symmetric"), axis, 0)
        images = np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
    return images


def test_the_transform_is_that_of_scipy_and_has_an_inverse():
    expected = dctn(NOISE, axes=(1, 2, 3), norm="ortho")
    np.testing.assert_allclose(transform(NOISE), expected, atol=1e-5)
    np.testing.assert_allclose(restore(transform(NOISE)), NOISE, atol=1e-5)


def test_rings_are_of_one_frequency_in_every_direction():
    square, oblong = rings(8, 8), rings(4, 8)
    assert (square[0, 0], square[0, 3], square[3, 0], square[3, 4]) == (0, 3, 3, 5)
    # half as many rows: the same cycles per pixel are at half the coefficient
    assert (oblong[0, 3], oblong[1, 0], oblong[2, 3]) == (3, 2, 5)


@pytest.mark.parametrize("channels", [1, 3])
def test_real_images_have_all_their_detail(channels):
    found = compare_detail(
        photographs(400, 0, channels=channels), photographs(300, 1, 16, channels)
    )
    assert found.share == pytest.approx(1, abs=4 * found.standard_error)
    assert found.standard_error < 0.02
    assert (abs(found.shares - 1) < 5 * found.standard_errors).all()


def test_a_known_filter_leaves_its_known_share():
    """Each ring by the filter's squared gain, weighted with the power of its coefficients."""
    real = photographs(50, 0)
    found = compare_detail(real, smoothed(real))
    gain = np.cos(np.pi * np.arange(16) / 32) ** 4
    power, ring = (transform(real) ** 2).mean(axis=0).sum(axis=-1), rings(16, 16)
    kept = power * gain[:, None] * gain
    expected = [kept[ring == k].sum() / power[ring == k].sum() for k in range(1, ring.max() + 1)]
    np.testing.assert_allclose(found.shares, expected, rtol=1e-3)
    of_ring = np.array([power[ring == k].sum() for k in range(1, ring.max() + 1)])
    above = of_ring[::-1].cumsum()[::-1]
    first = np.flatnonzero(above >= 0.1 * above[0])[-1]
    fine = ring > first
    assert found.share == pytest.approx(kept[fine].sum() / power[fine].sum(), rel=1e-3)
    assert found.size == 16 / (first + 1)
    assert found.frequencies[first] == pytest.approx(1 / (2 * found.size))


def test_noise_of_pixels_adds_a_known_power_and_brightness_is_no_detail():
    real = photographs(200, 0)
    noisy = real + RNG.normal(0, 0.3, real.shape).astype("float32")
    found = compare_detail(real, noisy)
    ring = rings(16, 16)
    added = 0.09 * 3 * np.bincount(ring.ravel())[1:]
    power = np.bincount(ring.ravel(), (transform(real) ** 2).mean(axis=0).sum(axis=-1).ravel())[1:]
    np.testing.assert_allclose(found.shares, 1 + added / power, rtol=0.08)
    assert compare_detail(real, real + 5).share == pytest.approx(1, rel=1e-3)
    assert compare_detail(real, np.full_like(real, 0.5)).share == pytest.approx(0, abs=1e-6)


def test_the_standard_error_is_that_of_repeated_sets():
    sets = [(photographs(60, seed), photographs(40, 1000 + seed)) for seed in range(40)]
    found = [compare_detail(real, smoothed(others)) for real, others in sets]
    spread = np.std([each.share for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 1), (2, 2, 3), (5, 1, 2)])
def test_tiny_images(shape):
    real = np.random.default_rng(0).integers(0, 2, (30, *shape)).astype("uint8")
    found = compare_detail(real, real)
    assert np.isnan(found.share) if shape == (1, 1, 1) else found.share == 1
    assert np.isnan(compare_detail(np.ones_like(real), real).share)
    for before, after in zip((real, real, real), smooth_alike(real, real, real), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_blurs_are_no_copies_but_blurred_copies_are():
    train, held_out, fresh = (photographs(200, seed, size=12) for seed in range(3))

    def copies(generated):
        found = compare_with_training(*smooth_alike(train, held_out, generated), num_pairs=0)
        return found.closer_share

    assert copies(fresh) < 0.05
    blurred = fresh
    for _ in range(8):
        blurred = smoothed(blurred)
    plain = compare_with_training(train, held_out, blurred, num_pairs=0)
    assert plain.closer_share > 0.5  # as they are, blurs pass for copies
    assert copies(blurred) < 0.05
    assert copies(np.repeat(train.reshape(10, 20, *train.shape[1:]).mean(axis=1), 20, axis=0)) == 0
    own = train
    noisy = own + RNG.normal(0, 0.05, own.shape).astype("float32")
    for copied in (own, smoothed(own), smoothed(smoothed(own)), noisy):
        assert copies(copied) > 0.95


def test_each_side_is_smoothed_where_it_has_more():
    """Power by ring and channel is the lesser one of both, and training images follow."""
    train, held_out, blurred = photographs(90, 0), photographs(80, 1), smoothed(photographs(70, 2))
    noisy = blurred + RNG.normal(0, 0.2, blurred.shape).astype("float32")

    def power(images):
        squares = (transform(images - images.mean(axis=0)) ** 2).mean(axis=0)
        ring = rings(16, 16)
        return np.array([squares[ring == k].sum(axis=0) for k in range(ring.max() + 1)])

    after = smooth_alike(train, held_out, noisy)
    least = np.minimum(power(held_out), power(noisy))
    np.testing.assert_allclose(power(after[1]), least, rtol=1e-2)
    np.testing.assert_allclose(power(after[2]), least, rtol=1e-2)
    np.testing.assert_allclose(
        power(after[0]) / power(train), power(after[1]) / power(held_out), rtol=0.02
    )
    np.testing.assert_allclose(after[1].mean(axis=0), held_out.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize(
    ("real", "generated", "said"),
    [
        (NOISE, NOISE[:, :3], r"the generated images must have the shape \(N, 8, 6, 3\)"),
        (NOISE[:0], NOISE, "the real images must be one or more"),
        (NOISE * np.nan, NOISE, "the real images must hold finite"),
        (NOISE[0], NOISE, "the real images must have the shape"),
    ],
)
def test_what_does_not_fit_is_refused(real, generated, said):
    with pytest.raises(InputError, match=said):
        compare_detail(real, generated)
