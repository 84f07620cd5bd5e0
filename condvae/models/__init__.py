"""Networks and the model made of them; `keras.ops` only, so every Keras backend works."""

from condvae.models.build import Networks, build_model, build_optimizer, scheduled_rate
from condvae.models.cvae import CVAE
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
    "load_model",
    "load_network",
    "load_weights",
    "network_tensors",
    "network_variables",
    "scheduled_rate",
]
