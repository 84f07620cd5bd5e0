"""Scores of rows that come in blocks, as functions of each row alone, in constant memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from condvae.blocks import SAMPLES
from condvae.evaluation.scores import MARGIN, SCREENING, Scores
from condvae.inference.chance import Chance
from condvae.inference.trained import TrainedModel

if TYPE_CHECKING:
    pass

# Rows of one call of a program, a multiple of 48: the position of a row among whole tiles of a
# matrix product does not change its bits, that in a remainder may.
CALL_ROWS = 192


class RowScorer:
    """log p(x | y), log p(x) and log p(y | x) of rows, independent of the rows beside them.

    This is `score_rows` with the same noise for all rows, also for binarisation, and with programs
    of a single size, so that rows can be divided into parts anywhere. Every label is estimated with
    10 draws, and those within 20 nats of the best with all draws, including the first 10.

    Args:
        model: a model with a class as y.
        num_samples: number of draws of z.
        seed: seed of the draws.
    """

    def __init__(self, model: TrainedModel, num_samples: int, seed: int):
        from condvae.models.inference import FUNCTIONS, CompiledFunction

        self._model, self._classes = model, model.classes
        facts, chance = model.engines.facts, Chance(seed)
        self._threshold = chance.pixels(1, *facts.image_shape) if facts.binarise else None
        self._noise: Sequence[np.ndarray | None] = [None]  # an exact density needs no draws
        name = "guess_log_prob"
        if facts.latent_dim:
            name, noise = "importance_log_weights", chance.latents(num_samples, facts.latent_dim)
            ends = [SCREENING, *range(SCREENING + SAMPLES, num_samples, SAMPLES)]
            self._noise = np.split(noise, [end for end in ends if end < num_samples])
        self._program: CompiledFunction = CompiledFunction(
            FUNCTIONS[name], model.keras_model, CALL_ROWS
        )

    def blocks(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[np.ndarray, Scores]]:
        """Images and their scores, block by block, from images and labels, or None for labels."""
        for x, labels in pairs:
            codes = None if labels is None else self._classes.codes(labels)
            checked = self._model._arguments.images(x)
            yield checked, self._scores(checked, codes)

    def _scores(self, x: np.ndarray, codes: np.ndarray | None) -> Scores:
        """The scores of some rows."""
        if self._threshold is not None:
            levels = x / self._model.engines.facts.x_max if x.dtype.kind in "iu" else x
            x = (self._threshold < levels).astype("float32")
        names = self._classes.categories
        every, y = np.arange(len(x)), self._classes.encode(np.asarray(names))
        near = np.repeat(every, len(names)), np.tile(np.arange(len(names)), len(x))
        sums, draws = np.full((len(x), len(names)), -np.inf), np.zeros((len(x), len(names)))
        for step, noise in enumerate(self._noise):
            rows, labels = near
            sums[near] = np.logaddexp(sums[near], self._sums(x[rows], y[labels], noise))
            draws[near] += 1 if noise is None else len(noise)
            if not step:  # after the first draws: the labels that may be the best
                near = np.nonzero(sums >= sums.max(axis=1, keepdims=True) - MARGIN)
        log_joint = sums - np.log(draws) - np.log(len(names))
        log_marginal = np.logaddexp.reduce(log_joint, axis=1)
        return Scores(log_marginal, log_joint - log_marginal[:, None], names, codes)

    def _sums(self, x: np.ndarray, y: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
        """(batch,) float64: log of the sum of the weights of some draws, for pairs of x and y."""
        count = len(x)
        # whole calls only, since a remainder would be another program
        padding = -count % CALL_ROWS
        inputs = {
            "x": np.concatenate([x, np.repeat(x[:1], padding, axis=0)]),
            "y": np.concatenate([y, np.repeat(y[:1], padding, axis=0)]),
        }
        if noise is not None:
            inputs["noise"] = np.broadcast_to(noise, (len(inputs["x"]), *noise.shape))
        (found,) = self._program.run(inputs).values()
        found = found[:count].astype("float64")
        return np.logaddexp.reduce(found, axis=1) if noise is not None else found
