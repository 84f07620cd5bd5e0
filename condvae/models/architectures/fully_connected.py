"""Fully connected networks: plain, and with residual blocks."""

import math
from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import keras
import numpy as np

from condvae.models.architectures.architecture import Architecture, Initializers, Shape
from condvae.models.layers import NO_DROPOUT, Dropout, dense_stack, flat_concatenated
from condvae.models.resampling import resample, resampled, seen_shape, small_size
from condvae.spec import ModelSpec

QUICK = 128  # units, see docs/ensemble.md


@dataclass(frozen=True)
class _FullyConnected(Architecture, ABC):
    """Dense layers on all inputs as one vector; the decoder's sizes are the encoder's reversed.

    Large images are downsampled for them, and upsampled after them, see `models.resampling`.

    Attributes:
        activity_regularizer: regulariser of the encoder's hidden layers, a Keras name such as "l2".
        condition_everywhere: whether every hidden layer, or block, of encoder, decoder and prior
            sees y, or only the first one.
        linear: whether the outputs of encoder and decoder are also linear functions of their
            inputs, added to those of the hidden layers.
    """

    activity_regularizer: str | None = None
    condition_everywhere: bool = False
    linear: bool = False
    residual: ClassVar[bool]

    @classmethod
    def of_spec(cls, model: ModelSpec) -> Self:
        """Build the architecture from the settings of a spec."""
        everywhere = model.condition_at == "every_layer"
        linear = model.decoder_start == "factors"
        return cls(
            model.hidden_dims, model.activation, model.activity_regularizer, everywhere, linear
        )

    @property
    def is_quick(self) -> bool:
        """Whether all layers have few units."""
        return max(self.hidden_dims, default=0) <= QUICK

    def bounds(self, inputs: Mapping[str, Any]) -> bool:
        """Whether a linear part sees thousands of pixels."""
        return self.linear and any(len(tensor.shape) == 4 for tensor in inputs.values())

    def vector(
        self,
        network: str,
        inputs: Mapping[str, Any],
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> Any:
        """See `Architecture`."""
        return self._stack(network, inputs, self.hidden_dims, kernels, dropout)

    def written(
        self,
        network: str,
        inputs: Mapping[str, Any],
        shape: Shape,
        name: str,
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> tuple[Any, Any]:
        """See `Architecture`."""
        sizes = self.hidden_dims[::-1] if network == "decoder" else self.hidden_dims
        hidden = self._stack(network, inputs, sizes, kernels, dropout)
        written = seen_shape(shape)
        output = keras.layers.Dense(math.prod(written), name=name, kernel_initializer=next(kernels))
        image = keras.layers.Reshape(written, name="image")(output(hidden))
        return resampled(image, shape[:-1], "enlarged", kernels), output

    def first_bias(self, x_params: np.ndarray) -> np.ndarray:
        """The bias for x_params at the resolution of the output layer."""
        return np.reshape(_small(x_params), -1)

    def embedded(self, inputs: Mapping[str, Any], kernels: Initializers) -> Any:
        """The inputs, unchanged."""
        return flat_concatenated(_made_small(inputs, kernels))

    def _stack(
        self,
        network: str,
        inputs: Mapping[str, Any],
        sizes: Sequence[int],
        kernels: Initializers,
        dropout: Dropout,
    ) -> Any:
        """The hidden layers."""
        sees_y = self.condition_everywhere and network != "baseline"
        inputs = _made_small(inputs, kernels)
        flat = flat_concatenated(inputs)
        hidden = dense_stack(
            flat,
            sizes,
            self.activation,
            kernels,
            self.activity_regularizer if network == "encoder" else None,
            self.residual,
            inputs.get("y") if sees_y else None,
            dropout,
        )
        if not self.linear or network not in ("encoder", "decoder"):
            return hidden
        return keras.layers.Concatenate(name="hidden_and_inputs")([hidden, flat])


class MLP(_FullyConnected):
    """One dense layer for each of hidden_dims."""

    residual = False


class Residual(_FullyConnected):
    """One block of two dense layers for each of hidden_dims, see `residual_stack`."""

    residual = True


def _small(x: np.ndarray) -> np.ndarray:
    """An image, or images, as dense layers see them; a vector unchanged."""
    return resample(x, *small_size(*x.shape[-3:-1])) if x.ndim >= 3 else x


def _made_small(inputs: Mapping[str, Any], kernels: Initializers) -> dict[str, Any]:
    """The inputs, with large images downsampled."""
    return {
        name: resampled(tensor, small_size(*tensor.shape[1:3]), f"small_{name}", kernels)
        if len(tensor.shape) == 4
        else tensor
        for name, tensor in inputs.items()
    }
