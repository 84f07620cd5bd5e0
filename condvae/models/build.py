"""From a spec to a model: the only place where a string becomes an object."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import keras
import numpy as np

from condvae.models.baseline import conv_baseline, mlp_baseline
from condvae.models.cvae import CVAE
from condvae.models.decoder import conv_decoder, mlp_decoder
from condvae.models.encoder import conv_encoder, mlp_encoder
from condvae.models.initializers import glorot_uniform
from condvae.models.likelihood import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    NormalLikelihood,
)
from condvae.models.prior import conv_prior, mlp_prior
from condvae.spec import Spec

# The sub-models of a CVAE by the names of its attributes, and what makes them.
NETWORKS = ("encoder", "decoder", "prior", "baseline")
MAKERS: dict[str, tuple[Callable[..., keras.Model], ...]] = {
    "mlp": (mlp_encoder, mlp_decoder, mlp_prior, mlp_baseline),
    "residual": (
        partial(mlp_encoder, residual=True),
        partial(mlp_decoder, residual=True),
        partial(mlp_prior, residual=True),
        partial(mlp_baseline, residual=True),
    ),
    "convolutional": (conv_encoder, conv_decoder, conv_prior, conv_baseline),
}

Initializers = Iterator[keras.initializers.Initializer]


def build_model(
    spec: Spec,
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    x_max: int = 255,
    y_max: int | None = None,
    x_mean: np.ndarray | None = None,
    initializers: Initializers | None = None,
) -> CVAE:
    """The untrained model of a spec; the same spec and seed give the same weights.

    Args:
        image_shape: (height, width, channels) of the images as stored.
        condition_shape: of an encoded condition.
        x_max: the integer that stands for one; of label maps the last class.
        y_max: the same of an image given as y; None: x_max.
        x_mean: means of the training pixels in [0, 1], (*image_shape,), or of label maps the
            classes' shares, (height, width, num_classes); used where the spec starts the output's
            bias from the data.
        initializers: of all kernels; None: by the spec's seed.
    """
    model, objective = spec.model, spec.objective
    seeds = np.random.SeedSequence(spec.training.seed).generate_state(5) >> 1
    encoder_seed, decoder_seed, noise_seed, prior_seed, baseline_seed = (int(s) for s in seeds)
    output_bias = None
    if model.output_bias == "data" and x_mean is not None:
        to_params = {"bernoulli": _logit, "categorical": _log_shares}
        output_bias = to_params.get(model.likelihood, np.asarray)(x_mean)
    likelihoods = {
        "bernoulli": BernoulliLikelihood(),
        "categorical": CategoricalLikelihood(),
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
        x_shape(spec, image_shape, x_max),
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
        y_max=y_max,
        binarise=model.pixels == "dynamic",
        beta=objective.beta,
        alpha=objective.alpha,
        coarse_weight=objective.coarse_weight,
        masked=spec.data.masks_parts,
        seed=noise_seed,
    )


def x_shape(spec: Spec, image_shape: Sequence[int], x_max: int) -> tuple[int, ...]:
    """Of one x in the networks: label maps have a channel for each class."""
    of_classes = spec.model.likelihood == "categorical"
    return (*image_shape[:-1], x_max + 1) if of_classes else tuple(image_shape)


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
    """The sub-models that initializers has an entry for, by name; else as in `build_model`.

    Args:
        image_shape: of one x in the networks, see `x_shape`.
    """
    model = spec.model
    make_encoder, make_decoder, make_prior, make_baseline = MAKERS[model.architecture]
    regularizer = {"activity_regularizer": model.activity_regularizer}
    makers = {
        "encoder": lambda kernels: make_encoder(
            image_shape,
            condition_shape,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            initializers=kernels,
            **(regularizer if model.activity_regularizer else {}),
        ),
        "decoder": lambda kernels: make_decoder(
            image_shape,
            condition_shape if model.decoder_sees == "z_and_y" else None,
            model.latent_dim,
            # a decoder of dense layers mirrors the encoder; channels belong to levels
            model.hidden_dims[:: 1 if model.architecture == "convolutional" else -1],
            model.activation,
            output_bias,
            kernels,
        ),
        "prior": lambda kernels: make_prior(
            condition_shape,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            None if model.baseline == "absent" else image_shape,
            kernels,
        ),
        "baseline": lambda kernels: make_baseline(
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


def _log_shares(shares: np.ndarray, least: float = 1e-3) -> np.ndarray:
    """Log of the classes' shares, kept finite where a class is absent."""
    return np.log(np.maximum(shares, least))
