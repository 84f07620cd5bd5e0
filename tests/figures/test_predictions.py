import numpy as np
import pytest
from test_plots import caption_of, cells_in, labels_of

from condvae.figures.grids import grid_figure
from condvae.figures.predictions import predictions
from condvae.figures.tiles import Block


def heat_of(axes):
    """The coloured picture over the grey one."""
    grey, heat = axes.images
    assert grey.get_extent() == heat.get_extent()
    return heat


@pytest.mark.parametrize("channels", [1, 3])
def test_the_spread_is_a_heat_map_of_the_missing_pixels(make_model_of_parts, make_parts, channels):
    model, (x, y) = make_model_of_parts(channels=channels), make_parts(channels)
    figure = predictions(model, x, y, num_samples=2, num_draws=9)
    axes, bar = figure.axes
    given = y[..., -1] > 0
    spread = np.sqrt((model.predict(y, 9).samples.std(axis=1) ** 2).mean(axis=-1))
    heat = heat_of(axes)
    cells = cells_in(heat)
    assert np.isnan(cells[:, :-1]).all()
    np.testing.assert_allclose(cells[:, -1], np.where(given, np.nan, spread), rtol=1e-5)
    assert heat.get_clim() == pytest.approx((0, spread[~given].max()), rel=1e-5)
    assert bar.get_ylim() == pytest.approx(heat.get_clim())
    assert "mean of 9 draws" in caption_of(figure)
    assert ("root mean square" in caption_of(figure)) == (channels == 3)


def test_the_other_columns_stay_grey(make_model_of_parts, parts):
    model, (x, y) = make_model_of_parts(), parts
    axes = predictions(model, x, y, num_samples=2, num_draws=9).axes[0]
    names = ["given", "truth", "guess", "z at mean", "sample 1", "sample 2", "mean", "spread"]
    assert labels_of(axes)[0] == names
    cells = dict(zip(names, np.swapaxes(cells_in(axes.images[0]), 0, 1), strict=True))
    missing, prediction = y[..., -1] == 0, model.predict(y, 9)
    assert (cells["given"][missing] == 0.5).all()
    np.testing.assert_allclose(cells["truth"], x[..., 0] / 255, atol=1e-6)
    for name, expected in (
        ("guess", model.guess(y)),
        ("z at mean", prediction.at_mean),
        ("sample 2", prediction.samples[:, 1]),
        ("mean", prediction.mean),
    ):
        np.testing.assert_allclose(cells[name][missing], expected[missing][:, 0], atol=1e-6)
        np.testing.assert_allclose(cells[name][~missing], cells["truth"][~missing], atol=1e-6)
    assert (cells["spread"] == 1).all()  # empty below the colours


def test_without_latents_there_is_no_spread(make_model_of_parts, parts):
    figure = predictions(make_model_of_parts(network="deterministic"), *parts)
    (axes,) = figure.axes
    assert labels_of(axes)[0] == ["given", "truth", "guess"]
    assert len(axes.images) == 1
    assert "draws" not in caption_of(figure)


def test_no_spread_at_all_is_drawn(tmp_path):
    cells = np.full((1, 2, 8, 8, 1), np.nan)
    cells[0, 0] = 0.5
    block = Block(cells, ["image", "spread"], heat=np.where(np.isnan(cells), 0, np.nan))
    figure = grid_figure([block], "")
    assert heat_of(figure.axes[0]).get_clim() == (0, 1)
    figure.savefig(tmp_path / "figure.png")
