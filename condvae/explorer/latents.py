"""What is known of the axes of z: how much each says, and what it moves."""

import json
from pathlib import Path

import numpy as np

from condvae.metrics.latent import by_activity, latent_activity

MOST_BYTES = 2**24


def order_latents(mean: np.ndarray | None, latent_dim: int) -> tuple[list[int], list[float] | None]:
    """Axes, the most active first, and the activity of each axis; as they are without data.

    Args:
        mean: (N, latent_dim) posterior means, or None.
    """
    if mean is None:
        return list(range(latent_dim)), None
    activity = latent_activity(mean)
    return by_activity(activity), activity.tolist()


def read_moves(path: Path) -> dict[int, str]:
    """What each axis moves, by `condvae evaluate`: {0: "slant"}; empty where it did not say.

    Args:
        path: of a metrics.json. What is in it beside these words does not matter here, and a
            damaged one is as good as none: the names of sliders are all that is lost.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        measures = json.loads(path.read_bytes())["measures"].values()
        axes = [axis for numbers in measures for axis in numbers.get("axes", ())]
        return {int(axis["latent"]): str(axis["attribute"]) for axis in axes if axis["attribute"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
