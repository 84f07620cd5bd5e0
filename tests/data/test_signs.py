"""What the generated signs promise, read back from the pixels by other means."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data.signs import (
    CLASSES,
    MIDDLE,
    POST,
    ROUND,
    ROUND_IF_BLUE,
    ROUND_IF_RED,
    SQUARE,
    draw_images,
    draw_scenes,
    signs,
)

SIZES = [16, 23, 32, 64]


def map_by_hand(size, row, column, radius, foot, half_width, shape):
    """A label map, one pixel after the other."""
    labels = np.zeros((size, size), "uint8")
    for r in range(size):
        for c in range(size):
            down, right = r - row, c - column
            if down >= 0 and r <= foot and abs(right) <= half_width:
                labels[r, c] = POST
            if shape == SQUARE and max(abs(down), abs(right)) <= radius:
                labels[r, c] = SQUARE
            if shape == ROUND and np.hypot(down, right) < radius + 0.5:
                labels[r, c] = ROUND
    return labels


def read_picture(image):
    """What can be seen, from the pixels alone; the map for either shape."""
    size = len(image)
    dark, bright = image < MIDDLE, image > MIDDLE
    hidden = bool(dark.all(axis=-1).any())
    # all but the background; sign and box are wider than the post
    things = dark.any(axis=-1)
    assert (bright.any(axis=-1) | dark.all(axis=-1)).all()
    (top, *_, foot), columns = (np.flatnonzero(things.any(axis=axis)) for axis in (1, 0))
    half_side = np.ptp(columns) // 2
    radius = half_side - size // 16 if hidden else half_side
    row, column = top + half_side, columns[0] + half_side
    post = np.flatnonzero(things[foot])
    red, _, blue = image[foot, post].mean(axis=0)
    place = (size, row, column, radius, foot, np.ptp(post) // 2)
    return SimpleNamespace(
        hidden=hidden,
        is_red=red > blue,
        corner=bool(things[top, columns[0]]),
        maps=np.stack([map_by_hand(*place, shape) for shape in (SQUARE, ROUND)]),
    )


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_tells_all_but_the_shape_of_a_hidden_sign(size):
    found = signs(60, 1, size)
    for i, alternatives in enumerate(found.alternatives):
        seen = read_picture(found.images[i])
        assert seen.hidden == found.hidden[i]
        assert found.probability_round[i] == (ROUND_IF_RED if seen.is_red else ROUND_IF_BLUE)
        np.testing.assert_array_equal(seen.maps, alternatives)
        if not seen.hidden:
            assert seen.corner != found.is_round[i]


@pytest.mark.parametrize("size", SIZES)
def test_the_truth_is_one_of_two_different_maps(size):
    found = signs(300, 2, size)
    square, disc = found.alternatives.swapaxes(0, 1)
    shape = found.is_round[:, None, None]
    np.testing.assert_array_equal(found.maps, np.where(shape, disc, square))
    assert (square != disc).any(axis=(1, 2)).all()
    assert set(np.unique(square)) == {0, POST, SQUARE}
    assert set(np.unique(disc)) == {0, POST, ROUND}
    assert [CLASSES[code] for code in (0, POST, ROUND, SQUARE)] == list(CLASSES)


@pytest.mark.parametrize("size", SIZES)
def test_a_box_hides_the_shape_and_all_of_it(size):
    found = signs(300, 3, size)
    same, flipped = (
        draw_images(found.scenes, is_round, found.hidden, np.random.default_rng(0))
        for is_round in (found.is_round, ~found.is_round)
    )
    differs = (same != flipped).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(differs, ~found.hidden)
    other_colours = replace(found.scenes, sign=found.scenes.sign[:, ::-1])
    painted = draw_images(other_colours, found.is_round, found.hidden, np.random.default_rng(0))
    np.testing.assert_array_equal(painted[found.hidden], same[found.hidden])


@pytest.mark.parametrize("size", [*SIZES, 17, 31, 47, 100])
def test_everything_lies_inside_the_margin(size):
    found = signs(400, 4, size)
    margin = size // 16
    dark = (found.images < MIDDLE).any(axis=-1)
    inside = dark[:, margin : size - margin, margin : size - margin]
    assert margin >= 1
    assert dark.sum() == inside.sum()
    # and not all in its middle: some touch the margin on every side
    for side in (inside[:, 0], inside[:, -1], inside[:, :, 0], inside[:, :, -1]):
        assert side.any()


def test_the_box_hides_no_more_than_it_says():
    """Wherever there is no box, a hidden and a visible sign give the same picture."""
    scenes = draw_scenes(200, 32, np.random.default_rng(5))
    is_round = np.arange(200) % 2 == 0
    box, none = (
        draw_images(scenes, is_round, np.full(200, hidden), np.random.default_rng(0))
        for hidden in (True, False)
    )
    covered = (box < MIDDLE).all(axis=-1)
    np.testing.assert_array_equal(box[~covered], none[~covered])
    for i in range(200):
        rows, columns = np.nonzero(covered[i])
        assert np.ptp(rows) == np.ptp(columns) == 2 * (scenes.radius[i] + 2)
        assert len(rows) == (np.ptp(rows) + 1) ** 2


def test_hidden_signs_are_round_as_often_as_their_posts_say():
    found = signs(20_000, 6, 16)
    assert abs(found.hidden.mean() - 0.5) < 4 * np.sqrt(0.25 / 20_000)
    for is_red, probability in ((True, ROUND_IF_RED), (False, ROUND_IF_BLUE)):
        for hidden in (True, False):
            is_round = found.is_round[(found.scenes.is_red == is_red) & (found.hidden == hidden)]
            assert len(is_round) > 4000
            error = np.sqrt(probability * (1 - probability) / len(is_round))
            assert abs(is_round.mean() - probability) < 4 * error


def test_nothing_else_goes_with_the_shape():
    """Within a post's colour no number of the scene, the sign's colour included, predicts it."""
    found = signs(20_000, 7, 16)
    scenes = found.scenes
    numbers = np.column_stack(
        [
            *(scenes.row, scenes.column, scenes.radius, scenes.height, scenes.half_width),
            *(scenes.background, scenes.sign, found.hidden),
        ]
    ).astype("float64")
    for is_red in (True, False):
        rows = scenes.is_red == is_red
        columns = np.column_stack([numbers[rows], found.is_round[rows]])
        correlations = np.corrcoef(columns, rowvar=False)[-1, :-1]
        assert abs(correlations).max() < 4.5 / np.sqrt(rows.sum())


def test_the_entropy_is_that_of_a_coin_with_the_posts_probability():
    found = signs(500, 8, 16)
    by_hand = {0.8: 0.5004024235381879, 0.3: 0.6108643020548935}
    expected = [
        by_hand[p] if hidden else 0
        for p, hidden in zip(found.probability_round, found.hidden, strict=True)
    ]
    np.testing.assert_allclose(found.entropy, expected, rtol=1e-14)
    # what the best model has to pay on average, where the coin falls as it does
    found = signs(20_000, 9, 16)
    p = np.where(found.is_round, found.probability_round, 1 - found.probability_round)
    paid = np.where(found.hidden, -np.log(p), 0)
    error = (paid - found.entropy).std() / np.sqrt(len(paid))
    assert abs((paid - found.entropy).mean()) < 4 * error


def test_a_seed_means_the_same_bits():
    one, same, other = signs(20, 10, 16), signs(20, 10, 16), signs(20, 11, 16)
    for name in ("images", "maps", "hidden", "is_round", "probability_round"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert (one.images != other.images).any()


def test_shapes_and_dtypes():
    found = signs(3, 0)
    arrays = (found.images, found.maps, found.hidden, found.is_round, found.probability_round)
    assert [(a.shape, a.dtype.name) for a in (*arrays, found.alternatives, found.entropy)] == [
        ((3, 64, 64, 3), "uint8"),
        ((3, 64, 64), "uint8"),
        ((3,), "bool"),
        ((3,), "bool"),
        ((3,), "float64"),
        ((3, 2, 64, 64), "uint8"),
        ((3,), "float64"),
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"num": 0, "seed": 0}, "the number of signs must be a whole number, 1 or more"),
        ({"num": 1, "seed": -1}, "the seed"),
        ({"num": 1, "seed": 0, "size": 15}, "the size of the pictures .* 16 or more; received 15"),
        ({"num": 1, "seed": 0, "size": 32.0}, "the size of the pictures"),
        ({"num": 10**12, "seed": 0}, "memory"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, said):
    with pytest.raises(InputError, match=said):
        signs(**settings)
