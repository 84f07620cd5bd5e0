"""MLP-Mixer: patches of an image, mixed by matrix products only.

Fast where convolutions are slow, such as on a CPU with JAX. GELU is the paper's activation.

Source: Tolstikhin et al. 2021.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from condvae.models.architectures.architecture import Architecture, Initializers, Shape
from condvae.models.architectures.convolutional import merged
from condvae.models.layers import NO_DROPOUT, Dropout

MOST_PIXELS = 7  # largest side of a patch, for images below 64 pixels
# hidden units of a block's two networks, as multiples of its channels, as in the paper
OF_TOKENS, OF_CHANNELS = 0.5, 4


def patch_of(height: int, width: int) -> int:
    """Side of a patch: 7 for 28 pixels, 4 for 32, 8 for 64; at least four patches per side.

    It is the largest that divides both sides. If no divisor is at least half as large as the
    largest permitted side, the image is padded.
    """
    side = min(height, width)
    most = max(1, min(side // 4, max(MOST_PIXELS, side // 8)))
    fitting = max(p for p in range(1, most + 1) if height % p == width % p == 0)
    return fitting if 2 * fitting > most else most


class Mixer(Architecture):
    """For each of hidden_dims, a block with that many channels that mixes tokens, then channels.

    Tokens are the patches of x, of a conditioning image (in the same tokens if it has the size of
    x), and a class as one additional token. Decoder and baseline start from tokens made of z and
    the class.
    """

    needs_images: ClassVar[bool] = True
    is_bounded: ClassVar[bool] = True

    def vector(
        self,
        network: str,
        inputs: Mapping[str, Any],
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> Any:
        """See `Architecture`."""
        channels, parts = self.hidden_dims[0], []
        for name, tensor in merged(inputs).items():
            if len(tensor.shape) == 2:
                token = _dense(channels, f"token_{name}", kernels)(tensor)
                parts.append(keras.layers.Reshape((1, channels), name=f"one_{name}")(token))
            else:
                parts.append(_dense(channels, f"tokens_{name}", kernels)(_patches(tensor, name)))
        tokens = _one(keras.layers.Concatenate(1, name="all"), parts)
        return _flat(self._mixed(tokens, kernels), "vector")

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
        height, width, depth = shape
        patch, channels = patch_of(height, width), self.hidden_dims[0]
        rows, columns = -(-height // patch), -(-width // patch)
        parts, vectors = [], []
        for given, tensor in inputs.items():
            if len(tensor.shape) == 2:
                vectors.append(tensor)
            elif tuple(tensor.shape[1:3]) == (height, width):
                tokens = _dense(channels, f"tokens_{given}", kernels)(_patches(tensor, given))
                parts.append(tokens)
            else:
                vectors.append(_flat(_patches(tensor, given), f"flat_{given}"))
        if vectors:
            start = _one(keras.layers.Concatenate(name="vectors"), vectors)
            start = _dense(rows * columns * channels, "start", kernels)(start)
            parts.append(keras.layers.Reshape((rows * columns, channels), name="tokens")(start))
        tokens = _one(keras.layers.Add(name="starts"), parts)
        output = _dense(patch * patch * depth, name, kernels)
        patches = output(self._mixed(tokens, kernels))
        image = keras.layers.Reshape((rows, columns, patch, patch, depth), name="patches")(patches)
        image = keras.layers.Permute((1, 3, 2, 4, 5), name="places")(image)
        image = keras.layers.Reshape((rows * patch, columns * patch, depth), name="whole")(image)
        surplus = [(0, rows * patch - height), (0, columns * patch - width)]
        return keras.layers.Cropping2D(surplus, name="image")(image), output

    def first_bias(self, x_params: np.ndarray) -> np.ndarray:
        """The mean over the pixels, for each pixel of a patch."""
        return np.tile(np.mean(x_params, axis=(0, 1)), patch_of(*x_params.shape[:2]) ** 2)

    def _mixed(self, tokens: Any, kernels: Initializers) -> Any:
        """The tokens, (batch, tokens, channels), after all blocks."""
        for depth, channels in enumerate(self.hidden_dims):
            if tokens.shape[-1] != channels:
                tokens = _dense(channels, f"width_{depth}", kernels)(tokens)
            turned = keras.layers.Permute((2, 1), name=f"turned_{depth}")
            back = keras.layers.Permute((2, 1), name=f"back_{depth}")
            inner = turned(TokenNorm(name=f"norm_{depth}_tokens")(tokens))
            inner = self._two_layers(inner, OF_TOKENS, channels, f"tokens_{depth}", kernels)
            tokens = keras.layers.Add(name=f"mixed_{depth}_tokens")([tokens, back(inner)])
            inner = TokenNorm(name=f"norm_{depth}_channels")(tokens)
            inner = self._two_layers(inner, OF_CHANNELS, channels, f"channels_{depth}", kernels)
            tokens = keras.layers.Add(name=f"mixed_{depth}_channels")([tokens, inner])
        return TokenNorm(name="norm")(tokens)

    def _two_layers(
        self, inputs: Any, factor: float, channels: int, name: str, kernels: Initializers
    ) -> Any:
        """A hidden layer, and one as wide as the inputs."""
        hidden = _dense(math.ceil(factor * channels), f"{name}_a", kernels)(inputs)
        hidden = keras.layers.Activation(self.activation, name=f"{name}_activation")(hidden)
        return _dense(inputs.shape[-1], f"{name}_b", kernels)(hidden)


def _dense(size: int, name: str, kernels: Initializers) -> keras.layers.Dense:
    """A dense layer over the last axis, without an activation."""
    return keras.layers.Dense(size, name=name, kernel_initializer=next(kernels))


def _one(layer: keras.layers.Layer, parts: Sequence[Any]) -> Any:
    """The parts combined by a layer, or a single part unchanged."""
    return layer(list(parts)) if len(parts) > 1 else parts[0]


def _patches(image: Any, name: str) -> Any:
    """(batch, patches, numbers of a patch), padded with zeros beyond the image's edges."""
    height, width, depth = image.shape[1:]
    patch = patch_of(height, width)
    rows, columns = -(-height // patch), -(-width // patch)
    image = _padded(image, 1, rows * patch - height, f"{name}_rows")
    image = _padded(image, 2, columns * patch - width, f"{name}_columns")
    split = keras.layers.Reshape((rows, patch, columns, patch, depth), name=f"{name}_split")(image)
    places = keras.layers.Permute((1, 3, 2, 4, 5), name=f"{name}_places")(split)
    shape = (rows * columns, patch * patch * depth)
    return keras.layers.Reshape(shape, name=f"{name}_patches")(places)


def _padded(image: Any, axis: int, surplus: int, name: str) -> Any:
    """The image padded with rows or columns of zeros at its end, by layers that graphs support."""
    if not surplus:
        return image
    cut = [(0, 0), (0, 0)]
    cut[axis - 1] = (image.shape[axis] - surplus, 0)
    last = keras.layers.Cropping2D(cut, name=f"{name}_last")(image)
    zeros = keras.layers.Rescaling(0.0, name=f"{name}_zeros")(last)
    return keras.layers.Concatenate(axis, name=f"{name}_padded")([image, zeros])


def _flat(tokens: Any, name: str) -> Any:
    """All tokens as one vector."""
    flat = keras.layers.Flatten(name=f"{name}_flat")(tokens)
    # as in convolutional networks: Adam moves the weights of all n values at once
    return keras.layers.Rescaling(1 / math.sqrt(flat.shape[-1]), name=name)(flat)


@keras.saving.register_keras_serializable("condvae")
class TokenNorm(keras.layers.Layer):
    """Each token, centred, divided by its standard deviation, then scaled and shifted.

    This is Keras's LayerNormalization, except for a constant among the weights: graphs have no
    sums, and compute the mean by a matrix product with it.

    Source: Ba, Kiros & Hinton 2016.
    """

    EPSILON = 1e-3

    def build(self, input_shape: Any) -> None:
        """Create two weights for each channel, and the constant that computes the mean."""
        size = input_shape[-1]
        # named biases, so that weight decay does not apply to them
        self.scale = self.add_weight(shape=(size,), initializer="ones", name="scale_bias")
        self.shift = self.add_weight(shape=(size,), initializer="zeros", name="shift_bias")
        share = keras.initializers.Constant(1 / size)
        self.share = self.add_weight(
            shape=(size, 1), initializer=share, trainable=False, name="share"
        )

    def call(self, tokens: Any) -> Any:
        """(batch, tokens, channels)."""
        centred = tokens - ops.mean(tokens, axis=-1, keepdims=True)
        variance = ops.mean(centred * centred, axis=-1, keepdims=True)
        return centred * ops.rsqrt(variance + self.EPSILON) * self.scale + self.shift

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape
