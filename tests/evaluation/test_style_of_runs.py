"""The report on styles; tests/figures/test_handwriting.py tests the measurements."""

import numpy as np
import pytest

from condvae.evaluation.style import StyleQuality
from condvae.inference.handwriting import Handwriting
from condvae.metrics.axes import measure_axes


@pytest.fixture
def quality():
    """z3 leans digits, and makes them a little wider; z1 does nothing."""
    positions, values = np.array([-1, 0, 1]), np.zeros((2, 3, 2, 3, 5))
    values[:, :, 0, :, 1], values[:, :, 0, :, 3] = 0.3 * positions, 0.1 * positions
    before = np.random.default_rng(0).normal(size=(40, 5))
    found = Handwriting(
        axes=(2, 0),
        scale=np.array([1.0, 1.0]),
        labels=("a", "b"),
        effects=measure_axes(values, positions),
        interactions=np.full((2, 2, 5), np.nan),
        spread=np.ones(5),
        before=before,
        after=before * [1, 1, 1, 1, -1],
        num_decoded=36,
    )
    return StyleQuality(found, "test split")


def test_figures_name_the_axes(quality):
    figures = quality.figures()
    assert figures["axes"] == [
        {"latent": 2, "attribute": "slant", "per_unit": pytest.approx(0.3), "unit": "rad"},
        {"latent": 0, "attribute": None, "per_unit": None, "unit": None},
    ]
    assert figures["z3_width_per_unit"] == pytest.approx(0.1)
    assert figures["kept_slant"] == pytest.approx(1)
    assert figures["kept_height"] == pytest.approx(-1)
    assert figures["style_comparability"] == "test split"


def test_a_reader_is_told_the_same(quality):
    leaning, idle, kept, comparability = str(quality).splitlines()
    assert leaning.startswith("z3 moves slant: ")
    assert "slant +0.30 rad per unit (0.30 standard deviations of real images" in leaning
    assert idle.startswith("z1 moves nothing by itself: ")
    assert "over 40 images" in kept
    assert comparability == "(test split)"


def test_the_name_the_first_listed_attribute_and_the_figure_agree(quality):
    found = quality.handwriting
    for meaning, strength, line in zip(
        found.meanings, found.strength, str(quality).splitlines(), strict=False
    ):
        name, first = line.removeprefix(f"z{meaning['latent'] + 1} moves ").split(": ")
        if meaning["attribute"] is None:
            assert name == "nothing by itself"
            assert strength.max() < 0.25
        else:
            assert name == meaning["attribute"] == first.split(" ")[0]
            assert f"{meaning['per_unit']:+.2f} {meaning['unit']} per unit" in first
