"""Every prior under every objective, trained, interrupted, saved and loaded; averaged weights."""

import itertools
import signal

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae import load
from condvae.models import CVAE, build_model, build_optimizer, network_tensors
from condvae.models.cvae import SETTINGS
from condvae.spec import Signature, Spec
from condvae.training.averaging import AveragedWeights

STEPS = {"epochs": 3, "batch_size": 64, "pixels": "dynamic"}  # 3 steps an epoch
PRIORS = {
    "standard": {"prior": "standard"},
    "conditional": {"prior": "conditional"},
    "flow": {"prior": "flow", "couplings": 2, "coupling_dims": (4,)},
    "flow of nothing": {"prior": "flow", "prior_sees": "nothing", "couplings": 1},
    "vampprior": {"prior": "vampprior", "pseudo_inputs": 3},
    "vampprior of nothing": {"prior": "vampprior", "prior_sees": "nothing", "pseudo_inputs": 3},
    "ladder": {"prior": "ladder", "latent_groups": (1, 1), "coupling_dims": (4,)},
}
OBJECTIVES = {
    "elbo": {},
    "iwae": {"num_samples": 3},
    "dreg": {"num_samples": 3, "gradient": "dreg", "beta_warmup": 0.5, "ema": 0.9},
    "free bits": {"free_bits": 1e-3, "beta_warmup": 0.5, "beta_cycles": 2},
    "hybrid": {"alpha": 0.5, "ema": 0.9, "weight_decay": 0.1},
}


def pairs():
    """Every prior under every objective; `make test` takes each prior once, each objective."""
    short = [*zip(PRIORS, itertools.cycle(OBJECTIVES), strict=False)]
    for pair in itertools.product(PRIORS, OBJECTIVES):
        yield pytest.param(*pair, marks=() if pair in short else pytest.mark.slow)


@pytest.mark.parametrize(("prior", "objective"), [*pairs()])
def test_a_step_of_every_prior_and_objective_is_taken_saved_and_loaded(
    small, tmp_path, prior, objective
):
    spec = Spec().override(hidden_dims=(4,), **PRIORS[prior], **OBJECTIVES[objective])
    model = build_model(spec, Signature((4, 3, 1), (3,)), steps=4)
    model.compile(optimizer=build_optimizer(spec, 4))
    batch = {"x": small.train.x[:100], "y": small.train.given[:100]}
    before = network_tensors(model)
    for _ in range(2):  # with a warm-up the first step has beta = 0
        assert np.isfinite(model.train_on_batch(batch)).all()
    changed = {
        name.partition("/")[0]
        for name, tensor in network_tensors(model).items()
        if (tensor != before[name]).any()
    }
    assert changed == {"encoder", "decoder"} | ({"prior"} if model.prior is not None else set())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, CVAE)
    for name in SETTINGS:
        assert getattr(loaded, name) == getattr(model, name)
    weights = network_tensors(loaded)
    for name, tensor in network_tensors(model).items():
        np.testing.assert_array_equal(tensor, weights[name])


@pytest.mark.parametrize(
    ("prior", "objective"),
    [
        pytest.param(*pair, marks=() if pair[0] == "vampprior" else pytest.mark.slow)
        for pair in zip(PRIORS, itertools.cycle(OBJECTIVES), strict=False)
    ],
)
def test_a_run_with_every_prior_is_kept_and_used(small, tmp_path, prior, objective):
    settings = {**STEPS, **PRIORS[prior], **OBJECTIVES[objective], "epochs": 1}
    model = load(quick(small, tmp_path / "run", **settings).path)
    x, y = small.validation.x[:9], small.validation.y[:9]
    for estimator in ("importance", "prior"):
        assert np.isfinite(model.log_prob(x, y, 4, estimator)).all()
    assert np.isfinite(model.elbo(x, y).loss).all()
    assert model.generate("bee", 2, seed=1).shape == (2, 4, 3, 1)
    assert np.isfinite(model.predict(y[:2], 2).mean).all()


@pytest.mark.parametrize(
    ("prior", "objective", "at"),
    [
        ("vampprior", "hybrid", 3),
        pytest.param("flow", "dreg", 3, marks=pytest.mark.slow),
        pytest.param("flow", "dreg", 5, marks=pytest.mark.slow),
        pytest.param("ladder", "dreg", 5, marks=pytest.mark.slow),
        pytest.param("vampprior", "hybrid", 5, marks=pytest.mark.slow),
        pytest.param("vampprior of nothing", "free bits", 3, marks=pytest.mark.slow),
        pytest.param("vampprior of nothing", "free bits", 5, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_ends_as_if_it_had_not_been(
    small, tmp_path, signal_at, prior, objective, at
):
    settings = {**STEPS, **PRIORS[prior], **OBJECTIVES[objective]}
    whole = quick(small, tmp_path / "whole", **settings)
    with signal_at(at, signal.SIGTERM):
        run = quick(small, tmp_path / "run", **settings)
    assert run.record.status == "terminated"
    run = quick(small, run.path, resume=True)
    assert rows(run) == rows(whole)
    newest = "checkpoints/epoch-0000003/tensors.safetensors"
    for path in ("weights.safetensors", newest):
        assert (run.path / path).read_bytes() == (whole.path / path).read_bytes()


def test_beta_rises_step_by_step_and_validation_has_it_whole(small, tmp_path):
    """The column is the weight in the epoch's last step: of 9 steps the 3rd, the 6th, the 9th."""
    run = quick(small, tmp_path / "run", **STEPS, beta=0.6, beta_warmup=1.0)
    history = run.history
    np.testing.assert_allclose(history["beta"], [0.6 * n / 9 for n in (2, 5, 8)], rtol=1e-5)
    parts = np.array([history["val_reconstruction_loss"], history["val_kl_loss"]])
    np.testing.assert_allclose(history["val_loss"], parts[0] + 0.6 * parts[1], rtol=1e-5)


def test_validation_pays_for_every_bit(small, tmp_path):
    history = quick(small, tmp_path / "run", **STEPS, free_bits=5.0).history
    parts = np.array(history["val_reconstruction_loss"]) + history["val_kl_loss"]
    np.testing.assert_allclose(history["val_loss"], parts, rtol=1e-5)
    of_training = np.array(history["loss"]) - history["reconstruction_loss"]
    np.testing.assert_allclose(of_training, 10.0, rtol=1e-4)  # 2 latents of 5 nats each, all free


@pytest.fixture
def recorded(monkeypatch):
    """The raw weights after each step of a training, from steps that are run by themselves."""
    steps, train_step = [], CVAE.make_train_function

    def make(model, force=False):
        if model.train_function is not None:
            return
        train_step(model, force)
        compiled = model.train_function

        def step(state, iterator):
            logs, state = compiled(state, iterator)
            steps.append([np.array(value, "float64") for value in state[0]])
            return logs, state

        model.train_function = step

    monkeypatch.setattr(CVAE, "make_train_function", make)
    return steps


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="steps are recorded as JAX takes them")
def test_the_averaged_weights_are_those_of_a_recursion(small, tmp_path, recorded):
    run = quick(small, tmp_path / "run", **STEPS, ema=0.7, learning_rate=0.01)
    assert len(recorded) == 9
    averages = [recorded[0]]
    for raw in recorded[1:]:
        averages.append([0.7 * a + 0.3 * w for a, w in zip(averages[-1], raw, strict=True)])
    best = 3 * int(run.record.figures.best_epoch) - 1
    kept = load(run.path).keras_model.trainable_variables
    for variable, average, raw in zip(kept, averages[best], recorded[best], strict=True):
        np.testing.assert_allclose(variable, average, rtol=1e-5, atol=1e-6)
        assert np.abs(average - raw).max() > 1e-4
    checkpoint = quick(small, run.path, resume=True, epochs=4)  # it goes on from the raw weights
    assert len(checkpoint.history["epoch"]) == 4


def test_validation_is_that_of_the_averaged_weights(small, tmp_path):
    """Within the noise that the draws of z leave."""
    settings = {**STEPS, "pixels": "grey", "epochs": 1, "learning_rate": 0.01, "beta": 0.0}
    run = quick(small, tmp_path / "run", **settings, ema=0.7)
    model = load(run.path).keras_model
    model.compile()
    validation = {"x": small.validation.x, "y": small.validation.given}
    losses = [
        model.evaluate(validation, verbose=0, return_dict=True)["reconstruction_loss"]
        for _ in range(30)
    ]
    expected = run.history["val_reconstruction_loss"][0]
    assert abs(np.mean(losses) - expected) < 4 * np.std(losses)


def test_without_an_average_nothing_is_exchanged(small, tmp_path):
    model = load(quick(small, tmp_path / "run", **STEPS).path).keras_model
    model.compile(optimizer="adam")
    before = [np.array(weight) for weight in model.weights]
    with AveragedWeights(model).in_place():
        for old, new in zip(before, model.weights, strict=True):
            np.testing.assert_array_equal(old, new)


def test_long_gradients_are_shortened_and_short_ones_are_not():
    """Against plain Adam that is given what shortening should make of them."""

    def weights_after(clip_norm, *steps):
        variables = [keras.Variable(np.zeros(2)), keras.Variable(np.zeros(3))]
        optimizer = build_optimizer(Spec().override(clip_norm=clip_norm), 4)
        for step in steps:
            optimizer.apply([keras.ops.convert_to_tensor(np.float32(g)) for g in step], variables)
        return np.concatenate([np.asarray(variable) for variable in variables])

    long, short = ([3.0, 0.0], [0.0, 4.0, 0.0]), ([0.1, 0.2], [0.0, 0.0, 0.3])
    a_fifth = ([0.6, 0.0], [0.0, 0.8, 0.0])  # of a norm of 5
    np.testing.assert_allclose(
        weights_after(1.0, long, short), weights_after(None, a_fifth, short), rtol=1e-5
    )
    assert (weights_after(None, long, short) != weights_after(1.0, long, short)).any()
