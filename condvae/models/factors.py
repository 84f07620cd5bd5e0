"""Encoder and decoder that start from the factors of a table."""

import math
from typing import Any

import keras
import numpy as np

from condvae.likelihoods.factors import find_factors
from condvae.models.cvae import CVAE


def start_from_factors(model: CVAE, x: np.ndarray) -> None:
    """Let encoder and decoder be the linear model of some rows; hidden layers add nothing yet.

    Args:
        model: whose last layers see the networks' inputs beside hidden values.
        x: (N, dim) encoded.
    """
    likelihood: Any = model.likelihood  # of tables
    factors = find_factors(x, likelihood.columns, model.latent_dim)
    x_mean = np.mean(x, axis=0, dtype="float64")
    _start(model.decoder, "x_params", *likelihood.params_along(factors, x_mean))
    _start(model.encoder, "mean", factors.seen, 0.0)
    _start(model.encoder, "logvar", 0 * factors.seen, np.log(factors.variances))


def _start(network: keras.Model, name: str, kernel: np.ndarray, bias: Any) -> None:
    """Give a layer that writes the kernel of the network's first input, and zeros of all else."""
    layer = network.get_layer(name)
    inputs = sum(math.prod(tensor.shape[1:]) for tensor in network.inputs)
    start = np.zeros(layer.kernel.shape, "float32")
    first = len(start) - inputs
    start[first : first + len(kernel)] = kernel
    layer.kernel.assign(start)
    layer.bias.assign(np.broadcast_to(bias, layer.bias.shape))
