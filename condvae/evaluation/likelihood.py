"""The bound on a split, with what it may be compared with."""

from dataclasses import dataclass

import numpy as np

from condvae.data import Dataset
from condvae.runs import Run


@dataclass(frozen=True)
class Evaluation:
    """The bound and its parts, means over a split, nats per image.

    Attributes:
        standard_error: of elbo, from the spread over the images.
        comparability: data, split, pixels, estimator and what chose the epoch.
    """

    elbo: float
    reconstruction_loss: float
    kl_loss: float
    standard_error: float
    num_images: int
    comparability: str

    def __str__(self) -> str:
        return (
            f"-ELBO {-self.elbo:.2f} ± {self.standard_error:.2f} nats = "
            f"reconstruction_loss {self.reconstruction_loss:.2f} + kl_loss {self.kl_loss:.2f}\n"
            f"({self.comparability})"
        )


def evaluate(run: Run, dataset: Dataset, split: str = "test", seed: int = 0) -> Evaluation:
    """The ELBO of a run's model on a split of its data, by one draw of z for each image."""
    images = getattr(run.check_data(dataset), split)
    terms = run.model.elbo(images.x, images.y, seed=seed)
    elbo = terms.elbo.astype("float64")
    return Evaluation(
        elbo=float(elbo.mean()),
        reconstruction_loss=float(terms.reconstruction_loss.mean(dtype="float64")),
        kl_loss=float(terms.kl_loss.mean(dtype="float64")),
        standard_error=float(elbo.std(ddof=1) / np.sqrt(len(elbo))),
        num_images=len(elbo),
        comparability=run.comparability(split, f"ELBO, one draw of z for each image (seed {seed})"),
    )
