"""The user's view of a trained model: NumPy in, NumPy out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError, check_at_least, check_choice
from condvae.conditions import Categorical, Condition, Table, check_categorical
from condvae.inference.arguments import Arguments
from condvae.inference.chance import Chance
from condvae.inference.completion import Completion
from condvae.inference.computation import Computation
from condvae.inference.engines import Engine, Engines
from condvae.inference.obedience import generated_rows, joined, rows_at_once
from condvae.inference.prediction import Prediction
from condvae.metrics.log_mean_exp import LogProbEstimate, estimates_at

if TYPE_CHECKING:
    from condvae.explorer import Page
    from condvae.models import CVAE
    from condvae.objectives import Terms


class TrainedModel:
    """p(x | y) as functions of arrays.

    In all methods, x is (batch, height, width[, channels]), a single image, or (batch, pixels);
    uint8 or float in [0, 1] (any real number under a normal likelihood). y is labels or their
    names, one for all rows or one per row; (batch, num_classes) weights of a mixture; the result of
    `masks.observe`; or {name: value, or one per row} for several conditions, any of which may be
    omitted. z is (batch, latent_dim). For a model of tables, x is {column: (batch,) values}, as
    input and as output. Random numbers depend on `seed` only. What does not fit raises InputError.

    Args:
        keras_model: the network, or engines that compute its functions.

    Attributes:
        engines: the engines that compute the functions.
        condition: the condition y: a class, an image, a masked image, or several conditions.
        table: the columns of x, for a model of tables.
    """

    def __init__(
        self, keras_model: "CVAE | Engines", condition: Condition, table: Table | None = None
    ):
        self.engines = Engines.of(keras_model)
        facts = self.engines.facts
        if facts.condition_shape != condition.shape:
            raise InputError(
                f"the condition must have the model's shape {facts.condition_shape}",
                f"{condition.shape} ({condition})",
                "Pass the condition that the model was trained with.",
            )
        self.condition, self.table = condition, table
        self._arguments = Arguments(facts, condition, table)
        self._compute = Computation(self.engines)

    @property
    def keras_model(self) -> "CVAE":
        """The plain CVAE(keras.Model), for everything that Keras can do; loaded on first use."""
        return self.engines.keras.model

    @property
    def classes(self) -> Categorical:
        """The condition, if it is a class; otherwise InputError."""
        return check_categorical(self.condition)

    @property
    def latent_dim(self) -> int:
        """Size of z."""
        return self.engines.facts.latent_dim

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width, channels), or (dim,) for an encoded table."""
        return self.engines.facts.image_shape

    def encode_condition(self, y: Any) -> np.ndarray:
        """y as the networks see it; warns about values outside the range seen in training."""
        return self._arguments.encode_condition(y)

    def encode(self, x: Any, y: Any, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The posterior q(z | x, y).

        Args:
            x: images.
            y: their labels.
            seed: seed of the binarisation, for a model of binarised pixels.

        Returns:
            mean and logvar, (batch, latent_dim) float32; logvar is the natural logarithm of
            the variance.
        """
        self._arguments.check_latents()
        x, y = self._arguments.pair(x, y)
        engine = self.engines.choose("encode", rows=len(x))
        outputs = self._compute.run(engine, "encode", {"x": x, "y": y}, seed)
        return outputs["mean"], outputs["logvar"]

    def encode_blocks(
        self, pairs: Iterable[tuple[Any, Any]], seed: int = 0, first: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `encode`, for rows in blocks: memory use does not grow with their number.

        Args:
            pairs: x and y of some rows, in blocks, in the forms that `encode` takes.
            seed, first: as in `encode`; first is the number of the first row.

        Returns:
            Blocks of mean and logvar, (rows, latent_dim) float32 each.
        """
        self._arguments.check_latents()
        return self._compute.posteriors(self._arguments.pairs(pairs), seed, first)

    def decode(self, z: Any, y: Any) -> np.ndarray:
        """The expected image at z under label y: x_mean, (batch, *image_shape) float32."""
        return self._decode(self.engines.choose("decode"), z, y)

    def generate(
        self,
        given: Any,
        num_samples: int = 16,
        *,
        z: Any = None,
        sample: bool = False,
        seed: int = 0,
        temperature: float = 1.0,
        guidance: float = 0.0,
        keep: int = 0,
    ) -> np.ndarray:
        """Generate new images under a label.

        Args:
            given: one label, or {condition's name: label}, or one label per row; for several
                conditions {name: value, or one per row}, where omitted conditions are missing.
            num_samples: number of images; given by z, or by labels if there is one per row.
            z: (batch, latent_dim) or (latent_dim,) styles; None: drawn from the prior.
            sample: whether to draw the pixels instead of their means; tables are always drawn.
            seed: seed of z and of the pixels.
            temperature: scale of z: below 1, images are closer to the average; 1 for tables.
            guidance: above 0, the expected pixels show the label more than the model does: see
                `inference.draws`.
            keep: for a ladder, number of coarse groups taken from z, or from a single draw.

        Returns:
            (num_samples, *image_shape) float32; for a table {column: (num_samples,) values}.
        """
        given = self._arguments.named(given)
        is_one, given = self.condition.is_one(given), self.encode_condition(given)
        z = None if z is None else self._arguments.styles(z)
        if z is None or (keep and len(z) == 1):
            check_at_least(num_samples, 1, "num_samples")
            count = num_samples if is_one else len(given)
        else:
            count = len(z)
        draws = self._arguments.draws(sample, seed, temperature, guidance, keep)
        y = self._arguments.given(given, count)
        parts = slices(count) if self.table is None else slices(count, rows_at_once(self.table))
        parts = list(parts)
        ys = (y[part] for part in parts)
        zs = None if z is None else repeat(z) if len(z) == 1 else (z[part] for part in parts)
        if self.table is not None:
            table, several = self._arguments.check_table()
            return table.typed(joined(generated_rows(self._compute, table, several, ys, zs, seed)))
        return np.concatenate(list(self._compute.images(ys, zs, draws)))

    def generate_blocks(
        self,
        given: Iterable[Any],
        *,
        z: Any = None,
        sample: bool = False,
        seed: int = 0,
        temperature: float = 1.0,
        guidance: float = 0.0,
        keep: int = 0,
        finish: Callable[[np.ndarray], np.ndarray] | None = None,
        first: int | None = None,
    ) -> Iterator[Any]:
        """As `generate`, for labels in blocks: memory use does not grow with their number.

        Args:
            given: labels of some rows, in blocks, one per row.
            z: (latent_dim,) one style for all; None: drawn from the prior.
            sample, seed, temperature, guidance, keep: as in `generate`, however rows are divided.
            finish: function applied to each block's images by the thread that computed them.
            first: number of the first row, if draws depend on row numbers: see `NumberedChance`.

        Returns:
            Blocks of (rows, *image_shape), or results of `finish`; for a table as in `generate`.
        """
        draws = self._arguments.draws(sample, seed, temperature, guidance, keep, first)
        ys = (self._arguments.given(rows, len(rows)) for rows in given)
        zs = None if z is None else repeat(self._arguments.styles(z))
        if self.table is not None:
            table, several = self._arguments.check_table()
            return generated_rows(self._compute, table, several, ys, zs, seed, first)
        return self._compute.images(ys, zs, draws, finish)

    def sample_prior(self, given: Any, num_samples: int, seed: int = 0) -> np.ndarray:
        """Styles z ~ p(z | y), (num_samples, latent_dim) float32."""
        check_at_least(num_samples, 1, "num_samples")
        self._arguments.check_latents()
        return self._compute.styles(self._arguments.given(given, num_samples), Chance(seed))

    def sample_posterior(self, x: Any, y: Any, seed: int = 0) -> np.ndarray:
        """Styles z ~ q(z | x, y), one for each image, (batch, latent_dim) float32."""
        self._arguments.check_latents()
        x, y = self._arguments.pair(x, y)
        inputs = {"x": x, "y": y, "noise": Chance(seed).latents(len(x), self.latent_dim)}
        return self._compute.ask("draw_posterior", inputs, seed)["z"]

    def reconstruct(self, x: Any, y: Any, seed: int = 0) -> np.ndarray:
        """Images decoded from the means of their posteriors, (batch, *image_shape) float32."""
        return self.transfer(x, y, to=y, seed=seed)

    def transfer(self, x: Any, y: Any, to: Any, seed: int = 0) -> np.ndarray:
        """The style of each image under the label `to`, (batch, *image_shape) float32."""
        self._arguments.check_latents()
        x, y = self._arguments.pair(x, y)
        engine = self.engines.choose("encode", "decode", rows=len(x))
        outputs = self._compute.run(engine, "encode", {"x": x, "y": y}, seed)
        return self._decode(engine, outputs["mean"], to)

    def elbo(self, x: Any, y: Any, seed: int = 0) -> "Terms":
        """The bound and its terms, from one draw of z for each image.

        z is that of `sample_posterior`: mean + exp(logvar / 2) * noise, where noise is
        `numpy.random.default_rng(seed).standard_normal((batch, latent_dim), "float32")`.

        Returns:
            Terms, each (batch,) float32 nats; only loss depends on the model's beta.
        """
        from condvae.objectives import Terms

        x, y = self._arguments.pair(x, y)
        if not self.latent_dim:
            outputs = self._compute.ask("guess_log_prob", {"x": x, "y": y}, seed)
            return Terms(-outputs["log_prob"], -outputs["log_prob"], 0 * outputs["log_prob"])
        inputs = {"x": x, "y": y, "noise": Chance(seed).latents(len(x), self.latent_dim)}
        return Terms(**self._compute.ask("elbo", inputs, seed))

    def log_prob(
        self,
        x: Any,
        y: Any,
        num_samples: int = 100,
        estimator: str = "importance",
        seed: int = 0,
    ) -> np.ndarray:
        """log p(x | y), a lower bound in expectation that becomes tighter as num_samples grows.

        log 1/K sum_k p(x | z_k, y) p(z_k | y) / r(z_k) with z_k ~ r; memory use is constant in K.

        Args:
            x: images.
            y: their labels.
            num_samples: K.
            estimator: "importance" has r = q(z | x, y) (IWAE-K); "prior" has r = p(z | y)
                (simple Monte Carlo).
            seed: seed of z, and of the binarisation.

        Returns:
            (batch,) float64 nats.

        Source: Burda, Grosse & Salakhutdinov 2016, eq. 8; Sohn, Lee & Yan 2015, section 4.2.
        """
        return self.estimate_log_prob(x, y, num_samples, estimator, seed).log_prob

    def estimate_log_prob(
        self,
        x: Any,
        y: Any,
        num_samples: int = 100,
        estimator: str = "importance",
        seed: int = 0,
    ) -> LogProbEstimate:
        """As `log_prob`, with the effective sample size and standard errors.

        A network without latents has one exact log p(x | y), regardless of num_samples and
        estimator.
        """
        return self.log_prob_curve(x, y, [num_samples], estimator, seed)[0]

    def log_prob_curve(
        self,
        x: Any,
        y: Any,
        sizes: Sequence[int],
        estimator: str = "importance",
        seed: int = 0,
    ) -> list[LogProbEstimate]:
        """As `estimate_log_prob`, for increasing numbers of draws from one stream.

        Args:
            x: images.
            y: their labels.
            sizes: numbers of draws, in increasing order, each including those before.
            estimator: as in `log_prob`.
            seed: as in `log_prob`.

        Returns:
            An estimate for each size.
        """
        check_choice(estimator, ("importance", "prior"), "estimator")
        for least, size in pairwise([1, *sizes]):
            check_at_least(size, least, "num_samples")
        x, y = self._arguments.pair(x, y)
        if not self.latent_dim:
            outputs = self._compute.ask("guess_log_prob", {"x": x, "y": y}, seed)
            return estimates_at([outputs["log_prob"][:, None]], [1], len(x)) * len(sizes)
        blocks = self._compute.log_weights(estimator, x, y, max(sizes, default=0), seed)
        return estimates_at(blocks, sizes, len(x))

    def guess(self, y: Any) -> np.ndarray:
        """The baseline's expected x given y, (batch, *image_shape) float32.

        Raises:
            InputError: the model has no baseline.
        """
        if self.keras_model.baseline is None:
            raise InputError("the model must have a baseline", "none", "Train a model with one.")
        return self._compute.ask("guess", {"y": self.encode_condition(y)})["x_mean"]

    def classify(self, x: Any) -> np.ndarray:
        """log q(y | x), (batch, num_classes) float64, of a model trained with few labels.

        Raises:
            InputError: the model has no classifier; `evaluation.classify_by_bayes` needs none.
        """
        if self.keras_model.classifier is None:
            raise InputError(
                "the model must have a classifier",
                "none",
                "Train with `labelled`, or call evaluation.classify_by_bayes.",
            )
        outputs = self._compute.ask("classify", {"x": self._arguments.images(x)})
        return outputs["log_prob"].astype("float64")

    def predict(self, y: Any, num_samples: int = 10, seed: int = 0) -> Prediction:
        """Predict x given y, in three ways.

        Args:
            y: conditions, one per row.
            num_samples: number of draws of z ~ p(z | y) for each row.
            seed: seed of these draws.
        """
        check_at_least(num_samples, 1, "num_samples")
        y = self.encode_condition(y)
        if not self.latent_dim:
            at_mean = self._compute.ask("guess", {"y": y})["x_mean"]
            samples = np.repeat(at_mean[:, None], num_samples, axis=1)
            return Prediction(at_mean, samples)
        mean = self._compute.ask("prior", {"y": y})["mean"]
        at_mean = self._compute.ask("decode", {"z": mean, "y": y})["x_mean"]
        chance, samples = Chance(seed), []
        for _ in range(num_samples):
            z = self._compute.styles(y, chance)
            samples.append(self._compute.ask("decode", {"z": z, "y": y})["x_mean"])
        return Prediction(at_mean, np.stack(samples, axis=1))

    @property
    def completion(self) -> Completion:
        """Draws the unknown cells of partially known rows; InputError without a table."""
        facts, known = self.engines.facts, self._arguments.check_table()
        return Completion(self._compute, *known, facts.latent_dim, facts.prior_noise_dim)

    def explore(self, x: Any = None, y: Any = None, name: str = "model") -> "Page":
        """The model as a page, shown by a notebook cell; `condvae.explore(run)` has more options.

        Args:
            x: images whose encodings are shown, some of them as examples; None: no images.
            y: their conditions.
            name: title of the page.

        Raises:
            InputError: the model has no latents, is of a table, or has a layer without graph
                operations.
        """
        from condvae.explorer.of_model import page_of_model

        rows = None if x is None else self._arguments.pair(x, y)
        encode = lambda x, y: self.encode(x, y)[0]  # noqa: E731
        return page_of_model(name, self.keras_model, self.condition, rows, encode)

    def _decode(self, engine: Engine, z: Any, y: Any) -> np.ndarray:
        """The expected images for styles."""
        z = self._arguments.styles(z)
        inputs = {"z": z, "y": self._arguments.given(y, len(z))}
        return self._outside(self._compute.run(engine, "decode", inputs)["x_mean"], inputs["y"])

    def _outside(self, x: np.ndarray, y: np.ndarray) -> Any:
        """x in the user's form: images unchanged, rows of a table as columns, with those of y."""
        if self.table is None:
            return x
        table, several = self._arguments.check_table()
        return table.typed(table.rows(x, y, several))
