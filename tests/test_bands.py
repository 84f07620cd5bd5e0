"""Bands of frequencies and orientations, and their energies at places."""

import numpy as np
import pytest

from condvae.inference.bands import Bands

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 20, 1), (5, 7, 3), (1, 1, 1)], ids=str)
def test_bands_add_up_to_the_image(shape):
    images, bands = RNG.normal(size=(4, *shape)).astype("float32"), Bands(*shape[:2])
    parts = bands.split(images)
    np.testing.assert_allclose(sum(parts), images, atol=1e-5)
    energies = bands.log_energies(parts)
    assert energies.shape == (4, bands.size)
    np.testing.assert_allclose(bands.amplified(parts, 0 * energies), images, atol=1e-5)
    louder = bands.amplified(parts, np.full_like(energies, np.log(4)))
    np.testing.assert_allclose(louder, 2 * images, atol=1e-4)


def wave(down, across):
    """An image of 32 × 32 pixels with this many cycles along each axis."""
    at = np.arange(32) / 32
    return (
        np.sqrt(2) * np.cos(2 * np.pi * (down * at[:, None] + across * at + 0.1))[None, ..., None]
    )


def test_a_wave_has_its_energy_in_one_band():
    """A coarse band, then two scales of six orientations, from across in steps of 30 degrees."""
    bands = Bands(32, 32)
    assert bands.size == 4 * 4 + 12 * 8 * 8
    for cycles, scale in ((6, 0), (13, 1)):
        for turn in range(6):
            angle = np.pi * turn / 6
            waves = wave(round(cycles * np.sin(angle)), round(cycles * np.cos(angle)))
            shares = [float((part**2).mean()) for part in bands.split(waves)]
            assert np.argmax(shares) == 1 + 6 * scale + turn
            assert max(shares) > 0.25
    coarse = bands.split(wave(1, 1))[0]
    np.testing.assert_allclose(coarse, wave(1, 1), atol=1e-3)


def test_energies_are_those_of_their_places():
    """Of waves in one quarter, energies are those of the waves within it, and none far from it."""
    bands, part = Bands(32, 32), np.zeros((1, 32, 32, 1), "float32")
    part[:, :16, :16] = wave(0, 16)[:, :16, :16] / np.cos(0.2 * np.pi)
    energies = bands.log_energies([part] * 13)[0, 16:80].reshape(8, 8)
    np.testing.assert_allclose(np.exp(energies[:3, :3]), 2, rtol=1e-4)
    np.testing.assert_allclose(energies[5:], np.log(1e-6), atol=1e-4)
    gains = np.zeros((1, bands.size), "float32")
    gains[0, 16 + 8 * 2 + 2] = 2  # of the second scale's first band, at place (2, 2)
    raised = bands.amplified([part] * 13, gains)[0, ..., 0] - 13 * part[0, ..., 0]
    assert np.abs(raised[8:12, 8:12]).min() > 0.1
    np.testing.assert_allclose(raised[14:], 0, atol=1e-4)
    np.testing.assert_allclose(raised[:6], 0, atol=1e-4)
