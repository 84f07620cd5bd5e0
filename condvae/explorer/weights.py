"""Weights in as few bits as give the same answers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from condvae.conditions import Condition
from condvae.graph.graph import Graph, run_graph
from condvae.graph.operations import Tensors

NUM_CHECKED = 1000
ROWS = 64  # in one pass
# The compared output, and its largest allowed error: half a level of a pixel, as a share of the
# pixel range; for z, a fiftieth of the prior's width.
COMPARED = {"decoder": ("x_mean", 0.5 / 255), "encoder": ("mean", 0.02), "prior": ("z", 0.02)}
FEWEST, MOST = 8, 15  # bits of a weight
EXACT = 32
MOST_LEVEL = 2**15 - 129  # with which a whole number fits int16, see `payload.pack`
# Kernels with a smaller share of a network's weights get 16 bits: they add to the error, hardly to
# the file. Biases stay float32.
SMALL_SHARE = 1 / 32

Tell = Callable[[float, str], object]


@dataclass(frozen=True)
class Levels:
    """A kernel in whole numbers, times a scale for each output.

    Attributes:
        numbers: (..., outputs) int16.
        scale: (outputs,) float32.
    """

    numbers: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray, bits: int) -> "Levels":
        """The nearest ones to a kernel.

        Steps are a share of the deviation, not of the largest weight: outliers take more bits than
        the others, which deflating makes up for, and leave the others their precision.

        Args:
            bits: of the whole numbers within four standard deviations of each output.
        """
        weights = kernel.reshape(-1, kernel.shape[-1])
        with np.errstate(invalid="ignore", over="ignore"):  # which the comparison detects
            step = 4 * weights.std(axis=0) / 2 ** (bits - 1)
            step = np.maximum(step, abs(weights).max(axis=0) / MOST_LEVEL)
            step = np.where(step > 0, step, 1).astype("float32")
            numbers = np.rint(kernel / step).clip(-MOST_LEVEL, MOST_LEVEL)
            return cls(numbers.astype("int16"), step)

    @property
    def tensor(self) -> np.ndarray:
        """float32, as the page computes with it."""
        return self.numbers * self.scale


@dataclass(frozen=True)
class Weights:
    """The weights that go into a page.

    Attributes:
        stored: by name, float32 if no number of bits below would do.
        bits: the fewest and the most bits of kernels.
        exact: names of the graphs that need float32.
        pixel_difference: largest difference between expected pixels with these weights and with
            float32, as a share of the pixel range.
        pixel_range: smallest and largest expected pixel; (0, 1) if x is in that range.
    """

    stored: dict[str, np.ndarray | Levels]
    bits: tuple[int, int]
    exact: tuple[str, ...]
    pixel_difference: float
    pixel_range: tuple[float, float]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a page, see `payload.pack`."""
        found = {}
        for name, one in self.stored.items():
            found[f"tensor:{name}"] = one.numbers if isinstance(one, Levels) else one
            if isinstance(one, Levels):
                found[f"scale:{name}"] = one.scale
        return found


class Shrunk(Protocol):
    """An object with graphs and weights to shrink."""

    @property
    def used_graphs(self) -> Mapping[str, Graph]:
        """By name."""
        ...

    @property
    def tensors(self) -> Mapping[str, np.ndarray]:
        """The weights that they read, by name."""
        ...

    @property
    def condition(self) -> Condition:
        """The kind of y."""
        ...

    @property
    def in_unit_interval(self) -> bool:
        """Whether differences are in pixels in [0, 1], or need no scale."""
        ...


def shrink_weights(
    subject: Shrunk,
    seed: int = 0,
    compared: Mapping[str, tuple[str, float]] = COMPARED,
    tell: Tell = lambda share, part: None,
) -> Weights:
    """The weights in few bits, compared with float32 at 1,000 random z; float32 where they fail.

    Args:
        seed: seed of z, y and x.
        compared: for each graph, in the order of comparison, its compared output and the largest
            allowed difference.
        tell: called with the completed share, and the current step.
    """
    rng = np.random.default_rng(seed)
    y = subject.condition.random(NUM_CHECKED, rng)
    pixel_difference, pixel_range, images = 0.0, (0.0, 1.0), None
    graphs, tensors, bits = subject.used_graphs, subject.tensors, {}
    names = [name for name in compared if name in graphs]
    for turn, name in enumerate(names):
        graph, (output, most) = graphs[name], compared[name]
        inputs = _random_inputs(graph, y, images, rng)

        def told(share: float, turn: int = turn, name: str = name) -> None:
            tell((turn + share) / len(names), f"the {name} with smaller weights")

        expected = _run(graph, tensors, inputs, output, lambda part: told(part / 2))
        width = 1.0
        if name == "decoder":
            images = expected  # what the encoder is given
            if not subject.in_unit_interval:
                pixel_range = float(expected.min()), float(expected.max())
                width = float(np.ptp(pixel_range)) or 1.0
        bits[name], difference = _fewest(
            graph, tensors, inputs, output, expected, most * width, told
        )
        if name == "decoder":
            pixel_difference = difference / width
    # a kernel of several graphs has the bits of the one that needs the most
    stored: dict[str, np.ndarray | Levels] = {}
    for name in sorted(names, key=bits.__getitem__):
        stored |= _stored(graphs[name], tensors, bits[name])
    used = [count for count in bits.values() if count < EXACT] or [EXACT]
    exact = tuple(name for name in graphs if bits.get(name) == EXACT)
    stored = dict(sorted(stored.items()))
    return Weights(stored, (min(used), max(used)), exact, pixel_difference, pixel_range)


def _fewest(
    graph: Graph,
    tensors: Tensors,
    inputs: Mapping[str, np.ndarray],
    output: str,
    expected: np.ndarray,
    most: float,
    told: Callable[[float], None],
) -> tuple[int, float]:
    """The fewest bits with which an output differs by less than `most`, and its difference."""

    def difference(bits: int, rows: int, tell: Callable[[float], None]) -> float:
        small = {key: one[:rows] for key, one in inputs.items()}
        stored = _widened(_stored(graph, tensors, bits))
        with np.errstate(invalid="ignore", over="ignore"):
            found = _run(graph, stored, small, output, tell)
            return float(abs(found - expected[:rows]).max())

    # a bit more halves the difference: with a few rows the number of bits is known, or almost
    probed = difference(FEWEST, ROWS, lambda part: None)
    more = math.log2(probed / most) if 0 < probed < math.inf else 0
    start = min(max(FEWEST, FEWEST + math.ceil(more)), MOST)
    for tries, bits in enumerate(range(start, MOST + 1), start=1):
        low, high = 1 - 2.0**-tries, 1 - 2.0 ** -(tries + 1)
        found = difference(bits, NUM_CHECKED, lambda part, a=low, b=high: told(a + (b - a) * part))
        if found < most:  # NaN is not
            return bits, found
    return EXACT, 0.0


def _stored(graph: Graph, tensors: Tensors, bits: int) -> dict[str, np.ndarray | Levels]:
    """The weights of a graph with so many bits."""
    total = sum(tensors[key].size for key in graph.weights)
    found: dict[str, np.ndarray | Levels] = {}
    for key in sorted(graph.weights):
        tensor = np.asarray(tensors[key], "float32")
        if bits == EXACT or tensor.ndim < 2:
            found[key] = tensor
        else:
            found[key] = Levels.of(tensor, 16 if tensor.size < SMALL_SHARE * total else bits)
    return found


def _widened(stored: Mapping[str, np.ndarray | Levels]) -> dict[str, np.ndarray]:
    """All of them as float32."""
    return {key: one.tensor if isinstance(one, Levels) else one for key, one in stored.items()}


def _random_inputs(
    graph: Graph, y: np.ndarray, images: np.ndarray | None, rng: np.random.Generator
) -> Mapping[str, np.ndarray]:
    """Possible inputs of a graph: z and noise standard normal, images expected ones."""
    inputs = {}
    for given in graph.inputs:
        draw = rng.standard_normal if given.name in ("z", "noise") else rng.random
        inputs[given.name] = draw((len(y), *given.shape), dtype="float32")
    if images is not None and "x" in inputs:
        inputs["x"] = images
    return {**inputs, "y": y}


def _run(
    graph: Graph,
    tensors: Tensors,
    inputs: Mapping[str, np.ndarray],
    output: str,
    tell: Callable[[float], None],
) -> np.ndarray:
    """An output, some rows at a time, so that convolutions need little memory."""
    rows, parts = len(inputs["y"]), []
    for first in range(0, rows, ROWS):
        tell(first / rows)
        some = {name: a[first : first + ROWS] for name, a in inputs.items()}
        parts.append(run_graph(graph, tensors, some)[output])
    return np.concatenate(parts)
