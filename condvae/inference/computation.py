"""The computations of a trained model on encoded arrays, with the noise of a seed."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

import numpy as np

from condvae.blocks import SAMPLES, slices
from condvae.checks import check_finite
from condvae.inference.chance import NUMBER, Chance
from condvae.inference.draws import Draws
from condvae.inference.engines import Engine, Engines

Arrays = dict[str, np.ndarray]


def _run(engine: Engine, name: str, inputs: Arrays) -> Arrays:
    """The outputs of a function, with the rows' numbers if these are among the inputs."""
    arrays = {key: array for key, array in inputs.items() if key != NUMBER}
    return engine.run(name, arrays, inputs.get(NUMBER))


class Computation:
    """The functions of `models.inference` for any number of rows, by either engine.

    x is as stored or scaled, y and z are encoded.
    """

    def __init__(self, engines: Engines):
        self._engines, self._facts = engines, engines.facts

    def ask(self, name: str, arrays: Arrays, seed: int | None = None) -> Arrays:
        """The outputs of a function from an engine that supports it; arguments as in `run`."""
        return self.run(self._engines.choose(name), name, arrays, seed)

    def run(self, engine: Engine, name: str, arrays: Arrays, seed: int | None = None) -> Arrays:
        """The outputs of a function from an engine.

        Args:
            arrays: inputs by name, of equal length.
            seed: seed of the binarisation, for a function of x.
        """
        noise = self._pixel_noise(seed)
        parts = slices(len(next(iter(arrays.values()))), engine.rows(name))
        jobs = (
            {key: array[part] for key, array in arrays.items()} | noise(part.stop - part.start)
            for part in parts
        )
        outputs = list(engine.each(lambda inputs: _run(engine, name, inputs), jobs))
        return {key: np.concatenate([part[key] for part in outputs]) for key in outputs[0]}

    def log_weights(
        self, estimator: str, x: np.ndarray, y: np.ndarray, num_samples: int, seed: int
    ) -> Iterator[np.ndarray]:
        """(batch, draws of z), block by block, until there are num_samples draws."""
        facts, chance = self._facts, Chance(seed)
        dim = facts.prior_noise_dim if estimator == "prior" else facts.latent_dim
        for first in range(0, num_samples, SAMPLES):
            noise = chance.latents(len(x), min(SAMPLES, num_samples - first), dim)
            inputs = {"x": x, "y": y, "noise": noise}
            # every pass restarts the pixels' stream: one binarisation for all draws of z
            yield self.ask(f"{estimator}_log_weights", inputs, seed)["log_weights"]

    def posteriors(
        self, pairs: Iterable[tuple[np.ndarray, np.ndarray]], seed: int, first: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """mean and logvar of q(z | x, y), block by block; first is the number of the first row."""
        engine, noise = self._engines.choose("encode"), self._pixel_noise(seed, first)

        def jobs() -> Iterator[Arrays]:
            done = first
            for x, y in pairs:
                yield {"x": x, "y": y, **noise(len(x)), NUMBER: np.arange(done, done + len(x))}
                done += len(x)

        def work(inputs: Arrays) -> tuple[np.ndarray, np.ndarray]:
            outputs = _run(engine, "encode", inputs)
            return outputs["mean"], outputs["logvar"]

        return engine.each(work, jobs())

    def images(
        self,
        ys: Iterable[np.ndarray],
        zs: Iterable[np.ndarray] | None,
        draws: Draws,
        finish: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Iterator[np.ndarray]:
        """Expected images, or draws from p(x | z, y), block by block.

        Args:
            ys: conditions, in blocks.
            zs: styles for each block, or one for all of its rows; None: drawn from the prior.
            draws: the settings of the draws; latents that they share are those of zs, if given.
            finish: function applied to each block's images, by the thread that computed them.
        """
        name, output = ("draw_pixels", "x_sample") if draws.sample else ("decode", "x_mean")
        chance = draws.chance
        draws_z = zs is None or chance.shared > 0
        engine = self._engines.choose(*(("draw_prior",) if draws_z else ()), name)
        dim, shape = self._facts.prior_noise_dim, self._facts.image_shape
        kind = self._facts.noise if draws.sample else None

        def jobs() -> Iterator[Arrays]:
            for y, z in zip(ys, repeat(None) if zs is None else zs, strict=False):
                inputs = {"y": y, **chance.numbered(len(y))}
                if z is not None:
                    inputs["z"] = z if len(z) == len(y) else np.repeat(z, len(y), axis=0)
                if draws_z:
                    # drawn here, in the order of the blocks, rather than by the threads
                    noise = chance.latents(len(y), dim)
                    if z is not None:
                        of_z = self.ask("prior_noise", inputs)["noise"]
                        noise[:, : chance.shared] = of_z[:, : chance.shared]
                    inputs["noise"] = noise
                if kind is not None:
                    inputs["pixel_noise"] = chance.pixels(len(y), *shape, kind=kind)
                yield inputs

        def work(inputs: Arrays) -> np.ndarray:
            if "noise" in inputs:
                prior = {key: a for key, a in inputs.items() if key in ("y", NUMBER)}
                prior["noise"] = inputs.pop("noise")
                # weights of a diverged training can make a flow overflow
                inputs["z"] = check_finite(_run(engine, "draw_prior", prior)["z"], "z")
            found = _run(engine, name, inputs)[output]
            found = draws.guided(found, lambda y: _run(engine, name, {**inputs, "y": y})[output])
            return found if finish is None else finish(found)

        return engine.each(work, jobs())

    def styles(self, y: np.ndarray, chance: Chance) -> np.ndarray:
        """z ~ p(z | y), (batch, latent_dim) float32."""
        inputs = {"y": y, **chance.numbered(len(y))}
        inputs["noise"] = chance.latents(len(y), self._facts.prior_noise_dim)
        # weights of a diverged training can make a flow overflow
        return check_finite(self.ask("draw_prior", inputs)["z"], "z")

    def rows(self, y: np.ndarray, chance: Chance, z: np.ndarray | None = None) -> np.ndarray:
        """(batch, dim) encoded rows of a table, drawn at z, or at z ~ p(z | y)."""
        x = np.empty((len(y), *self._facts.image_shape), "float32")
        parts = list(slices(len(y)))
        zs = None if z is None else (z[part] for part in parts)
        drawn = self.images((y[part] for part in parts), zs, Draws(chance, sample=True))
        for part, rows in zip(parts, drawn, strict=True):
            x[part] = rows
        return x

    def _pixel_noise(self, seed: int | None, first: int = 0) -> Callable[[int], Arrays]:
        """A function that returns noise for the binarisation of the next rows."""
        if seed is None or not self._facts.binarise:
            return lambda size: {}
        chance = Chance(seed)
        chance.skip_pixels(first * math.prod(self._facts.image_shape))
        return lambda size: {"pixel_noise": chance.pixels(size, *self._facts.image_shape)}
