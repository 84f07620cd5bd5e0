"""A prior made of affine coupling layers: RealNVP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from condvae.distributions import Normal
from condvae.models.embedding import dense_from_zeros, embedding
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import NO_DROPOUT, Dropout, dense_stack, flat_concatenated, named_inputs
from condvae.models.prior import PriorLayer

Tensor = Any

# A coupling scales a latent by a factor of at most exp(2).
MOST_LOG_SCALE = 2.0


@dataclass(frozen=True)
class Flow:
    """z as a Normal draw transformed by couplings; each transforms one half given the other.

    Attributes:
        base: the Normal of the first coupling's input, (..., latent_dim).
        couplings: {"kept", "context"} -> {"shift", "log_scale"}; the log scale is bounded
            afterwards.
        context: (..., size) embedding of y for the couplings; None for none.

    Source: Dinh, Sohl-Dickstein & Bengio 2017, section 3.
    """

    base: Normal
    couplings: Sequence[Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]]
    context: Tensor | None = None

    @property
    def mean(self) -> Tensor:
        """(..., latent_dim) image of the base's mean: a central point, not the expectation."""
        return self._move(self.base.mean)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z | y), nats, summed over latents."""
        log_stretch = 0.0
        # from z back to the base: the last coupling is undone first
        for depth, coupling in reversed([*enumerate(self.couplings)]):
            kept, moved = _halves(value, depth)
            shift, log_scale = self._affine(coupling, kept)
            value = _joined(kept, (moved - shift) * ops.exp(-log_scale), depth)
            log_stretch += ops.sum(log_scale, axis=-1)
        # change of variables: the Jacobian is triangular, its diagonal exp(log_scale)
        return self.base.log_prob(value) - log_stretch

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that corresponds to standard normal noise of the same shape."""
        return self._move(self.base.transform(noise))

    def sample(self, seed: Any) -> Tensor:
        """One draw, differentiable in all parameters; seed: an int or a SeedGenerator."""
        return self._move(self.base.sample(seed))

    def per_sample(self) -> Self:
        """The same distribution with an axis for draws after the batch axis."""
        context = None if self.context is None else self.context[:, None]  # (batch, 1, size)
        return replace(self, base=self.base.per_sample(), context=context)

    def _move(self, value: Tensor) -> Tensor:
        """Transform a draw of the base to z, coupling by coupling."""
        for depth, coupling in enumerate(self.couplings):
            kept, moved = _halves(value, depth)
            shift, log_scale = self._affine(coupling, kept)
            value = _joined(kept, moved * ops.exp(log_scale) + shift, depth)
        return value

    def _affine(self, coupling: Callable, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and bounded log scale, float32, that a coupling applies to the other half."""
        lead, inputs = ops.shape(kept)[:-1], {"kept": kept}
        if self.context is not None:
            inputs["context"] = ops.broadcast_to(self.context, (*lead, self.context.shape[-1]))
        # networks have one axis for rows
        flat = {name: ops.reshape(t, (-1, t.shape[-1])) for name, t in inputs.items()}
        outputs = coupling(flat)
        shift, log_scale = (
            ops.reshape(ops.cast(outputs[name], "float32"), (*lead, outputs[name].shape[-1]))
            for name in ("shift", "log_scale")
        )
        # near 0 this is the identity; without a bound, one large step could make exp overflow
        return shift, MOST_LOG_SCALE * ops.tanh(log_scale / MOST_LOG_SCALE)


def _halves(value: Tensor, depth: int) -> tuple[Tensor, Tensor]:
    """(kept, moved) halves for the coupling at that depth; they alternate."""
    middle = value.shape[-1] // 2
    first, second = value[..., :middle], value[..., middle:]
    return (second, first) if depth % 2 else (first, second)


def _joined(kept: Tensor, moved: Tensor, depth: int) -> Tensor:
    """The inverse of `_halves`."""
    return ops.concatenate([moved, kept] if depth % 2 else [kept, moved], axis=-1)


@keras.saving.register_keras_serializable("condvae")
class FlowPrior(PriorLayer):
    """p(z | y) as a `Flow`; made by `flow_prior`.

    Args:
        couplings: keras.Models {"kept"[, "context"]} -> {"shift", "log_scale"}, in order from the
            base to z; the first one keeps the first half of z.
        latent_dim: size of z.
        embedding: {"y"[, "guess"]} -> {"context", "mean", "logvar"}, the last two of the base; None
            for an unconditional prior, over the standard normal.
    """

    def __init__(
        self,
        couplings: Sequence[keras.Model],
        latent_dim: int,
        embedding: keras.Model | None = None,
        **kwargs: Any,
    ):
        super().__init__(**{"name": "prior", **kwargs})
        self.couplings, self.embedding = list(couplings), embedding
        self.latent_dim = self.noise_dim = latent_dim
        self.reads = () if embedding is None else tuple(embedding.input)
        self.built = True  # the networks are built

    def given(self, inputs: Mapping[str, Tensor], encode: Callable, training: bool = False) -> Flow:
        """p(z | y), see `PriorLayer`."""
        if self.embedding is None:
            zeros = ops.zeros((ops.shape(inputs["y"])[0], self.latent_dim), dtype="float32")
            return Flow(Normal(zeros, zeros), self.couplings)
        seen = {name: inputs[name] for name in self.embedding.input}
        outputs = self.embedding(seen, training=training)
        context, mean, logvar = (
            ops.cast(outputs[name], "float32") for name in ("context", "mean", "logvar")
        )
        return Flow(Normal(mean, logvar), self.couplings, context)

    def get_config(self) -> dict[str, Any]:
        """Keras's serialisation: the networks, not the weights."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "couplings": [serialize(coupling) for coupling in self.couplings],
            "latent_dim": self.latent_dim,
            "embedding": serialize(self.embedding),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The inverse of `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        couplings = [deserialize(coupling) for coupling in config["couplings"]]
        embedding = deserialize(config["embedding"])
        return cls(**{**config, "couplings": couplings, "embedding": embedding})


def flow_prior(
    condition_shape: Sequence[int] | None,
    latent_dim: int,
    hidden_dims: Sequence[int] = (128,),
    activation: str = "relu",
    guess_shape: Sequence[int] | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    num_couplings: int = 6,
    embedded: Callable[..., Any] | None = None,
    dropout: Dropout = NO_DROPOUT,
) -> FlowPrior:
    """A flow of fully connected couplings, which starts as the identity over N(0, 1).

    Args:
        condition_shape: shape of y; None for an unconditional prior.
        latent_dim: size of z, at least 2.
        hidden_dims: sizes of the hidden layers of each coupling; the last is also the size of the
            embedding.
        guess_shape: shape of the baseline's guess, an input of the embedding beside y; None for
            none.
        initializers: kernel initialisers, one per layer; None: `glorot_uniform(0)`.
        num_couplings: number of coupling layers; an even number transforms both halves of z equally
            often.
        embedded: makes a vector of the inputs and initializers; None: the inputs unchanged.
        dropout: dropout of the embedding's values in training.
    """
    initializers = initializers or glorot_uniform(seed=0)

    def coupling(depth: int) -> keras.Model:
        # an odd latent_dim gives halves of different sizes
        kept, moved = (half.shape[-1] for half in _halves(np.empty(latent_dim), depth))
        context = None if condition_shape is None else hidden_dims[-1:]
        inputs = named_inputs(kept=(kept,), context=context)
        name = f"coupling_{depth}"
        hidden = dense_stack(
            flat_concatenated(inputs), hidden_dims, activation, initializers, prefix=f"{name}_"
        )
        outputs = {
            part: dense_from_zeros(moved, f"{name}_{part}", initializers)(hidden)
            for part in ("shift", "log_scale")
        }
        return keras.Model(inputs, outputs, name=name)

    # shift = log_scale = 0: the flow starts as the identity
    network = None
    if condition_shape is not None:
        network = embedding(
            condition_shape,
            latent_dim,
            hidden_dims[-1],
            activation,
            guess_shape,
            initializers,
            embedded,
            dropout,
        )
    return FlowPrior([coupling(depth) for depth in range(num_couplings)], latent_dim, network)
