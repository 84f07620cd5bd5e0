"""A run's model over any number of rows: blocks in, blocks out, memory that stays as it is.

NumPy computes on all cores where the run has graphs; else Keras does, block after block.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from condvae.chance import Chance
from condvae.checks import InputError, check_range
from condvae.runs import Run


def generate_blocks(
    run: Run,
    ys: Iterable[Any],
    *,
    z: Any = None,
    sample: bool = False,
    seed: int = 0,
    finish: Callable[[np.ndarray], np.ndarray] = lambda x: x,
) -> Iterator[np.ndarray]:
    """New images, those that `TrainedModel.generate` makes of all y at once.

    Args:
        run: not one on a table.
        ys: conditions of some rows, again and again, one a row.
        z: (latent_dim,) one style for all; drawn from the prior where None.
        sample: draw the pixels too, by Keras.
        seed: of z and of the pixels; how the rows are cut into blocks changes nothing.
        finish: what to make of each block's images, such as `data.writers.to_uint8`.

    Returns:
        Blocks of (rows, *image_shape) float32, or what `finish` returns.
    """
    graphs = None if sample else run.graph_model
    if graphs is None:
        chance = Chance(seed)
        blocks = (run.model.generate(y, z=_styles(z, y), sample=sample, seed=chance) for y in ys)
        return map(finish, blocks)
    encoded = map(run.record.condition.encode, ys)
    if z is None:
        return graphs.generate_blocks(encoded, seed, finish)
    return (finish(graphs.generate(y, _styles(z, y))) for y in encoded)


def encode_blocks(
    run: Run, pairs: Iterable[tuple[np.ndarray, Any]], seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Posteriors, those that `TrainedModel.encode` gives for all rows at once.

    Args:
        run: of any kind.
        pairs: x and y of some rows, again and again, as `TrainedModel.encode` takes them.
        seed: of the binarisation, for a model of binarised pixels.

    Returns:
        Blocks of mean and logvar, (rows, latent_dim) float32 each.
    """
    graph, preprocessing = run.graphs.get("encoder"), run.record.preprocessing
    # NumPy takes half as long again for convolutions
    is_dense = graph is not None and all(o.kind != "convolution" for o in graph.operations)
    in_pixels = preprocessing.in_unit_interval and preprocessing.pixel_classes is None
    if not is_dense or not in_pixels or run.graph_model is None:
        chance = Chance(seed)
        return _each(pairs, lambda x, y: run.model.encode(x, y, chance))
    x_max, condition = preprocessing.x_max, run.record.condition

    def checked(x: np.ndarray, y: Any) -> tuple[np.ndarray, np.ndarray]:
        check_range(x, 0, 1 if x.dtype.kind == "f" else x_max, "x")
        return x if x.ndim == 4 else x[..., np.newaxis], condition.encode(y)

    return run.graph_model.encode_blocks(_each(pairs, checked), seed, x_max)


def _each(pairs: Iterable[tuple[Any, Any]], function: Callable) -> Iterator[Any]:
    """function(x, y) of each block; errors name rows that are counted in it, and say so."""
    rows = 0
    for x, y in pairs:
        try:
            yield function(x, y)
        except InputError as error:
            if not rows:
                raise
            received = f"{error.received} (counted from row {rows:,})"
            raise InputError(error.expected, received, error.remedy) from None
        rows += len(y)


def _styles(z: Any, y: Any) -> np.ndarray | None:
    """One style for each row of y."""
    return None if z is None else np.repeat(np.atleast_2d(z), len(y), axis=0)
