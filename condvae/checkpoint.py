"""Tensors on disk: safetensors, written whole, checked by name, shape and dtype before use."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from condvae.atomic import atomic_path
from condvae.checks import InputError
from condvae.models import CVAE


def model_tensors(model: CVAE) -> dict[str, np.ndarray]:
    """The sub-models' weights by name ("encoder/hidden_0/kernel"), as NumPy arrays."""
    return {name: np.asarray(keras_array) for name, keras_array in _variables(model).items()}


def save_weights(model: CVAE, path: Path) -> None:
    """Write the sub-models' weights; an existing file is replaced at the end, or not at all."""
    with atomic_path(path) as fresh:
        save_file(model_tensors(model), fresh)


def load_weights(model: CVAE, path: Path) -> None:
    """Read weights into a model of the same networks.

    Raises:
        InputError: no such file, a damaged one, or tensors that do not fit the networks; the
            model is unchanged.
    """
    variables = _variables(model)
    try:
        with safe_open(path, framework="numpy") as stored:
            found = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            _check_tensors({n: tuple(v.shape) for n, v in variables.items()}, found, path)
            tensors = {name: stored.get_tensor(name) for name in found}
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} must be a safetensors file", str(error), "Take the file of a complete run."
        ) from None
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise InputError(
                f"tensor {name!r} of {path} must hold finite float32 numbers",
                f"{tensor.dtype} with {np.sum(~np.isfinite(tensor))} that are not finite",
                "The file is damaged: take the file of a complete run.",
            )
    for name, variable in variables.items():
        variable.assign(tensors[name])


def _variables(model: CVAE) -> dict:
    """The weights of the sub-models by name; noise, metrics and beta are no part of it."""
    parts = {"encoder": model.encoder, "decoder": model.decoder, "prior": model.prior}
    return {
        f"{part}/{variable.path}": variable
        for part, network in parts.items()
        if network is not None
        for variable in network.weights
    }


def _check_tensors(expected: dict, found: dict, path: Path) -> None:
    """The same names with the same shapes."""
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                f"{path} must hold the weights of these networks: "
                f"{name} {expected.get(name, 'absent')}",
                f"{name} {found.get(name, 'absent')}",
                "Take weights of a run with the same latent_dim, hidden_dims and image size.",
            )
