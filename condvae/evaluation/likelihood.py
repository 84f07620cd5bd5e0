"""The bound on a split, with its comparability line."""

from dataclasses import asdict, dataclass

import numpy as np

from condvae.data import Dataset
from condvae.evaluation.trial import Trial
from condvae.likelihoods import likelihood_named
from condvae.metrics.bits import bits_per_dim
from condvae.metrics.log_mean_exp import LogProbEstimate
from condvae.runs import Run


@dataclass(frozen=True)
class Evaluation:
    """The bound and its terms, means over a split, nats per image.

    Attributes:
        standard_error: standard error of elbo, from the variation over the images.
        comparability: data, split, pixels, estimator and images that chose the epoch.
        bits_per_dim: -elbo as bits per value of x, if x is 8-bit levels with a probability.
        elbo_of_cells: for rows of a table, in the data's own units: a density of dollars rather
            than of scaled numbers.
        elbo_of_values: elbo_of_cells for the values alone, given which cells are empty; None if no
            cell is ever empty.
    """

    elbo: float
    reconstruction_loss: float
    kl_loss: float
    standard_error: float
    num_images: int
    comparability: str
    bits_per_dim: float | None = None
    elbo_of_cells: float | None = None
    elbo_of_values: float | None = None

    def figures(self) -> dict[str, float | str | None]:
        """The figures, flat."""
        return asdict(self)

    def __str__(self) -> str:
        bits = "" if self.bits_per_dim is None else f"; {self.bits_per_dim:.3f} bits per dimension"
        return (
            f"-ELBO {-self.elbo:.2f} ± {self.standard_error:.2f} nats = "
            f"reconstruction_loss {self.reconstruction_loss:.2f} + kl_loss {self.kl_loss:.2f}"
            f"{bits}\n{self._of_table}"
            f"({self.comparability})"
        )

    @property
    def _of_table(self) -> str:
        """An additional line about rows of a table."""
        if self.elbo_of_cells is None:
            return ""
        text = f"in the data's own units {-self.elbo_of_cells:.2f}"
        if self.elbo_of_values is not None:
            text += f", given which cells are empty {-self.elbo_of_values:.2f}"
        return f"{text}\n"


def bound_of(run: Run, dataset: Dataset, split: str = "test", seed: int = 0) -> Evaluation:
    """The ELBO of a run's model on a split of its data, with one draw of z for each image."""
    return evaluate_bound(Trial.of(run, dataset), split, seed)


def evaluate_bound(trial: Trial, split: str = "test", seed: int = 0) -> Evaluation:
    """The bound of a trial on a split, see `bound_of`."""
    run, images = trial.run, trial.images(split)
    terms = trial.model.elbo(images.x, run.conditions(images), seed=seed)
    # a mean in float32 over many images would lose precision
    elbo = terms.elbo.astype("float64")
    of_cells = of_values = None
    if (table := trial.model.table) is not None:
        of_cells = float(elbo.mean() + table.log_slope(np.asarray(images.x[:])).mean())
        if any(column.may_miss for column in table.columns):
            y = trial.model.encode_condition(run.conditions(images))
            presence = trial.model.completion.log_presence(np.asarray(images.x[:]), y, seed)
            of_values = of_cells - float(presence.mean())
    has_levels = likelihood_named(run.spec.model.likelihood).of_levels
    return Evaluation(
        elbo=float(elbo.mean()),
        reconstruction_loss=float(terms.reconstruction_loss.mean(dtype="float64")),
        kl_loss=float(terms.kl_loss.mean(dtype="float64")),
        standard_error=float(elbo.std(ddof=1) / np.sqrt(len(elbo))) if len(elbo) > 1 else np.nan,
        num_images=len(elbo),
        comparability=run.comparability(
            split, f"ELBO, one draw of z for each {{unit}} (seed {seed})"
        ),
        bits_per_dim=bits_per_dim(-elbo.mean(), images.x.shape[1:]) if has_levels else None,
        elbo_of_cells=of_cells,
        elbo_of_values=of_values,
    )


@dataclass(frozen=True)
class ConditionalLikelihood:
    """log p(x | y) of a split by both estimators, means over its images, nats.

    Attributes:
        importance: z from q(z | x, y), weighted; the tighter bound.
        monte_carlo: z from the prior p(z | y), as in prediction; for a network without latents both
            are the exact value.
        comparability: data, split, pixels, estimators and images that chose the epoch.
    """

    importance: LogProbEstimate
    monte_carlo: LogProbEstimate
    comparability: str

    def figures(self) -> dict[str, float | str]:
        """Means, standard errors and the comparability line, flat."""
        return {
            "log_prob_importance": self.importance.mean,
            "log_prob_importance_standard_error": self.importance.standard_error,
            "log_prob_monte_carlo": self.monte_carlo.mean,
            "log_prob_monte_carlo_standard_error": self.monte_carlo.standard_error,
            "num_samples": self.importance.num_samples,
            "log_prob_comparability": self.comparability,
        }

    def __str__(self) -> str:
        parts = [
            f"{name} {-estimate.mean:.2f} ± {estimate.standard_error:.2f} "
            f"(effective samples {np.median(estimate.effective_samples):.1f})"
            for name, estimate in (
                ("importance sampling", self.importance),
                ("Monte Carlo", self.monte_carlo),
            )
        ]
        return f"-log p(x | y): {', '.join(parts)} nats\n({self.comparability})"


def conditional_likelihood(
    trial: Trial,
    split: str = "test",
    num_samples: int = 100,
    seed: int = 0,
    num_images: int | None = None,
) -> ConditionalLikelihood:
    """log p(x | y) of a run's model on a split of its data, by both estimators.

    Args:
        num_images: number of images, the first ones of the split; None: all.
    """
    run, images = trial.run, trial.images(split)
    x, y = images.x[:num_images], run.conditions(images)[:num_images]
    by = {
        estimator: trial.model.estimate_log_prob(x, y, num_samples, estimator, seed)
        for estimator in ("importance", "prior")
    }
    of = "each {unit}" if len(x) == len(images.x) else f"each of the first {len(x):,} {{unit}}s"
    comparability = run.comparability(split, f"{num_samples} draws of z for {of}")
    return ConditionalLikelihood(by["importance"], by["prior"], comparability)
