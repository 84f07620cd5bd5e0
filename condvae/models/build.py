"""From a spec to a model: the only place where a string becomes an object."""

from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np

from condvae.models.cvae import CVAE
from condvae.models.decoder import mlp_decoder
from condvae.models.encoder import mlp_encoder
from condvae.models.initializers import glorot_uniform
from condvae.models.likelihood import BernoulliLikelihood, NormalLikelihood
from condvae.spec import Spec

# The sub-models of a CVAE by the names of its attributes.
NETWORKS = ("encoder", "decoder", "prior")

Initializers = Iterator[keras.initializers.Initializer]


def build_model(
    spec: Spec,
    image_shape: Sequence[int],
    condition_dim: int,
    x_max: int = 255,
    x_mean: np.ndarray | None = None,
    initializers: Initializers | None = None,
) -> CVAE:
    """The untrained model of a spec; the same spec and seed give the same weights.

    Args:
        image_shape: (height, width, channels).
        condition_dim: numbers in an encoded condition.
        x_max: the integer that stands for one.
        x_mean: (*image_shape,) means of the training pixels in [0, 1]; used where the spec
            starts the output's bias from the data.
        initializers: of all kernels; None: by the spec's seed.
    """
    model, seed = spec.model, spec.training.seed
    encoder_seed, decoder_seed, noise_seed = np.random.SeedSequence(seed).generate_state(3) >> 1
    output_bias = None
    if model.output_bias == "data" and x_mean is not None:
        output_bias = _logit(x_mean) if model.likelihood == "bernoulli" else x_mean
    likelihoods = {
        "bernoulli": BernoulliLikelihood(),
        "normal": NormalLikelihood(model.scale),
    }
    networks = build_networks(
        spec,
        image_shape,
        condition_dim,
        {
            "encoder": initializers or glorot_uniform(int(encoder_seed)),
            "decoder": initializers or glorot_uniform(int(decoder_seed)),
        },
        output_bias,
    )
    return CVAE(
        **networks,
        likelihood=likelihoods[model.likelihood],
        x_max=x_max,
        binarise=model.pixels == "dynamic",
        beta=spec.objective.beta,
        seed=int(noise_seed),
    )


def build_networks(
    spec: Spec,
    image_shape: Sequence[int],
    condition_dim: int,
    initializers: Mapping[str, Initializers],
    output_bias: np.ndarray | None = None,
) -> dict[str, keras.Model]:
    """The sub-models that initializers has an entry for, by name; else as in `build_model`."""
    model = spec.model
    networks = {}
    if "encoder" in initializers:
        networks["encoder"] = mlp_encoder(
            image_shape,
            condition_dim,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            model.activity_regularizer,
            initializers["encoder"],
        )
    if "decoder" in initializers:
        networks["decoder"] = mlp_decoder(
            image_shape,
            condition_dim,
            model.latent_dim,
            model.hidden_dims[::-1],
            model.activation,
            output_bias,
            initializers["decoder"],
        )
    return networks


def build_optimizer(spec: Spec, steps: int) -> keras.optimizers.Optimizer:
    """Adam with the spec's learning rate, scheduled over so many steps."""
    training = spec.training
    warmup, rate = round(training.warmup * steps), training.learning_rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else training.learning_rate,
            decay_steps=max(1, steps - warmup),
            warmup_target=training.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    elif warmup:
        rate = keras.optimizers.schedules.PolynomialDecay(
            1e-8, decay_steps=warmup, end_learning_rate=training.learning_rate
        )
    return keras.optimizers.Adam(rate)


def _logit(mean: np.ndarray, least: float = 1e-3) -> np.ndarray:
    """Log-odds of pixel means, kept finite where a pixel is always off or on."""
    mean = np.clip(mean, least, 1 - least)
    return np.log(mean) - np.log1p(-mean)
