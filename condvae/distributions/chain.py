"""Groups of normal variables, each conditional on those before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from keras import ops, random

from condvae.distributions.event import Tensor
from condvae.distributions.normal import Normal

Link = Callable[[Tensor], Normal]


@dataclass(frozen=True)
class Chain:
    """z in groups z_1, z_2, ..., with p(z) = prod_l p(z_l | z_1, ..., z_(l-1)), each a Normal.

    Attributes:
        dim: size of all groups together.
        first: p(z_1), of shape (..., size of the first group).
        links: for each further group, a function from the groups before it, (..., size so far), to
            its Normal.
    """

    dim: int
    first: Normal
    links: Sequence[Link]

    @property
    def mean(self) -> Tensor:
        """The path of means: each group's mean given the means of those before it, (..., dim)."""
        return self._path(lambda normal, start: normal.mean)

    @property
    def logvar(self) -> Tensor:
        """The logvar of each group along the path of means, (..., dim)."""
        return self.given(self.mean).logvar

    def given(self, value: Tensor) -> Normal:
        """All groups as one Normal, (..., dim), each conditional on value's groups before it."""
        parts, start = [self.first], self.first.mean.shape[-1]
        for link in self.links:
            parts.append(link(value[..., :start]))
            start += parts[-1].mean.shape[-1]
        # with several draws, the first group has one row for all of them
        lead = ops.shape(value)[:-1]
        mean, logvar = (
            ops.concatenate(
                [ops.broadcast_to(part, (*lead, part.shape[-1])) for part in of_parts], axis=-1
            )
            for of_parts in zip(*((part.mean, part.logvar) for part in parts), strict=True)
        )
        return Normal(mean, logvar)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(value), nats, summed over groups."""
        return self.given(value).log_prob(value)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that corresponds to standard normal noise of the same shape, group by group."""
        return self._path(
            lambda normal, start: normal.transform(
                noise[..., start : start + normal.mean.shape[-1]]
            )
        )

    def noise_of(self, value: Tensor) -> Tensor:
        """The noise that corresponds to a draw: the inverse of `transform`."""
        normal = self.given(value)
        return (value - normal.mean) * ops.exp(-0.5 * normal.logvar)

    def sample(self, seed: object) -> Tensor:
        """One draw, differentiable in all parameters; seed: an int or a SeedGenerator."""
        lead = ops.shape(self.first.mean)[:-1]
        return self.transform(random.normal((*lead, self.dim), seed=seed, dtype="float32"))

    def per_sample(self) -> Self:
        """The same distribution with an axis for draws after the batch axis."""
        return replace(self, first=self.first.per_sample())

    def held(self) -> Self:
        """The same distribution, with gradients to its parameters only through the draws.

        Gradients to the networks are blocked; those to a group's mean and logvar through the groups
        before it are kept.
        """

        def hold(link: Link) -> Link:
            def held_link(above: Tensor) -> Normal:
                moving, fixed = link(above), link(ops.stop_gradient(above))
                # the gradients to the networks cancel, which leaves those through `above`
                mean, logvar = (
                    ops.stop_gradient(one) + one - other
                    for one, other in ((moving.mean, fixed.mean), (moving.logvar, fixed.logvar))
                )
                return Normal(mean, logvar)

            return held_link

        return replace(self, first=self.first.held(), links=[hold(link) for link in self.links])

    def _path(self, draw: Callable[[Normal, int], Tensor]) -> Tensor:
        """Call draw on each group's Normal and index, given the results of the groups before it."""
        value = draw(self.first, 0)
        for link in self.links:
            group = draw(link(value), value.shape[-1])
            value = ops.concatenate([value, group], axis=-1)
        return value
