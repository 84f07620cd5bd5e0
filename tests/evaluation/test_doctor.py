"""Planted faults, each of which its own sentence must name, and a healthy model without one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.distributions import Bernoulli
from condvae.evaluation import doctor, latents
from condvae.evaluation.doctor import Signs, diagnose, examine, mean_image_loss
from condvae.evaluation.latents import evaluate_latents
from condvae.evaluation.trial import Trial
from condvae.metrics import latent
from condvae.metrics.latent import condition_share
from condvae.metrics.spectrum import FineDetail
from condvae.models import CVAE
from condvae.training import train

QUICK = {"preset": "small", "epochs": 25, "progress": False, "hidden_dims": (128,)}


def detail_of(share):
    return FineDetail(share, 0.001, 2.0, *np.zeros((3, 4)))


HEALTHY = Signs(
    loss=30.0,
    kl_loss=4.0,
    mean_image_loss=38.0,
    active=2,
    latent_dim=2,
    label_share=0.6,
    swapped_label=12.0,
    leakage=0.1,
    beta=1.0,
    detail=detail_of(0.11),
)


@pytest.fixture(scope="module")
def healthy_run(digits, tmp_path_factory):
    return train(digits, run=tmp_path_factory.mktemp("doctor") / "healthy", **QUICK)


def sentences(run, dataset):
    return " ".join(diagnose(examine(Trial.of(run, dataset))))


def test_a_healthy_model_has_none(healthy_run, digits):
    assert diagnose(examine(Trial.of(healthy_run, digits))) == []


def test_a_beta_far_too_large_is_named(digits, tmp_path):
    run = train(digits, run=tmp_path / "run", **QUICK, beta=50.0)
    assert "collapsed" in sentences(run, digits)
    assert "lower --beta" in sentences(run, digits)


def test_a_collapsed_posterior_is_named(healthy_run, digits, monkeypatch):
    """Its outputs are the prior's for every image; the decoder is unchanged."""
    model = healthy_run.load_model()
    for name in ("mean", "logvar"):
        layer = model.keras_model.encoder.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    monkeypatch.setitem(healthy_run.__dict__, "by_keras", model)
    signs = examine(Trial.of(healthy_run, digits))
    assert signs.kl_loss == pytest.approx(0, abs=1e-6)
    found = " ".join(diagnose(replace(signs, mean_image_loss=None)))
    assert "collapsed" in found
    assert "--beta-warmup" in found


def test_shuffled_labels_are_named(digits, tmp_path):
    rng = np.random.default_rng(0)
    shuffled = Dataset.from_arrays(digits.x, rng.permutation(digits.y))
    run = train(shuffled, run=tmp_path / "run", **QUICK)
    assert "ignores the condition" in sentences(run, shuffled)
    assert "shuffled" in sentences(run, shuffled)


def test_swapped_arguments_of_the_cross_entropy_are_named(digits, tmp_path, monkeypatch):
    """The classic mistake of a loss by hand, made in training and gone afterwards."""

    def swapped(likelihood, value):
        p, value = (ops.clip(part, 1e-7, 1 - 1e-7) for part in (likelihood.mean, value))
        cross = p * ops.log(value) + (1 - p) * ops.log(1 - value)
        return ops.sum(cross, axis=tuple(range(1, len(cross.shape))))

    with monkeypatch.context() as planted:
        planted.setattr(Bernoulli, "log_prob", swapped)
        run = train(digits, run=tmp_path / "run", **QUICK)
    assert "worse than the mean of all training images" in sentences(run, digits)


def test_pixels_beyond_one_are_named_before_or_while_training(digits, tmp_path, monkeypatch):
    floats = Dataset.from_arrays(digits.x.astype("float32") / 50, digits.y)
    with pytest.raises(InputError, match=r"in \[0, 1\]"):
        train(floats, run=tmp_path / "floats", **QUICK)
    scale = CVAE.scale
    monkeypatch.setattr(CVAE, "scale", lambda model, x: 255 * scale(model, x))
    with pytest.raises(InputError, match=r"must stay finite.*extreme values"):
        train(digits, run=tmp_path / "run", **QUICK)


@pytest.mark.parametrize(
    ("sign", "sentence"),
    [
        ({"loss": float("nan")}, "not finite"),
        ({"loss": 39.0}, "worse than the mean of all training images"),
        ({"loss": 39.0, "beta": 0.1}, "beta 0.1 lets z depart too far from the prior"),
        ({"loss": 43.0, "beta": 0.1}, "train longer"),  # the reconstruction alone is worse
        ({"active": 0}, "collapsed"),
        ({"kl_loss": 0.01}, "collapsed"),
        ({"label_share": 0.01}, "ignores the condition"),
        ({"swapped_label": 0.5}, "ignores the condition"),
        ({"leakage": 0.7}, "z reveals the label"),
        ({"detail": detail_of(0.09)}, "blurred: they have 9.0% of the fine detail"),
    ],
)
def test_each_sign_has_its_sentence(sign, sentence):
    assert diagnose(HEALTHY) == []
    (found,) = diagnose(replace(HEALTHY, **sign))
    assert sentence in found


def test_of_a_collapsed_model_blur_is_not_said_again():
    (found,) = diagnose(replace(HEALTHY, active=0, detail=detail_of(0.0)))
    assert "collapsed" in found
    assert not diagnose(replace(HEALTHY, detail=None))


def test_the_share_of_the_condition_is_that_of_known_functions():
    style, label = np.meshgrid(np.arange(4.0), np.arange(3.0), indexing="ij")
    assert condition_share(style[..., None]) == 0
    assert condition_share(label[..., None]) == 1
    both = condition_share((style + 2 * label)[..., None])  # variances 1.25 and 4 * 2/3
    assert both == pytest.approx(8 / 3 / (8 / 3 + 1.25))
    assert np.isnan(condition_share(np.ones((2, 2, 1))))


def test_the_share_of_the_condition_is_the_same_in_parts(monkeypatch):
    x = np.random.default_rng(0).normal(size=(4, 3, 50)).astype("float32")
    whole = condition_share(x)
    monkeypatch.setattr(latent, "MOST_NUMBERS", 12 * 7)
    assert condition_share(x) == whole


def test_the_loss_of_the_mean_image_is_the_same_in_parts(healthy_run, digits, monkeypatch):
    trial = Trial.of(healthy_run, digits)
    whole = mean_image_loss(trial, digits.validation.x)
    monkeypatch.setattr(doctor, "MOST_NUMBERS", 10 * 64)
    assert mean_image_loss(trial, digits.validation.x) == whole


def test_the_latents_of_a_run_are_told(healthy_run, digits):
    quality = evaluate_latents(Trial.of(healthy_run, digits))
    assert quality.latent_dim == quality.active == 2
    assert quality.surgery is not None
    terms = healthy_run.model.elbo(digits.test.x, digits.test.y)
    assert quality.surgery.kl == pytest.approx(terms.kl_loss.mean(), rel=0.05)
    assert 0 < quality.label_information < np.log(10)
    assert "active latents: 2 of 2" in str(quality)
    assert "test split" in quality.figures()["latent_comparability"]


def test_large_images_are_decoded_for_fewer_styles(monkeypatch):
    class Model:
        classes = SimpleNamespace(categories=("a", "b", "c"))
        image_shape = (4, 5, 2)

        def generate(self, label, count, seed):
            return np.full((count, *self.image_shape), "abc".index(label), "float32")

    for limit, styles in ((2**25, 64), (10 * 120, 10), (1, 2)):
        monkeypatch.setattr(latents, "MOST_NUMBERS", limit)
        decoded = latents.decode_under_every_label(Model())
        assert decoded.shape == (styles, 3, 40)
        assert np.array_equal(decoded[:, :, 0], np.tile([0, 1, 2], (styles, 1)))
