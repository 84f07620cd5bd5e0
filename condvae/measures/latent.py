"""How much each latent says about the data."""

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
