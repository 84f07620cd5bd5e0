"""Whether generated images are as sharp as real ones: the detail that the decoder makes."""

from dataclasses import dataclass, replace

import numpy as np

from condvae.evaluation.pixels import Pixels, comparability_of_images, is_binary
from condvae.evaluation.trial import Trial
from condvae.metrics.spectrum import FineDetail, compare_detail

NUM_IMAGES = 2_000


@dataclass(frozen=True)
class DetailQuality:
    """Power in fine detail, relative to that of equally many real test images.

    Attributes:
        shown: for expected pixels, as `condvae generate` writes them, which show the decoder's
            detail.
        drawn: for sampled pixels, compared with real images as the model's training saw them. The
            independent noise that the likelihood adds to each pixel counts as power here, although
            it is not detail.
        real: for further real images; about 1.
        num_images: number of images in each set.
        comparability: data, split, pixels and images that chose the epoch.
    """

    shown: FineDetail
    drawn: FineDetail
    real: FineDetail
    num_images: int
    comparability: str

    def figures(self) -> dict[str, object]:
        """The figures, flat; `detail_spectrum` has a record for each ring of frequencies."""
        spectrum = zip(
            self.shown.frequencies, self.shown.shares, self.shown.standard_errors, strict=True
        )
        names = ("cycles_per_pixel", "share", "standard_error")
        return {
            "detail": self.shown.share,
            "detail_standard_error": self.shown.standard_error,
            "detail_of_draws": self.drawn.share,
            "detail_of_draws_standard_error": self.drawn.standard_error,
            "detail_of_real": self.real.share,
            "detail_of_real_standard_error": self.real.standard_error,
            "detail_size": self.shown.size,
            "detail_images": self.num_images,
            "detail_spectrum": [
                {name: float(value) for name, value in zip(names, ring, strict=True)}
                for ring in spectrum
            ],
            "detail_comparability": self.comparability,
        }

    def __str__(self) -> str:
        return (
            f"a sample as shown has {_percent(self.shown)} of the fine detail of a real image "
            f"({self.shown.size:.1f} pixels or less, by power), a further real image "
            f"{_percent(self.real)}; with sampled pixels, whose noise counts too, "
            f"{_percent(self.drawn)}; {self.num_images:,} of each\n({self.comparability})"
        )


def has_detail(trial: Trial) -> bool:
    """Whether a run has images of numeric pixels, and a model that can generate them."""
    data = trial.data
    of_pixels = data.table is None and data.pixel_classes is None and len(data.image_shape) == 3
    return bool(of_pixels and max(data.image_shape[:2]) > 1 and trial.model.latent_dim)


def can_be_blurred(trial: Trial) -> bool:
    """Whether the expected pixels of a good model are as sharp as images.

    This is not the case for pixels of zeros and ones: if the style does not determine a pixel, its
    expected value is grey, and only a draw is black or white.
    """
    return has_detail(trial) and not is_binary(trial.data)


def evaluate_detail(trial: Trial, num_images: int = NUM_IMAGES, seed: int = 0) -> DetailQuality:
    """The detail of images that a class-conditional run generates under labels of test images.

    Args:
        num_images: number of images, at most half of the test images; equally many others are the
            further real images.
        seed: seed of the samples, and of the choice of real images.
    """
    run, data = trial.run, trial.data
    pixels, rng = Pixels.of_run(run, data), np.random.default_rng(seed)
    count = min(num_images, len(data.test.x) // 2)
    order = rng.permutation(len(data.test.x))
    rows = pixels.rows(data.test.x[order[: 2 * count]], data.x_max)
    labels = np.asarray(data.test.y)[order[:count]]
    real, further = _images(trial, rows[:count]), _images(trial, rows[count:])
    seen = _images(trial, pixels.draw(rows[:count], rng))
    shown, drawn = (
        _images(trial, replace(pixels, drawn=is_drawn).generate(trial, labels, seed))
        for is_drawn in (False, not trial.drawing.guidance)
    )
    return DetailQuality(
        shown=compare_detail(real, shown),
        drawn=compare_detail(seen, drawn),
        real=compare_detail(real, further),
        num_images=count,
        comparability=comparability_of_images(
            run, data, f"{trial.drawing}power by spatial frequency"
        ),
    )


def detail_of_samples(trial: Trial, x: np.ndarray, labels: np.ndarray, seed: int = 0) -> FineDetail:
    """Detail of expected pixels, compared with real images x under the same labels."""
    pixels = replace(Pixels.of_run(trial.run, trial.data), drawn=False)
    shown = pixels.generate(trial, labels, seed)
    real = pixels.rows(x, trial.data.x_max)
    return compare_detail(_images(trial, real), _images(trial, shown))


def _images(trial: Trial, rows: np.ndarray) -> np.ndarray:
    """Rows (N, dim) as images (N, height, width, channels)."""
    return rows.reshape(-1, *trial.data.image_shape)


def _percent(detail: FineDetail) -> str:
    """A share and its standard error, as text."""
    return f"{detail.share:.1%} ± {detail.standard_error:.1%}"
