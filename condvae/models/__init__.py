"""Networks, and the model made of them, in `keras.ops` only, so that every Keras backend works."""

from condvae.models.build import Networks, build_model, build_optimizer, scheduled_rate
from condvae.models.cvae import CVAE
from condvae.models.own_class import class_named, registered_name
from condvae.models.weights import (
    load_model,
    load_network,
    load_weights,
    network_tensors,
    network_variables,
)

__all__ = [
    "CVAE",
    "Networks",
    "build_model",
    "build_optimizer",
    "class_named",
    "load_model",
    "load_network",
    "load_weights",
    "network_tensors",
    "network_variables",
    "registered_name",
    "scheduled_rate",
]
