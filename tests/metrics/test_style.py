import numpy as np
import pytest
from skimage.morphology import medial_axis
from skimage.transform import pyramid_expand

from condvae.checks import InputError
from condvae.data.glyphs import draw_glyphs
from condvae.metrics.style import BATCH, NAMES, measure_style, slant

FINE = 16  # places in a pixel and direction at which shapes are asked what they cover
PLACES = (np.arange(28 * FINE) + 0.5) / FINE - 14


def cover(inside):
    """(28, 28) shares of the pixels that are inside, of places x and y from the middle."""
    places = inside(PLACES, PLACES[:, None])
    return places.reshape(28, FINE, 28, FINE).mean(axis=(1, 3))


def ring(thickness, radius=8):
    return cover(lambda x, y: abs(np.hypot(x, y) - radius) <= thickness / 2)


def bar(angle, thickness, length=20):
    """Leaning to the right, its ends horizontal: its moments' slant is its angle exactly."""
    half = thickness / 2 / np.cos(angle)
    return cover(lambda x, y: (abs(x + y * np.tan(angle)) <= half) & (abs(y) <= length / 2))


@pytest.fixture(scope="module")
def glyphs():
    return draw_glyphs(400, 0)


@pytest.mark.parametrize("thickness", [2, 2.5, 3, 4, 5])
def test_rings_of_known_thickness(thickness):
    style = measure_style(ring(thickness)[None])
    assert style["thickness"] == pytest.approx(thickness, rel=0.05)
    assert style["area"] == pytest.approx(2 * np.pi * 8 * thickness, rel=0.05)
    assert style["slant"] == pytest.approx(0, abs=1e-6)
    # a circle of pixels, taken as steps of 1 and the root of 2, is 5.5 % longer than a round one
    assert style["length"] == pytest.approx(2 * np.pi * 8 * 1.055, rel=0.05)
    for name in ("width", "height"):
        assert style[name] == pytest.approx(16 + thickness, rel=0.05)


@pytest.mark.parametrize("angle", [-0.6, -0.3, 0.2, 0.4, 0.6])
def test_bars_of_known_angle(angle):
    style = measure_style(bar(angle, 3)[None])
    assert style["slant"] == pytest.approx(angle, rel=0.05)
    assert style["height"] == pytest.approx(20, rel=0.05)
    # between the slanted sides, along a row; each side is blurred
    wide = measure_style(bar(angle, 10, 16)[None])["width"]
    assert wide == pytest.approx(10 / np.cos(angle), rel=0.1)


def measure_alone(image):
    """One image after the definitions, with skimage's own enlargement and loops."""
    image = pyramid_expand(image, upscale=4, order=3)
    y, x = np.mgrid[: len(image), : image.shape[1]]
    mean_x, mean_y = (np.average(v, weights=image) for v in (x, y))
    shear = np.average((x - mean_x) * (y - mean_y), weights=image)
    shear /= np.average((y - mean_y) ** 2, weights=image)
    strokes = image >= (image.min() + image.max()) / 2
    axis, distance = medial_axis(strokes, return_distance=True, rng=1)
    points = np.argwhere(axis)
    steps = abs(points[:, None] - points).max(axis=2) == 1
    steps = steps * np.linalg.norm(points[:, None] - points, axis=2)

    def span(positions, size):
        shares = [image[positions < t].sum() / image.sum() for t in range(size)]
        first, last = np.interp([0.01, 0.99], shares, np.arange(size))
        return (last - first) / 4

    return {
        "thickness": 2 * distance[axis].mean() / 4,
        "slant": np.arctan(-shear),
        "length": steps.sum() / 2 / 4,
        "width": span(x + 0.5 - shear * (y - mean_y), image.shape[1]),
        "height": span(y, len(image)),
        "area": strokes.sum() / 16,
    }


def test_against_the_definitions(glyphs):
    images = glyphs[0][:40, 1:, :, 0] / 255  # not square
    style = measure_style(images)
    alone = [measure_alone(image) for image in images]
    for name in ("slant", "width", "height", "area"):
        np.testing.assert_allclose(style[name], [one[name] for one in alone], rtol=1e-9, atol=1e-9)
    # medial_axis breaks ties at random
    for name, tolerance in (("thickness", 0.01), ("length", 0.06)):
        expected = np.array([one[name] for one in alone])
        np.testing.assert_allclose(style[name], expected, rtol=tolerance)
        assert style[name].mean() == pytest.approx(expected.mean(), rel=tolerance / 4)


def test_glyphs_measure_as_they_were_drawn(glyphs):
    images, factors = glyphs
    style = measure_style(images)
    # the pen widens what the centre line's moments say; thick pens fill small loops
    for name, slope, mean_error in (("slant", (0.85, 1), 0.01), ("thickness", (0.95, 1.1), 0.25)):
        asked, found = factors[name], style[name]
        assert np.corrcoef(asked, found)[0, 1] > 0.95
        assert slope[0] < np.polyfit(asked, found, 1)[0] < slope[1]
        assert abs((found - asked).mean()) < mean_error
    height = 18 * factors["scale"] + factors["thickness"]
    assert np.corrcoef(height, style["height"])[0, 1] > 0.95


def test_an_image_measures_the_same_in_any_company(glyphs):
    images = glyphs[0]
    assert len(images) > BATCH
    together = measure_style(images)
    for rows in (slice(3, 4), slice(BATCH - 2, BATCH + 2)):
        few = measure_style(images[rows])
        for name in NAMES:
            np.testing.assert_allclose(few[name], together[name][rows], rtol=1e-12)


def test_a_channel_and_a_dtype_change_nothing(glyphs):
    images = glyphs[0][:5]
    style = measure_style(images)
    np.testing.assert_array_equal(slant(images), style["slant"])
    for same in (images[..., 0], images / 255):
        for name, values in measure_style(same).items():
            np.testing.assert_array_equal(values, style[name])
    mirrored = measure_style(images[:, :, ::-1])
    for name, sign in (("slant", -1), ("area", 1), ("height", 1)):
        np.testing.assert_allclose(mirrored[name], sign * style[name], rtol=1e-9)


def test_an_image_that_is_all_black_has_no_style():
    images = np.stack([ring(3), np.zeros((28, 28)), ring(4)])
    style = measure_style(images)
    assert tuple(style) == NAMES
    for values in (*style.values(), slant(images)):
        assert values.dtype == "float64"
        assert np.isnan(values).tolist() == [False, True, False]


def test_strokes_end_at_the_border():
    """A bar from the left border to the right: what lies beyond is black."""
    images = np.zeros((1, 28, 28), "uint8")
    images[:, 12:16] = 255
    style = measure_style(images)
    assert style["area"] == pytest.approx(4 * 28)
    # the medial axis has four branches into the corners, half as thick
    assert style["thickness"] == pytest.approx((24 * 4 + 8 * 2) / 32, rel=0.05)
    assert measure_style(np.full((1, 8, 8), 255, "uint8"))["area"] == 64


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((28, 28)), "the images must have the shape"),
        (np.zeros((2, 28, 28, 3)), "the images must have the shape"),
        (np.zeros((2, 28, 28), int), "must be uint8, or floats in .* received int64"),
        (np.full((2, 28, 28), 255.0), r"must lie in \[0, 1\]; received 255 in row 0"),
        (np.full((2, 28, 28), np.nan), "finite"),
    ],
)
def test_other_arrays_are_refused(images, said):
    for measure in (measure_style, slant):
        with pytest.raises(InputError, match=said):
            measure(images)
