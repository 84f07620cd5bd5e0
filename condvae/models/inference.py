"""The functions of a trained model, with noise as an explicit input, and their Keras engine.

Each function takes the model and tensors by name: x (batch, *image_shape) as stored or scaled,
y (batch, *condition_shape) encoded, z (batch, latent_dim), noise standard normal, and, for models
of binarised pixels, pixel_noise (batch, *image_shape) uniform in [0, 1).
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from condvae.blocks import ROWS, SAMPLES, slices
from condvae.models.cvae import CVAE
from condvae.objectives import elbo_terms, kl_parts

Tensor = Any

MOST_NUMBERS, LEAST_ROWS = 2**23, 16  # numbers of x_params in one call; rows for any image


def encode(model: CVAE, x: Tensor, y: Tensor, pixel_noise: Tensor = None) -> dict[str, Tensor]:
    """mean and logvar of q(z | x, y), (batch, latent_dim); for a ladder, on the path of means."""
    target, given = _target(model, x, pixel_noise), model.prior_given(y, model.guess(y))
    posterior = model.posterior(target, y, given)
    return {"mean": posterior.mean, "logvar": posterior.logvar}


def draw_posterior(
    model: CVAE, x: Tensor, y: Tensor, noise: Tensor, pixel_noise: Tensor = None
) -> dict[str, Tensor]:
    """z ~ q(z | x, y), (batch, latent_dim), for noise of the same shape."""
    target, given = _target(model, x, pixel_noise), model.prior_given(y, model.guess(y))
    return {"z": model.posterior(target, y, given).transform(noise)}


def prior(model: CVAE, y: Tensor) -> dict[str, Tensor]:
    """mean of p(z | y), (batch, latent_dim); for a flow, the image of its base's mean."""
    return {"mean": model.prior_given(y, model.guess(y)).mean}


def draw_prior(model: CVAE, noise: Tensor, y: Tensor) -> dict[str, Tensor]:
    """z ~ p(z | y), (batch, latent_dim), for noise (batch, prior_noise_dim)."""
    return {"z": model.prior_given(y, model.guess(y)).transform(noise)}


def prior_noise(model: CVAE, z: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The noise that gives z under a ladder, (batch, latent_dim): the inverse of `draw_prior`."""
    given: Any = model.prior_given(y, model.guess(y))
    return {"noise": given.noise_of(z)}


def decode(model: CVAE, z: Tensor, y: Tensor) -> dict[str, Tensor]:
    """x_mean, the expected x given z and y."""
    return {"x_mean": model.likelihood(model.decode(z, y, model.guess(y))).mean}


def guess(model: CVAE, y: Tensor) -> dict[str, Tensor]:
    """x_mean, the expected x given y by the baseline alone."""
    return {"x_mean": model.likelihood(model.guess(y)).mean}


def draw_pixels(model: CVAE, z: Tensor, y: Tensor, pixel_noise: Tensor) -> dict[str, Tensor]:
    """x_sample ~ p(x | z, y); pixel_noise has the form that the likelihood needs."""
    likelihood = model.likelihood(model.decode(z, y, model.guess(y)))
    return {"x_sample": likelihood.transform(pixel_noise)}


def pixel_noise_of(model: CVAE, x: Tensor, z: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The noise that gives x, (batch, *image_shape): the inverse of `draw_pixels`."""
    likelihood = model.likelihood(model.decode(z, y, model.guess(y)))
    return {"noise": likelihood.noise_of(model.scale(x))}


def elbo(
    model: CVAE, x: Tensor, y: Tensor, noise: Tensor, pixel_noise: Tensor = None
) -> dict[str, Tensor]:
    """The terms of the bound at the one z that the noise gives, (batch,) nats each."""
    x, first = _target(model, x, pixel_noise), model.guess(y)
    given = model.prior_given(y, first)
    posterior = model.posterior(x, y, given)
    z = posterior.transform(noise)
    likelihood = model.likelihood(model.decode(z, y, first), model.pixel_weights(y))
    return elbo_terms(x, likelihood, kl_parts(posterior, given, z), model.beta)._asdict()


def guess_log_prob(
    model: CVAE, x: Tensor, y: Tensor, pixel_noise: Tensor = None
) -> dict[str, Tensor]:
    """log p(x | y) by the baseline alone, (batch,) nats."""
    likelihood = model.likelihood(model.guess(y), model.pixel_weights(y))
    return {"log_prob": likelihood.log_prob(_target(model, x, pixel_noise))}


def classify(model: CVAE, x: Tensor) -> dict[str, Tensor]:
    """log q(y | x), (batch, num_classes); grey levels are used, even if training binarises them."""
    return {"log_prob": model.classify(model.scale(x))}


def importance_log_weights(
    model: CVAE, x: Tensor, y: Tensor, noise: Tensor, pixel_noise: Tensor = None
) -> dict[str, Tensor]:
    """log p(x | z, y) p(z | y) / q(z | x, y) for noise (batch, num_samples, latent_dim)."""
    x, first = _target(model, x, pixel_noise), model.guess(y)
    given = model.prior_given(y, first)
    posterior, given = model.posterior(x, y, given).per_sample(), given.per_sample()
    z = posterior.transform(noise)
    log_joint = model.log_likelihoods(x, y, first, z) + given.log_prob(z)
    return {"log_weights": log_joint - posterior.log_prob(z)}


def joint_log_prob(model: CVAE, x: Tensor, y: Tensor, z: Tensor) -> dict[str, Tensor]:
    """log p(x, z | y), (batch,) nats."""
    x, first = model.scale(x), model.guess(y)
    likelihood = model.likelihood(model.decode(z, y, first))
    return {"log_prob": likelihood.log_prob(x) + model.prior_given(y, first).log_prob(z)}


def prior_log_weights(
    model: CVAE, x: Tensor, y: Tensor, noise: Tensor, pixel_noise: Tensor = None
) -> dict[str, Tensor]:
    """log p(x | z, y) at z ~ p(z | y), for noise (batch, num_samples, prior_noise_dim)."""
    x, first = _target(model, x, pixel_noise), model.guess(y)
    z = model.prior_given(y, first).per_sample().transform(noise)
    return {"log_weights": model.log_likelihoods(x, y, first, z)}


FUNCTIONS: dict[str, Callable] = {
    function.__name__: function
    for function in (
        encode,
        draw_posterior,
        prior,
        draw_prior,
        prior_noise,
        decode,
        guess,
        draw_pixels,
        pixel_noise_of,
        elbo,
        guess_log_prob,
        classify,
        importance_log_weights,
        prior_log_weights,
        joint_log_prob,
    )
}


class KerasEngine:
    """The functions above by name; each is compiled when it is first used, and cached."""

    def __init__(self, model: CVAE):
        self.model, self.names = model, FUNCTIONS.keys()
        self._compiled: dict[str, CompiledFunction] = {}

    def pass_rows(self, name: str) -> int:
        """Number of rows that one pass may have."""
        return self.rows(name)

    def rows(self, name: str) -> int:
        """Number of rows that are computed in one call."""
        has_draws = name.endswith("log_weights")
        decoder = self.model.decoder
        network = self.model.baseline if decoder is None else decoder
        # a row has some ten arrays of this size
        rows = min(ROWS, max(LEAST_ROWS, MOST_NUMBERS // math.prod(network.output.shape[1:])))
        return max(1, rows // SAMPLES) if has_draws else rows

    def run(
        self, name: str, arrays: dict[str, np.ndarray], numbers: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs of a function for all rows of the arrays."""
        if name not in self._compiled:
            function = FUNCTIONS[name]
            self._compiled[name] = CompiledFunction(function, self.model, self.rows(name))
        return self._compiled[name].run(arrays)

    def each(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """The results of all jobs, one after another, since Keras itself uses all cores."""
        return map(work, jobs)


class CompiledFunction(keras.Model):
    """A function like those above on arrays of any length, compiled by Keras's backend.

    Args:
        function: called as function(model, **inputs).
        rows: rows per call; a shorter remainder is padded to a power of two, so that few shapes are
            compiled.
    """

    def __init__(self, function: Callable, model: CVAE, rows: int = ROWS):
        # under mixed precision, autocast would round z and the noise to 16 bits
        super().__init__(name=function.__name__, autocast=False)
        self.function, self.model, self.rows = function, model, rows
        self.built = True  # the model is built; otherwise Keras would call it once, eagerly

    def call(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The function's outputs by name."""
        return self.function(self.model, **inputs)

    def run(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs for all rows of the arrays, which have equal lengths."""
        parts = []
        for part in slices(len(next(iter(arrays.values()))), self.rows):
            size = part.stop - part.start
            # to the next power of two
            padding = min(self.rows, 1 << (size - 1).bit_length()) - size
            # repeated rows rather than zeros, which may not be valid inputs
            inputs = {name: _padded(array[part], padding) for name, array in arrays.items()}
            outputs = self.predict_on_batch(inputs)
            parts.append({name: np.asarray(array)[:size] for name, array in outputs.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _target(model: CVAE, x: Tensor, pixel_noise: Tensor) -> Tensor:
    """The target: scaled x, binarised if noise is given."""
    x = model.scale(x)
    return x if pixel_noise is None else ops.cast(pixel_noise < x, "float32")


def _padded(array: np.ndarray, padding: int) -> np.ndarray:
    """The array with its first row repeated at the end."""
    if not padding:
        return array
    return np.concatenate([array, np.repeat(array[:1], padding, axis=0)])
