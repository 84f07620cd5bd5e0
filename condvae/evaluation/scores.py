"""The plausibility of images and their labels under a class-conditional model: scores and audit."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.bayes_rule import classify_by_bayes
from condvae.inference.trained import TrainedModel
from condvae.metrics.plausibility import label_margins, rank_lowest

SCREENING = 10
MARGIN = 20.0


@dataclass(frozen=True)
class Scores:
    """The scores of N rows, nats.

    Attributes:
        log_prob: (N,) log p(x), with equal label probabilities.
        log_posterior: (N, num_classes) log p(y | x).
        labels: names of the classes, in the order of their codes.
        codes: (N,) codes of the given labels; None without labels.
    """

    log_prob: np.ndarray
    log_posterior: np.ndarray
    labels: tuple[str, ...]
    codes: np.ndarray | None

    @property
    def best(self) -> np.ndarray:
        """(N,) codes of the most probable labels."""
        return self.log_posterior.argmax(axis=1)

    @property
    def given(self) -> np.ndarray | None:
        """(N,) log p(x | y) of the given labels; None without labels."""
        if self.codes is None:
            return None
        of_label = self.log_posterior[np.arange(len(self.codes)), self.codes]
        # log p(x | y) = log p(x) + log p(y | x) - log p(y), with equal p(y)
        return self.log_prob + of_label + np.log(len(self.labels))

    @property
    def margins(self) -> np.ndarray | None:
        """(N,) log p(y | x) of the given label less that of the best other; None without labels."""
        if self.codes is None:
            return None
        return label_margins(self.log_posterior, self.codes)

    def by_label(self) -> np.ndarray:
        """(N,) rows, the least plausible label first; without labels, the least plausible image."""
        return rank_lowest(self.log_prob if self.margins is None else self.margins)

    def by_image(self) -> np.ndarray:
        """(N,) rows, the least plausible image first."""
        return rank_lowest(self.log_prob)

    def columns(self) -> dict[str, np.ndarray]:
        """A column for each score, as `score` and `audit` write them."""
        names = np.asarray(self.labels)
        best = self.best
        columns: dict[str, np.ndarray] = {"row": np.arange(len(best))}
        if self.codes is not None:
            columns |= {
                "label": names[self.codes],
                "log_prob_given_label": np.asarray(self.given),
                "label_margin": np.asarray(self.margins),
            }
        return columns | {
            "log_prob": self.log_prob,
            "best_label": names[best],
            "best_label_prob": np.exp(self.log_posterior[np.arange(len(best)), best]),
        }


def score_rows(
    model: TrainedModel,
    x: np.ndarray,
    labels: np.ndarray | None = None,
    num_samples: int = 50,
    seed: int = 0,
    num_binarisations: int = 1,
) -> Scores:
    """log p(x | y), log p(x) and log p(y | x) of every row.

    Every label is estimated with 10 samples first, and those within 20 nats of the best with
    num_samples, see `classify_by_bayes`.

    Args:
        x: images.
        labels: (N,) names or numbers of classes; None without labels.
    """
    screening = SCREENING if num_samples > SCREENING else None
    found = classify_by_bayes(
        model,
        x,
        num_samples,
        screening=screening,
        margin=MARGIN,
        num_binarisations=num_binarisations,
        seed=seed,
    )
    codes = None if labels is None else model.classes.codes(labels)
    return Scores(found.log_marginal, found.log_prob, model.classes.categories, codes)
