"""A trained model by its graphs: NumPy in, NumPy out, and no Keras."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError, check_at_least, check_finite
from condvae.graph.graph import Graph, run_graph
from condvae.graph.operations import Tensors
from condvae.graph.stored import read_weights
from condvae.tensors import StoredTensors

# Rows in one pass: enough for matrix products, few enough for the windows of convolutions.
ROWS = 64


class GraphModel:
    """Some of what `TrainedModel` does, with the same answers to rounding for the same seeds.

    Args:
        graphs: as `graph.networks.model_graphs` makes them.
        stored: the weights; those of a graph are read when it is first used.
    """

    def __init__(self, graphs: Mapping[str, Graph], stored: StoredTensors):
        self._graphs, self._stored = graphs, stored
        self._tensors: dict[str, Tensors] = {}

    def generate(self, y: np.ndarray, z: Any = None, seed: int = 0) -> np.ndarray:
        """Expected new images, (batch, *image_shape) float32.

        Args:
            y: (batch, *condition_shape) encoded.
            z: (batch, latent_dim); drawn from the prior where None.
            seed: of z.
        """
        check_at_least(seed, 0, "seed")
        if z is None:
            z = self._noise(len(y), seed)
            if "prior" in self._graphs:
                z = self._run("prior", {"noise": z, "y": y})["z"]
        z = check_finite(np.asarray(z, "float32"), "z")
        return self._run("decoder", {"z": z, "y": y})["x_mean"]

    def transfer(self, x: np.ndarray, y: np.ndarray, to: np.ndarray, seed: int = 0) -> np.ndarray:
        """The style of each image under another condition, (batch, *image_shape) float32.

        Args:
            x: (batch, *image_shape) in the units of the networks.
            y: (batch, *condition_shape) encoded.
            to: the same.
            seed: of the binarisation, for a model of binarised pixels.
        """
        mean, _ = self.encode(x, y, seed)
        return self._run("decoder", {"z": mean, "y": to})["x_mean"]

    def encode(self, x: np.ndarray, y: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The posterior's mean and logvar, (batch, latent_dim) float32; arguments as above."""
        inputs = {"x": x, "y": y}
        if "pixel_noise" in self._inputs("encoder"):
            # the stream that TrainedModel gives the pixels
            rng = np.random.default_rng([seed, 1])
            inputs["pixel_noise"] = rng.random(np.shape(x), dtype="float32")
        outputs = self._run("encoder", inputs)
        return outputs["mean"], outputs["logvar"]

    def _noise(self, rows: int, seed: int) -> np.ndarray:
        """Standard normal numbers that the prior makes z from, as TrainedModel draws them."""
        in_prior = "prior" in self._graphs
        shape = self._inputs("prior")["noise"] if in_prior else self._inputs("decoder")["z"]
        return np.random.default_rng(seed).standard_normal((rows, *shape), dtype="float32")

    def _inputs(self, name: str) -> dict[str, tuple[int, ...]]:
        """The shapes of a graph's inputs, of one row, by name."""
        return {given.name: given.shape for given in self._graph(name).inputs}

    def _graph(self, name: str) -> Graph:
        """The graph of that name."""
        if name not in self._graphs:
            raise InputError(
                f"the model must have {'latents' if name == 'decoder' else 'a trained encoder'}",
                f"one of {', '.join(self._graphs)}",
                "Call `TrainedModel.predict`, or train with the network 'cvae'.",
            )
        return self._graphs[name]

    def _run(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs for all rows, some rows at a time."""
        graph = self._graph(name)
        if name not in self._tensors:
            self._tensors[name] = read_weights(graph, self._stored, name, ROWS)
        parts = [
            run_graph(
                graph,
                self._tensors[name],
                {n: a[first : first + ROWS] for n, a in inputs.items()},
            )
            for first in range(0, len(next(iter(inputs.values()))), ROWS)
        ]
        return {output: np.concatenate([part[output] for part in parts]) for output in parts[0]}
