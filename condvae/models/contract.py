"""The requirements of a CVAE on its networks and on the batches it is fitted on."""

import logging
import math
from collections.abc import Mapping, Set
from functools import partial
from typing import Any

import keras
import numpy as np

from condvae.blocks import as_array
from condvae.checks import InputError, check_finite, check_range, check_shape
from condvae.models.prior import PriorLayer
from condvae.models.served import served

_log = logging.getLogger(__name__)

NETWORKS = ("encoder", "decoder", "prior", "baseline", "classifier", "features")


def shapes_of(model: Any) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Shapes of x and of an encoded y, and the number of latents, according to the networks.

    Raises:
        InputError: the objective does not use these networks, or their inputs have other names.
    """
    objective = model.objective
    have = {name for name in NETWORKS if getattr(model, name) is not None}
    if not objective.needs <= have <= objective.needs | objective.takes:
        of_it = {name: name for name in objective.needs}
        of_it |= {name: f"[{name}]" for name in objective.takes - objective.needs}
        wanted = ", ".join(of_it[name] for name in NETWORKS if name in of_it)
        raise InputError(
            f"a CVAE with the objective {type(objective).__name__} must have the networks {wanted}",
            ", ".join(name for name in NETWORKS if name in have) or "none",
            "Pass these networks, or another objective.",
        )
    if "encoder" not in have:
        check_inputs(model.baseline, "baseline", {"y"})
        image_shape = model.likelihood.x_shape(model.baseline.output.shape[1:])
        return image_shape, tuple(model.baseline.input["y"].shape[1:]), 0
    check_inputs(model.encoder, "encoder", {"x"}, {"y"})
    check_inputs(model.decoder, "decoder", {"z"}, {"y"})
    condition_shape = _seen_condition(model.encoder, model.decoder, model.classifier)
    image_shape = tuple(model.encoder.input["x"].shape[1:])
    return image_shape, condition_shape, int(model.decoder.input["z"].shape[1])


def check_networks(model: Any) -> None:
    """Raise InputError unless the networks fit one another and the likelihood."""
    x, y, z = model.image_shape, model.condition_shape, (model.latent_dim,)
    latents = {"mean": z, "logvar": z}
    x_params = {"": model.likelihood.params_shape(x)}
    inputs, outputs = {"x": x, "y": y, "z": z, "guess": x}, {}
    if model.encoder is not None:
        outputs |= {"encoder": latents, "decoder": x_params}
    if isinstance(model.prior, PriorLayer):
        _check_prior(model, model.prior)
    elif model.prior is not None:
        check_inputs(model.prior, "prior", {"y"}, {"guess"} if model.baseline else set())
        outputs["prior"] = latents
    if model.baseline is not None:
        check_inputs(model.baseline, "baseline", {"y"})
        outputs["baseline"] = x_params
    if model.classifier is not None:
        if len(y) != 1:
            raise InputError(
                "a CVAE with a classifier must have a class as y",
                f"y of shape {y}",
                "Omit the classifier.",
            )
        check_inputs(model.classifier, "classifier", {"x"})
        outputs["classifier"] = {"": y}
    if model.features is not None:
        check_inputs(model.features, "features", {"x"})
    for name, wanted in outputs.items():
        network = getattr(model, name)
        for part, tensor in network.input.items():
            _check_tensor(tensor, inputs[part], f"the {name}'s input {part!r}")
        output = network.output if "mean" in wanted else {"": network.output}
        for part, shape in wanted.items():
            tensor = output.get(part) if isinstance(output, Mapping) else None
            _check_tensor(tensor, shape, f"the {name}'s output {part!r}".removesuffix(" ''"))
    if model.decoder is not None and model.likelihood.of_logits:
        _note_sigmoid(model.decoder)


def _note_sigmoid(decoder: Any) -> None:
    """Log a notice if a decoder ends in probabilities where logits are expected."""
    layer: Any = getattr(decoder.output, "_keras_history", (None,))[0]
    # reshaping or casting leaves them probabilities
    while isinstance(layer, keras.layers.Reshape | keras.layers.Flatten):
        layer = getattr(layer.input, "_keras_history", (None,))[0]
    activation = getattr(layer, "activation", None)
    if activation is keras.activations.sigmoid:
        _log.warning(
            "the decoder ends in a sigmoid (layer %r), but its output is interpreted as logits: "
            "without the activation the likelihood can distinguish 0 from 1",
            layer.name,
        )


def _seen_condition(encoder: Any, decoder: Any, classifier: Any) -> tuple[int, ...]:
    """Shape of an encoded y, without the batch axis, from the first network that reads it."""
    for network in (encoder, decoder):
        if "y" in network.input:
            return tuple(network.input["y"].shape[1:])
    if classifier is None:
        raise InputError(
            "the encoder or the decoder must read y unless there is a classifier",
            "networks that read only x and z",
            "Set labelled, or let encoder_sees or decoder_sees name y.",
        )
    return tuple(classifier.output.shape[1:])


def _check_prior(model: Any, prior: PriorLayer) -> None:
    """Raise InputError unless a prior other than the Normal fits the other networks."""
    if prior.latent_dim != model.latent_dim or ("guess" in prior.reads and not model.baseline):
        raise InputError(
            f"the prior must have the model's {model.latent_dim} latents and available inputs",
            f"{prior.latent_dim} latents, reading {', '.join(prior.reads) or 'nothing'}",
            "Build it with the decoder's latent_dim; a guess requires a baseline.",
        )
    if not model.objective.trains_encoder:
        raise InputError(
            "alpha = 0, where the prior takes the place of q, requires a Normal prior",
            type(prior).__name__,
            "Set alpha above 0, or use the prior 'standard' or 'conditional'.",
        )


def check_batch(model: Any, batch: Any) -> None:
    """Check that the networks can process the shapes and values, for any batch size."""
    check_keys(batch)
    x, y = batch["x"], batch["y"]
    is_integer = "int" in keras.backend.standardize_dtype(x.dtype)
    shape = model.stored_shape if is_integer else model.image_shape
    # grey images come with or without an axis for channels
    if shape[-1] == 1 and len(x.shape) == len(shape):
        shape = shape[:-1]
    check_shape(x, (None, *shape), "x")
    check_shape(y, (None,) if len(y.shape) == 1 else (None, *model.condition_shape), "y")
    x, y = values_of(x), values_of(y)
    if x is not None:
        is_scaled = is_integer and not model.likelihood.as_stored
        low, high = (0, model.x_max) if is_scaled else model.likelihood.x_range
        check_range(x, low, high, "x")
    if y is not None:
        if y.ndim == 1:
            check_range(y, 0, model.condition_shape[0] - 1, "y, as class codes,")
        elif y.ndim == 2:
            check_finite(y, "y")
        else:  # images: integers up to y_max, or any floats
            is_integer = y.dtype.kind in "iu"
            low, high = (0, model.y_max) if is_integer else (-math.inf, math.inf)
            check_range(y, low, high, "y")


def values_of(tensor: Any) -> np.ndarray | None:
    """The values of a tensor; None while a program is traced, when there are none yet."""
    if isinstance(tensor, np.ndarray):
        return tensor
    if isinstance(tensor, keras.KerasTensor):
        return None
    try:
        return keras.ops.convert_to_numpy(tensor)
    except Exception:  # each backend has its own error
        return None


def check_data(
    model: Any, x: Any, y: Any = None, sample_weight: Any = None, steps: int | None = None
) -> Any:
    """The data, after checking what would fail inside the compiled step, or be one-hot zeros.

    There, on JAX, Keras's weights are donated to the step, and an error would lose them. For data
    that come in batches, the first batch is checked here, and the others when they are served.

    Args:
        steps: batches per epoch, if given.
    """
    if y is not None:
        raise InputError(
            'a CVAE must be fitted on {"x": x, "y": y} alone',
            "a second argument",
            'Call fit({"x": x, "y": y}): Keras\'s own y is a target, and here there is none.',
        )
    if sample_weight is not None:
        raise InputError(
            "sample weights must come with the batches",
            "sample_weight, which Keras ignores where there is no target",
            'Pass a keras.utils.PyDataset that yields ({"x": x, "y": y}, None, weights).',
        )
    if isinstance(x, Mapping) or hasattr(x, "shape") or isinstance(x, list | tuple):
        check_batch(model, x)
        return x
    return served(partial(checked_batch, model), x, steps)


def checked_batch(model: Any, batch: Any) -> tuple[Any, ...]:
    """A batch from any loader in the form that Keras takes, ({"x": x, "y": y}, ...), in NumPy.

    Args:
        batch: {"x": x, "y": y}, a tuple of that and sample weights, or a pair (x, y), such as the
            lists that PyTorch collates. Images may be channels first, as PyTorch's are.

    Raises:
        InputError: the batch does not fit the model.
    """
    parts = (batch,) if isinstance(batch, Mapping) else batch
    if not isinstance(parts, tuple | list) or not parts:
        check_keys(batch)
    first, *rest = parts
    if not isinstance(first, Mapping) and len(rest) == 1:
        first, rest = {"x": first, "y": rest[0]}, []
    check_keys(first)
    if rest and rest[0] is not None:
        check_data(model, first, rest[0])
    first = {name: as_array(values) for name, values in first.items()}
    x, shape = first["x"], model.stored_shape
    if x.ndim == 4 and x.shape[1:] != shape and x.shape[1:] == (shape[-1], *shape[:-1]):
        first["x"] = np.moveaxis(x, 1, -1)
    check_batch(model, first)
    return (first, *rest)


def check_inputs(
    network: Any, name: str, needed: Set[str], optional: Set[str] = frozenset()
) -> None:
    """Check the names of a network's inputs."""
    received = getattr(network, "input", None)
    names = set(received) if isinstance(received, Mapping) else None
    if names is None or not needed <= names <= needed | optional:
        wanted = ", ".join([*sorted(needed), *(f"[{part}]" for part in sorted(optional))])
        raise InputError(
            f"the {name} must be a keras.Model with a dictionary of inputs: {wanted}",
            "no such dictionary" if names is None else f"the inputs {', '.join(sorted(names))}",
            'Build it as keras.Model({"name": keras.Input(...), ...}, outputs).',
        )


def _check_tensor(tensor: Any, shape: tuple[int, ...], name: str) -> None:
    """Check that an input or output of a network has the shape that the other networks need."""
    received = getattr(tensor, "shape", None)
    if received is None or tuple(received[1:]) != tuple(shape):
        raise InputError(
            f"{name} must have the shape (N, {', '.join(map(str, shape))})",
            "no tensor of that name" if received is None else f"shape {tuple(received)}",
            "The encoder defines x and y, the decoder z, and the likelihood x_params.",
        )


def check_keys(batch: Any) -> None:
    """Check that a batch has the keys "x" and "y" and no others."""
    if not isinstance(batch, Mapping) or set(batch) != {"x", "y"}:
        received = (
            f"the keys {sorted(batch)}" if isinstance(batch, Mapping) else type(batch).__name__
        )
        raise InputError(
            'a batch must be {"x": x, "y": y}',
            received,
            "x is the data, y is the condition.",
        )
