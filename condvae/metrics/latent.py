"""How much information each latent, and the condition, has about the data."""

import numpy as np

from condvae.blocks import slices
from condvae.checks import check_finite, check_shape

MOST_NUMBERS = 2**21  # in float64 at a time


def latent_activity(mean: np.ndarray) -> np.ndarray:
    """Variance over the data of the posterior mean: A_u = Var_x E_q(z_u | x, y)[z_u].

    It is near 1 for a latent that the decoder uses under a standard normal prior, and near 0 for
    one whose posterior equals the prior.

    Args:
        mean: (batch, latent_dim) posterior means.

    Returns:
        (latent_dim,) float64, non-negative.

    Raises:
        InputError: another number of axes, or values that are not finite.

    Source: Burda, Grosse & Salakhutdinov 2016, section 5.2.
    """
    mean = check_finite(check_shape(np.asarray(mean), (None, None), "mean"), "mean")
    return mean.astype("float64").var(axis=0)


def by_activity(activity: np.ndarray) -> list[int]:
    """The latents, the most active first; latents of equal activity to a tenth keep their order.

    Many latents of a model are almost equally active; the first ones of a model initialised from
    principal components change images the most.

    Args:
        activity: (latent_dim,) from `latent_activity`.
    """
    return np.argsort(-np.round(activity, 1), kind="stable").tolist()


def active_units(mean: np.ndarray, threshold: float = 0.01) -> np.ndarray:
    """Which latents are in use, with an activity above the threshold.

    Args:
        mean: (batch, latent_dim) posterior means.
        threshold: in squared units of z.

    Returns:
        (latent_dim,) bool.

    Source: Burda, Grosse & Salakhutdinov 2016, section 5.2.
    """
    return latent_activity(mean) > threshold


def condition_share(x_mean: np.ndarray) -> float:
    """Share of the variance of decoded rows that is lost if the condition is averaged out.

    1 - Var_z(E_y[x]) / Var_z,y(x), summed over the values of x: 0 if the decoder ignores the
    condition, 1 if it ignores z.

    Args:
        x_mean: (num_styles, num_conditions, dim) each style decoded under every condition.

    Returns:
        From 0 to 1; NaN if nothing varies.

    Raises:
        InputError: another number of axes, or values that are not finite.

    Source: Sobol' 2001, the total index of the condition.
    """
    x_mean = check_finite(check_shape(np.asarray(x_mean), (None, None, None), "x_mean"), "x_mean")
    total, by_style = np.empty((2, x_mean.shape[2]))
    # the values of large images have several copies in float64, so a part of them at a time
    for part in slices(x_mean.shape[2], max(1, MOST_NUMBERS // x_mean[:, :, 0].size)):
        values = x_mean[:, :, part].astype("float64")
        total[part] = values.var(axis=(0, 1))
        # the remaining variance if the condition is averaged out
        by_style[part] = values.mean(axis=1).var(axis=0)
    return float(1 - by_style.sum() / total.sum()) if total.sum() > 0 else float("nan")
