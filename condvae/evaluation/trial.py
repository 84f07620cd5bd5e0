"""A run with the data on which it was trained: the input of every measure."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from condvae.data import Dataset, Split
from condvae.inference.trained import TrainedModel
from condvae.runs import Run
from condvae.runs.drawing import Drawing
from condvae.runs.samplers import sampler_of


@dataclass(frozen=True)
class Trial:
    """A run, its data and its model, checked once for all measures.

    Attributes:
        run: the run, with its spec and comparability line.
        data: the data, split as in training.
        model: the run's model, using Keras.
        drawing: how the generated images that are judged are drawn.
    """

    run: Run
    data: Dataset
    model: TrainedModel
    drawing: Drawing = field(default_factory=Drawing)

    @classmethod
    def of(cls, run: Run, dataset: Dataset, drawing: Drawing | None = None) -> Self:
        """The run, the data, and the model.

        Args:
            drawing: None: samples of the model's prior, with expected pixels.

        Raises:
            InputError: these are not the data on which the run was trained.
        """
        return cls(run, run.check_data(dataset), run.by_keras, drawing or Drawing())

    def generate(self, labels: Any, sample: bool = False, seed: int = 0) -> np.ndarray:
        """As `TrainedModel.generate`, one image for each label, in the way of `drawing`.

        Args:
            sample: whether to draw the pixels too, independently; ignored with a texture.
        """
        how = self.drawing
        settings = {"seed": seed, "temperature": how.temperature, "guidance": how.guidance}
        if how.prior == "model":
            return self.model.generate(labels, sample=sample, **settings)
        sampler = sampler_of(self.run, self.data)
        return sampler.generate(labels, sample=sample, texture=how.texture, **settings)

    @property
    def of_samples(self) -> dict[str, Any]:
        """Arguments of the figure samples: images in the way of `drawing`, and what that is."""
        if not str(self.drawing):
            return {}
        return {"generate": self.generate, "how": self.drawing.words}

    def images(self, split: str) -> Split:
        """The rows of "train", "validation" or "test"."""
        return getattr(self.data, split)
