"""Weights as float16, if a model gives the same answers with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from condvae.conditions import Condition
from condvae.graph.graph import Graph, run_graph
from condvae.graph.operations import Tensors

NUM_CHECKED = 1000
ROWS = 64  # in one pass
# The compared output, and its largest allowed error: a level of a pixel, as a share of the pixel
# range; for z, a hundredth of the prior's width.
COMPARED = {"encoder": ("mean", 0.01), "prior": ("z", 0.01), "decoder": ("x_mean", 1 / 255)}

Tell = Callable[[float, str], object]


@dataclass(frozen=True)
class Weights:
    """The weights that go into a page.

    Attributes:
        tensors: weights by name, float16, or float32 if float16 is too coarse.
        exact: names of the graphs that need float32.
        pixel_difference: largest difference between expected pixels with these weights and with
            float32, as a share of the pixel range.
        pixel_range: smallest and largest expected pixel; (0, 1) if x is in that range.
    """

    tensors: dict[str, np.ndarray]
    exact: tuple[str, ...]
    pixel_difference: float
    pixel_range: tuple[float, float]


class Halved(Protocol):
    """An object with graphs and weights to halve."""

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


def halve_weights(
    subject: Halved,
    seed: int = 0,
    compared: Mapping[str, tuple[str, float]] = COMPARED,
    tell: Tell = lambda share, part: None,
) -> Weights:
    """The weights as float16, compared with float32 at 1,000 random z; float32 where they fail.

    Args:
        seed: seed of z, y and x.
        compared: the compared output of each graph, and its largest allowed difference.
        tell: called with the completed share, and the current step.
    """
    rng = np.random.default_rng(seed)
    y = subject.condition.random(NUM_CHECKED, rng)
    exact, precise, pixel_difference, pixel_range = [], set(), 0.0, (0.0, 1.0)
    graphs = subject.used_graphs
    for turn, (name, graph) in enumerate(graphs.items()):
        # like the browser, which stores float16 and computes in float32
        halves = {key: _half(subject.tensors[key]).astype("float32") for key in graph.weights}
        inputs = _random_inputs(graph, y, rng)
        output, most = compared[name]

        def share_told(done: int, turn: int = turn, name: str = name) -> None:
            share = (turn + done / (2 * NUM_CHECKED)) / len(graphs)
            tell(share, f"the {name} with smaller weights")

        expected = _run(graph, subject.tensors, inputs, share_told, 0)[output]
        width = 1.0
        if name == "decoder" and not subject.in_unit_interval:
            pixel_range = float(expected.min()), float(expected.max())
            width = float(np.ptp(pixel_range)) or 1.0
        with np.errstate(invalid="ignore"):  # a weight beyond the float16 range is infinite
            found = _run(graph, halves, inputs, share_told, NUM_CHECKED)[output]
            difference = float(abs(found - expected).max() / width)
        if not difference < most:  # NaN counts as a difference
            exact.append(name)
            precise |= graph.weights
        elif name == "decoder":
            pixel_difference = difference
    names = sorted({key for graph in subject.used_graphs.values() for key in graph.weights})
    tensors = {
        key: np.asarray(subject.tensors[key], "float32")
        if key in precise
        else _half(subject.tensors[key])
        for key in names
    }
    return Weights(tensors, tuple(exact), pixel_difference, pixel_range)


def _random_inputs(
    graph: Graph, y: np.ndarray, rng: np.random.Generator
) -> Mapping[str, np.ndarray]:
    """Possible inputs of a graph: z and noise standard normal, pixels uniform."""
    inputs = {}
    for given in graph.inputs:
        draw = rng.standard_normal if given.name in ("z", "noise") else rng.random
        inputs[given.name] = draw((len(y), *given.shape), dtype="float32")
    return {**inputs, "y": y}


def _run(
    graph: Graph,
    tensors: Tensors,
    inputs: Mapping[str, np.ndarray],
    tell: Callable[[int], None],
    done: int,
) -> dict[str, np.ndarray]:
    """The outputs, some rows at a time, so that convolutions need little memory."""
    parts = []
    for first in range(0, len(inputs["y"]), ROWS):
        tell(done + first)
        rows = {name: a[first : first + ROWS] for name, a in inputs.items()}
        parts.append(run_graph(graph, tensors, rows))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _half(tensor: np.ndarray) -> np.ndarray:
    """The nearest float16; infinite if there is none, which the comparison detects."""
    with np.errstate(over="ignore"):
        return np.asarray(tensor).astype("float16")
