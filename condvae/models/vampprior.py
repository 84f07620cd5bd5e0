"""A prior that is a mixture of posteriors: VampPrior."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops, random

from condvae.distributions import Normal
from condvae.models.initializers import glorot_uniform, in_place_of
from condvae.models.prior import PriorLayer

Tensor = Any


@dataclass(frozen=True)
class NormalMixture:
    """A mixture of Normals with equal weights.

    Attributes:
        components: the parameters of the Normals, (..., num_components, dim).
    """

    components: Normal

    @property
    def mean(self) -> Tensor:
        """Mean of the mixture, (..., dim)."""
        return ops.mean(self.components.mean, axis=-2)

    def log_prob(self, value: Tensor) -> Tensor:
        """log 1/K sum_k N(value; mean_k, exp(logvar_k)), nats."""
        log_probs = self.components.log_prob(value[..., None, :])
        return ops.logsumexp(log_probs, axis=-1) - math.log(log_probs.shape[-1])

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that corresponds to standard normal noise (..., dim + 1).

        The last number selects the component, through the standard normal distribution function.
        Since the weights are fixed, this gives unbiased gradients too.
        """
        num_components = self.components.mean.shape[-2]
        share = 0.5 + 0.5 * ops.erf(noise[..., -1] / math.sqrt(2))
        # erf in float32 reaches 1, which would select no component
        place = ops.minimum(ops.cast(share * num_components, "int32"), num_components - 1)
        chosen = ops.one_hot(place, num_components, dtype="float32")[..., None]  # (..., K, 1)
        mean, logvar = (
            ops.sum(chosen * values, axis=-2)
            for values in (self.components.mean, self.components.logvar)
        )
        return Normal(mean, logvar).transform(noise[..., :-1])

    def sample(self, seed: Any) -> Tensor:
        """One draw, differentiable in means and logvars; seed: an int or a SeedGenerator."""
        *lead, _, dim = ops.shape(self.components.mean)
        return self.transform(random.normal((*lead, dim + 1), seed=seed, dtype="float32"))

    def per_sample(self) -> "NormalMixture":
        """The same distribution with an axis for draws after the batch axis."""
        return NormalMixture(self.components.per_sample())


@keras.saving.register_keras_serializable("condvae")
class VampPrior(PriorLayer):
    """p(z | y) = 1/K sum_k q(z | u_k, y), with learned images u_k; or q(z | u_k, v_k), without y.

    It costs as much as encoding K more images for each row of a batch; without y, for each batch.

    Args:
        image_shape: shape of a pseudo-input u_k, as the encoder reads x.
        condition_shape: shape of an encoded y.
        latent_dim: size of z.
        num_inputs: K.
        sees_y: whether the mixture depends on y; otherwise each u_k has its own learned condition
            v_k, of any numbers.
        link: a Keras activation that maps any number into the range of x.
        pseudo_x, pseudo_y: initialisers of the link's inputs, and of v_k.

    Source: Tomczak & Welling 2018, eq. 9; the conditional form is ours.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        condition_shape: Sequence[int],
        latent_dim: int,
        num_inputs: int = 50,
        sees_y: bool = True,
        link: str = "sigmoid",
        pseudo_x: Any = "random_normal",
        pseudo_y: Any = "random_normal",
        **kwargs: Any,
    ):
        super().__init__(**{"name": "prior", "dtype": "float32", **kwargs})
        self.image_shape, self.condition_shape = tuple(image_shape), tuple(condition_shape)
        # one number more than the size of z, which selects the component
        self.latent_dim, self.noise_dim, self.reads = latent_dim, latent_dim + 1, ()
        self.num_inputs, self.sees_y, self.link = num_inputs, sees_y, link
        # named biases, so that weight decay does not apply to them
        self.pseudo_x = self.add_weight(
            shape=(num_inputs, *self.image_shape), initializer=pseudo_x, name="pseudo_x_bias"
        )
        self.pseudo_y: Any = None
        if not sees_y:
            shape = (num_inputs, *self.condition_shape)
            self.pseudo_y = self.add_weight(shape=shape, initializer=pseudo_y, name="pseudo_y_bias")
        self.built = True

    def given(
        self,
        inputs: Mapping[str, Tensor],
        encode: Callable[[Tensor, Tensor], Normal],
        training: bool = False,
    ) -> NormalMixture:
        """p(z | y), see `PriorLayer`."""
        y = inputs["y"]
        x = keras.activations.get(self.link)(ops.convert_to_tensor(self.pseudo_x))
        rows, shape = ops.shape(y)[0], (-1, self.num_inputs, self.latent_dim)
        if self.sees_y:
            # (rows * K, ...), row by row: each pseudo-input is encoded with the y of each row
            x = ops.tile(x, (rows, *(1 for _ in self.image_shape)))
            parts = encode(x, ops.repeat(y, self.num_inputs, axis=0))
            return NormalMixture(
                Normal(ops.reshape(parts.mean, shape), ops.reshape(parts.logvar, shape))
            )
        parts = encode(x, ops.convert_to_tensor(self.pseudo_y))
        mean, logvar = (
            ops.broadcast_to(values[None], (rows, *shape[1:]))
            for values in (parts.mean, parts.logvar)
        )
        return NormalMixture(Normal(mean, logvar))

    def get_config(self) -> dict[str, Any]:
        """Keras's serialisation; weights come from a file, so initial values are arbitrary."""
        names = ("image_shape", "condition_shape", "latent_dim", "num_inputs", "sees_y", "link")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def vampprior(
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    latent_dim: int,
    num_inputs: int = 50,
    sees_y: bool = True,
    link: str = "sigmoid",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
) -> VampPrior:
    """A `VampPrior` whose pseudo-inputs are initialised with noise.

    Args:
        initializers: initialisers whose seeds the noise uses; None: `glorot_uniform(0)`.
    """
    initializers = initializers or glorot_uniform(seed=0)

    def noise() -> keras.initializers.Initializer:
        return in_place_of(
            next(initializers), lambda seed: keras.initializers.RandomNormal(stddev=1.0, seed=seed)
        )

    return VampPrior(
        image_shape, condition_shape, latent_dim, num_inputs, sees_y, link, noise(), noise()
    )
