"""The operations of a forward pass, and their definitions in NumPy.

Values are float32, batch first. Applied to an empty batch, an operation returns an empty array of
the right shape, at no cost: so shapes are known before anything is computed.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from condvae.files.frozen import Frozen

Size = Annotated[int, Field(strict=True, ge=1, le=2**31)]
Axis = Annotated[int, Field(strict=True, ge=1, le=16)]  # the batch axis is 0
Tensors = Mapping[str, np.ndarray]


class Operation(Frozen):
    """Computes one value from others.

    Attributes:
        inputs: names of the values that it reads.
        output: name of the value that it computes.
    """

    inputs: Annotated[tuple[str, ...], Field(min_length=1)]
    output: str

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the tensors that it reads, as in weights.safetensors."""
        return ()

    @abstractmethod
    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """The output, (batch, ...), from the values of the inputs."""


class Dense(Operation):
    """x @ kernel + bias, over the last axis."""

    kind: Literal["dense"] = "dense"
    kernel: str
    bias: str | None = None

    @property
    def weights(self) -> tuple[str, ...]:
        """The kernel, (inputs, outputs), and the bias, (outputs,)."""
        return (self.kernel,) if self.bias is None else (self.kernel, self.bias)

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(..., outputs)."""
        product = values[0] @ tensors[self.kernel]  # (..., outputs)
        if self.bias is not None:
            product += tensors[self.bias]
        return product


class Convolution(Operation):
    """A cross-correlation over height and width, plus a bias.

    Attributes:
        strides: (vertical, horizontal).
        padding: "valid", or "same": padded with zeros (for an odd number, one more at the end), so
            that the output is as large as the input divided by the stride, rounded up.
    """

    kind: Literal["convolution"] = "convolution"
    kernel: str
    bias: str | None = None
    strides: tuple[Size, Size] = (1, 1)
    padding: Literal["same", "valid"] = "same"

    @property
    def weights(self) -> tuple[str, ...]:
        """The kernel, (height, width, inputs, outputs), and the bias, (outputs,)."""
        return (self.kernel,) if self.bias is None else (self.kernel, self.bias)

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, height, width, outputs)."""
        (image,), kernel = values, tensors[self.kernel]
        if self.padding == "same":
            pads = [
                _same_padding(size, width, stride)
                for size, width, stride in zip(
                    image.shape[1:3], kernel.shape[:2], self.strides, strict=True
                )
            ]
            image = np.pad(image, [(0, 0), *pads, (0, 0)])
        height, width, _, channels = kernel.shape
        down, right = self.strides
        rows = (image.shape[1] - height) // down + 1
        columns = (image.shape[2] - width) // right + 1
        features = np.zeros((len(image), rows, columns, channels), "float32")
        if self.bias is not None:
            features += tensors[self.bias]
        # one product for each position in the kernel, without copying all windows
        for i, j in np.ndindex(height, width):
            window = image[:, i : i + down * rows : down, j : j + right * columns : right]
            features += window @ kernel[i, j]
        return features


class Function(Operation):
    """An elementwise function; softmax acts on the last axis."""

    kind: Literal["function"] = "function"
    function: Literal[
        "relu",
        "silu",
        "gelu",
        "elu",
        "tanh",
        "sigmoid",
        "softmax",
        "softplus",
        "exp",
        "log1p",
        "langevin",
    ]

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...), the input's shape."""
        return FUNCTIONS[self.function](values[0])


class Combination(Operation):
    """Two or more values, elementwise with broadcasting; "less" is 1 where a < b, else 0."""

    kind: Literal["combination"] = "combination"
    inputs: Annotated[tuple[str, ...], Field(min_length=2)]
    function: Literal["add", "multiply", "less"]

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...)."""
        ufunc = {"add": np.add, "multiply": np.multiply, "less": np.less}[self.function]
        combined, *others = values
        for value in others:
            combined = ufunc(combined, value)
        return combined.astype("float32", copy=False)


class Affine(Operation):
    """factor * x + offset."""

    kind: Literal["affine"] = "affine"
    factor: float = 1.0
    offset: float = 0.0

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...), the input's shape."""
        scaled = np.float32(self.factor) * values[0]
        scaled += np.float32(self.offset)
        return scaled


class Shift(Operation):
    """x + tensor, which broadcasts over the batch."""

    kind: Literal["shift"] = "shift"
    tensor: str

    @property
    def weights(self) -> tuple[str, ...]:
        """The tensor."""
        return (self.tensor,)

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...)."""
        return values[0] + tensors[self.tensor]


class Concatenate(Operation):
    """Values concatenated along an axis."""

    kind: Literal["concatenate"] = "concatenate"
    axis: Axis

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...)."""
        return np.concatenate(values, axis=self.axis)


class Slice(Operation):
    """The part from start to stop (not included) along an axis."""

    kind: Literal["slice"] = "slice"
    axis: Axis
    start: Annotated[int, Field(strict=True, ge=0)]
    stop: Size

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...)."""
        return values[0][(slice(None),) * self.axis + (slice(self.start, self.stop),)]


class Reshape(Operation):
    """The same numbers in another shape, which does not include the batch axis."""

    kind: Literal["reshape"] = "reshape"
    shape: tuple[Size, ...]

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, *shape)."""
        (value,) = values
        # checked here, because an empty batch fits any shape
        if math.prod(value.shape[1:]) != math.prod(self.shape):
            raise ValueError(f"{value.shape[1:]} cannot be reshaped to {self.shape}")
        return value.reshape(len(value), *self.shape)


class Transpose(Operation):
    """The axes in another order: axes[k] of the input becomes axis k + 1."""

    kind: Literal["transpose"] = "transpose"
    axes: tuple[Axis, ...]

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ...)."""
        return values[0].transpose(0, *self.axes)


class Upsample(Operation):
    """Each pixel repeated as a block."""

    kind: Literal["upsample"] = "upsample"
    factors: tuple[Size, Size]

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, factors[0] * height, factors[1] * width, channels)."""
        return values[0].repeat(self.factors[0], axis=1).repeat(self.factors[1], axis=2)


class Largest(Operation):
    """The maximum of each channel over height and width."""

    kind: Literal["largest"] = "largest"

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, channels)."""
        return values[0].max(axis=(1, 2))


class OneHot(Operation):
    """1 at the position given by an integer, 0 elsewhere, on a new last axis."""

    kind: Literal["one_hot"] = "one_hot"
    # bounded, because a hostile file could request any number of zeros
    size: Annotated[int, Field(strict=True, ge=1, le=2**16)]

    def compute(self, values: Sequence[np.ndarray], tensors: Tensors) -> np.ndarray:
        """(batch, ..., size); all zeros for an integer out of range."""
        return (values[0][..., None] == np.arange(self.size)).astype("float32")


AnyOperation = Annotated[
    Dense
    | Convolution
    | Function
    | Combination
    | Affine
    | Shift
    | Concatenate
    | Slice
    | Reshape
    | Transpose
    | Upsample
    | Largest
    | OneHot,
    Field(discriminator="kind"),
]


def _same_padding(size: int, width: int, stride: int) -> tuple[int, int]:
    """Number of zeros before and after, see `Convolution`."""
    # as in TensorFlow and Keras: the output has ceil(size / stride) places
    total = max((-(-size // stride) - 1) * stride + width - size, 0)
    return total // 2, total - total // 2


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    # (1 + tanh(x / 2)) / 2, which never overflows
    half = np.multiply(x, 0.5)
    np.tanh(half, out=half)
    half *= 0.5
    half += 0.5
    return half


def _gelu(x: np.ndarray) -> np.ndarray:
    """x times the standard normal distribution function of x."""
    from scipy.special import erf  # imported here: few networks need it, and it takes 0.1 s

    return 0.5 * x * (1 + erf(x * np.float32(0.5**0.5)))


def _softmax(x: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))  # at most 1
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def _langevin(x: np.ndarray) -> np.ndarray:
    """coth x - 1 / x, using its Taylor series near 0."""
    near = abs(x) < 0.5
    # 1 near 0: both branches are computed, and 1 / 0 would warn
    far, squared = np.where(near, np.float32(1), x), x * x
    taylor = x * (1 / 3 - squared * (1 / 45 - squared * (2 / 945 - squared / 4725)))
    return np.where(near, taylor, 1 / np.tanh(far) - 1 / far)


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    # the minimum prevents an overflow in the branch that is not used
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "softplus": lambda x: np.logaddexp(x, np.float32(0)),
    "exp": np.exp,
    "log1p": np.log1p,
    "langevin": _langevin,
}
