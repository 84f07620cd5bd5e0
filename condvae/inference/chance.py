"""The meaning of a seed: all random numbers of a trained model are drawn here, by NumPy."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from condvae.blocks import ROWS
from condvae.checks import InputError, check_at_least

KEY_BYTES = 16
NUMBER = "number"


class Chance:
    """The random numbers of one seed, in two independent streams.

    Rows drawn in several calls are those that a single call would have drawn, so that neither the
    engine nor the size of its blocks changes the result of a seed.

    Args:
        temperature: factor on the noise of z: below 1, draws are nearer to the prior's centre.
        shared: number of leading latents that all draws share with the first one.
    """

    def __init__(self, seed: int, temperature: float = 1.0, shared: int = 0):
        check_at_least(seed, 0, "seed")
        if not 0 <= temperature < math.inf:
            raise InputError(
                "the temperature must be 0 or more",
                f"{temperature:g}",
                "Use 0.7, for example.",
            )
        self.temperature = np.float32(temperature)
        self.shared, self._first = shared, np.empty(0, "float32")
        self._of_latents = np.random.default_rng(seed)
        self._of_pixels = np.random.default_rng([seed, 1])

    def latents(self, *shape: int) -> np.ndarray:
        """Standard normal noise, float32, from which z is computed."""
        noise = self.temperature * self._of_latents.standard_normal(shape, dtype="float32")
        if self.shared:
            if not len(self._first):
                self._first = noise[0, : self.shared].copy()
            noise[..., : self.shared] = self._first
        return noise

    def choices(self, *shape: int) -> np.ndarray:
        """Uniform numbers in [0, 1), float64, by which the parts of z are chosen."""
        return self._of_latents.random(shape)

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise, float32, from which pixels are binarised or drawn.

        Args:
            kind: "uniform" in [0, 1), or "normal".
        """
        rng = self._of_pixels
        draw = rng.random if kind == "uniform" else rng.standard_normal
        return draw(shape, dtype="float32")

    def numbered(self, rows: int) -> dict[str, np.ndarray]:
        """{NUMBER: (rows,)} numbers of the rows to be drawn next; empty without numbers.

        Call this before drawing that noise.
        """
        return {}

    def skip_pixels(self, count: int) -> None:
        """Skip the given number of uniform numbers, in constant time: each takes 32 bits."""
        pairs, single = divmod(count, 2)
        generator: Any = self._of_pixels.bit_generator
        generator.advance(pairs)
        self.pixels(single)


class Chances(Chance):
    """The random numbers of several requests, each as if it were alone.

    Args:
        chances: the random numbers of each request, and its number of rows.
    """

    shared = 0

    def __init__(self, chances: Sequence[tuple[Chance, int]]):
        self._chances = chances

    def latents(self, *shape: int) -> np.ndarray:
        """The rows of each request from its own stream."""
        return np.concatenate([c.latents(rows, *shape[1:]) for c, rows in self._chances])

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """The rows of each request from its own stream, see `Chance.pixels`."""
        of_each = [c.pixels(rows, *shape[1:], kind=kind) for c, rows in self._chances]
        return np.concatenate(of_each)


class NumberedChance(Chance):
    """Random numbers of numbered rows: those of a row are a function of its number and the seed.

    Rows in several files thus have the same draws wherever the files are cut. A single stream would
    have to draw everything before a row, since the number of values that normal draws consume is
    not known in advance. 1,024 rows share a stream, each at its position.

    Args:
        first: number of the row that is drawn first.
    """

    def __init__(self, seed: int, temperature: float = 1.0, shared: int = 0, first: int = 0):
        super().__init__(seed, temperature, shared)
        self._seed, self._next = seed, {"latents": first, "pixels": first, "bytes": first}
        self._kept: dict[str, tuple[object, np.ndarray]] = {}

    def latents(self, *shape: int) -> np.ndarray:
        """Standard normal noise for the next rows, (rows, ...) float32."""
        noise = self._rows("latents", shape, lambda rng, all: rng.standard_normal(all, "float32"))
        noise = self.temperature * noise
        if self.shared:
            first = self._block("latents", 0).standard_normal((ROWS, *shape[1:]), "float32")[0]
            noise[..., : self.shared] = self.temperature * first[..., : self.shared]
        return noise

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise for the next rows, see `Chance.pixels`."""
        normal = kind != "uniform"
        return self._rows(
            "pixels",
            shape,
            lambda rng, all: (rng.standard_normal if normal else rng.random)(all, "float32"),
        )

    def bytes(self, count: int) -> bytes:
        """The given number of bytes for the next rows, 16 for each, as the seeds of keys."""
        shape = count // KEY_BYTES, KEY_BYTES
        return self._rows(
            "bytes", shape, lambda rng, all: rng.integers(0, 256, all, "uint8")
        ).tobytes()

    def numbered(self, rows: int) -> dict[str, np.ndarray]:
        """Consecutive numbers."""
        first = max(self._next.values())
        return {NUMBER: np.arange(first, first + rows)}

    def _block(self, stream: str, number: int) -> np.random.Generator:
        """The stream of 1,024 rows."""
        place = (*self._next,).index(stream), number
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=place))

    def _rows(
        self,
        stream: str,
        shape: Sequence[int],
        draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray],
    ) -> np.ndarray:
        """The next rows' values from the streams of their blocks."""
        start, stop = self._next[stream], self._next[stream] + shape[0]
        self._next[stream], parts = stop, []
        for number in range(start // ROWS, -(-stop // ROWS)):
            # a block that is cut is drawn again for the rows that follow
            key, kept = self._kept.get(stream, (None, None))
            if key != (number, *shape[1:]) or kept is None:
                kept = draw(self._block(stream, number), (ROWS, *shape[1:]))
                self._kept[stream] = (number, *shape[1:]), kept
            parts.append(kept[max(start - number * ROWS, 0) : stop - number * ROWS])
        return np.concatenate(parts) if parts else np.empty(tuple(shape), "float32")


class ChanceOfRows(Chance):
    """Random numbers of single rows that are redrawn, a function of their number and the attempt.

    Args:
        attempt: number of the attempt.
        numbers: (batch,) numbers of the rows; rows with equal numbers get different draws.
    """

    shared = 0

    def __init__(self, seed: int, attempt: int, numbers: np.ndarray):
        self._numbers, self._next, streams = numbers.astype(int), 0, {}
        for number in np.unique(self._numbers).tolist():
            state = np.random.SeedSequence([seed, attempt, number]).generate_state(1)
            streams[number] = Chance(int(state[0] >> 1))
        self._streams = [streams[number] for number in self._numbers.tolist()]

    def latents(self, *shape: int) -> np.ndarray:
        """Noise for all rows."""
        return np.concatenate([stream.latents(1, *shape[1:]) for stream in self._streams])

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise for the next rows."""
        streams = self._streams[self._next : self._next + shape[0]]
        self._next += shape[0]
        return np.concatenate([s.pixels(1, *shape[1:], kind=kind) for s in streams])

    def numbered(self, rows: int) -> dict[str, np.ndarray]:
        """The numbers of the next rows."""
        return {NUMBER: self._numbers[self._next : self._next + rows]}
