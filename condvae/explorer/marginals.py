"""How often each value occurs in the columns of a table: what a page shows of real rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.conditions import is_missing

MOST_BARS = 24
ENDS = (
    0.005,
    0.995,
)  # quantiles between which the bars are; numbers outside count towards the last bars


def marginals(cells: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Shares of the values of each column.

    Args:
        cells: {column: (N,) numbers, NaN where empty, or words, "" where empty}.

    Returns:
        {column: shares}: for words and for few numbers, "values" and their "shares", without rare
        values; for other numbers, "edges", one more than there are bars, and the "shares" of the
        bars; "empty" is the share of empty cells.
    """
    return {name: _marginal(values) for name, values in cells.items()}


def _marginal(values: np.ndarray) -> dict[str, Any]:
    """Shares of one column."""
    missing = is_missing(values)
    seen, total = values[~missing], max(1, len(values))
    empty = float(missing.mean()) if len(values) else 0.0
    distinct, counts = np.unique(seen, return_counts=True)
    if values.dtype.kind not in "fiu" or len(distinct) <= MOST_BARS:
        most = np.sort(np.argsort(-counts, kind="stable")[:MOST_BARS])
        if values.dtype.kind not in "fiu":  # words by frequency
            most = most[np.argsort(-counts[most], kind="stable")]
        shares = counts[most] / total
        return {"values": distinct[most].tolist(), "shares": _rounded(shares), "empty": empty}
    low, high = np.quantile(seen, ENDS)
    if low == high:
        low, high = seen.min(), seen.max()
    edges = np.linspace(low, high, MOST_BARS + 1)
    counts, _ = np.histogram(np.clip(seen, low, high), edges)
    return {"edges": edges.tolist(), "shares": _rounded(counts / total), "empty": empty}


def _rounded(shares: np.ndarray) -> list[float]:
    """Rounded to a thousandth: bars are no finer, and a large table reveals no single row."""
    return np.round(shares, 3).tolist()
