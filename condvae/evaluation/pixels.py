"""The form in which generated and real images are compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.data import Dataset
from condvae.evaluation.trial import Trial
from condvae.likelihoods import likelihood_named
from condvae.runs import Run


@dataclass(frozen=True)
class Pixels:
    """How generated and real images become rows of the same kind.

    If a draw of the pixels looks like the data (binary, 8-bit levels, counts), draws are compared,
    since they are what the model claims to generate. A model that binarises its images at each draw
    is one of binary images: real ones are binarised once, by the same rule. Under other likelihoods
    a draw adds noise that no image has; then expected pixels, as `condvae generate` writes them,
    are compared with the images as stored. They are smoother than any image, as the figures then
    show.

    Attributes:
        drawn: whether generated pixels are draws from p(x | z, y) rather than expected values.
        binarised: whether real pixels are draws with their grey levels as probabilities.
        low: value that becomes 0, on the scale of the model's x.
        high: value that becomes 1.
    """

    drawn: bool
    binarised: bool
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of_run(cls, run: Run, dataset: Dataset) -> "Pixels":
        """The form for comparing the images of a run's model with its data."""
        kind, low, high = likelihood_named(run.spec.model.likelihood), 0.0, 1.0
        binarised = run.spec.model.pixels == "dynamic"
        # counts have no upper bound: the largest count in the data becomes 1
        if kind.as_stored:
            high = float(dataset.x_max)
        # the range of the training images, for real and generated images alike
        elif not dataset.in_unit_interval:
            low, high = float(dataset.train.x.min()), float(dataset.train.x.max())
        drawn = binarised or is_binary(dataset) or kind.draws_like_data
        return cls(drawn, binarised, low, high)

    def rows(self, x: np.ndarray, x_max: int) -> np.ndarray:
        """Real images as (N, dim) float32, about 0 to 1, before binarisation.

        Args:
            x: (N, *image_shape) as stored.
            x_max: the integer that stands for white.
        """
        flat = np.asarray(x).reshape(len(x), -1).astype("float32")
        if x.dtype.kind not in "iu":
            return self._stretch(flat)
        flat /= x_max  # in place: the rows of large images are hundreds of megabytes
        return flat

    def draw(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The rows as the model's training saw them: binarised at random, or unchanged."""
        if not self.binarised:
            return rows
        return (rng.random(rows.shape, dtype="float32") < rows).astype("float32")

    def generate(self, trial: Trial, labels: Any, seed: int = 0) -> np.ndarray:
        """(N, dim) float32: one image under each of the labels (N,)."""
        x = trial.generate(labels, sample=self.drawn, seed=seed)
        return self._stretch(x.reshape(len(x), -1))

    def _stretch(self, rows: np.ndarray) -> np.ndarray:
        """Rescale rows, so that `low` becomes 0 and `high` becomes 1."""
        if (self.low, self.high) == (0, 1):
            return rows
        return ((rows - self.low) / (self.high - self.low)).astype("float32")

    def __str__(self) -> str:
        generated = "drawn pixels" if self.drawn else "expected pixels"
        return (
            f"{generated} beside real images {'binarised once' if self.binarised else 'as stored'}"
        )


def is_binary(dataset: Dataset) -> bool:
    """Whether the images consist of zeros and ones."""
    return dataset.x.dtype == np.uint8 and dataset.x_max == 1


def comparability_of_images(run: Run, dataset: Dataset, how: str) -> str:
    """What figures of generated images can be compared with, in one line.

    Args:
        how: how they were compared.
    """
    chooser = "test" if run.spec.data.validation == "test" else "validation"
    return (
        f"{dataset.name or 'data'} {dataset.fingerprint[:8]}, test split of "
        f"{len(dataset.test.x):,} images; {how}; the {chooser} images chose the epoch"
    )
