"""What a trained model predicts."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """Predictions of x given y, each pixel its expected value.

    Attributes:
        at_mean: (batch, *image_shape) at the prior's mean of z; of a flow, at what zero noise
            becomes.
        samples: (batch, num_samples, *image_shape) at draws of z from the prior.
    """

    at_mean: np.ndarray
    samples: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(batch, *image_shape) the samples' mean, pixel by pixel."""
        return self.samples.mean(axis=1)

    @property
    def spread(self) -> np.ndarray:
        """(batch, *image_shape) the samples' standard deviation, pixel by pixel."""
        return self.samples.std(axis=1)
