"""Samples from distributions that are fitted to the encodings of training images, after training.

A prior that is trained by the bound, and pixels that are independent given z, give images without
the dependences of photographs. Here z is normal for each class, with all covariances, and the noise
of a pixel depends on its neighbours' as it does in training images. The density of a pixel, the
bound and log p(x | y) stay those of the model: these are other samples, not other likelihoods.

Source: Ghosh et al. 2020 (ex-post density estimation); Dai & Wipf 2019 (a second stage).
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

if TYPE_CHECKING:
    from condvae.inference.trained import TrainedModel

MOST_ROWS, MOST_TEXTURES = 20_000, 2_000  # images that are encoded, and compared with their pixels
LEAST_VARIANCE = 1e-5
CLOSEST = 1e-5  # of a quantile to 0 and 1
TENSORS = ("means", "roots", "amplitudes", "noise_real", "noise_imaginary")


@dataclass(frozen=True)
class Sampler:
    """Draws images of a model's classes; made by `Sampler.fit`.

    Attributes:
        model: the model that decodes.
        means: (num_classes, latent_dim) of z, by class.
        roots: (num_classes, latent_dim, latent_dim) lower triangular roots of the covariances.
        filters: (height, width, channels, channels) complex: in the frequency domain, from white
            noise to that of the pixels; None if the likelihood's noise is not known.
        amplitudes: (2,) mean and standard deviation, over images, of the log of the noise's size.
    """

    model: "TrainedModel"
    means: np.ndarray
    roots: np.ndarray
    filters: np.ndarray | None
    amplitudes: np.ndarray

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
        codes = model.classes.codes(np.asarray(y))
        if len(codes) > MOST_ROWS:
            kept = np.linspace(0, len(codes) - 1, MOST_ROWS).astype(int)
            x, codes = x[kept], codes[kept]
        x, labels = np.asarray(x), model.classes.labels(codes)
        mean, logvar = model.encode(x, labels)
        means, roots = _normals(mean, np.exp(logvar), codes, model.classes.num_classes)
        amplitudes, filters = np.zeros(2, "float32"), None
        if model.engines.facts.inverts:
            rows = np.linspace(0, len(x) - 1, min(len(x), MOST_TEXTURES)).astype(int)
            y = model.encode_condition(labels[rows])
            inputs = {"x": _batch(model, x[rows]), "z": mean[rows], "y": y}
            found = Computation(model.engines).ask("pixel_noise_of", inputs)
            noise = _quantiles(found["noise"])
            sizes = noise.std(axis=(1, 2, 3), keepdims=True) + 1e-6
            filters = _roots(noise / sizes)
            log = np.log(sizes)
            amplitudes = np.array([log.mean(), log.std()], "float32")
        return cls(model, means, roots, filters, amplitudes)

    def styles(self, codes: np.ndarray, chance: Chance) -> np.ndarray:
        """z for class codes (N,), (N, latent_dim) float32."""
        noise = chance.latents(len(codes), self.means.shape[1])
        z = np.empty_like(noise)
        for code in np.unique(codes):
            rows = codes == code
            z[rows] = self.means[code] + noise[rows] @ self.roots[code].T
        return z

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
        codes, chance = self.model.classes.codes(labels), Chance(seed, temperature)
        if texture:
            if self.filters is None:
                raise InputError(
                    "texture requires the likelihood 'discretised_logistic'",
                    "another one",
                    "Omit `texture`.",
                )
            chance = Textured(seed, temperature, self.filters, self.amplitudes)
        engines, nothing = self.model.engines, self.model.condition.unconditional
        draws = Draws(chance, texture or sample, guidance, nothing, engines.facts.x_range)
        y, parts = self.model.encode_condition(labels), list(slices(len(codes)))
        zs = (self.styles(codes[part], chance) for part in parts)
        ys = (y[part] for part in parts)
        return Computation(engines).images(ys, zs, draws, finish)

    def tensors(self) -> dict[str, np.ndarray]:
        """What was fitted, float32 by name; the inverse of `restored`."""
        values = [self.means, self.roots, self.amplitudes]
        values += [] if self.filters is None else [np.real(self.filters), np.imag(self.filters)]
        named = zip(TENSORS, values, strict=False)
        return {name: np.ascontiguousarray(value, "float32") for name, value in named}

    @classmethod
    def shapes(cls, model: "TrainedModel") -> dict[str, tuple[int, ...]]:
        """Shapes of the tensors for a model."""
        classes, dim = model.classes.num_classes, model.latent_dim
        shapes: list[tuple[int, ...]] = [(classes, dim), (classes, dim, dim), (2,)]
        if model.engines.facts.inverts:
            shapes += 2 * [(*model.image_shape, model.image_shape[-1])]
        return dict(zip(TENSORS, shapes, strict=False))

    @classmethod
    def restored(cls, model: "TrainedModel", tensors: Mapping[str, np.ndarray]) -> Self:
        """The sampler of these tensors."""
        means, roots, amplitudes, *parts = (tensors[name] for name in cls.shapes(model))
        filters = parts[0] + 1j * parts[1] if parts else None
        return cls(model, means, roots, filters, amplitudes)


class Textured(Chance):
    """Random numbers of one seed, in which the noise of neighbouring pixels is dependent.

    The noise of one pixel alone is uniform but for the differences of sizes between images.

    Args:
        filters, amplitudes: see `Sampler`.
    """

    def __init__(self, seed: int, temperature: float, filters: np.ndarray, amplitudes: np.ndarray):
        super().__init__(seed, temperature)
        self._filters, self._amplitudes = filters, amplitudes

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise of images, see `Chance.pixels`."""
        from scipy.special import ndtr  # 0.1 s, which other draws need not wait for

        white = np.fft.fft2(super().pixels(*shape, kind="normal"), axes=(1, 2))
        mixed = np.einsum("ijab,nijb->nija", self._filters, white)
        noise = np.fft.ifft2(mixed, axes=(1, 2)).real
        mean, deviation = self._amplitudes
        sizes = np.exp(mean + deviation * super().pixels(shape[0], 1, 1, 1, kind="normal"))
        return ndtr(sizes * noise).astype("float32")


def _batch(model: "TrainedModel", x: np.ndarray) -> np.ndarray:
    """Images with an axis for channels."""
    return x.reshape(len(x), *model.image_shape)


def _normals(
    mean: np.ndarray, variance: np.ndarray, codes: np.ndarray, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Means and roots of the covariances of z ~ q(z | x, y), over the images of each class.

    Covariances are shrunk to that within all classes, the more the fewer images a class has.
    """
    count, dim = mean.shape
    middle = np.stack(
        [
            mean[codes == c].mean(axis=0) if (codes == c).any() else mean.mean(axis=0)
            for c in range(num_classes)
        ]
    )
    centred = mean - middle[codes]
    pooled = centred.T @ centred / count + np.diag(variance.mean(axis=0))
    roots = np.empty((num_classes, dim, dim), "float32")
    for code in range(num_classes):
        rows, of_class = centred[codes == code], variance[codes == code]
        share = dim / (dim + len(rows))
        covariance = share * pooled
        if len(rows):
            own = rows.T @ rows / len(rows) + np.diag(of_class.mean(axis=0))
            covariance = covariance + (1 - share) * own
        floor = LEAST_VARIANCE * np.eye(dim)
        roots[code] = np.linalg.cholesky(covariance.astype("float64") + floor)
    return middle, roots


def _quantiles(uniform: np.ndarray) -> np.ndarray:
    """Standard normal values from uniform ones."""
    from scipy.special import ndtri

    return ndtri(np.clip(uniform, CLOSEST, 1 - CLOSEST))


def _roots(noise: np.ndarray) -> np.ndarray:
    """(height, width, channels, channels) complex64: roots of the spectrum of noise (N, ...)."""
    _, height, width, channels = noise.shape
    spectrum = np.zeros((height, width, channels, channels), "complex128")
    for part in slices(len(noise)):
        waves = np.fft.fft2(noise[part], axes=(1, 2))
        spectrum += np.einsum("nija,nijb->ijab", waves, waves.conj())
    spectrum /= len(noise) * height * width
    return np.linalg.cholesky(spectrum + 1e-6 * np.eye(channels)).astype("complex64")
