import numpy as np
import pytest

from condvae.checks import InputError
from condvae.figures.curves import bound_curves, history
from condvae.metrics.log_mean_exp import LogProbEstimate


def caption_of(figure):
    return figure.get_supxlabel().replace("\n", " ")


def test_history_marks_the_best_epoch(curves):
    figure = history(curves, note="noise, grey pixels")
    assert [axes.get_title() for axes in figure.axes][1:] == ["reconstruction", "KL"]
    assert figure.axes[0].get_ylim()[1] < 120
    marks = [axes.get_lines()[2].get_xdata()[0] for axes in figure.axes]
    assert marks == [12, 12, 12]
    caption = caption_of(figure)
    assert "12 of 20" in caption
    assert "95.00 + 1 × KL 5.00 nats per example. The first epochs leave the axes. noise" in caption


def test_history_of_one_epoch_and_of_none(curves):
    history({name: values[:1] for name, values in curves.items()})
    with pytest.raises(InputError, match="at least one epoch"):
        history({name: [] for name in curves})


def test_a_curve_falls_where_log_p_rises_and_its_band_is_the_standard_error():
    log_prob = np.array([-9.0, -11.0])
    estimates = [
        LogProbEstimate(log_prob + n, np.ones(2), log_prob, size) for n, size in enumerate((1, 8))
    ]
    figure = bound_curves({"one": estimates}, 9.5, "said")
    (axes,) = figure.axes
    curve, dashed = axes.get_lines()
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "8"]
    np.testing.assert_allclose(curve.get_xydata(), [(1, 10), (8, 9)])
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(6)}
    assert corners == {(1, 9), (1, 11), (8, 8), (8, 10)}
    assert list(dashed.get_ydata()) == [9.5, 9.5]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "−ELBO"]
    assert caption_of(figure) == "said"


def test_one_image_has_a_curve_without_a_band(tmp_path):
    estimates = [
        LogProbEstimate(np.array([-9.0]), np.ones(1), np.array([-9.0]), size) for size in (1, 8)
    ]
    figure = bound_curves({"one": estimates}, 9.5, "")
    (axes,) = figure.axes
    assert axes.get_lines()[0].get_xydata().tolist() == [[1, 9], [8, 9]]
    assert [path for band in axes.collections for path in band.get_paths() if len(path)] == []
    figure.savefig(tmp_path / "figure.png")
