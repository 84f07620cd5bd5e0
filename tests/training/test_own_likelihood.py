"""A likelihood of the user's own, registered from outside, from data to a run and back."""

import math
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae import InputError, Run, Spec
from condvae.data import Dataset
from condvae.evaluation import bound_of
from condvae.likelihoods import (
    LIKELIHOODS,
    BernoulliLikelihood,
    Likelihood,
    register_likelihood,
)
from condvae.models import build_model
from condvae.spec import Signature

SCALE = 0.1


@dataclass(frozen=True)
class Laplace:
    mean: Any
    weights: Any = 1.0

    def log_prob(self, value):
        log_prob = -keras.ops.abs(value - self.mean) / SCALE - math.log(2 * SCALE)
        return keras.ops.sum(self.weights * log_prob, axis=tuple(range(1, len(value.shape))))

    def transform(self, noise):
        beside = noise - 0.5
        size = keras.ops.log(keras.ops.maximum(1 - 2 * keras.ops.abs(beside), 1e-7))
        return self.mean - SCALE * keras.ops.sign(beside) * size


@dataclass(frozen=True)
class LaplaceLikelihood(Likelihood):
    name: ClassVar[str] = "laplace"
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @classmethod
    def probabilities_of(cls, spec, preprocessing):
        return "pixels as real numbers, Laplace (a density)"

    def __call__(self, x_params, weights=1.0):
        return Laplace(x_params, weights)

    def trace_mean(self, trace, x_params):
        return x_params


@pytest.fixture
def registered():
    yield register_likelihood(LaplaceLikelihood)
    del LIKELIHOODS["laplace"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    x = labels[:, None, None] - 1 + 0.1 * rng.laplace(size=(300, 4, 3))
    return Dataset.from_arrays(x.astype("float32"), labels)


def test_one_s_own_trains_resumes_and_generates(registered, data, tmp_path):
    settings = {"likelihood": "laplace", "schedule": "constant", "warmup": 0.0}
    settings |= {"learning_rate": 1e-2, "batch_size": 20}
    run = quick(data, tmp_path / "run", **settings, epochs=30)
    quick(data, tmp_path / "parts", **settings, epochs=1)
    resumed = quick(data, tmp_path / "parts", resume=True, epochs=30)
    np.testing.assert_array_equal(rows(resumed)["loss"], rows(run)["loss"])
    run = Run.open(tmp_path / "run")
    assert "Laplace (a density)" in bound_of(run, data).comparability
    assert run.graphs["decoder"].outputs["x_mean"] == run.graphs["decoder"].outputs["x_params"]
    drawn = run.model.generate(2, 500, sample=True, seed=0)
    means = run.model.generate(2, 500, seed=0)
    assert means.mean() == pytest.approx(1, abs=0.2)
    assert np.abs(drawn - means).mean() == pytest.approx(SCALE, rel=0.05)


def test_one_s_own_is_saved_by_keras(registered, tmp_path):
    model = build_model(
        Spec().override(likelihood="laplace", hidden_dims=(3,)), Signature((2, 2, 1), (3,))
    )
    model.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").likelihood == LaplaceLikelihood()


def test_without_it_the_name_is_unknown(data):
    with pytest.raises(InputError, match=r"'laplace'.*'bernoulli'.* or 'negative_binomial'"):
        Spec().override(likelihood="laplace")
    with pytest.raises(InputError, match="did you mean 'poisson'"):
        Spec().override(likelihood="poison")


def test_what_is_registered_once_more_takes_the_former_s_place(registered):
    assert register_likelihood(LaplaceLikelihood) is LIKELIHOODS["laplace"]


@dataclass(frozen=True)
class Taken(Likelihood):
    name: ClassVar[str] = "bernoulli"


@dataclass(frozen=True)
class Nameless(Likelihood):
    pass


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (Taken, "'bernoulli' of Taken, which is BernoulliLikelihood's"),
        (Nameless, "'auto' of Nameless, which is Likelihood's"),
        (BernoulliLikelihood(), "Pass the class"),
        (Laplace, "a subclass of condvae.likelihoods.Likelihood"),
    ],
)
def test_a_likelihood_that_cannot_be_registered_is_refused(kind, part):
    before = dict(LIKELIHOODS)
    with pytest.raises(InputError) as caught:
        register_likelihood(kind)
    assert part in str(caught.value)
    assert before == LIKELIHOODS


def test_likelihoods_are_asked_without_keras():
    code = (
        "import sys; from condvae.likelihoods import *; import condvae.likelihoods as l\n"
        "l.likelihood_of(type('S', (), {'likelihood': 'auto'}))\n"
        "print(sorted({'keras', 'jax', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
