"""Facts about the axes of z: their activity, and what they change."""

import json
from pathlib import Path

import numpy as np

from condvae.metrics.latent import by_activity, latent_activity

MOST_BYTES = 2**24


def order_latents(mean: np.ndarray | None, latent_dim: int) -> tuple[list[int], list[float] | None]:
    """Axes, the most active first, and the activity of each axis; in original order without data.

    Args:
        mean: (N, latent_dim) posterior means, or None.
    """
    if mean is None:
        return list(range(latent_dim)), None
    activity = latent_activity(mean)
    return by_activity(activity), activity.tolist()


def read_moves(path: Path) -> dict[int, str]:
    """What each axis changes, from `condvae evaluate`: {0: "slant"}; empty if it is not known.

    Args:
        path: path of a metrics.json. Its other content does not matter here, and a damaged file
            counts as missing: only the names of sliders are lost.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        measures = json.loads(path.read_bytes())["measures"].values()
        axes = [axis for numbers in measures for axis in numbers.get("axes", ())]
        return {int(axis["latent"]): str(axis["attribute"]) for axis in axes if axis["attribute"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
