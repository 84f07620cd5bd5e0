"""From a spec to a model: the only place in which a string becomes an object."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError, check_choice
from condvae.likelihoods import likelihood_of
from condvae.models.cvae import CVAE
from condvae.models.initializers import glorot_uniform
from condvae.models.networks import build_networks, network_names, seeds_of, x_shape
from condvae.models.objective import objective_of
from condvae.spec import Signature, Spec, TrainingSpec

Initializers = Iterator[keras.initializers.Initializer]
Networks = Mapping[str, keras.Model] | None


def build_model(
    spec: Spec,
    signature: Signature,
    x_mean: np.ndarray | None = None,
    initializers: Initializers | None = None,
    networks: Networks = None,
    steps: int = 0,
    model_class: type[CVAE] = CVAE,
) -> CVAE:
    """Build the untrained model of a spec; the same spec and seed give the same weights.

    Args:
        x_mean: means of the training x in the units of the networks' x, (*x_shape,): of pixels in
            [0, 1], of counts as they are, and for label maps the shares of the classes, (height,
            width, num_classes). Used if the spec initialises the output bias from the data.
        initializers: kernel initialisers of all networks; None: drawn with the spec's seed.
        networks: user-defined sub-models, by the names of `CVAE`'s arguments, which replace the
            networks of the spec.
        steps: number of steps of the whole training, of which beta's warm-up is a fraction; 0: no
            warm-up.
        model_class: CVAE, or a subclass whose constructor takes the same arguments.

    Raises:
        InputError: a user-defined network does not fit; the message says why.
    """
    model, seeds = spec.model, seeds_of(spec)
    likelihood, output_bias = likelihood_of(spec.model, signature.columns), None
    if model.output_bias == "data" and x_mean is not None:
        output_bias = likelihood.params_of(x_mean)
    names, own = network_names(spec), dict(networks or {})
    for name in own:
        check_choice(name, names, "a network to replace")
    kernels = {name: initializers or glorot_uniform(seeds[name]) for name in names}
    kernels = {name: kernels[name] for name in names if name not in own}
    parts = build_networks(spec, signature, likelihood, kernels, output_bias) | own
    # its weights come from another run
    for name in (*spec.training.freeze, *(["baseline"] if model.baseline == "frozen" else [])):
        parts[check_choice(name, names, "a network to freeze")].trainable = False
    if "features" in parts:
        parts["features"].trainable = False
    cvae = model_class(
        **parts,
        likelihood=likelihood,
        objective=objective_of(spec, steps),
        x_max=signature.x_max,
        y_max=signature.y_max,
        binarise=model.pixels == "dynamic",
        masked=spec.data.masks_parts,
        seed=seeds["noise"],
    )
    for what, expected, received in (
        ("x", x_shape(likelihood, signature), cvae.image_shape),
        ("y", tuple(signature.condition_shape), cvae.condition_shape),
        ("z", model.latent_dim if "encoder" in names else 0, cvae.latent_dim),
    ):
        if expected != received:
            raise InputError(
                f"the networks must have the {what} of data and spec, {expected}",
                f"{received} in {', '.join(own)}",
                "Build them with these shapes, or set latent_dim.",
            )
    return cvae


def build_optimizer(spec: Spec, steps: int) -> keras.optimizers.Optimizer:
    """Adam, or AdamW, with the spec's learning rate, scheduled over the given number of steps.

    If the spec says so, gradients are clipped and the weights averaged; see `training.averaging`.
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
    """The learning rate over the given number of steps: a Keras schedule, or a constant.

    Args:
        peak: a number, or a scalar tensor in a compiled step that serves several learning rates.
    """
    schedules, warmup = keras.optimizers.schedules, round(training.warmup * steps)
    if training.schedule == "cosine":
        return schedules.CosineDecay(
            # Keras warms up from this value to warmup_target, and decays from there
            0.0 if warmup else peak,
            decay_steps=max(1, steps - warmup),
            warmup_target=peak if warmup else None,
            warmup_steps=warmup,
        )
    if warmup:
        # degree 1: a linear schedule, here increasing
        return schedules.PolynomialDecay(1e-8, decay_steps=warmup, end_learning_rate=peak)
    return peak
