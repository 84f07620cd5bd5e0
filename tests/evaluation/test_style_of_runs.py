"""What axes of z mean, where it is known: a stand-in that draws bars of a given lean and width."""

from types import SimpleNamespace

import numpy as np
import pytest

from condvae.conditions import Categorical
from condvae.evaluation.style import ATTRIBUTES, evaluate_style
from condvae.measures.style import measure_style

SIDE = 28


def bars(z):
    """z1 leans a bar, z2 makes it thicker; (N, SIDE, SIDE, 1)."""
    down, right = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    lean, thick = 0.2 * z[:, 0, None, None], 4 + z[:, 1, None, None]
    distance = np.abs(right + lean * down) - thick / 2
    inside = np.abs(down) < 9
    return (np.clip(0.5 - distance, 0, 1) * inside)[..., None].astype("float32")


class Drawing:
    """The part of TrainedModel that is asked for; z is read off the bar itself."""

    def encode(self, x, y, seed):
        return self.z[: len(x)], None

    def sample_prior(self, label, count, seed):
        return np.random.default_rng(seed).standard_normal((count, 2))

    def decode(self, z, label):
        return bars(z)

    def transfer(self, x, y, to, seed):
        return bars(self.z[: len(x)])


@pytest.fixture
def run():
    model = Drawing()
    model.z = np.random.default_rng(1).standard_normal((60, 2)) * [1.0, 0.5]
    images = SimpleNamespace(x=bars(model.z), y=np.array(["a", "b"] * 30))
    classes = Categorical(name="kind", categories=("a", "b"))
    return SimpleNamespace(
        model=model,
        record=SimpleNamespace(classes=classes),
        check_data=lambda dataset: SimpleNamespace(test=images),
        comparability=lambda split, estimator: f"{split}; {estimator}",
    )


def test_axes_are_told_by_what_they_draw(run):
    quality = evaluate_style(run, None)
    assert quality.axes == (0, 1)  # the more active first
    slope = dict(zip(ATTRIBUTES, quality.effects.slope.T, strict=True))
    leaning = [measure_style(bars(np.array([[z, 0.0]])))["slant"][0] for z in (-1, 1)]
    assert slope["slant"][0] == pytest.approx(np.diff(leaning)[0] / 2, rel=0.1)
    assert slope["thickness"][1] == pytest.approx(1, rel=0.25)
    assert abs(slope["slant"][1]) < 0.01
    assert quality.effects.variance_share[0, ATTRIBUTES.index("slant")] > 0.95
    assert quality.effects.variance_share[1, ATTRIBUTES.index("thickness")] > 0.9
    assert quality.moves[0] == "slant"
    assert quality.moves[1] in ("thickness", "width")  # a thicker bar is a wider one
    assert quality.figures()["z1_moves"] == "slant"
    assert quality.kept["slant"] == pytest.approx(1)
    assert "z1: slant" in str(quality)
    assert quality.figures()["z2_thickness_per_unit"] == slope["thickness"][1]
