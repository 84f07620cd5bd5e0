"""The predictions of a trained model."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """Predictions of x given y, as expected values of the pixels.

    Attributes:
        at_mean: (batch, *image_shape) at the prior's mean of z; for a flow, at the z of zero noise.
        samples: (batch, num_samples, *image_shape) at draws of z from the prior.
    """

    at_mean: np.ndarray
    samples: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(batch, *image_shape) mean of the samples, pixel by pixel."""
        return self.samples.mean(axis=1)

    @property
    def spread(self) -> np.ndarray:
        """(batch, *image_shape) standard deviation of the samples, pixel by pixel."""
        return self.samples.std(axis=1)
