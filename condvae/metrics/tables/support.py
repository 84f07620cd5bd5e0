"""Fidelity and diversity of synthetic rows, by typical regions of the real rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.metrics.tables.columns import check_alike, draw_rows, num_rows
from condvae.metrics.tables.places import Places, nearest

STEPS = 30  # number of shares alpha and beta between 0 and 1


@dataclass(frozen=True)
class Support:
    """Fidelity and diversity, both from 0 to 1.

    Attributes:
        alpha_precision: 1 if, for each alpha, a share alpha of the synthetic rows is in the ball
            around the real rows' mean that contains that share of the real ones (fidelity).
        beta_recall: how close to beta the share of the real rows is that have a synthetic row
            closer than another real one, among the most typical share beta (diversity); about 0.5
            for equally many further real rows, since the nearest row is equally often of either
            kind.
        num_rows: number of rows of each side.
    """

    alpha_precision: float
    beta_recall: float
    num_rows: int


def measure_support(
    real: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    most_rows: int = 5_000,
    seed: int = 0,
) -> Support:
    """Integrated alpha-precision and beta-recall, with rows as points of `Places`.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) with the same names and kinds.
        most_rows: largest number of rows of each side; equally many of both are drawn.
        seed: seed of the drawn rows.

    Raises:
        InputError: tables that do not fit, or fewer than two rows.

    Source: Alaa, van Breugel, Saveliev & van der Schaar 2022, "How faithful is your synthetic
    data?", with the centres and radii of their published code, without its learned embedding.
    """
    real, synthetic = check_alike(real=real, synthetic=synthetic)
    count = min(num_rows(real), num_rows(synthetic), most_rows)
    if count < 2:
        raise InputError("the tables must have at least two rows", f"{count}", "Add rows.")
    places = Places.of(real)
    x, g = (places.points(draw_rows(table, count, seed)) for table in (real, synthetic))
    shares = np.linspace(0, 1, STEPS)
    centre = x.mean(axis=0)
    radii = np.quantile(np.linalg.norm(x - centre, axis=1), shares)
    precision = (np.linalg.norm(g - centre, axis=1)[:, None] <= radii).mean(axis=0)

    _, to_real = nearest(x, x, 2)  # the row itself, and another one
    closest, to_synthetic = nearest(x, g)
    is_covered = to_synthetic[:, 0] <= to_real[:, 1]
    eccentricity = np.linalg.norm(g[closest[:, 0]] - g.mean(axis=0), axis=1)
    is_typical = eccentricity[:, None] <= np.quantile(eccentricity, shares)
    recall = (is_covered[:, None] & is_typical).mean(axis=0)
    return Support(_closeness(shares, precision), _closeness(shares, recall), count)


def _closeness(shares: np.ndarray, reached: np.ndarray) -> float:
    """1 minus the area between the curve and the diagonal, relative to that below the latter."""
    return float(1 - abs(shares - reached).sum() / shares.sum())
