"""Images with holes, completed in several ways."""

from typing import Any

import numpy as np

from condvae.checks import InputError, check_at_least, check_shape
from condvae.conditions.masks import observe
from condvae.figures.tiles import scaled_images
from condvae.inference.trained import TrainedModel

SWEEPS = 30


def complete(
    model: TrainedModel,
    image: Any,
    given: Any,
    num_samples: int = 8,
    label: Any = None,
    seed: int = 0,
    sweeps: int = SWEEPS,
) -> np.ndarray:
    """Possible completions of an image with holes.

    A model that is conditioned on parts of images predicts the holes. A model that is conditioned
    on labels fills them by alternating z ~ q(z | x, label) and x_missing ~ p(x | z, label), from a
    first draw of the prior: in the limit, draws of p(x_missing | x_given, label), as far as
    q is the posterior. Grey pixels under a Bernoulli likelihood take their expected values, since
    drawn ones would be black or white.

    Args:
        image: (height, width[, channels]); the values in the holes do not matter.
        given: (height, width), true for given pixels.
        num_samples: number of completions.
        label: label of the image, for a model that is conditioned on labels.
        seed: seed of all draws.
        sweeps: number of alternations, for a model that is conditioned on labels.

    Returns:
        (num_samples, *image_shape) float32, with the given pixels unchanged.

    Raises:
        InputError: another size, a mask that gives all pixels or none, a label that is missing or
            not allowed.

    Source: Sohn, Lee & Yan 2015, section 4; Rezende, Mohamed & Wierstra 2014, appendix F.
    """
    check_at_least(num_samples, 1, "num_samples")
    check_at_least(sweeps, 1, "sweeps")
    has_label = model.condition.classes is not None
    if not has_label and not model.condition.of_x:
        raise InputError(
            "completing needs a model that is given classes or parts of images",
            f"one of {model.condition}",
            "Use `condvae generate RUN --given IMAGE`.",
        )
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    x = scaled_images(model, check_shape(image, model.image_shape, "the image")[None])
    if has_label != (label is not None):
        raise InputError(
            "a model of classes needs the image's label, and one of parts of images takes none",
            "no label" if has_label else f"the label {label!r}",
            "Give --given LABEL." if has_label else "Leave --given out.",
        )
    y = observe(x, given)
    given = np.broadcast_to(np.asarray(given, bool)[..., None], model.image_shape)
    if not has_label:
        drawn = model.predict(y, num_samples, seed).samples[0]
        return np.where(given, x, drawn)
    # holes start from the prior: their old content must not leak
    x = np.where(given, x, model.generate(label, num_samples, seed=seed))
    network = model.keras_model
    sample = network.binarise or network.likelihood.noise == "normal"
    for sweep in range(1, sweeps + 1):
        # no two sweeps share noise, nor do neighbouring seeds; the initial x uses seed's
        step = seed * sweeps + sweep
        # a draw, not the mean: sweeps are a Markov chain with the limit p(holes | given)
        z = model.sample_posterior(x, label, seed=step)
        x = np.where(given, x, model.generate(label, z=z, sample=sample, seed=step))
    return x


def with_given(image: np.ndarray, given: np.ndarray, completions: np.ndarray) -> np.ndarray:
    """The completions, after the image with its missing part in mid-grey.

    Args:
        image: (height, width, channels) in [0, 1].
        given: (height, width), true for given pixels.
        completions: (num_samples, height, width, channels).

    Returns:
        (1 + num_samples, height, width, channels) float32.
    """
    shown = np.where(np.asarray(given, bool)[..., None], image, 0.5)
    return np.concatenate([shown[None], completions]).astype("float32")
