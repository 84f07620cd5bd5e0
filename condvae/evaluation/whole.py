"""All measures of a run, for any kind of condition."""

from typing import Protocol

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


class Result(Protocol):
    """The result of an evaluation; str() gives it as text."""

    def figures(self) -> dict[str, object]:
        """Numbers and comparability lines by name, flat."""
        ...


def evaluate_whole(
    trial: Trial,
    full: bool = False,
    seed: int = 0,
    full_images: int | None = None,
) -> dict[str, Result]:
    """Title -> measure, on the test split.

    Args:
        full: whether to use K = 5,000 draws of z for the likelihood, Bayes' rule on all images, and
            classifiers trained on samples (minutes to an hour).
        seed: seed of all draws.
        full_images: for a full evaluation, number of images, the first ones, for the likelihood;
            None: all.
    """
    run, found = trial.run, {}
    found["Bound"] = bound = evaluate_bound(trial, seed=seed)
    of_classes = can_examine(trial)
    if run.spec.data.task != "class" or of_classes:
        found["Likelihood"] = conditional_likelihood(
            trial,
            num_samples=FULL_SAMPLES if full else 100,
            seed=seed,
            num_images=full_images if full else None,
        )
    if of_classes and has_detail(trial):
        found["Baselines"] = evaluate_baselines(trial, -bound.elbo, seed=seed)
    if run.record.preprocessing.pixel_classes is not None:
        found["Label maps"] = evaluate_label_maps(trial)
    if trial.data.table is not None:
        found |= evaluate_table(trial, full, seed).parts
    if of_classes:
        if run.spec.data.labelled is not None:
            found["Classifier"] = evaluate_classifier(trial)
        count, binarisations = (None, FULL_BINARISATIONS) if full else (1_000, 1)
        found["Labels"] = evaluate_labels(
            trial, num_images=count, seed=seed, num_binarisations=binarisations
        )
        found["Latents"] = evaluate_latents(trial, seed=seed)
        if has_detail(trial):
            found["Detail"] = evaluate_detail(trial, seed=seed)
        if has_handwriting(trial.model):
            found["Style"] = evaluate_style(trial, seed=seed)
    if has_classes_to_judge(trial):
        found["Samples"] = evaluate_samples(trial, seed=seed)
        if full:
            found["Accuracy score"] = score_accuracy(trial)
    return found
