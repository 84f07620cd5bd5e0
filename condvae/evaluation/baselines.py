"""The likelihood of models without latents on the same images, which a bound should exceed."""

import math
from dataclasses import dataclass

import numpy as np

from condvae.blocks import slices
from condvae.data import Split
from condvae.evaluation.trial import Trial
from condvae.likelihoods.normal import LEAST_SCALE
from condvae.metrics.bits import bits_per_dim
from condvae.metrics.principal import fit_principal

MOST_COMPONENTS = 256
# largest number of pixels for finding principal components: seconds, and less than a GiB
MOST_NUMBERS = 40_000_000
LEVELS = 255
# lower bound of a Gaussian's variance in any direction: that of the normal likelihood with a
# learned scale, or the variance within a level if there are levels
LEAST_VARIANCE = {False: LEAST_SCALE**2, True: 1 / (12 * LEVELS**2)}
_ROWS = 500  # test images at a time


@dataclass(frozen=True)
class Estimate:
    """A mean over images, nats, and its standard error from their variation."""

    loss: float
    standard_error: float

    @classmethod
    def of(cls, log_probs: np.ndarray) -> "Estimate":
        """The estimate of -log p(x | y), from log p(x | y), (N,)."""
        error = log_probs.std(ddof=1) / np.sqrt(len(log_probs))
        return cls(float(-log_probs.mean()), float(error))

    def __str__(self) -> str:
        return f"{self.loss:.2f} ± {self.standard_error:.2f} nats"


@dataclass(frozen=True)
class Baselines:
    """-log p(x | y) of two models without gradient-based training, to compare with the bound.

    Attributes:
        loss: -ELBO of the run, nats per image.
        class_mean: the mean of the training images of the class (and their variance, if the
            likelihood has a scale) under the run's likelihood; None for a user-defined likelihood
            that does not define its parameters for a mean.
        gaussian: principal components around the class's mean; None if the likelihood is neither a
            density nor a probability of levels, so that densities are not comparable.
        components: number of principal components, chosen by the validation images.
        bits: `gaussian` in bits per dimension, if x are 8-bit levels: an upper bound, by uniform
            dequantisation.
        comparability: data, split, pixels and images that chose the epoch.
    """

    loss: float
    class_mean: Estimate | None
    gaussian: Estimate | None
    components: int | None
    bits: float | None
    comparability: str

    def figures(self) -> dict[str, float | int | str | None]:
        """The figures, flat."""
        pairs = {"class_mean": self.class_mean, "gaussian": self.gaussian}
        losses: dict[str, float | int | str | None] = {}
        for name, found in pairs.items():
            losses[f"{name}_loss"] = None if found is None else found.loss
            losses[f"{name}_standard_error"] = None if found is None else found.standard_error
        return losses | {
            "gaussian_components": self.components,
            "gaussian_bits_per_dim": self.bits,
            "baseline_comparability": self.comparability,
        }

    def __str__(self) -> str:
        text = "-log p(x | y) of the mean image of the class: "
        text += "unknown" if self.class_mean is None else self._beside(self.class_mean)
        if self.gaussian is None:
            text += "; a Gaussian is not comparable with this likelihood"
        else:
            bits = "" if self.bits is None else f" ({self.bits:.3f} bits per dimension at most)"
            text += (
                f"; of a Gaussian of {self.components} principal components around it{bits}: "
                f"{self._beside(self.gaussian)}"
            )
        return f"{text}\n({self.comparability})"

    def _beside(self, baseline: Estimate) -> str:
        """A baseline, and its distance from the run's bound."""
        gain = baseline.loss - self.loss
        place = f"{abs(gain):.2f} nats {'better' if gain > 0 else 'worse'}"
        return f"{baseline}, the run is {place}"


def evaluate_baselines(trial: Trial, loss: float, seed: int = 0) -> Baselines:
    """The baselines of a class-conditional run on its test images.

    Args:
        loss: -ELBO of the run on the same images, nats per image.
        seed: seed of the noise within levels.

    Source: Theis, van den Oord & Bethge 2016, "A note on the evaluation of generative models", on
    dequantisation.
    """
    run, data, likelihood = trial.run, trial.data, trial.model.keras_model.likelihood
    train, validation, test = data.train, data.validation, data.test
    means, variance = class_moments(trial)
    gaussian = components = bits = None
    if likelihood.of_density or likelihood.of_levels:
        rng = np.random.default_rng(seed)
        count = max(2, MOST_NUMBERS // train.x[0].size)
        learned, held_out = (
            _residuals(trial, split, np.sort(rng.permutation(len(split.x))[:count]), means, rng)
            for split in (train, validation)
        )
        fitted = fit_principal(learned, MOST_COMPONENTS, LEAST_VARIANCE[likelihood.of_levels], seed)
        candidates = [0, *(2**n for n in range(9) if 2**n <= len(fitted.directions))]
        components = fitted.best_components(held_out, candidates)
        log_density = np.concatenate(
            [
                fitted.log_density(_residuals(trial, test, part, means, rng), components)
                for part in slices(len(test.x), _ROWS)
            ]
        )
        if likelihood.of_levels:
            # log of the mass of a level, which is at least its width times the geometric mean
            # density there
            log_density -= learned.shape[1] * np.log(LEVELS)
            bits = bits_per_dim(-log_density.mean(), test.x.shape[1:])
        gaussian = Estimate.of(log_density)
    return Baselines(
        loss=loss,
        class_mean=_estimate_of_means(trial, means, variance),
        gaussian=gaussian,
        components=components,
        bits=bits,
        comparability=run.comparability("test", "exact, without latents"),
    )


def class_moments(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Mean image of each class, and the variance of pixels around it, in units of the model's x.

    Returns:
        (num_classes, *image_shape) and (*image_shape,) float64, from the training images whose
        labels the run has used.
    """
    data = trial.data
    known = slice(None) if data.labelled is None else data.labelled
    codes, means, squares = data.train.given[known], [], 0.0
    rows = np.arange(len(data.train.x))[known]
    most = max(1, MOST_NUMBERS // math.prod(data.image_shape))
    for code in range(data.num_classes):
        # some rows of a class at a time, to limit the memory
        chosen = rows[codes == code]
        parts = [chosen[part] for part in slices(len(chosen), most)]
        sums = (_scaled(trial, data.train.x[part]).sum(axis=0) for part in parts)
        means.append(sum(sums) / len(chosen))
        for part in parts:
            squares = squares + ((_scaled(trial, data.train.x[part]) - means[-1]) ** 2).sum(axis=0)
    return np.stack(means), np.asarray(squares / len(rows))


def _scaled(trial: Trial, x: np.ndarray) -> np.ndarray:
    """Images in units of the model's x, float64."""
    as_stored = x.dtype.kind == "f" or trial.model.keras_model.likelihood.as_stored
    return x / 1.0 if as_stored else x / float(trial.data.x_max)


def _residuals(
    trial: Trial,
    split: Split,
    rows: np.ndarray | slice,
    means: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """(N, dim) images minus the mean of their class; levels are dequantised uniformly."""
    left = _scaled(trial, split.x[rows]) - means[split.given[rows]]
    if trial.model.keras_model.likelihood.of_levels:
        left += (rng.random(left.shape) - 0.5) / LEVELS
    return left.reshape(len(left), -1)


def _estimate_of_means(trial: Trial, means: np.ndarray, variance: np.ndarray) -> Estimate | None:
    """The estimate for the test images, with the run's likelihood and the moments of classes."""
    test, likelihood = trial.data.test, trial.model.keras_model.likelihood
    params = np.stack([likelihood.params_of_moments(mean, variance) for mean in means])
    if params.shape[1:] != tuple(likelihood.params_shape(trial.data.image_shape)):
        return None
    params, found = params.astype("float32"), []
    for rows in slices(len(test.x), _ROWS):
        x = _scaled(trial, test.x[rows]).astype("float32")
        log_probs = likelihood(params[test.given[rows]]).log_prob(x)
        found.append(np.asarray(log_probs, "float64"))
    return Estimate.of(np.concatenate(found))
