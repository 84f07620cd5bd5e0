"""The columns of a table."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from condvae.distributions.categorical import Categorical
from condvae.distributions.event import Tensor
from condvae.distributions.normal import Normal, normal_quantile
from condvae.distributions.poisson import Poisson


@dataclass(frozen=True)
class Columns:
    """Independent distributions side by side on the last axis: the columns of a table.

    Attributes:
        parts: each of them over its columns, (..., *event_shape[:-1], number of its columns); their
            own event_ndim and weights are not read.
        event_ndim: how many of the last axes are one draw; densities sum over them.
        weights: of each column in the densities, 0 to leave it out; broadcasts against x.
    """

    parts: tuple[Normal | Categorical | Poisson, ...]
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """The parts' means, side by side."""
        return ops.concatenate([part.mean for part in self.parts], axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Sum of the parts' log-densities, nats, over the event axes."""
        parts = zip(self.parts, self._split(value), self._split(self.weights), strict=True)
        log_probs = [
            replace(part, event_ndim=self.event_ndim, weights=weights).log_prob(values)
            for part, values, weights in parts
        ]
        return sum(log_probs[1:], start=log_probs[0])

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that uniform noise in [0, 1) of the shape of x stands for."""
        draws = [
            part.transform(normal_quantile(share) if part.noise == "normal" else share)
            for part, share in zip(self.parts, self._split(noise), strict=True)
        ]
        return ops.concatenate(draws, axis=-1)

    def _split(self, values: Tensor) -> list[Tensor]:
        """The parts' columns of values; one for all columns is that for each part."""
        sizes = [int(part.mean.shape[-1]) for part in self.parts]
        shape = getattr(values, "shape", ())
        if not shape or (shape[-1] == 1 and sum(sizes) > 1):
            return [values] * len(sizes)
        ends = np.cumsum(sizes)
        return [values[..., end - size : end] for size, end in zip(sizes, ends, strict=True)]
