"""Samples from what was found in the encodings of training images, after training.

A prior that is trained by the bound, and pixels that are independent given z, give images without
the dependences of photographs. Here z is the sum of the encodings of five images of a class, and
the noise of a pixel depends on its neighbours' as it does in training images, with the sum of the
same five images' energies. The density of a pixel, the bound and log p(x | y) stay those of the
model: these are other samples, not other likelihoods.

Source: Ghosh et al. 2020 (ex-post density estimation); Dai & Wipf 2019 (a second stage); the
smoothed bootstrap of Efron 1979.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError, check_at_least
from condvae.inference.chance import Chance
from condvae.inference.computation import Computation
from condvae.inference.draws import Draws
from condvae.inference.texture import Texture, Textured, quantiles

if TYPE_CHECKING:
    from condvae.inference.trained import TrainedModel

MOST_ROWS, MOST_SEEN = 20_000, 2**28  # images, and the sum of their pixels and channels
# Encodings whose sum is a style. With fewer, styles are closer to training images than those of
# new images are; with many, they are normally distributed.
TERMS = 5
MOST_NOISE = 2**22  # pixels and channels whose noise is found at a time
TENSORS = ("means", "counts", "deviations", "noise_real", "noise_imaginary", "middle", "axes")


@dataclass(frozen=True)
class Sampler:
    """Draws images of a model's classes; made by `Sampler.fit`.

    Attributes:
        model: the model that decodes.
        means: (num_classes, numbers) by class, of what is drawn of an image: its encoding, and the
            components of its texture.
        counts: (num_classes,) number of the images of each class.
        deviations: (sum of counts, numbers) those of images minus their class's mean, class by
            class.
        texture: the noise of the pixels; None if the likelihood's noise is not known.
    """

    model: "TrainedModel"
    means: np.ndarray
    counts: np.ndarray
    deviations: np.ndarray
    texture: Texture | None

    @classmethod
    def fit(cls, model: "TrainedModel", x: np.ndarray, y: Any) -> Self:
        """Fit it to the images on which a model was trained, at most 20,000 of them.

        Args:
            model: a model of images of classes.
            x: images.
            y: their labels.

        Raises:
            InputError: the condition is not a class, or the model has no latents.
        """
        codes, inverts = model.classes.codes(np.asarray(y)), model.engines.facts.inverts
        most = min(MOST_ROWS, MOST_SEEN // x[0].size) if inverts else MOST_ROWS
        if len(codes) > most:
            kept = np.linspace(0, len(codes) - 1, most).astype(int)
            x, codes = x[kept], codes[kept]
        x, num_classes = np.asarray(x), model.classes.num_classes
        drawn, _ = model.encode(x, model.classes.labels(codes))
        texture = None
        if inverts:
            texture, components = Texture.fit(_noise(model, x, drawn, codes))
            drawn = np.concatenate([drawn, components], axis=1)
        counts, means = (
            np.bincount(codes, minlength=num_classes),
            np.empty((num_classes, drawn.shape[1])),
        )
        for code, count in enumerate(counts):
            means[code] = (drawn[codes == code] if count else drawn).mean(axis=0)
        means, order = means.astype("float32"), np.argsort(codes, kind="stable")
        return cls(model, means, counts, (drawn - means[codes])[order], texture)

    def styles(self, codes: np.ndarray, chance: Chance) -> np.ndarray:
        """z, and components of the texture, for class codes (N,): (N, numbers) float32.

        Their difference from the mean is the sum of five deviations, drawn from those of the class,
        over the root of five: it has their covariance, and keeps something of what is not normal
        about them. If a class has fewer images than there are numbers, some come from all classes.
        """
        counts, place = self.counts[codes, None], chance.choices(len(codes), TERMS)
        first = (np.cumsum(self.counts) - self.counts)[codes, None]
        share = np.minimum(1, counts / self.means.shape[1])
        # the same uniform number, stretched: within the class if it is below that share
        within = (place / np.maximum(share, 1e-9) * counts).astype(int)
        beyond = ((place - share) / np.maximum(1 - share, 1e-9) * len(self.deviations)).astype(int)
        own, others = first + np.minimum(within, counts - 1), beyond % len(self.deviations)
        chosen = np.where(place < share, own, others)
        size = np.full(self.means.shape[1], 1 / np.sqrt(TERMS), "float32")
        size[: self.model.latent_dim] *= (
            chance.temperature
        )  # not the noise, which would become smooth
        return self.means[codes] + size * self.deviations[chosen].sum(axis=1)

    def generate(
        self,
        given: Any,
        num_samples: int = 16,
        *,
        texture: bool = True,
        sample: bool = False,
        seed: int = 0,
        temperature: float = 1.0,
        guidance: float = 0.0,
    ) -> np.ndarray:
        """As `TrainedModel.generate`.

        Args:
            texture: whether pixels are drawn, with the noise of neighbouring pixels.
            sample: whether they are drawn without it, if not with it; otherwise each has its
                expected value.

        Raises:
            InputError: texture, and the likelihood's noise is not known.
        """
        check_at_least(num_samples, 1, "num_samples")
        labels = np.atleast_1d(np.asarray(given))
        labels = np.repeat(labels, num_samples) if len(labels) == 1 else labels
        how = {"seed": seed, "temperature": temperature, "guidance": guidance}
        return np.concatenate(list(self.blocks(labels, texture, sample, **how)))

    def blocks(
        self,
        labels: Any,
        texture: bool = True,
        sample: bool = False,
        seed: int = 0,
        temperature: float = 1.0,
        guidance: float = 0.0,
        finish: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Iterator[np.ndarray]:
        """As `generate`, block by block, for one label a row.

        Args:
            finish: function applied to each block's images.
        """
        codes, textured = self.model.classes.codes(labels), None
        if texture:
            if self.texture is None:
                raise InputError(
                    "texture requires the likelihood 'discretised_logistic'",
                    "another one",
                    "Omit `texture`.",
                )
            textured = Textured(seed, temperature, self.texture)
        chance = textured or Chance(seed, temperature)
        engines, nothing = self.model.engines, self.model.condition.unconditional
        draws = Draws(chance, texture or sample, guidance, nothing, engines.facts.x_range)
        y, parts = self.model.encode_condition(labels), list(slices(len(codes)))

        def styles() -> Iterator[np.ndarray]:
            for part in parts:
                drawn = self.styles(codes[part], chance)
                if textured is not None:
                    textured.follow(drawn[:, self.model.latent_dim :])
                yield drawn[:, : self.model.latent_dim]

        return Computation(engines).images((y[part] for part in parts), styles(), draws, finish)

    def tensors(self) -> dict[str, np.ndarray]:
        """What was fitted, float32 by name; the inverse of `restored`."""
        values = [self.means, self.counts, self.deviations]
        if self.texture is not None:
            texture, filters = self.texture, self.texture.filters
            values += [np.real(filters), np.imag(filters), texture.middle, texture.axes]
        named = zip(TENSORS, values, strict=False)
        return {name: np.ascontiguousarray(value, "float32") for name, value in named}

    @classmethod
    def shapes(cls, model: "TrainedModel", rows: int) -> dict[str, tuple[int, ...]]:
        """Shapes of the tensors for a model, and a number of encodings."""
        classes, numbers = model.classes.num_classes, model.latent_dim
        of_texture: list[tuple[int, ...]] = []
        if model.engines.facts.inverts:
            filters, middle, axes = Texture.shapes(*model.image_shape)
            numbers, of_texture = numbers + axes[0], [filters, filters, middle, axes]
        shapes = [(classes, numbers), (classes,), (rows, numbers), *of_texture]
        return dict(zip(TENSORS, shapes, strict=False))

    @classmethod
    def restored(cls, model: "TrainedModel", tensors: Mapping[str, np.ndarray]) -> Self:
        """The sampler of these tensors."""
        values = [tensors[name] for name in TENSORS if name in tensors]
        means, counts, deviations = values[:3]
        texture = None
        if len(values) > 3:
            real, imaginary, middle, axes = values[3:]
            texture = Texture(real + 1j * imaginary, middle, axes)
        return cls(model, means, counts.astype(int), deviations, texture)


def _noise(
    model: "TrainedModel", x: np.ndarray, z: np.ndarray, codes: np.ndarray
) -> Iterator[np.ndarray]:
    """The noise that gives images at their z, block by block."""
    for part in slices(len(x), MOST_NOISE // x[0].size + 1):
        y = model.encode_condition(model.classes.labels(codes[part]))
        pixels = x[part].reshape(-1, *model.image_shape)
        inputs = {"x": pixels, "z": z[part], "y": y}
        yield quantiles(Computation(model.engines).ask("pixel_noise_of", inputs)["noise"])
