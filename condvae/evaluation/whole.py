"""Everything that can be measured of a run, whatever it is given."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from condvae.evaluation.accuracy_score import score_accuracy
from condvae.evaluation.baselines import evaluate_baselines
from condvae.evaluation.classification import evaluate_classifier
from condvae.evaluation.detail import evaluate_detail, has_detail
from condvae.evaluation.doctor import can_examine
from condvae.evaluation.label_maps import evaluate_label_maps
from condvae.evaluation.labels import evaluate_labels
from condvae.evaluation.latents import evaluate_latents
from condvae.evaluation.likelihood import conditional_likelihood, evaluate_bound
from condvae.evaluation.samples import evaluate_samples, has_classes_to_judge
from condvae.evaluation.style import evaluate_style
from condvae.evaluation.tables import evaluate_table
from condvae.evaluation.trial import Trial
from condvae.inference.handwriting import has_handwriting

FULL_SAMPLES = 5_000
FULL_BINARISATIONS = 10
SAMPLES, MOST_FOR_LABELS = 100, 1_000
# The numbers that the decoder may write for one estimate, unless the evaluation is full: 10,000
# images of 28 × 28 pixels with 100 draws. Of larger images the first ones are used, at least 200.
MOST_DECODED, LEAST_IMAGES = 800_000_000, 200
# About how long each measure takes beside the others, of MNIST on two cores; and how many times as
# long a full one.
SECONDS = {
    "Bound": 1.0,
    "Likelihood": 20.0,
    "Baselines": 1.0,
    "Label maps": 5.0,
    "Table": 20.0,
    "Classifier": 1.0,
    "Labels": 4.0,
    "Latents": 2.0,
    "Detail": 1.0,
    "Style": 4.0,
    "Samples": 30.0,
    "Accuracy score": 60.0,
}
FULL_TIMES = {"Likelihood": 50.0, "Labels": 20.0}


class Result(Protocol):
    """What an evaluation returns; str() is the same for a reader."""

    def figures(self) -> Mapping[str, object]:
        """Numbers and comparability by name, flat."""
        ...


def evaluate_whole(
    trial: Trial,
    full: bool = False,
    seed: int = 0,
    full_images: int | None = None,
    tell: Callable[[float, str], None] = lambda share, title: None,
) -> dict[str, Result]:
    """Title -> measure, on the test split.

    Args:
        full: K = 5,000 draws of z for the likelihood, Bayes' rule on all images, and classifiers
            that are trained on samples (minutes to an hour). Otherwise, of images for which the
            decoder is expensive, the likelihood and Bayes' rule take the first ones, see
            `affordable_images`.
        seed: of all draws.
        full_images: of a full evaluation, the first images, to which its likelihood is confined;
            None: all.
        tell: is told, as each measure begins, about which share of the time is over.
    """
    found: dict[str, Result] = {}
    steps = _steps(trial, full, seed, full_images, found)
    times = [SECONDS[title] * (FULL_TIMES.get(title, 1) if full else 1) for title, _ in steps]
    for place, (title, measure) in enumerate(steps):
        tell(sum(times[:place]) / sum(times), title)
        found |= measure()
    return found


def affordable_images(trial: Trial, decodings: int) -> int | None:
    """The number of images that are decoded so often within `MOST_DECODED`; None: all test images.

    Args:
        decodings: of one image, over draws of z and labels.
    """
    if not trial.model.latent_dim:
        return None
    numbers = math.prod(trial.model.keras_model.decoder.output.shape[1:])
    few = max(LEAST_IMAGES, MOST_DECODED // (numbers * decodings))
    return few if few < len(trial.data.test.x) else None


def _steps(
    trial: Trial, full: bool, seed: int, full_images: int | None, found: Mapping[str, Any]
) -> list[tuple[str, Callable[[], Mapping[str, Result]]]]:
    """The measures that a run has, in their order, each by its title.

    Args:
        found: the results of those before, when one is called.
    """
    run, of_classes, steps = trial.run, can_examine(trial), []

    def add(title: str, measure: Callable[..., Result], **settings: Any) -> None:
        steps.append((title, lambda: {title: measure(trial, **settings)}))

    add("Bound", evaluate_bound, seed=seed)
    if run.spec.data.task != "class" or of_classes:
        few = affordable_images(trial, SAMPLES)
        samples, images = (FULL_SAMPLES, full_images) if full else (SAMPLES, few)
        settings = {"num_samples": samples, "seed": seed, "num_images": images}
        add("Likelihood", conditional_likelihood, **settings)
    if of_classes and has_detail(trial):

        def baselines(trial: Trial) -> Result:
            return evaluate_baselines(trial, -found["Bound"].elbo, seed=seed)

        add("Baselines", baselines)
    if run.record.preprocessing.pixel_classes is not None:
        add("Label maps", evaluate_label_maps)
    if trial.data.table is not None:
        steps.append(("Table", lambda: evaluate_table(trial, full, seed).parts))
    if of_classes:
        if run.spec.data.labelled is not None:
            add("Classifier", evaluate_classifier)
        few = affordable_images(trial, SAMPLES * trial.data.num_classes) or MOST_FOR_LABELS
        few = min(few, MOST_FOR_LABELS)
        count, binarisations = (None, FULL_BINARISATIONS) if full else (few, 1)
        settings = {"num_images": count, "seed": seed, "num_binarisations": binarisations}
        add("Labels", evaluate_labels, **settings)
        add("Latents", evaluate_latents, seed=seed)
        if has_detail(trial):
            add("Detail", evaluate_detail, seed=seed)
        if has_handwriting(trial.model):
            add("Style", evaluate_style, seed=seed)
    if has_classes_to_judge(trial):
        add("Samples", evaluate_samples, seed=seed)
        if full:
            add("Accuracy score", score_accuracy)
    return steps
