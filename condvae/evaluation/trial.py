"""A run before the data that it was trained on: what every measure is asked of."""

from dataclasses import dataclass
from typing import Self

from condvae.data import Dataset, Split
from condvae.inference.trained import TrainedModel
from condvae.runs import Run


@dataclass(frozen=True)
class Trial:
    """A run, its data and its model, checked once for all measures.

    Attributes:
        run: what its spec and its comparability line are read from.
        data: split as in training.
        model: the run's, by Keras.
    """

    run: Run
    data: Dataset
    model: TrainedModel

    @classmethod
    def of(cls, run: Run, dataset: Dataset) -> Self:
        """Both of them, and the model.

        Raises:
            InputError: these are not the data that the run was trained on.
        """
        return cls(run, run.check_data(dataset), run.by_keras)

    def images(self, split: str) -> Split:
        """The rows of "train", "validation" or "test"."""
        return getattr(self.data, split)
