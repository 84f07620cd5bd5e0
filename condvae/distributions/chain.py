"""Groups of normal variables, each given those before it."""

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
        dim: of all groups together.
        first: p(z_1), of shape (..., size of the first group).
        links: of each further group: the groups before it, (..., size so far), to its Normal.
    """

    dim: int
    first: Normal
    links: Sequence[Link]

    @property
    def mean(self) -> Tensor:
        """The path of means: of each group its mean given those before it at theirs, (..., dim)."""
        return self._path(lambda normal, start: normal.mean)

    @property
    def logvar(self) -> Tensor:
        """The logvar of each group along the path of means, (..., dim)."""
        return self.given(self.mean).logvar

    def given(self, value: Tensor) -> Normal:
        """All groups as one Normal, (..., dim), each given those before it as they are in value."""
        parts, start = [self.first], self.first.mean.shape[-1]
        for link in self.links:
            parts.append(link(value[..., :start]))
            start += parts[-1].mean.shape[-1]
        # of several draws, the first group has one row for all of them
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
        """The draw that standard normal noise of the same shape stands for, group by group."""
        return self._path(
            lambda normal, start: normal.transform(
                noise[..., start : start + normal.mean.shape[-1]]
            )
        )

    def noise_of(self, value: Tensor) -> Tensor:
        """The noise that stands for a draw: the inverse of `transform`."""
        normal = self.given(value)
        return (value - normal.mean) * ops.exp(-0.5 * normal.logvar)

    def sample(self, seed: object) -> Tensor:
        """One draw, differentiable in all parameters; seed: an int or a SeedGenerator."""
        lead = ops.shape(self.first.mean)[:-1]
        return self.transform(random.normal((*lead, self.dim), seed=seed, dtype="float32"))

    def per_sample(self) -> Self:
        """The same with an axis for draws after the batch."""
        return replace(self, first=self.first.per_sample())

    def held(self) -> Self:
        """The same, whose parameters are reached by way of the draws alone.

        Gradients to the networks are left out; those to a group's mean and logvar through the
        groups before it stay.
        """

        def hold(link: Link) -> Link:
            def held_link(above: Tensor) -> Normal:
                moving, fixed = link(above), link(ops.stop_gradient(above))
                # the gradients to the networks cancel, and what is left is by way of `above`
                mean, logvar = (
                    ops.stop_gradient(one) + one - other
                    for one, other in ((moving.mean, fixed.mean), (moving.logvar, fixed.logvar))
                )
                return Normal(mean, logvar)

            return held_link

        return replace(self, first=self.first.held(), links=[hold(link) for link in self.links])

    def _path(self, draw: Callable[[Normal, int], Tensor]) -> Tensor:
        """What draw makes of each group's Normal and place, given those before it as they come."""
        value = draw(self.first, 0)
        for link in self.links:
            group = draw(link(value), value.shape[-1])
            value = ops.concatenate([value, group], axis=-1)
        return value
