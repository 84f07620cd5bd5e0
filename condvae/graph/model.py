"""A trained model by its graphs: NumPy in, NumPy out, and no Keras."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from condvae.blocks import in_order, slices
from condvae.chance import generator
from condvae.checks import InputError, check_finite
from condvae.files.tensors import StoredTensors
from condvae.graph.graph import Graph, row_bytes, run_graph
from condvae.graph.operations import Tensors
from condvae.graph.stored import read_weights

# What the values of one pass may take: the large ones of convolutions need few rows.
PASS_BYTES = 2**24


class GraphModel:
    """Some of what `TrainedModel` does, with the same answers to rounding for the same seeds.

    Args:
        graphs: as `graph.networks.model_graphs` makes them.
        stored: the weights; those of a graph are read when it is first used.
    """

    def __init__(self, graphs: Mapping[str, Graph], stored: StoredTensors):
        self._graphs, self._stored = graphs, stored
        self._read: dict[str, tuple[Tensors, int]] = {}

    def generate(self, y: np.ndarray, z: Any = None, seed: int = 0) -> np.ndarray:
        """Expected new images, (batch, *image_shape) float32.

        Args:
            y: (batch, *condition_shape) encoded.
            z: (batch, latent_dim); drawn from the prior where None.
            seed: of z.
        """
        parts = list(slices(len(y)))
        if z is None:
            return np.concatenate(list(self.generate_blocks((y[part] for part in parts), seed)))
        z = check_finite(np.asarray(z, "float32"), "z")
        return self._decode(z, y, parts)

    def generate_blocks(
        self,
        ys: Iterable[np.ndarray],
        seed: int = 0,
        finish: Callable[[np.ndarray], np.ndarray] = lambda x: x,
    ) -> Iterator[np.ndarray]:
        """As `generate`, of y that come in blocks: memory does not grow with their number.

        Args:
            ys: (rows, *condition_shape) encoded, again and again.
            seed: of z; how the rows are cut into blocks changes nothing.
            finish: what is to be made of each block's images, by the thread that drew them.
        """
        rng, has_prior = generator(seed), "prior" in self._graphs
        shape = self._inputs("prior")["noise"] if has_prior else self._inputs("decoder")["z"]

        def draw(job: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
            z, y = job
            if has_prior:
                z = self._run("prior", {"noise": z, "y": y})["z"]
            return finish(self._run("decoder", {"z": check_finite(z, "z"), "y": y})["x_mean"])

        # drawn as TrainedModel draws them
        jobs = ((rng.standard_normal((len(y), *shape), dtype="float32"), y) for y in ys)
        return in_order(draw, jobs)

    def transfer(self, x: np.ndarray, y: np.ndarray, to: np.ndarray, seed: int = 0) -> np.ndarray:
        """The style of each image under another condition, (batch, *image_shape) float32.

        Args:
            x: (batch, *image_shape) in the units of the networks.
            y: (batch, *condition_shape) encoded.
            to: the same.
            seed: of the binarisation, for a model of binarised pixels.
        """
        mean, _ = self.encode(x, y, seed)
        return self._decode(mean, to, slices(len(to)))

    def encode(self, x: np.ndarray, y: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The posterior's mean and logvar, (batch, latent_dim) float32; arguments as above."""
        pairs = ((x[part], y[part]) for part in slices(len(x)))
        means, logvars = zip(*self.encode_blocks(pairs, seed), strict=True)
        return np.concatenate(means), np.concatenate(logvars)

    def encode_blocks(
        self, pairs: Iterable[tuple[np.ndarray, np.ndarray]], seed: int = 0, x_max: int = 1
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `encode`, of x and y that come in blocks: memory does not grow with their number.

        Args:
            pairs: x and y of some rows, again and again.
            seed: as in `encode`; how the rows are cut into blocks changes nothing.
            x_max: what whole numbers in x are divided by.
        """
        binarised = "pixel_noise" in self._inputs("encoder")
        rng = generator(seed, 1)  # the stream that TrainedModel gives the pixels

        def encode(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            if inputs["x"].dtype.kind in "iu":
                inputs["x"] = inputs["x"] / np.float32(x_max)
            outputs = self._run("encoder", inputs)
            return outputs["mean"], outputs["logvar"]

        def noise(x: np.ndarray) -> dict[str, np.ndarray]:
            return {"pixel_noise": rng.random(np.shape(x), dtype="float32")} if binarised else {}

        return in_order(encode, ({"x": x, "y": y, **noise(x)} for x, y in pairs))

    def _decode(self, z: np.ndarray, y: np.ndarray, parts: Iterable[slice]) -> np.ndarray:
        """Expected images of styles."""

        def decode(part: slice) -> np.ndarray:
            return self._run("decoder", {"z": z[part], "y": y[part]})["x_mean"]

        self._graph("decoder")
        return np.concatenate(list(in_order(decode, parts)))

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
        """The outputs for all rows, some rows at a time; on this thread."""
        graph = self._graph(name)
        if name not in self._read:  # two threads may both do it, to the same effect
            tensors = read_weights(graph, self._stored, name)
            self._read[name] = tensors, max(1, PASS_BYTES // row_bytes(graph, tensors))
        tensors, rows = self._read[name]
        parts = [
            run_graph(graph, tensors, {n: a[part] for n, a in inputs.items()})
            for part in slices(len(next(iter(inputs.values()))), rows)
        ]
        if len(parts) == 1:
            return parts[0]
        return {output: np.concatenate([part[output] for part in parts]) for output in parts[0]}
