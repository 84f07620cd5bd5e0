"""The distance of each column's distribution from the real one."""

from collections.abc import Mapping

import numpy as np

from condvae.metrics.tables.columns import check_alike


def marginal_distance(
    real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """The distance of each column's distribution from the real one, from 0 to 1.

    For numbers it is the Kolmogorov-Smirnov statistic, the largest difference of the two cumulative
    distributions; for text it is the total variation, half the sum of the differences of the
    shares. Missing values count, as a separate word, or as a number above all others.

    Args:
        real: (N,) numbers (NaN: missing) or text ("": missing) by name.
        synthetic: (M,) with the same names and kinds.

    Raises:
        InputError: names, kinds or lengths that do not fit, no rows, or infinite values.
    """
    real, synthetic = check_alike(real=real, synthetic=synthetic)
    return {
        name: _total_variation(values, synthetic[name])
        if values.dtype.kind == "U"
        else _kolmogorov_smirnov(values, synthetic[name])
        for name, values in real.items()
    }


def _kolmogorov_smirnov(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Largest difference of the cumulative distributions, with NaN above all numbers."""
    # columns have no infinite values, so that only missing numbers are there
    sides = [np.sort(np.where(np.isnan(values), np.inf, values)) for values in (real, synthetic)]
    shares = [
        np.searchsorted(side, np.concatenate(sides), side="right") / len(side) for side in sides
    ]
    return float(abs(shares[0] - shares[1]).max())


def _total_variation(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Half the sum of the differences of the words' shares."""
    words, codes = np.unique(np.concatenate([real, synthetic]), return_inverse=True)
    shares = [
        np.bincount(part, minlength=len(words)) / len(part) for part in np.split(codes, [len(real)])
    ]
    return float(abs(shares[0] - shares[1]).sum() / 2)
