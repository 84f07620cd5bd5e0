"""Whether generated images match their labels, look real, are varied, and are not copies."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from condvae.checks import InputError, check_at_least, memory_bound
from condvae.conditions import check_categorical
from condvae.data import Dataset
from condvae.evaluation.classifier import Classifier, real_classifier
from condvae.evaluation.doctor import can_examine
from condvae.evaluation.pixels import Pixels, comparability_of_images
from condvae.evaluation.trial import Trial
from condvae.metrics.coverage import density_coverage, precision_recall
from condvae.metrics.frechet import frechet_distance, frechet_distance_by_class
from condvae.metrics.memorisation import Memorisation, compare_with_training
from condvae.metrics.spectrum import smooth_alike

LEAST_TEST_IMAGES = 10  # for each class
# copies in memory of a training image: as rows, smoothed, and in the nearest-neighbour search
BYTES_A_PIXEL = 4 + 4 + 8 + 8
# factor by which more samples than held-out images must be that close to a training image
SUSPICIOUS = 5


@dataclass(frozen=True)
class Resemblance:
    """Images compared with equally many real ones, in a classifier's features.

    Attributes:
        frechet: Fréchet distance, at least 0; smaller is better.
        precision: share that is near real images (fidelity), k = 3.
        recall: share of the real images that are near these images (diversity), k = 3.
        density: like precision, but counting the real images nearby; about 1, k = 5.
        coverage: share of the real images with one of these images nearby, k = 5.
    """

    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float


@dataclass(frozen=True)
class SampleQuality:
    """Generated images, equally many for each class, compared with real test images.

    Attributes:
        label_accuracy: share of the samples for which the classifier predicts the requested label,
            by label.
        real_accuracy: share of the real test images for which it predicts the label.
        generated: samples compared with real test images.
        real: further real test images compared with the same ones: the best possible values at this
            number of images.
        frechet: Fréchet distance of samples and of further real images, by label.
        memorisation: samples and real test images by their nearest training images, in pixels,
            after `smooth_alike` if these are expected pixels.
        closest: (num_pairs, 2, *image_shape) the samples that are closest to a training image, and
            that image; closest pairs first, pixels about 0 to 1.
        closest_rows: (num_pairs,) indices of those training images in the data set.
        num_generated: number of samples.
        num_test: number of real test images that the classifier labelled.
        num_compared: number of samples, of real images, and of further ones, in `generated` and
            `real`.
        num_nearest: number of samples, and of real test images, in `memorisation`.
        pixels: the form of the images that are compared.
        classifier: sha256, in hex, of the classifier's weights.
        drawn: how samples were drawn, if not from the model's prior, see `Drawing`.
        comparability: data, split, pixels, classifier and images that chose the epoch.
    """

    label_accuracy: dict[str, float]
    real_accuracy: float
    generated: Resemblance
    real: Resemblance
    frechet: dict[str, tuple[float, float]]
    memorisation: Memorisation
    closest: np.ndarray
    closest_rows: np.ndarray
    num_generated: int
    num_test: int
    num_compared: int
    num_nearest: int
    pixels: Pixels
    classifier: str
    drawn: str
    comparability: str

    @property
    def mean_label_accuracy(self) -> float:
        """Label accuracy of all samples."""
        return float(np.mean(list(self.label_accuracy.values())))

    @property
    def is_too_precise(self) -> bool:
        """Whether samples are near real images more often than real ones are, which indicates blur.

        Rare real images have no others nearby, whereas averages have many. Differences of at least
        two standard errors count.
        """
        shares = np.array([self.generated.precision, self.real.precision])
        error = np.sqrt((shares * (1 - shares)).sum() / self.num_compared)
        return bool(shares[0] - shares[1] > 2 * error)

    @property
    def has_copies(self) -> bool:
        """Whether far more samples than held-out images are very close to a training image.

        Real images are smoothed as much as the samples are, so that blurred samples do not count as
        copies.
        """
        # for new samples the share is about the quantile itself
        return self.memorisation.closer_share > SUSPICIOUS * self.memorisation.quantile

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        return {
            "label_accuracy": self.mean_label_accuracy,
            "label_accuracy_of_real": self.real_accuracy,
            **{f"label_accuracy_{label}": share for label, share in self.label_accuracy.items()},
            **asdict(self.generated),
            **{f"{name}_of_real": value for name, value in asdict(self.real).items()},
            **{f"frechet_{label}": distance for label, (distance, _) in self.frechet.items()},
            **{f"frechet_of_real_{label}": real for label, (_, real) in self.frechet.items()},
            "farther_than_held_out": self.memorisation.farther,
            "farther_than_held_out_z_score": self.memorisation.z_score,
            "closer_than_held_out": self.memorisation.closer_share,
            "has_copies": self.has_copies,
            "is_too_precise": self.is_too_precise,
            "closest_distance": float(self.memorisation.distances[0]),
            "closest_training_row": int(self.closest_rows[0]),
            "samples": self.num_generated,
            "samples_compared": self.num_compared,
            "samples_for_nearest": self.num_nearest,
            "classifier_sha256": self.classifier,
            "samples_drawn": self.drawn,
            "samples_comparability": self.comparability,
        }

    def __str__(self) -> str:
        accuracy, memorisation = self.mean_label_accuracy, self.memorisation
        error = np.sqrt(accuracy * (1 - accuracy) / self.num_generated)
        worst = min(self.label_accuracy, key=lambda label: self.label_accuracy[label])
        far = max(self.frechet, key=lambda label: self.frechet[label][0])
        beside = "; ".join(
            f"{name} {value:.3f} (real {asdict(self.real)[name]:.3f})"
            for name, value in asdict(self.generated).items()
            if name != "frechet"
        )
        lines = [
            f"a classifier of real images finds the requested label in {accuracy:.2%} ± "
            f"{error:.2%} of {self.num_generated:,} samples (lowest: "
            f"{self.label_accuracy[worst]:.1%} for {worst}), and the right label in "
            f"{self.real_accuracy:.2%} of {self.num_test:,} real test images",
            f"Fréchet distance {self.generated.frechet:.2f} (real {self.real.frechet:.2f}; for one "
            f"class at most {self.frechet[far][0]:.2f}, real {self.frechet[far][1]:.2f}: {far}), "
            f"{self.num_compared:,} samples, or further real images, against as many real ones",
            f"{beside}; {self.num_compared:,} images in each set"
            + ("; precision above that of real images is a sign of blur" * self.is_too_precise),
            f"{memorisation.closer_share:.1%} of {self.num_nearest:,} samples are closer to a "
            f"training image than all but {memorisation.quantile:.0%} of as many held-out images"
            + (", " if self.pixels.drawn else ", all smoothed equally, ")
            + f"and the probability that a sample is farther away is {memorisation.farther:.2f}"
            + ("; there are copies among the samples" if self.has_copies else ""),
        ]
        return "\n".join([*lines, f"({self.comparability})"])


def has_classes_to_judge(trial: Trial) -> bool:
    """Whether `evaluate_samples` can judge a run: images given one of several classes.

    Each class must have at least 10 images in the test split, and three copies of the training
    images as floats must fit into half of the memory.
    """
    classes, dataset = trial.run.record.condition.classes, trial.data
    if classes is None or classes.num_classes < 2:
        return False
    if trial.run.spec.data.task != "class" or not trial.model.latent_dim:
        return False
    fits = BYTES_A_PIXEL * dataset.train.x.size <= memory_bound()
    return fits and _least_count(dataset) >= LEAST_TEST_IMAGES


def has_few_to_judge(trial: Trial) -> bool:
    """Whether some class of a run has too few test images to judge samples by."""
    return can_examine(trial) and _least_count(trial.data) < LEAST_TEST_IMAGES


def check_drawing(trial: Trial) -> None:
    """Raise InputError, before anything is measured, if images cannot be drawn as asked."""
    if not str(trial.drawing):
        return
    if not has_classes_to_judge(trial):
        raise InputError(
            "images must be given one of several classes, each with at least "
            f"{LEAST_TEST_IMAGES} test images, to judge how they are drawn",
            f"{len(trial.data.x):,} {trial.data.unit} given {trial.run.record.condition}",
            "Leave the options of samples out.",
        )
    label = np.asarray(trial.data.test.y)[:1]
    Pixels.of_run(trial.run, trial.data).generate(trial, label)


def evaluate_samples(
    trial: Trial,
    per_class: int = 400,
    num_nearest: int = 1_000,
    num_pairs: int = 16,
    seed: int = 0,
    cache: Path | None = None,
) -> SampleQuality:
    """Judge the images that a run's model generates under each of its classes.

    The images are compared in the form that `Pixels` defines. A classifier trained on the real
    training images predicts the labels and computes the features; the test images, which neither
    model saw, represent the data. Sets that are compared have the same size and equally many images
    of each class.

    Args:
        per_class: number of samples for each class; of these, at most half the number of test
            images of the rarest class are compared with real ones.
        num_nearest: number of samples, over all classes, whose nearest training images are
            searched.
        num_pairs: number of closest pairs to keep.
        seed: seed of the samples, of the choice of real images, and of the classifier.
        cache: folder for the classifier; None: the user's cache.

    Raises:
        InputError: `has_classes_to_judge` is False for the run.

    Source: Ravuri & Vinyals 2019 (a classifier's labels); the rest as in `measures`.
    """
    check_at_least(per_class, 2, "per_class")
    check_at_least(num_pairs, 1, "num_pairs")
    run, dataset = trial.run, trial.data
    if not has_classes_to_judge(trial):
        raise InputError(
            f"the run must have images given one of several classes, each with at least "
            f"{LEAST_TEST_IMAGES} test images, that fit into memory as floats",
            f"{len(dataset.x):,} {dataset.unit} given {run.record.condition}",
            "Use another run, hold out more images, or resize them.",
        )
    pixels, rng = Pixels.of_run(run, dataset), np.random.default_rng(seed)
    classifier = real_classifier(dataset, pixels, seed, cache)
    labels, codes = dataset.label_names, np.arange(dataset.num_classes)
    test, train = (
        pixels.draw(pixels.rows(split.x, dataset.x_max), rng)
        for split in (dataset.test, dataset.train)
    )
    # from here (number of classes, rows of each, dim)
    real = _of_each_class(test, dataset.test.given, _least_count(dataset), rng)
    asked = check_categorical(dataset.condition).labels(np.repeat(codes, per_class))
    samples = pixels.generate(trial, asked, seed).reshape(len(codes), per_class, -1)
    told = classifier.tell(_flat(samples)).reshape(len(codes), per_class)

    # the other half are the further real images, so that all three sets have the same size
    half = min(per_class, real.shape[1] // 2)
    reference, further, generated = (
        classifier.features(_flat(part))
        for part in (real[:, :half], real[:, half : 2 * half], samples[:, :half])
    )
    of_class = np.repeat(codes, half)
    of_samples, of_real = (
        frechet_distance_by_class(reference, of_class, others, of_class)
        for others in (generated, further)
    )
    # as many samples as held-out images, for each class
    count = max(1, min(num_nearest // len(codes), real.shape[1], per_class))
    nearest = _flat(samples[:, :count])
    learned, held_out, shown = train, _flat(real[:, :count]), nearest
    if not pixels.drawn:
        # expected pixels are smooth, and therefore close to any image, copied or not
        images = (rows.reshape(-1, *dataset.image_shape) for rows in (learned, held_out, shown))
        learned, held_out, shown = (_as_rows(part) for part in smooth_alike(*images))
    memorisation = compare_with_training(
        learned, held_out, shown, num_pairs=min(num_pairs, len(nearest))
    )
    near, copied = memorisation.pairs.T
    pairs = np.stack([nearest[near], train[copied]], axis=1)
    shares = (told == codes[:, None]).mean(axis=1)
    return SampleQuality(
        label_accuracy=dict(zip(labels, shares.tolist(), strict=True)),
        real_accuracy=classifier.accuracy(test, dataset.test.given),
        generated=resemblance(reference, generated),
        real=resemblance(reference, further),
        frechet={label: (of_samples[code], of_real[code]) for code, label in enumerate(labels)},
        memorisation=memorisation,
        closest=pairs.reshape(-1, 2, *dataset.image_shape),
        closest_rows=dataset.train.rows[copied],
        num_generated=len(asked),
        num_test=len(test),
        num_compared=len(generated),
        num_nearest=len(nearest),
        pixels=pixels,
        classifier=classifier.sha256,
        drawn=str(trial.drawing).removesuffix("; "),
        comparability=comparability(
            trial,
            pixels,
            classifier,
            "" if pixels.drawn else "copies sought among images smoothed as much; ",
        ),
    )


def resemblance(real: np.ndarray, others: np.ndarray) -> Resemblance:
    """Features of images (M, dim) compared with real ones (N, dim), ideally equally many."""
    return Resemblance(
        frechet_distance(real, others),
        **asdict(precision_recall(real, others)),
        **asdict(density_coverage(real, others)),
    )


def comparability(trial: Trial, pixels: Pixels, classifier: Classifier, also: str = "") -> str:
    """What figures of generated images can be compared with, in one line."""
    shown = replace(pixels, drawn=pixels.drawn or trial.drawing.texture)
    how = f"{shown}; {trial.drawing}{also}classifier and features {classifier.sha256[:8]}"
    return comparability_of_images(trial.run, trial.data, how)


def _least_count(dataset: Dataset) -> int:
    """The number of test images of the rarest class."""
    return int(np.bincount(dataset.test.given, minlength=dataset.num_classes).min())


def _of_each_class(
    rows: np.ndarray, codes: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """(number of classes, count, dim): `count` rows of each class, in random order."""
    found = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    return rows[np.stack([rng.permutation(of_class)[:count] for of_class in found])]


def _flat(rows: np.ndarray) -> np.ndarray:
    """The rows of all classes in one array, (number of classes * rows of each, dim)."""
    return rows.reshape(-1, rows.shape[-1])


def _as_rows(images: np.ndarray) -> np.ndarray:
    """Images (N, ...) as (N, dim)."""
    return images.reshape(len(images), -1)
