"""A trained model by its graphs: NumPy in, NumPy out, and no Keras."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from condvae.blocks import ROWS, in_order, slices
from condvae.files.tensors import StoredTensors
from condvae.graph.graph import Graph, row_bytes, run_graph
from condvae.graph.operations import Tensors
from condvae.graph.stored import read_weights

# What the values of one pass may take: the large ones of convolutions need few rows.
PASS_BYTES = 2**24

# functions of `models.inference`: the graph that computes each
_GRAPHS = {"encode": "encoder", "draw_prior": "prior", "decode": "decoder"}


class GraphEngine:
    """Some functions of `models.inference` by name, on every core.

    Args:
        graphs: as `graph.networks.model_graphs` makes them.
        stored: the weights; those of a graph are read when it is first used.
        x_max: what whole numbers in x are divided by; None where that is not all that becomes of
            x, so that Keras encodes.
    """

    def __init__(self, graphs: Mapping[str, Graph], stored: StoredTensors, x_max: int | None):
        self._graphs, self._stored, self._x_max = graphs, stored, x_max
        self._read: dict[str, tuple[Tensors, int]] = {}
        # without a graph the prior is the standard normal
        self.names = {name for name, graph in _GRAPHS.items() if graph in graphs} | {"draw_prior"}
        if x_max is None:
            self.names.discard("encode")

    def has_convolutions(self, name: str) -> bool:
        """Whether a function runs some, which NumPy is slow at."""
        graph = self._graphs.get(_GRAPHS[name])
        return graph is not None and any(o.kind == "convolution" for o in graph.operations)

    def rows(self, name: str) -> int:
        """Rows of one job, whatever the function."""
        return ROWS

    def run(self, name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs for all rows, some rows at a time; on this thread."""
        key = _GRAPHS[name]
        if key not in self._graphs:
            return {"z": arrays["noise"]}
        if name == "encode" and arrays["x"].dtype.kind in "iu":
            arrays = {**arrays, "x": arrays["x"] / np.float32(self._x_max or 1)}
        graph = self._graphs[key]
        if key not in self._read:  # two threads may both do it, to the same effect
            tensors = read_weights(graph, self._stored, key)
            self._read[key] = tensors, max(1, PASS_BYTES // row_bytes(graph, tensors))
        tensors, rows = self._read[key]
        parts = [
            run_graph(graph, tensors, {n: a[part] for n, a in arrays.items()})
            for part in slices(len(next(iter(arrays.values()))), rows)
        ]
        if len(parts) == 1:
            return parts[0]
        return {output: np.concatenate([part[output] for part in parts]) for output in parts[0]}

    def each(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """What each job's work returns, in their order, by a thread for each core."""
        return in_order(work, jobs)
