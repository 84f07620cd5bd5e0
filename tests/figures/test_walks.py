import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.figures.walks import axis_traversal, interpolate, label_walk, plane_grid


def test_plane_runs_z1_across_and_z2_up():
    grid = plane_grid(side=5, extent=1.5).reshape(5, 5, 2)
    values = np.linspace(-1.5, 1.5, 5)
    for line in range(5):
        np.testing.assert_allclose(grid[line, :, 0], values)
        np.testing.assert_allclose(grid[:, line, 1], values[::-1])


def test_plane_of_chosen_axes_leaves_the_others_at_zero():
    grid = plane_grid(side=3, extent=2, latent_dim=5, axes=(4, 1))
    assert grid.shape == (9, 5)
    assert not grid[:, [0, 2, 3]].any()
    # the first two images of the first row, which is the top one
    assert grid[0].tolist() == [0, 2, 0, 0, -2]
    assert grid[1].tolist() == [0, 2, 0, 0, 0]


def test_one_axis_makes_one_row():
    assert plane_grid(3, 1, latent_dim=1, axes=(0,)).tolist() == [[-1], [0], [1]]


@pytest.mark.parametrize("axes", [(0, 2), (1, 1), (), (-1, 0), (0, 1, 2)])
def test_axes_that_z_lacks_are_refused(axes):
    with pytest.raises(InputError, match="axes"):
        plane_grid(latent_dim=2, axes=axes)


def test_traversal_moves_one_axis():
    assert axis_traversal(3, 1, [-1, 2]).tolist() == [[0, -1, 0], [0, 2, 0]]


def test_interpolation_is_straight_and_keeps_leading_axes():
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 4, 3)).astype("float32")
    line = interpolate(start, end, 5)
    assert line.shape == (4, 5, 3)
    np.testing.assert_array_equal(line[:, 0], start)
    np.testing.assert_array_equal(line[:, -1], end)
    np.testing.assert_allclose(line[:, 2], (start + end) / 2, atol=1e-6)


@given(st.integers(1, 15), st.integers(1, 13), st.integers(0, 4))
def test_label_walk_visits_every_label_in_order(num_classes, steps, hold):
    weights = label_walk(num_classes, steps, hold)
    identity = np.eye(num_classes)
    assert weights.shape == ((num_classes - 1) * steps + 1 + num_classes * hold, num_classes)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (weights >= 0).all()
    assert ((weights > 0).sum(axis=1) <= 2).all()
    np.testing.assert_array_equal(weights[[0, -1]], identity[[0, -1]])
    assert [(weights == row).all(axis=1).sum() for row in identity] == [hold + 1] * num_classes
    assert (np.diff(weights @ np.arange(num_classes)) >= -1e-6).all()
