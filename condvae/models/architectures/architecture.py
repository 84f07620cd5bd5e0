"""What an architecture is: the five networks of a model, alike in kind."""

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
    """Makes networks: a subclass says how vectors and images are made of inputs.

    `spec.architectures` lists the names by which a spec asks for one. In all networks kernels are
    the initialisers of the kernels, layer by layer; None: `glorot_uniform(0)`. Their inputs and
    outputs are those that networks of the user's own have too.

    Attributes:
        hidden_dims: sizes of the hidden layers.
        activation: of the hidden layers.
    """

    hidden_dims: Sequence[int] = (512,)
    activation: str = "relu"
    needs_images: ClassVar[bool] = False
    is_bounded: ClassVar[bool] = False

    @classmethod
    def of_spec(cls, model: ModelSpec) -> Self:
        """With the settings of a spec."""
        return cls(model.hidden_dims, model.activation)

    @property
    def is_quick(self) -> bool:
        """Whether a step is over before it keeps a processor busy."""
        return False

    def bounds(self, inputs: Mapping[str, Any]) -> bool:
        """Whether the logvar of a z made of these inputs is bounded, see `normal_outputs`."""
        return self.is_bounded

    def check_x(self, x_shape: Shape) -> None:
        """Raise InputError for an x that the networks cannot take."""
        if self.needs_images and len(x_shape) != 3:
            raise InputError(
                f"the architecture {type(self).__name__.lower()!r} must have images, "
                "(height, width, channels)",
                f"x of shape {tuple(x_shape)}",
                "Take 'mlp' or 'residual'.",
            )

    @abstractmethod
    def vector(
        self,
        network: str,
        inputs: Mapping[str, Any],
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> Any:
        """Hidden values made of vectors and images, (batch, size).

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
        """Numbers of x's form made of vectors and images, and the layer that writes them.

        Args:
            network: "decoder" or "baseline".
            shape: of what is written, without the batch.
            name: of the layer that writes.
        """

    def first_bias(self, x_params: np.ndarray) -> np.ndarray:
        """The writing layer's bias that comes nearest to these x_params, (*params_shape,)."""
        return np.reshape(x_params, -1)

    def embedded(self, inputs: Mapping[str, Any], kernels: Initializers) -> Any:
        """The inputs as one vector, (batch, size), that dense layers of a prior read."""
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
            condition_shape: of an encoded y; None for an encoder that sees x alone.

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
            params_shape: of what the last layer writes: `Likelihood.params_shape` of x's, but x's
                own where a scale comes to it.
            condition_shape: of an encoded y; None for a decoder that sees z alone.
            output_bias: (*params_shape,) first values of the last bias, in the units of x_params
                (logits for a Bernoulli likelihood); zeros where None.
            scale: appends logarithms of variances to the last layer's means.

        Returns:
            A functional model {"z": (batch, latent_dim), "y": (batch, *condition_shape)} ->
            x_params, (batch, *params_shape), and behind them the scale's.
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
        """p(z | y), a Normal.

        Args:
            guess_shape: of the baseline's guess, which the prior sees beside y; None for none.
            dropout: of the hidden values in training.

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
        """A first guess of x from y alone; params_shape and scale as in `decoder`.

        Returns:
            A functional model {"y": (batch, *condition_shape)} -> guess (batch, *params_shape),
            behind it the scale's, in the units of x_params (logits for a Bernoulli likelihood).
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
        """q(y | x), learned beside where not all labels are known.

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
        """A network that writes a Normal over z."""
        kernels = kernels or glorot_uniform(seed=0)
        hidden = self.vector(network, inputs, kernels, dropout)
        outputs = normal_outputs(hidden, latent_dim, kernels, self.bounds(inputs))
        return keras.Model(inputs, outputs, name=network)
