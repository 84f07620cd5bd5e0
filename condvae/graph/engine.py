"""A trained model run from its graphs: NumPy in, NumPy out, without Keras."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from condvae.blocks import ROWS, in_order, slices
from condvae.files.tensors import StoredTensors
from condvae.graph.graph import Graph, row_bytes, run_graph
from condvae.graph.operations import Tensors
from condvae.graph.stored import read_weights

# Limit of the values of one pass: the large values of convolutions allow only few rows.
PASS_BYTES = 2**24

# functions of `models.inference`: the graph that computes each, and the outputs needed
_GRAPHS: dict[str, tuple[str, str | None]] = {
    "encode": ("encoder", None),
    "draw_prior": ("prior", "z"),
    "decode": ("decoder", "x_mean"),
    "draw_pixels": ("decoder", "x_params"),
}


class GraphEngine:
    """Some functions of `models.inference` by name, computed on every core.

    Args:
        graphs: the graphs from `graph.networks.model_graphs`.
        stored: the weights; those of a graph are read on first use.
        x_max: divisor of integers in x; None if x needs other preprocessing, so that Keras encodes.
        draw: from x_params and noise to x, both (batch, ...); None if Keras draws.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        stored: StoredTensors,
        x_max: int | None,
        draw: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    ):
        self._stored: StoredTensors | None = stored
        self._x_max, self._draw = x_max, draw
        self._graphs = {
            name: graphs[key] if output is None else graphs[key].only(output)
            for name, (key, output) in _GRAPHS.items()
            if key in graphs
        }
        self._read: dict[str, tuple[Tensors, int]] = {}
        # without a graph, the prior is the standard normal
        self.names = self._graphs.keys() | {"draw_prior"}
        self.names -= {"encode"} if x_max is None else set()
        self.names -= {"draw_pixels"} if draw is None else set()

    def has_convolutions(self, name: str) -> bool:
        """Whether a function has convolutions, which are slow in NumPy."""
        graph = self._graphs.get(name)
        return graph is not None and any(o.kind == "convolution" for o in graph.operations)

    def rows(self, name: str) -> int:
        """Number of rows of one job, for any function."""
        return ROWS

    def pass_rows(self, name: str) -> int:
        """Number of rows that one pass may have, so that memory is bounded."""
        return self._weights(name)[1] if name in self._graphs else ROWS

    def run(
        self, name: str, arrays: dict[str, np.ndarray], numbers: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs for all rows, pass by pass, on this thread."""
        if name not in self._graphs:
            return {"z": arrays["noise"]}
        if name == "encode" and arrays["x"].dtype.kind in "iu":
            arrays = {**arrays, "x": arrays["x"] / np.float32(self._x_max or 1)}
        graph = self._graphs[name]
        tensors, rows = self._weights(name)
        parts = [
            self._pass(graph, tensors, {n: a[part] for n, a in arrays.items()})
            for part in slices(len(next(iter(arrays.values()))), rows)
        ]
        if len(parts) == 1:
            return parts[0]
        return {output: np.concatenate([part[output] for part in parts]) for output in parts[0]}

    def __getstate__(self) -> dict[str, Any]:
        """All weights instead of the file, which may not exist where a copy is used."""
        read = {name: self._weights(name) for name in self._graphs}
        return {**vars(self), "_read": read, "_stored": None}

    def _weights(self, name: str) -> tuple[Tensors, int]:
        """The tensors of a function's graph, and the number of rows of one pass."""
        if name not in self._read:  # two threads may both do it, with the same result
            assert self._stored is not None  # noqa: S101  # a copy has all weights already
            graph = self._graphs[name]
            tensors = read_weights(graph, self._stored, _GRAPHS[name][0])
            self._read[name] = tensors, max(1, PASS_BYTES // row_bytes(graph, tensors))
        return self._read[name]

    def _pass(
        self, graph: Graph, tensors: Tensors, arrays: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The outputs for some rows."""
        noise = arrays.pop("pixel_noise", None) if self._draw else None
        outputs = run_graph(graph, tensors, arrays)
        if self._draw is None or noise is None:
            return outputs
        return {"x_sample": self._draw(outputs["x_params"], noise)}

    def each(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """The result of work for each job, in order, with one thread per core."""
        return in_order(work, jobs)
