"""Tables that the measures are tried on."""

import numpy as np


def table(num_rows, seed, missing=0.0):
    """Numbers, ties and words that depend on each other, and a share of missing cells."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=num_rows)
    columns = {
        "size": size,
        "steps": np.rint(size + rng.normal(size=num_rows)),
        "animal": np.array(["ant", "bee", "cat"])[rng.integers(0, 3, num_rows)],
        "sign": np.where(size + 0.3 * rng.normal(size=num_rows) > 0, "plus", "minus"),
    }
    for values in columns.values():
        values[rng.random(num_rows) < missing] = "" if values.dtype.kind == "U" else np.nan
    return columns
