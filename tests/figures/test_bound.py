import numpy as np
import pytest

from condvae.checks import InputError
from condvae.figures.bound import bound


def caption_of(figure):
    return figure.get_supxlabel().replace("\n", " ")


def test_the_curves_are_the_estimates(make_model_of_parts, parts):
    model, (x, y) = make_model_of_parts(), parts
    figure = bound(model, x, y, sizes=(1, 25, 50), images="held-out images", seed=3)
    importance, monte_carlo, dashed = figure.axes[0].get_lines()
    for curve, estimator in ((importance, "importance"), (monte_carlo, "prior")):
        assert list(curve.get_xdata()) == [1, 25, 50]
        expected = [-model.log_prob(x, y, s, estimator, seed=3).mean() for s in (25, 50)]
        np.testing.assert_allclose(curve.get_ydata()[1:], expected, rtol=1e-9)
        assert curve.get_ydata()[0] != curve.get_ydata()[1]
    of_q = model.estimate_log_prob(x, y, 50, seed=3)
    np.testing.assert_allclose(dashed.get_ydata(), -of_q.mean_log_weight.mean(), rtol=1e-9)
    assert dashed.get_ydata()[0] > importance.get_ydata()[-1]  # Jensen's inequality
    assert "held-out images (7), means in nats" in caption_of(figure)
    assert "the first S of 50" in caption_of(figure)


def test_a_model_of_classes_has_a_bound_too(make_model):
    x = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype="uint8")
    figure = bound(make_model(), x, [0, 1, 2, 0, 1, 2], sizes=(1, 4), note="noise, grey pixels")
    assert caption_of(figure).endswith("noise, grey pixels")


def test_without_a_trained_encoder_both_curves_are_one(make_model_of_parts, parts):
    figure = bound(make_model_of_parts(alpha=0.0), *parts, sizes=(1, 4))
    importance, monte_carlo, _ = figure.axes[0].get_lines()
    np.testing.assert_allclose(importance.get_ydata(), monte_carlo.get_ydata(), rtol=1e-5)
    assert "both curves are one" in caption_of(figure)


def test_a_network_without_latents_has_no_bound(make_model_of_parts, parts):
    with pytest.raises(InputError, match=r"with latents.*exact.*condvae evaluate"):
        bound(make_model_of_parts(network="deterministic"), *parts)
