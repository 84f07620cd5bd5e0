"""Kinds of networks; `spec.architectures` has their names."""

from condvae.models.architectures.architecture import Architecture
from condvae.models.architectures.convolutional import Convolutional
from condvae.models.architectures.fully_connected import MLP, Residual

__all__ = ["MLP", "Architecture", "Convolutional", "Residual"]
