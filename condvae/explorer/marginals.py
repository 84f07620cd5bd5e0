"""How often a table's columns have which values: what a page shows of real rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.conditions import is_missing

MOST_BARS = 24
ENDS = (
    0.005,
    0.995,
)  # shares of the numbers between which bars lie; beyond, they count to the last


def marginals(cells: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Shares of the values of each column.

    Args:
        cells: {column: (N,) numbers, NaN where empty, or words, "" where empty}.

    Returns:
        {column: shares}: of words and of few numbers "values" and their "shares", which leave out
        what is seldom, of other numbers "edges", one more than there are bars, and the "shares" of
        the bars; "empty" is the share of empty cells.
    """
    return {name: _marginal(values) for name, values in cells.items()}


def _marginal(values: np.ndarray) -> dict[str, Any]:
    """Of one column."""
    missing = is_missing(values)
    seen, total = values[~missing], max(1, len(values))
    empty = float(missing.mean()) if len(values) else 0.0
    distinct, counts = np.unique(seen, return_counts=True)
    if values.dtype.kind not in "fiu" or len(distinct) <= MOST_BARS:
        most = np.sort(np.argsort(-counts, kind="stable")[:MOST_BARS])
        if values.dtype.kind not in "fiu":  # words by how frequent they are
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
    """To a thousandth: a bar is no finer, and no single row is told by it in a large table."""
    return np.round(shares, 3).tolist()
