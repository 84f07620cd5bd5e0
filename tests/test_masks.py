import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.conditions.masks import (
    SIDES,
    blank_squares,
    draw_given,
    half,
    masked_images,
    observe,
    quadrants,
    squares,
)
from condvae.spec import DataSpec


@pytest.mark.parametrize(("observed", "targets"), [(1, 588), (2, 392), (3, 196)])
def test_quadrants_leave_the_published_number_of_pixels(observed, targets):
    """Layout of Pyro's version: bottom left; left half; all but bottom right."""
    mask = quadrants(28, 28, observed)
    assert (~mask).sum() == targets
    assert mask[27, 0]
    assert mask[0, 0] == (observed > 1)
    assert mask[0, 27] == (observed > 2)
    assert not mask[27, 27]


def test_halves():
    masks = {side: half(4, 6, side) for side in SIDES}
    assert all(mask.sum() == 12 for mask in masks.values())
    np.testing.assert_array_equal(masks["left"], ~masks["right"])
    np.testing.assert_array_equal(masks["top"], ~masks["bottom"])
    assert masks["left"][:, :3].all()
    assert masks["top"][:2].all()


@given(st.integers(2, 30), st.integers(2, 30), st.floats(0.01, 0.9), st.integers(0, 9))
def test_squares_are_squares_inside_the_image(height, width, largest, seed):
    masks = squares(20, height, width, largest, np.random.default_rng(seed))
    for mask in masks:
        rows, columns = np.nonzero(mask)
        side = np.ptp(rows) + 1
        assert side == np.ptp(columns) + 1
        assert mask.sum() == side**2
        assert side <= max(1, round(largest * min(height, width)))


def test_squares_reach_every_pixel_about_evenly():
    share = squares(20000, 8, 8, 1 / 8, np.random.default_rng(0)).mean(axis=0)
    np.testing.assert_allclose(share, 1 / 64, atol=5 * np.sqrt(1 / 64 / 20000))


@pytest.mark.parametrize("task", ["quadrants", "halves", "blocks", "random"])
@given(st.integers(2, 12), st.integers(2, 12), st.integers(1, 3), st.integers(0, 9))
def test_every_task_gives_some_and_leaves_some(task, height, width, observed, seed):
    given = draw_given(task, observed, 30, height, width, np.random.default_rng(seed))
    assert given.shape == (30, height, width)
    share = given.mean(axis=(1, 2))
    assert (share > 0).all()
    assert (share < 1).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_observe_keeps_what_is_given_and_nothing_else(dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(1, 256, (5, 4, 6, 2)).astype(dtype) / (1 if dtype == "uint8" else 255)
    x, x_max = x.astype(dtype), 255 if dtype == "uint8" else 1
    given = draw_given("random", 1, 5, 4, 6, rng)
    y = observe(x, given, x_max)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y[..., 2] == x_max, given)
    np.testing.assert_array_equal(y[..., :2][given], x[given])
    assert (y[..., :2][~given] == 0).all()


def test_blank_squares_hide_pixels_but_not_the_mask():
    x = np.full((200, 10, 10, 1), 9, "uint8")
    y = masked_images(x, DataSpec(task="quadrants", observed=3), 255, np.random.default_rng(0))
    noisy = blank_squares(y, 0.4, np.random.default_rng(1))
    np.testing.assert_array_equal(noisy[..., -1], y[..., -1])
    hidden = (y[..., 0] > 0) & (noisy[..., 0] == 0)
    assert hidden.sum(axis=(1, 2)).max() == 16
    assert hidden.any(axis=(1, 2)).mean() > 0.5
    assert ((noisy[..., 0] == y[..., 0]) | (noisy[..., 0] == 0)).all()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.ones((3, 4)), "all pixels given"),
        (np.zeros((3, 4)), "no pixel given"),
        (np.eye(3), r"the mask must have the shape \(N, 3, 4\)"),
    ],
)
def test_a_mask_that_cannot_be_is_refused(mask, said):
    with pytest.raises(InputError, match=said):
        observe(np.zeros((2, 3, 4, 1), "uint8"), mask)
