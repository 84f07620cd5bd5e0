"""The networks' weights by name, and loading them from a file."""

import itertools
from collections.abc import Mapping

import keras
import numpy as np

from condvae.files.tensors import StoredTensors
from condvae.likelihoods import likelihood_of
from condvae.models.build import Networks, build_model
from condvae.models.contract import NETWORKS
from condvae.models.cvae import CVAE
from condvae.models.initializers import FLOAT_BYTES, ZerosWithin
from condvae.models.networks import build_networks
from condvae.spec import Signature, Spec


def network_variables(model: CVAE) -> dict[str, keras.Variable]:
    """The sub-models' weights ("encoder/hidden_0/kernel"), without noise, metrics and beta."""
    return _variables({part: getattr(model, part) for part in NETWORKS})


def network_tensors(model: CVAE) -> dict[str, np.ndarray]:
    """Copies of these weights."""
    return {name: np.array(variable) for name, variable in network_variables(model).items()}


def load_weights(model: CVAE, stored: StoredTensors, only: str | None = None) -> None:
    """Load the weights of a file with the same networks.

    Args:
        only: a single network, such as "baseline"; the file may hold others.

    Raises:
        InputError: the tensors do not fit or are damaged; the model is unchanged.
    """
    variables = network_variables(model)
    if only is not None:
        variables = {name: v for name, v in variables.items() if name.startswith(f"{only}/")}
    _assign(variables, stored, whole=only is None)


def load_model(
    stored: StoredTensors,
    spec: Spec,
    signature: Signature,
    networks: Networks = None,
    model_class: type[CVAE] = CVAE,
) -> CVAE:
    """The model of a spec with the weights of a file; arguments as in `build_model`.

    Raises:
        InputError: as in `load_weights`; kernels larger than the file are never allocated.
    """
    initializers = itertools.repeat(_zeros(stored))
    own = {"networks": networks, "model_class": model_class}
    model = build_model(spec, signature, initializers=initializers, **own)
    load_weights(model, stored)
    return model


def load_network(stored: StoredTensors, name: str, spec: Spec, signature: Signature) -> keras.Model:
    """A single network, "encoder" or "decoder"; errors as in `load_model`."""
    initializers = {name: itertools.repeat(_zeros(stored))}
    likelihood = likelihood_of(spec.model, signature.columns)
    networks = build_networks(spec, signature, likelihood, initializers)
    _assign(_variables(networks), stored, whole=False)
    return networks[name]


def _zeros(stored: StoredTensors) -> ZerosWithin:
    """Initial values that do not exceed the size of the file."""
    return ZerosWithin(FLOAT_BYTES * sum(int(np.prod(s)) for s in stored.shapes.values()))


def _variables(networks: Mapping[str, keras.Model | None]) -> dict[str, keras.Variable]:
    """The weights of networks, by network and path."""
    return {
        f"{part}/{variable.path}": variable
        for part, network in networks.items()
        if network is not None
        for variable in network.weights
    }


def _assign(
    variables: dict[str, keras.Variable], stored: StoredTensors, whole: bool = True
) -> None:
    """Read, check, then assign."""
    tensors = stored.read({name: tuple(v.shape) for name, v in variables.items()}, whole)
    for name, variable in variables.items():
        variable.assign(tensors[name])
