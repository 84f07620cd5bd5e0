"""From a spec to a model: the only place where a string becomes an object."""

from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np

from condvae.models.baseline import mlp_baseline
from condvae.models.cvae import CVAE
from condvae.models.decoder import mlp_decoder
from condvae.models.encoder import mlp_encoder
from condvae.models.initializers import glorot_uniform
from condvae.models.likelihood import BernoulliLikelihood, NormalLikelihood
from condvae.models.prior import mlp_prior
from condvae.spec import Spec

# The sub-models of a CVAE by the names of its attributes.
NETWORKS = ("encoder", "decoder", "prior", "baseline")

Initializers = Iterator[keras.initializers.Initializer]


def build_model(
    spec: Spec,
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    x_max: int = 255,
    x_mean: np.ndarray | None = None,
    initializers: Initializers | None = None,
) -> CVAE:
    """The untrained model of a spec; the same spec and seed give the same weights.

    Args:
        image_shape: (height, width, channels).
        condition_shape: of an encoded condition.
        x_max: the integer that stands for one.
        x_mean: (*image_shape,) means of the training pixels in [0, 1]; used where the spec
            starts the output's bias from the data.
        initializers: of all kernels; None: by the spec's seed.
    """
    model, objective = spec.model, spec.objective
    seeds = np.random.SeedSequence(spec.training.seed).generate_state(5) >> 1
    encoder_seed, decoder_seed, noise_seed, prior_seed, baseline_seed = (int(s) for s in seeds)
    output_bias = None
    if model.output_bias == "data" and x_mean is not None:
        output_bias = _logit(x_mean) if model.likelihood == "bernoulli" else x_mean
    likelihoods = {
        "bernoulli": BernoulliLikelihood(),
        "normal": NormalLikelihood(model.scale),
    }
    of_network = {
        "encoder": encoder_seed,
        "decoder": decoder_seed,
        "prior": prior_seed,
        "baseline": baseline_seed,
    }
    networks = build_networks(
        spec,
        image_shape,
        condition_shape,
        {name: initializers or glorot_uniform(of_network[name]) for name in network_names(spec)},
        output_bias,
    )
    if model.baseline == "frozen":
        networks["baseline"].trainable = False
    return CVAE(
        **networks,
        likelihood=likelihoods[model.likelihood],
        x_max=x_max,
        binarise=model.pixels == "dynamic",
        beta=objective.beta,
        alpha=objective.alpha,
        coarse_weight=objective.coarse_weight,
        masked=spec.data.task != "class",
        seed=noise_seed,
    )


def network_names(spec: Spec) -> list[str]:
    """Which sub-models the spec asks for."""
    if spec.model.network == "deterministic":
        return ["baseline"]
    names = ["encoder", "decoder"]
    names += ["prior"] if spec.model.prior == "conditional" else []
    return names + ([] if spec.model.baseline == "absent" else ["baseline"])


def build_networks(
    spec: Spec,
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    initializers: Mapping[str, Initializers],
    output_bias: np.ndarray | None = None,
) -> dict[str, keras.Model]:
    """The sub-models that initializers has an entry for, by name; else as in `build_model`."""
    model = spec.model
    makers = {
        "encoder": lambda kernels: mlp_encoder(
            image_shape,
            condition_shape,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            model.activity_regularizer,
            kernels,
        ),
        "decoder": lambda kernels: mlp_decoder(
            image_shape,
            condition_shape if model.decoder_sees == "z_and_y" else None,
            model.latent_dim,
            model.hidden_dims[::-1],
            model.activation,
            output_bias,
            kernels,
        ),
        "prior": lambda kernels: mlp_prior(
            condition_shape,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            None if model.baseline == "absent" else image_shape,
            kernels,
        ),
        "baseline": lambda kernels: mlp_baseline(
            image_shape, condition_shape, model.hidden_dims, model.activation, kernels
        ),
    }
    return {name: makers[name](kernels) for name, kernels in initializers.items()}


def build_optimizer(spec: Spec, steps: int) -> keras.optimizers.Optimizer:
    """Adam, or AdamW, with the spec's learning rate, scheduled over so many steps."""
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
    if training.weight_decay:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=training.weight_decay)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        return optimizer
    return keras.optimizers.Adam(rate)


def _logit(mean: np.ndarray, least: float = 1e-3) -> np.ndarray:
    """Log-odds of pixel means, kept finite where a pixel is always off or on."""
    mean = np.clip(mean, least, 1 - least)
    return np.log(mean) - np.log1p(-mean)
