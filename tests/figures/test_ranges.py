import numpy as np
import pytest

from condvae.checks import InputError
from condvae.figures.ranges import curve_limits, pixel_range


def test_black_and_white_are_zero_and_one_unless_the_images_leave_them():
    images = np.linspace(0.2, 0.8, 16).reshape(1, 4, 4, 1)
    assert pixel_range(images) == (0, 1)
    assert pixel_range(images * 4 - 2) == pytest.approx((-1.2, 1.2))
    assert pixel_range(np.full((1, 2, 2, 3), 7.0)) == (7, 8)


def test_two_channels_cannot_be_drawn():
    with pytest.raises(InputError, match="1 channel"):
        pixel_range(np.zeros((1, 2, 2, 2)))


def test_a_huge_first_epoch_does_not_set_the_limits():
    curve = np.array([[1e6, 12, 11, 10]])
    low, high = curve_limits(curve)
    assert low < 10
    assert 12 < high < 14


@pytest.mark.parametrize("curve", [[5.0], [5.0, 5.0], [np.nan], [np.nan, 5.0], [5.0, np.inf]])
def test_limits_of_short_flat_or_diverged_curves(curve):
    low, high = curve_limits(np.array([curve]))
    assert np.isfinite([low, high]).all()
    assert low < high
