"""What the generated glyphs promise, read back from the pixels by other means."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from condvae.checks import InputError
from condvae.data import glyphs
from condvae.data.glyphs import FACTORS, FONTS, HEIGHT, draw_glyphs, draw_pen, place


@pytest.fixture(scope="module")
def drawn():
    images, factors = draw_glyphs(500, 1)
    return images[..., 0], factors


def crop(picture):
    """What is lit, as 20 × 14 floats of mean 0 and length 1."""
    image = Image.fromarray(picture)
    pixels = np.asarray(image.crop(image.getbbox()).resize((14, 20)), "float64")
    pixels -= pixels.mean()
    return pixels.ravel() / np.linalg.norm(pixels)


def test_digits_look_like_those_of_another_font():
    """Pillow's own: nearly all are nearest to the digit that they are said to be."""
    templates = []
    for digit in range(10):
        picture = Image.new("L", (80, 80))
        ImageDraw.Draw(picture).text((20, 10), str(digit), 255, ImageFont.load_default(48))
        templates.append(crop(np.asarray(picture)))
    nearest = [
        [
            np.argmax(templates @ crop(draw_pen(place(line, 0, 1, (0, 0)), 2.5)))
            for line in (glyphs._centre_line(font, digit) for digit in range(10))
        ]
        for font in FONTS
    ]
    right = np.array(nearest) == np.arange(10)
    # its 1 has no foot: that looks like a 7
    assert np.delete(right, 1, axis=1).mean() > 0.9


def test_the_pen_covers_all_within_half_its_thickness():
    """The share of 256 places in a pixel that are near enough, one distance after the other."""
    points = np.stack([np.linspace(-6, 5, 99), np.linspace(-4, 6, 99)], axis=1)
    places = (np.arange(28 * 16) + 0.5) / 16 - 14
    for thickness in (1.5, 2.2, 3.5):
        near = np.zeros((28 * 16, 28 * 16), bool)
        for x, y in points:
            near |= np.hypot(places[:, None] - y, places - x) <= thickness / 2
        covered = near.reshape(28, 16, 28, 16).mean(axis=(1, 3))
        image = draw_pen(points, thickness) / 255
        assert abs(image - covered).max() < 0.05
        assert image.sum() == pytest.approx(covered.sum(), rel=0.006)


def test_a_centre_line_is_placed_as_asked():
    for font in FONTS:
        for digit in range(10):
            upright = glyphs._centre_line(font, digit)
            assert np.ptp(upright[:, 1]) == pytest.approx(1)
            x, y = place(upright, 0.3, 0.8, (0.5, -0.25)).T
            assert np.arctan(-np.cov(x, y)[0, 1] / y.var(ddof=1)) == pytest.approx(0.3)
            assert np.ptp(y) == pytest.approx(0.8 * HEIGHT)
            assert [(v.min() + v.max()) / 2 for v in (x, y)] == pytest.approx([0.5, -0.25])


@pytest.mark.parametrize("slant", FACTORS["slant"])
def test_nothing_reaches_the_border(slant):
    farthest = [
        abs(place(glyphs._centre_line(font, digit), slant, 1, (1, 1))).max()
        for font in FONTS
        for digit in range(10)
    ]
    assert [FACTORS[name][1] for name in ("scale", "shift_x", "shift_y")] == [1, 1, 1]
    assert max(farthest) + FACTORS["thickness"][1] / 2 < 14 - 0.5


def test_height_and_place_are_read_from_the_pixels(drawn):
    images, factors = drawn
    for image, thickness, scale, x, y in zip(
        images, *(factors[n] for n in ("thickness", "scale", "shift_x", "shift_y")), strict=True
    ):
        rows, columns = (np.flatnonzero(image.max(axis=axis) > 127) for axis in (1, 0))
        assert np.ptp(rows) + 1 == pytest.approx(HEIGHT * scale + thickness, abs=1.6)
        # in pixels whose borders are whole numbers the middle of the image is 14
        assert (rows[0] + rows[-1] + 1) / 2 - 14 == pytest.approx(y, abs=1)
        assert (columns[0] + columns[-1] + 1) / 2 - 14 == pytest.approx(x, abs=1)


def test_factors_fill_their_ranges_and_are_independent(drawn):
    _, factors = drawn
    for name, (low, high) in FACTORS.items():
        values = factors[name]
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high >= values.max() > high - 0.02 * (high - low)
    font = np.array([FONTS.index(name) for name in factors["font"]])
    assert set(font) == set(range(len(FONTS)))
    assert set(factors["digit"]) == set(range(10))
    columns = np.stack([factors["digit"], font, *(factors[name] for name in FACTORS)])
    correlations = np.corrcoef(columns) - np.eye(7)
    assert abs(correlations).max() < 4 / np.sqrt(500)


def test_a_seed_means_the_same_bits():
    (one, factors), (same, again), (other, _) = (draw_glyphs(20, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    for name, values in factors.items():
        np.testing.assert_array_equal(values, again[name])
    assert (one != other).any()


def test_shapes_and_dtypes():
    images, factors = draw_glyphs(3)
    assert (images.shape, images.dtype.name) == ((3, 28, 28, 1), "uint8")
    assert {name: (values.shape, values.dtype.kind) for name, values in factors.items()} == {
        "digit": ((3,), "i"),
        **dict.fromkeys(FACTORS, ((3,), "f")),
        "font": ((3,), "U"),
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"num_images": 0}, "the number of glyphs must be a whole number, 1 or more; received 0"),
        ({"num_images": 2.0}, "the number of glyphs"),
        ({"num_images": 1, "seed": -1}, "the seed"),
        ({"num_images": 10**12}, "memory"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, said):
    with pytest.raises(InputError, match=said):
        draw_glyphs(**settings)
