"""What axes of z mean, where it is known: a stand-in draws glyphs whose factors z sets."""

from types import SimpleNamespace

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.conditions import Categorical
from condvae.data import glyphs
from condvae.figures.effects import draw_handwriting, style
from condvae.inference import handwriting
from condvae.inference.handwriting import ATTRIBUTES, has_handwriting, measure_handwriting

COLUMNS = {name: column for column, name in enumerate(ATTRIBUTES)}
LEAN, THICKEN, ENLARGE = 0.15, 0.4, 0.06  # radians, pixels and a share of the size, per unit of z


class Drawing:
    """The part of TrainedModel that is asked for; z1 leans, z3 thickens and z4 enlarges digits.

    z2 does nothing; under the label 7, z1 leans the other way where `disagrees`.
    """

    classes = condition = Categorical(name="digit", categories=("0", "4", "7"))
    image_shape, latent_dim, table = (28, 28, 1), 4, None
    keras_model = SimpleNamespace(likelihood=SimpleNamespace(x_range=(0.0, 1.0)))

    def __init__(self, deviation=1.0, disagrees=False):
        self.deviation, self.disagrees = deviation, disagrees
        self.z = np.random.default_rng(1).normal(size=(60, 4)) * [1.2, 0.01, 1, 0.8]
        self.y = np.array(["0", "4", "7"] * 20)

    def encode(self, x, y, seed):
        return self.z[: len(x)], None

    def sample_prior(self, labels, count, seed):
        return self.deviation * np.random.default_rng(seed).standard_normal((count, 4))

    def decode(self, z, labels):
        drawn = []
        for (lean, _, thicken, enlarge), label in zip(z / self.deviation, labels, strict=True):
            line = glyphs._centre_line("DejaVuSans", int(label))
            lean = -lean if self.disagrees and label == "7" else lean
            points = glyphs.place(line, LEAN * lean, 0.75 + ENLARGE * enlarge, (0, 0))
            drawn.append(glyphs.draw_pen(points, 2.5 + THICKEN * thicken))
        return (np.stack(drawn) / 255).astype("float32")[..., None]

    def transfer(self, x, y, to, seed):
        return self.decode(self.z, to)


def measured(model):
    return measure_handwriting(model, model.decode(model.z, model.y), model.y)


@pytest.fixture(scope="module", autouse=True)
def few_points():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handwriting, "NUM_POINTS", 18)
        yield


@pytest.fixture(scope="module")
def found(few_points):
    return measured(Drawing())


def test_axes_mean_the_factors_that_they_set(found):
    assert found.axes == (0, 2, 3, 1)  # the most active first
    np.testing.assert_allclose(found.scale, 1, atol=0.1)
    slope = found.per_unit
    # a round pen leans less than the line that it follows
    assert slope[0, COLUMNS["slant"]] == pytest.approx(LEAN, rel=0.12)
    assert slope[1, COLUMNS["thickness"]] == pytest.approx(THICKEN, rel=0.1)
    height = slope[2, COLUMNS["height"]]
    assert height == pytest.approx(ENLARGE * glyphs.HEIGHT, rel=0.1)
    np.testing.assert_allclose(slope[1:, COLUMNS["slant"]], 0, atol=0.02)
    np.testing.assert_allclose(slope[[0, 2, 3], COLUMNS["thickness"]], 0, atol=0.05)
    assert (slope[3] == 0).all()
    for row, name in ((0, "slant"), (1, "thickness"), (2, "height")):
        assert found.effects.same_sign[row, COLUMNS[name]] == 1
        assert found.effects.agreement[row, COLUMNS[name]] > 0.98


def test_the_attribute_that_an_axis_moves_names_it(found):
    leaning, thickening, enlarging, idle = found.meanings
    assert leaning["latent"] == 0
    assert (leaning["attribute"], leaning["unit"]) == ("slant", "rad")
    assert leaning["per_unit"] == found.per_unit[0, COLUMNS["slant"]]
    assert (thickening["latent"], thickening["attribute"]) == (2, "thickness")
    assert enlarging["attribute"] in ("height", "length", "width")
    assert idle == {"latent": 1, "attribute": None, "per_unit": None, "unit": None}


def test_slant_and_thickness_do_not_interact(found):
    shifts = found.interactions / found.spread
    assert abs(shifts[0, 1, COLUMNS["slant"]]) < 0.03
    assert abs(shifts[1, 0, COLUMNS["thickness"]]) < 0.05


def test_a_style_outlives_its_label(found):
    for name in ("thickness", "slant", "height"):
        assert found.kept[name] > 0.85
    stranger = Drawing()
    stranger.transfer = lambda x, y, to, seed: stranger.decode(stranger.z[::-1], to)
    assert abs(measured(stranger).kept["slant"]) < 0.4
    constant = Drawing()
    constant.transfer = lambda x, y, to, seed: stranger.decode(0 * stranger.z, ["0"] * 60)
    assert np.isnan(measured(constant).kept["slant"])


def test_an_axis_that_means_something_else_under_a_label_has_no_name():
    found = measured(Drawing(disagrees=True))
    assert found.effects.same_sign[0, COLUMNS["slant"]] == pytest.approx(2 / 3)
    assert found.meanings[0]["attribute"] != "slant"
    assert found.effects.label_slopes[2, 0, COLUMNS["slant"]] < 0


def test_a_wide_prior_is_walked_in_its_own_deviations(found):
    wide = measured(Drawing(deviation=3.0))
    np.testing.assert_allclose(wide.scale, 3 * found.scale)
    np.testing.assert_allclose(wide.effects.slope, found.effects.slope, atol=1e-6)
    np.testing.assert_allclose(wide.interactions, found.interactions, atol=1e-6)
    np.testing.assert_allclose(wide.per_unit, found.per_unit / 3, atol=1e-6)


def test_the_figure_draws_what_was_measured(found):
    figure = draw_handwriting(found, "held-out images")
    effects, interactions, transferred = (figure.axes[first : first + 5] for first in (0, 5, 10))
    assert [axes.get_title() for axes in effects] == list(ATTRIBUTES)
    slant = COLUMNS["slant"]
    bars = [bar.get_width() for bar in effects[slant].patches]
    np.testing.assert_allclose(bars, found.effects.slope[:, slant] / found.spread[slant])
    dots = [dots.get_offsets()[0][0] for dots in effects[slant].collections]
    np.testing.assert_allclose(dots, found.effects.label_slopes[:, 0, slant] / found.spread[slant])
    ticks = [text.get_text() for text in effects[slant].get_yticklabels()]
    assert ticks[0] == f"z1  {found.effects.slope[0, slant]:+.2f} rad".replace("-", "−")
    assert [tick.split()[0] for tick in ticks] == ["z1", "z3", "z4", "z2"]
    shown = interactions[slant].images[0].get_array()
    expected = found.interactions[:, :, slant] / found.spread[slant]
    np.testing.assert_allclose(np.ma.filled(shown, np.nan), expected)
    pairs = transferred[slant].collections[0].get_offsets()
    np.testing.assert_allclose(pairs, np.stack([found.before, found.after])[:, :, slant].T)
    assert transferred[slant].get_title() == f"r = {found.kept['slant']:.2f}"
    caption = figure.get_supxlabel().replace("\n", " ")
    assert "held-out images (60)" in caption
    assert f"{found.num_decoded:,} expected images" in caption


def test_what_is_no_handwriting_is_refused(make_model, untrained):
    assert has_handwriting(Drawing())
    for model in (make_model(), make_model(channels=3), untrained):
        assert not has_handwriting(model)
    with pytest.raises(InputError, match="handwriting requires grey images"):
        style(make_model(), np.zeros((2, 8, 8, 1)), ["0", "1"])
