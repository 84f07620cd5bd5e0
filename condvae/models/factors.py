"""Encoder and decoder initialised from linear factors of tables and images."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from condvae.likelihoods.factors import find_factors
from condvae.models.cvae import CVAE
from condvae.models.image_factors import ImageFactors, find_image_factors
from condvae.models.layers import SoftBound
from condvae.models.resampling import seen_shape

Change = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

# largest numbers of rows, and of values, from which factors are found
MOST_ROWS, MOST_NUMBERS = 20_000, 2**26
STEP = 1e-3  # change of x over which x_params are considered linear


def start_from_factors(model: CVAE, x: Any, y: Any, change: Change | None = None) -> None:
    """Initialise encoder and decoder as a linear model of some rows; hidden layers add nothing yet.

    Args:
        model: a model whose output layers see the networks' inputs beside hidden values.
        x: (N, ...) as stored; encoded, for a table.
        y: (N, ...) the conditions, see `CVAE`.
        change: from x and y to what training sees of them, with some conditions hidden; factors are
            then found in the rows that have all of theirs.
    """
    size = math.prod(x.shape[1:]) + math.prod(y.shape[1:])
    most = min(MOST_ROWS, MOST_NUMBERS // size)
    # spread over all rows, which may be sorted by class
    rows = np.unique(np.linspace(0, len(x) - 1, max(1, most)).astype(int))
    x, y = np.asarray(x[rows]), np.asarray(y[rows])
    within: Any = slice(None)
    if change is not None:
        x, seen_y = change(x, y)
        complete = (seen_y == y).all(axis=1)
        y, within = seen_y, complete if complete.any() else within
    # a conditioning image informs about x place by place, which no linear model is fitted to
    of_vector = len(model.condition_shape) == 1
    seen = of_vector and all("y" in n.input for n in (model.encoder, model.decoder))
    encoded = np.asarray(model.encode_condition(y)) if seen else None
    if model.likelihood.of_columns:
        return _start_from_columns(model, x, encoded, within)
    return _start_from_images(model, _image_factors(model, x, encoded))


def _start_from_columns(model: CVAE, x: np.ndarray, y: np.ndarray | None, within: Any) -> None:
    """The regression of a table's columns on an encoded y, and the factors of the residuals."""
    likelihood: Any = model.likelihood
    factors = find_factors(x, likelihood.columns, model.latent_dim, y, within)
    x_mean = np.mean(x, axis=0, dtype="float64")
    of_z, of_y, bias = likelihood.params_along(factors, x_mean)
    _start(model.decoder, "x_params", {"z": of_z, "y": of_y}, bias)
    _start(model.encoder, "mean", {"x": factors.seen, "y": factors.told}, 0.0)
    _start(model.encoder, "logvar", {}, np.log(factors.variances))


def _image_factors(model: CVAE, x: np.ndarray, y: np.ndarray | None) -> ImageFactors:
    """The regression of images on an encoded y, and the principal axes of the residuals."""
    # as in `CVAE.scale`, but without copying all rows; not needed for what follows
    pixels = x.reshape(-1, *model.image_shape).astype("float32")
    if x.dtype.kind in "iu":
        pixels /= model.x_max
    variance = model.likelihood.variance_of(pixels.mean(axis=0, dtype="float64"))
    noise = None if variance is None else float(np.mean(variance))
    return find_image_factors(pixels, y, model.latent_dim, noise)


def _start_from_images(model: CVAE, factors: ImageFactors) -> None:
    """Encoder and decoder as these factors."""
    likelihood = model.likelihood

    def along(directions: np.ndarray) -> np.ndarray:
        """The change of x_params with the mean along some directions, (directions, params)."""
        at, step = factors.x_mean.astype("float64"), STEP * directions
        change = likelihood.params_of(at + step) - likelihood.params_of(at - step)
        return _flat(change / (2 * STEP))

    kernels = {"z": along(factors.axes), "y": along(factors.by_condition)}
    bias = likelihood.first_params(factors.x_mean, factors.rest).reshape(-1)
    _start(model.decoder, "x_params", kernels, bias)
    seen = _flat(factors.seen).T
    told = {"x": seen, "y": -_flat(factors.by_condition) @ seen}
    _start(model.encoder, "mean", told, -factors.x_mean.reshape(-1) @ seen)
    _start(model.encoder, "logvar", {}, SoftBound.inverse(np.log(factors.variances)))


def _flat(values: np.ndarray) -> np.ndarray:
    """(N, dim) from values (N, ...), also if N is 0."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _start(network: keras.Model, name: str, kernels: dict[str, np.ndarray], bias: Any) -> None:
    """Set the kernels of an output layer for some of the network's inputs, and zeros for the rest.

    Args:
        kernels: by the inputs' names, (size, outputs); inputs that the network lacks are ignored.
    """
    layer = network.get_layer(name)
    sizes = {key: math.prod(seen_shape(tensor.shape[1:])) for key, tensor in network.input.items()}
    start = np.zeros(layer.kernel.shape, "float32")
    first = len(start) - sum(sizes.values())
    for key, size in sizes.items():
        if size and key in kernels and len(kernels[key]):
            start[first : first + size] = kernels[key]
        first += size
    layer.kernel.assign(start)
    layer.bias.assign(np.broadcast_to(bias, layer.bias.shape))
