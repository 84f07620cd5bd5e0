"""A run with the data on which it was trained: the input of every measure."""

from dataclasses import dataclass
from typing import Self

from condvae.data import Dataset, Split
from condvae.inference.trained import TrainedModel
from condvae.runs import Run


@dataclass(frozen=True)
class Trial:
    """A run, its data and its model, checked once for all measures.

    Attributes:
        run: the run, with its spec and comparability line.
        data: the data, split as in training.
        model: the run's model, using Keras.
    """

    run: Run
    data: Dataset
    model: TrainedModel

    @classmethod
    def of(cls, run: Run, dataset: Dataset) -> Self:
        """The run, the data, and the model.

        Raises:
            InputError: these are not the data on which the run was trained.
        """
        return cls(run, run.check_data(dataset), run.by_keras)

    def images(self, split: str) -> Split:
        """The rows of "train", "validation" or "test"."""
        return getattr(self.data, split)
