"""Random numbers of a seed."""

import numpy as np

from condvae.checks import check_at_least


class Chance:
    """Streams of random numbers of one seed, independent of each other.

    In place of a seed it goes on from call to call: rows drawn by many calls are then those that
    one call would have drawn.
    """

    def __init__(self, seed: int):
        self._seed = check_at_least(seed, 0, "seed")
        self._streams: dict[tuple[int, ...], np.random.Generator] = {}

    def stream(self, *stream: int) -> np.random.Generator:
        """NumPy's generator, where the last call left it; without a number that of the seed."""
        if stream not in self._streams:
            seed = [self._seed, *stream] if stream else self._seed
            self._streams[stream] = np.random.default_rng(seed)
        return self._streams[stream]


def generator(seed: int | Chance, *stream: int) -> np.random.Generator:
    """A stream of a seed from its beginning, or of chance from where it is."""
    return (seed if isinstance(seed, Chance) else Chance(seed)).stream(*stream)
