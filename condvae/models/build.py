"""From a spec to a model: the only place where a string becomes an object."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError, check_choice
from condvae.likelihoods import Columns, likelihood_named, likelihood_of
from condvae.models.baseline import conv_baseline, mlp_baseline
from condvae.models.classifier import conv_classifier, mlp_classifier
from condvae.models.cvae import CVAE
from condvae.models.decoder import conv_decoder, mlp_decoder
from condvae.models.encoder import conv_encoder, mlp_encoder
from condvae.models.flow import flow_prior
from condvae.models.initializers import glorot_uniform, spread_first
from condvae.models.layers import Dropout, LearnedScale
from condvae.models.objective import objective_of
from condvae.models.prior import conv_prior, mlp_prior
from condvae.models.vampprior import vampprior
from condvae.spec import Spec, TrainingSpec

# What makes the sub-models, in the order of `NETWORKS`.
MAKERS: dict[str, tuple[Callable[..., keras.Model], ...]] = {
    "mlp": (mlp_encoder, mlp_decoder, mlp_prior, mlp_baseline, mlp_classifier),
    "residual": (
        partial(mlp_encoder, residual=True),
        partial(mlp_decoder, residual=True),
        partial(mlp_prior, residual=True),
        partial(mlp_baseline, residual=True),
        partial(mlp_classifier, residual=True),
    ),
    "convolutional": (conv_encoder, conv_decoder, conv_prior, conv_baseline, conv_classifier),
}

Initializers = Iterator[keras.initializers.Initializer]
Networks = Mapping[str, keras.Model] | None


def build_model(
    spec: Spec,
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    x_max: int = 255,
    y_max: int | None = None,
    x_mean: np.ndarray | None = None,
    initializers: Initializers | None = None,
    columns: Columns = None,
    networks: Networks = None,
    steps: int = 0,
) -> CVAE:
    """The untrained model of a spec; the same spec and seed give the same weights.

    Args:
        image_shape: (height, width, channels) of the images as stored; of a table's rows (size,).
        condition_shape: of an encoded condition.
        x_max: the integer that stands for one; of label maps the last class.
        y_max: the same of an image given as y; None: x_max.
        x_mean: means of the training x in the units of the networks' x, (*image_shape,): of pixels
            in [0, 1], of counts as they are; of label maps the classes' shares, (height, width,
            num_classes); used where the spec starts the output's bias from the data.
        initializers: of all kernels; None: by the spec's seed.
        columns: of a table, see `TableLikelihood`.
        networks: sub-models of the user's own, by the names of `CVAE`'s arguments, in place of
            those of the spec.
        steps: of the whole training, that beta's warm-up is a fraction of; 0: no warm-up.

    Raises:
        InputError: a network of the user's own that does not fit; what is wrong is named.
    """
    model = spec.model
    encoder_seed, decoder_seed, noise_seed, prior_seed, baseline_seed, classifier_seed = _seeds(
        spec
    )
    likelihood, output_bias = likelihood_of(spec.model, columns), None
    if model.output_bias == "data" and x_mean is not None:
        output_bias = likelihood.params_of(x_mean)
    of_network = {
        "encoder": encoder_seed,
        "decoder": decoder_seed,
        "prior": prior_seed,
        "baseline": baseline_seed,
        "classifier": classifier_seed,
    }
    names, own = network_names(spec), dict(networks or {})
    for name in own:
        check_choice(name, names, "a network of one's own")
    shape = x_shape(spec, image_shape, x_max)
    kernels = {name: initializers or glorot_uniform(of_network[name]) for name in names}
    built = build_networks(
        spec,
        shape,
        condition_shape,
        {name: kernels[name] for name in names if name not in own},
        output_bias,
        columns,
    )
    parts = built | own
    if model.baseline == "frozen":
        # its weights come from a run of the baseline alone
        parts["baseline"].trainable = False
    cvae = CVAE(
        **parts,
        likelihood=likelihood,
        x_max=x_max,
        y_max=y_max,
        binarise=model.pixels == "dynamic",
        objective=objective_of(spec, steps),
        masked=spec.data.masks_parts,
        seed=noise_seed,
    )
    for what, expected, received in (
        ("x", shape, cvae.image_shape),
        ("y", tuple(condition_shape), cvae.condition_shape),
        ("z", model.latent_dim if "encoder" in names else 0, cvae.latent_dim),
    ):
        if expected != received:
            raise InputError(
                f"the networks must have the {what} of data and spec, {expected}",
                f"{received} in {', '.join(own)}",
                "Build them with these shapes, or set latent_dim.",
            )
    return cvae


def x_shape(spec: Spec, image_shape: Sequence[int], x_max: int) -> tuple[int, ...]:
    """Of one x in the networks: label maps have a channel for each class."""
    of_classes = likelihood_named(spec.model.likelihood).of_classes
    return (*image_shape[:-1], x_max + 1) if of_classes else tuple(image_shape)


def network_names(spec: Spec) -> list[str]:
    """Which sub-models the spec asks for."""
    if spec.model.network == "deterministic":
        return ["baseline"]
    names = ["encoder", "decoder"]
    names += [] if spec.model.prior == "standard" else ["prior"]
    names += [] if spec.model.baseline == "absent" else ["baseline"]
    return names + ([] if spec.data.labelled is None else ["classifier"])


def build_networks(
    spec: Spec,
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    initializers: Mapping[str, Initializers],
    output_bias: np.ndarray | None = None,
    columns: Columns = None,
) -> dict[str, keras.Model]:
    """The sub-models that initializers has an entry for, by name; else as in `build_model`.

    Args:
        image_shape: of one x in the networks, see `x_shape`.
    """
    model = spec.model
    make_encoder, make_decoder, make_prior, make_baseline, make_classifier = MAKERS[
        model.architecture
    ]
    if model.architecture == "convolutional" and len(image_shape) != 3:
        raise InputError(
            "the architecture 'convolutional' must have images, (height, width, channels)",
            f"x of shape {tuple(image_shape)}",
            "Take 'mlp' or 'residual'.",
        )
    params_shape = likelihood_of(spec.model, columns).params_shape(image_shape)
    is_learned = isinstance(model.scale, str)

    def scale() -> dict[str, LearnedScale]:
        of_each = model.scale == "per_dimension"
        return {"scale": LearnedScale(of_each)} if is_learned else {}

    # a `LearnedScale` appends the variances to what the network writes
    written_shape = image_shape if is_learned else params_shape
    everywhere = {"condition_everywhere": True} if model.condition_at == "every_layer" else {}
    regularizer = {"activity_regularizer": model.activity_regularizer}
    _, _, _, *seeds = _seeds(spec)

    def dropout(name: str) -> dict[str, Dropout]:
        seed = seeds[("prior", "baseline", "classifier").index(name)]
        rate = model.classifier_dropout if name == "classifier" else model.dropout
        return {"dropout": Dropout(rate, seed)} if rate else {}

    def prior(kernels: Initializers) -> Any:
        is_conv, sees_y = model.architecture == "convolutional", model.prior_sees == "y"
        guess_shape = None if model.baseline == "absent" else image_shape
        if model.prior == "flow":
            return flow_prior(
                condition_shape if sees_y else None,
                model.latent_dim,
                model.coupling_dims,
                model.activation,
                guess_shape,
                kernels,
                model.couplings,
                model.hidden_dims if is_conv else None,
                **dropout("prior"),
            )
        if model.prior == "vampprior":
            link = likelihood_of(spec.model, columns).link
            return vampprior(
                image_shape,
                condition_shape,
                model.latent_dim,
                model.pseudo_inputs,
                sees_y,
                link,
                kernels,
            )
        return make_prior(
            condition_shape,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            guess_shape,
            kernels,
            **everywhere,
            **dropout("prior"),
        )

    makers = {
        "encoder": lambda kernels: make_encoder(
            image_shape,
            condition_shape if model.encoder_sees == "x_and_y" else None,
            model.latent_dim,
            model.hidden_dims,
            model.activation,
            initializers=kernels,
            **(regularizer if model.activity_regularizer else {}),
            **everywhere,
        ),
        "decoder": lambda kernels: make_decoder(
            written_shape,
            condition_shape if model.decoder_sees == "z_and_y" else None,
            model.latent_dim,
            # a decoder of dense layers mirrors the encoder; channels belong to levels
            model.hidden_dims[:: 1 if model.architecture == "convolutional" else -1],
            model.activation,
            output_bias,
            spread_first(kernels) if model.decoder_start == "spread" else kernels,
            **everywhere,
            **scale(),
        ),
        "prior": prior,
        "baseline": lambda kernels: make_baseline(
            written_shape,
            condition_shape,
            model.hidden_dims,
            model.activation,
            kernels,
            **scale(),
            **dropout("baseline"),
        ),
        "classifier": lambda kernels: make_classifier(
            image_shape,
            condition_shape[0],
            model.hidden_dims,
            model.activation,
            kernels,
            **dropout("classifier"),
        ),
    }
    return {name: makers[name](kernels) for name, kernels in initializers.items()}


def _seeds(spec: Spec) -> list[int]:
    """Of encoder, decoder, noise, prior, baseline and classifier, below 2**31."""
    # one for each network, so that a network that is left out changes no other's weights
    return [int(s) for s in np.random.SeedSequence(spec.training.seed).generate_state(6) >> 1]


def build_optimizer(spec: Spec, steps: int) -> keras.optimizers.Optimizer:
    """Adam, or AdamW, with the spec's learning rate, scheduled over so many steps.

    Where the spec asks for it, it shortens long gradients, and averages the weights beside; see
    `training.averaging`.
    """
    training = spec.training
    rate = scheduled_rate(training, steps, training.learning_rate)
    options: dict[str, Any] = {"global_clipnorm": training.clip_norm}
    if training.ema:
        options |= {"use_ema": True, "ema_momentum": training.ema}
    if training.weight_decay:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=training.weight_decay, **options)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        return optimizer
    return keras.optimizers.Adam(rate, **options)


def scheduled_rate(training: TrainingSpec, steps: int, peak: Any) -> Any:
    """The learning rate over so many steps: a schedule of Keras's, or a constant one as it is.

    Args:
        peak: a number, or a scalar tensor in a compiled step that is to serve several rates.
    """
    schedules, warmup = keras.optimizers.schedules, round(training.warmup * steps)
    if training.schedule == "cosine":
        return schedules.CosineDecay(
            # Keras warms up from this number to warmup_target, and decays from there
            0.0 if warmup else peak,
            decay_steps=max(1, steps - warmup),
            warmup_target=peak if warmup else None,
            warmup_steps=warmup,
        )
    if warmup:
        # of degree 1: linear, here upwards
        return schedules.PolynomialDecay(1e-8, decay_steps=warmup, end_learning_rate=peak)
    return peak
