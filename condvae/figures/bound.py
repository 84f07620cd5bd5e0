"""How much more draws of z tighten the bound on log p(x | y)."""

from collections.abc import Sequence
from typing import Any

from condvae.checks import InputError
from condvae.figures.curves import bound_curves
from condvae.figures.figure import Figure
from condvae.inference.trained import TrainedModel

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def bound(
    model: TrainedModel,
    x: Any,
    y: Any,
    sizes: Sequence[int] = SIZES,
    images: str = "the given images",
    note: str = "",
    seed: int = 0,
) -> Figure:
    """Estimates of -log p(x | y) for increasing numbers of draws, beside -ELBO.

    Args:
        x: images.
        y: condition of each.
        sizes: numbers of draws, increasing.
        images: what the images are, for the caption.
        note: note on the data, for the caption.
        seed: seed of all draws.

    Raises:
        InputError: a model without latents.

    Source: Burda, Grosse & Salakhutdinov 2016, theorem 1; Sohn, Lee & Yan 2015, section 4.2.
    """
    if not model.latent_dim:
        raise InputError(
            "the figure bound needs a model with latents",
            "one without, whose log p(x | y) is exact",
            "See it with `condvae evaluate`.",
        )
    curves = {
        name: model.log_prob_curve(x, y, sizes, estimator, seed)
        for name, estimator in (
            ("importance sampling, z from q(z | x, y)", "importance"),
            ("Monte Carlo, z from p(z | y)", "prior"),
        )
    }
    if not model.keras_model.objective.trains_encoder:
        note = f"With alpha = 0 the prior stands in for q: both curves are one. {note}"
    of_q, _ = curves.values()
    # not `elbo`, whose single draw of z is as noisy as S = 1
    negative_elbo = -float(of_q[-1].mean_log_weight.mean())
    return bound_curves(
        curves,
        negative_elbo,
        f"−log p(x | y) by S draws of z for each image (the first S of {sizes[-1]:,}), and −ELBO "
        f"by all of those from q; {images} ({len(x):,}), means in nats, bands ± one standard error "
        "over the images, which all curves share. In expectation each estimate of log p is a lower "
        f"bound that rises with S, so that the curves fall towards −log p. {note}",
    )
