"""The interface of an architecture: it builds the five networks of a model."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import keras
import numpy as np

from condvae.checks import InputError
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import NO_DROPOUT, Dropout, LearnedScale, named_inputs, normal_outputs
from condvae.spec import ModelSpec

Initializers = Iterator[keras.initializers.Initializer]
Shape = Sequence[int]


@dataclass(frozen=True)
class Architecture(ABC):
    """Builds the networks. A subclass defines how vectors and images are computed from inputs.

    `spec.architectures` lists the names under which a spec selects one. In every method, `kernels`
    are the kernel initialisers, one per layer; None means `glorot_uniform(0)`. User-defined
    networks have the same inputs and outputs.

    Attributes:
        hidden_dims: sizes of the hidden layers.
        activation: activation of the hidden layers.
    """

    hidden_dims: Sequence[int] = (512,)
    activation: str = "relu"
    needs_images: ClassVar[bool] = False
    is_bounded: ClassVar[bool] = False

    @classmethod
    def of_spec(cls, model: ModelSpec) -> Self:
        """Build the architecture from the settings of a spec."""
        return cls(model.hidden_dims, model.activation)

    @property
    def is_quick(self) -> bool:
        """Whether a training step is too short to keep a processor busy."""
        return False

    def bounds(self, inputs: Mapping[str, Any]) -> bool:
        """Whether the logvar of z computed from these inputs is bounded, see `normal_outputs`."""
        return self.is_bounded

    def check_x(self, x_shape: Shape) -> None:
        """Raise InputError for an x that the networks cannot process."""
        if self.needs_images and len(x_shape) != 3:
            raise InputError(
                f"the architecture {type(self).__name__.lower()!r} requires images, "
                "(height, width, channels)",
                f"x of shape {tuple(x_shape)}",
                "Use 'mlp' or 'residual'.",
            )

    @abstractmethod
    def vector(
        self,
        network: str,
        inputs: Mapping[str, Any],
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> Any:
        """Hidden values computed from vectors and images, (batch, size).

        Args:
            network: "encoder", "prior" or "classifier".
            inputs: tensors by name.
        """

    @abstractmethod
    def written(
        self,
        network: str,
        inputs: Mapping[str, Any],
        shape: Shape,
        name: str,
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> tuple[Any, Any]:
        """An output of x's form computed from vectors and images, and the layer that writes it.

        Args:
            network: "decoder" or "baseline".
            shape: shape of the output, without the batch axis.
            name: name of the output layer.
        """

    def first_bias(self, x_params: np.ndarray) -> np.ndarray:
        """The bias of the output layer that is nearest to these x_params, (*params_shape,)."""
        return np.reshape(x_params, -1)

    def embedded(self, inputs: Mapping[str, Any], kernels: Initializers) -> Any:
        """The inputs as one vector, (batch, size), for the dense layers of a prior."""
        return self.vector("prior", inputs, kernels)

    def encoder(
        self,
        x_shape: Shape,
        condition_shape: Shape | None,
        latent_dim: int,
        kernels: Initializers | None = None,
    ) -> keras.Model:
        """q(z | x, y).

        Args:
            condition_shape: shape of an encoded y; None for an encoder that sees only x.

        Returns:
            A functional model {"x": (batch, *x_shape), "y": (batch, *condition_shape)} ->
            {"mean": (batch, latent_dim), "logvar": (batch, latent_dim)}.
        """
        inputs = named_inputs(x=x_shape, y=condition_shape)
        return self._of_latents("encoder", inputs, latent_dim, kernels)

    def decoder(
        self,
        params_shape: Shape,
        condition_shape: Shape | None,
        latent_dim: int,
        kernels: Initializers | None = None,
        output_bias: np.ndarray | None = None,
        scale: LearnedScale | None = None,
    ) -> keras.Model:
        """The parameters of p(x | z, y).

        Args:
            params_shape: shape of the last layer's output: `Likelihood.params_shape` of x's shape,
                or x's shape itself if `scale` is given.
            condition_shape: shape of an encoded y; None for a decoder that sees only z.
            output_bias: (*params_shape,) initial values of the last bias, in the units of x_params
                (logits for a Bernoulli likelihood); None for zeros.
            scale: a layer that appends logarithms of variances to the means of the last layer.

        Returns:
            A functional model {"z": (batch, latent_dim), "y": (batch, *condition_shape)} ->
            x_params, (batch, *params_shape), followed by the values that `scale` appends.
        """
        inputs = named_inputs(z=(latent_dim,), y=condition_shape)
        kernels = kernels or glorot_uniform(seed=0)
        x_params, output = self.written("decoder", inputs, params_shape, "x_params", kernels)
        if output_bias is not None:
            output.bias.assign(self.first_bias(output_bias))
        return keras.Model(inputs, scale(x_params) if scale else x_params, name="decoder")

    def prior(
        self,
        condition_shape: Shape,
        latent_dim: int,
        kernels: Initializers | None = None,
        guess_shape: Shape | None = None,
        dropout: Dropout = NO_DROPOUT,
    ) -> keras.Model:
        """p(z | y), a Normal distribution.

        Args:
            guess_shape: shape of the baseline's guess, a further input beside y; None for none.
            dropout: dropout of the hidden values in training.

        Returns:
            A functional model {"y": (batch, *condition_shape)[, "guess": (batch, *guess_shape)]}
            -> {"mean": (batch, latent_dim), "logvar": (batch, latent_dim)}.

        Source: Sohn, Lee & Yan 2015, section 4.1 (the guess as an input of the prior).
        """
        inputs = named_inputs(y=condition_shape, guess=guess_shape)
        return self._of_latents("prior", inputs, latent_dim, kernels, dropout)

    def baseline(
        self,
        params_shape: Shape,
        condition_shape: Shape,
        kernels: Initializers | None = None,
        scale: LearnedScale | None = None,
        dropout: Dropout = NO_DROPOUT,
    ) -> keras.Model:
        """A first guess of x from y alone; params_shape and scale are those of `decoder`.

        Returns:
            A functional model {"y": (batch, *condition_shape)} -> guess (batch, *params_shape),
            followed by the values that `scale` appends, in the units of x_params (logits for a
            Bernoulli likelihood).
        """
        inputs = named_inputs(y=condition_shape)
        kernels = kernels or glorot_uniform(seed=0)
        guess, _ = self.written("baseline", inputs, params_shape, "guess", kernels, dropout)
        return keras.Model(inputs, scale(guess) if scale else guess, name="baseline")

    def classifier(
        self,
        x_shape: Shape,
        num_classes: int,
        kernels: Initializers | None = None,
        dropout: Dropout = NO_DROPOUT,
    ) -> keras.Model:
        """q(y | x), trained together with the model if some labels are missing.

        Returns:
            A functional model {"x": (batch, *x_shape)} -> logits (batch, num_classes).
        """
        inputs, kernels = named_inputs(x=x_shape), kernels or glorot_uniform(seed=0)
        hidden = self.vector("classifier", inputs, kernels, dropout)
        logits = keras.layers.Dense(num_classes, name="logits", kernel_initializer=next(kernels))
        return keras.Model(inputs, logits(hidden), name="classifier")

    def _of_latents(
        self,
        network: str,
        inputs: dict[str, Any],
        latent_dim: int,
        kernels: Initializers | None,
        dropout: Dropout = NO_DROPOUT,
    ) -> keras.Model:
        """A network that outputs a Normal distribution over z."""
        kernels = kernels or glorot_uniform(seed=0)
        hidden = self.vector(network, inputs, kernels, dropout)
        outputs = normal_outputs(hidden, latent_dim, kernels, self.bounds(inputs))
        return keras.Model(inputs, outputs, name=network)
