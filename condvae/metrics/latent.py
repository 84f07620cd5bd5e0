"""How much each latent says about the data, and how much the condition says beside them."""

import numpy as np

from condvae.checks import check_finite, check_shape


def latent_activity(mean: np.ndarray) -> np.ndarray:
    """Variance over the data of the posterior mean: A_u = Var_x E_q(z_u | x, y)[z_u].

    Near 1 for a latent that the decoder uses under a standard normal prior, near 0 for one
    that its posterior leaves at the prior.

    Args:
        mean: (batch, latent_dim) posterior means.

    Returns:
        (latent_dim,) float64, non-negative.

    Raises:
        InputError: another number of axes, or a value that is not finite.

    Source: Burda, Grosse & Salakhutdinov 2016, section 5.2.
    """
    mean = check_finite(check_shape(np.asarray(mean), (None, None), "mean"), "mean")
    return mean.astype("float64").var(axis=0)


def by_activity(activity: np.ndarray) -> list[int]:
    """The latents, the most active first; those as active to a tenth stay in their order.

    Many latents of one model are nearly as active as one another; the first ones of a model that
    starts from principal components change images the most.

    Args:
        activity: (latent_dim,) of `latent_activity`.
    """
    return np.argsort(-np.round(activity, 1), kind="stable").tolist()


def active_units(mean: np.ndarray, threshold: float = 0.01) -> np.ndarray:
    """Which latents are in use: activity above the threshold.

    Args:
        mean: (batch, latent_dim) posterior means.
        threshold: in squared units of z.

    Returns:
        (latent_dim,) bool.

    Source: Burda, Grosse & Salakhutdinov 2016, section 5.2.
    """
    return latent_activity(mean) > threshold


def condition_share(x_mean: np.ndarray) -> float:
    """Share of the variance of decoded rows that goes when the condition is averaged out.

    1 - Var_z(E_y[x]) / Var_z,y(x), summed over the numbers of x: 0 where the decoder does not look
    at the condition, 1 where it does not look at z.

    Args:
        x_mean: (num_styles, num_conditions, dim) decoded under every condition.

    Returns:
        From 0 to 1; NaN where nothing varies.

    Raises:
        InputError: another number of axes, or a value that is not finite.

    Source: Sobol' 2001, the total index of the condition.
    """
    x_mean = check_finite(check_shape(np.asarray(x_mean), (None, None, None), "x_mean"), "x_mean")
    x_mean = x_mean.astype("float64")
    total = x_mean.var(axis=(0, 1)).sum()
    # what is left of the variance when the condition is averaged out
    by_style = x_mean.mean(axis=1).var(axis=0).sum()
    return float(1 - by_style / total) if total > 0 else float("nan")
