"""Prediction of an image given a part of it: from the spec to the likelihood."""

import signal

import numpy as np
import pytest
from short_run import quick, rows, untrained

from condvae.checks import InputError
from condvae.conditions.masks import observe, quadrants
from condvae.evaluation import bound_of, conditional_likelihood
from condvae.evaluation.trial import Trial
from condvae.figures import draw
from condvae.models import network_tensors
from condvae.runs import load

STRUCTURED = {"task": "quadrants", "prior": "conditional", "baseline": "joint"}
VARIANTS = {
    "plain": {**STRUCTURED, "decoder_sees": "z"},
    "decoder sees y": STRUCTURED,
    "standard prior": {"task": "halves", "baseline": "joint"},
    "no baseline": {"task": "blocks", "prior": "conditional"},
    "gsnn": {**STRUCTURED, "alpha": 0.0},
    "hybrid": {**STRUCTURED, "alpha": 0.5, "coarse_weight": 0.5, "omission": 0.3},
    "deterministic": {"task": "random", "baseline": "joint", "network": "deterministic"},
}


# each network once in `make test`: the rest differs in one setting
SHORT = ("hybrid", "deterministic")


@pytest.mark.parametrize(
    "variant",
    [pytest.param(name, marks=() if name in SHORT else pytest.mark.slow) for name in VARIANTS],
)
def test_every_variant_trains_resumes_evaluates_and_predicts(small, tmp_path, signal_at, variant):
    settings = {**VARIANTS[variant], "batch_size": 40}
    whole = quick(small, tmp_path / "whole", **settings)
    with signal_at(6, signal.SIGTERM):
        run = quick(small, tmp_path / "run", **settings)
    run = quick(small, run.path, resume=True)
    assert rows(run) == rows(whole)
    assert run.weights_path.read_bytes() == whole.weights_path.read_bytes()
    result = conditional_likelihood(Trial.of(run, small), num_samples=60)
    first = conditional_likelihood(Trial.of(run, small), num_samples=2, num_images=3)
    assert len(first.importance.log_prob) == len(first.monte_carlo.log_prob) == 3
    assert "each of the first 3 images" in first.comparability
    bound = bound_of(run, small)
    y = run.conditions(small.test)
    prediction = load(run.path).predict(y, num_samples=3)
    assert prediction.samples.shape == (len(y), 3, 4, 3, 1)
    assert ((prediction.mean >= 0) & (prediction.mean <= 1)).all()
    if variant == "deterministic":
        assert result.importance.mean == result.monte_carlo.mean == pytest.approx(bound.elbo)
        assert prediction.spread.max() < 1e-6
    elif variant == "gsnn":  # nothing trains its encoder: the prior stands in for q
        np.testing.assert_allclose(
            result.importance.log_prob, result.monte_carlo.log_prob, rtol=1e-5
        )
        assert bound.kl_loss == 0
    else:
        assert result.importance.mean > bound.elbo - 3 * bound.standard_error
    figures = draw(run.model, run.check_data(small), run.history)
    has_bound = variant != "deterministic"
    assert set(figures) == {"predictions", "history"} | ({"bound"} if has_bound else set())
    assert "densities of the other pixels" in result.comparability
    assert "importance sampling" in str(result)


def test_a_frozen_baseline_comes_from_another_run_and_stays(small, tmp_path):
    """The networks of the deterministic run are among those of the CVAE."""
    guess = quick(
        small, tmp_path / "guess", task="quadrants", baseline="joint", network="deterministic"
    )
    settings = {**STRUCTURED, "baseline": "frozen"}
    run = quick(small, tmp_path / "run", start_from=guess.path, **settings)
    before, after = (network_tensors(r.model.keras_model) for r in (guess, run))
    assert all(np.array_equal(after[name], before[name]) for name in before)
    assert {name.split("/")[0] for name in after} == {"encoder", "decoder", "prior", "baseline"}
    with pytest.raises(InputError, match="`start_from`"):
        quick(small, tmp_path / "other", **settings)


def test_given_pixels_are_not_counted(small, tmp_path):
    """The density of an image does not depend on the pixels that are given, but through y."""
    run = quick(
        small, tmp_path / "run", task="quadrants", network="deterministic", baseline="joint"
    )
    x = small.test.x[:5]
    mask = quadrants(4, 3, 1)
    y = observe(x, mask, 255)
    changed = np.where(mask[..., None], 255 - x, x)
    model = run.model
    np.testing.assert_array_equal(model.log_prob(x, y), model.log_prob(changed, y))
    p = model.predict(y).mean.astype("float64")
    grey = x / 255
    cross_entropy = grey * np.log(p) + (1 - grey) * np.log1p(-p)
    expected = cross_entropy[:, ~mask].sum(axis=(1, 2))
    np.testing.assert_allclose(model.log_prob(x, y), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"alpha": 1.5}, "objective.alpha"),
        ({"task": "quadrants", "observed": 4}, "data.observed"),
        ({"omission": 0.3}, "omission needs a task"),
        ({"coarse_weight": 1.0}, "coarse_weight needs a baseline"),
        ({"network": "deterministic"}, "must be 'joint'"),
        ({"omission": 0.5, "task": "halves"}, "objective.omission"),
    ],
)
def test_settings_that_do_not_fit_are_refused(small, tmp_path, settings, said):
    with pytest.raises(InputError, match=said):
        quick(small, tmp_path / "run", **settings)


def test_conditions_that_do_not_fit_are_refused(small):
    model = untrained(small, **STRUCTURED)
    x = small.test.x[:2]
    y = observe(x, quadrants(4, 3, 1), 255)
    for wrong in (y[:, :3], y[..., :1], np.full_like(y, 255), y[:1].repeat(3, axis=0)):
        with pytest.raises(InputError):
            model.log_prob(x, wrong)
    with pytest.raises(InputError, match="must be a class"):
        _ = model.classes
