import numpy as np
import pytest

from condvae.evaluation.accuracy_score import score_accuracy
from condvae.evaluation.samples import evaluate_samples
from condvae.evaluation.trial import Trial


@pytest.mark.slow
def test_samples_that_are_the_training_images_reach_the_ceiling(few_steps, digits, kept, stand_in):
    """The same images under the same labels in the same order: the same classifier."""
    run = stand_in(digits, lambda labels: digits.train.rows, likelihood="bernoulli")
    found = score_accuracy(Trial.of(run, digits), cache=kept)
    assert found.generated == found.real > 0.95
    assert found.both > 0.95
    assert found.num_samples == found.num_real == len(digits.train.x)
    assert f"trained on {found.num_samples:,} samples only, {found.real:.2%}" in str(found)
    assert found.figures()["classification_accuracy_score"] == found.generated


@pytest.mark.slow
def test_samples_under_wrong_labels_teach_nothing(few_steps, digits, kept, stand_in):
    order = np.random.default_rng(0).permutation
    run = stand_in(digits, lambda labels: order(digits.train.rows), likelihood="bernoulli")
    assert score_accuracy(Trial.of(run, digits), cache=kept).generated == pytest.approx(
        0.1, abs=0.08
    )


@pytest.mark.slow
def test_of_few_labels_the_real_images_are_those_with_a_label(
    few_steps, digits, stand_in, drawn_from, tmp_path
):
    few = digits.with_spec(digits.spec.model_copy(update={"labelled": 20}))
    choose = drawn_from(digits, digits.train.rows)
    found = score_accuracy(
        Trial.of(stand_in(few, choose, likelihood="bernoulli"), few), cache=tmp_path
    )
    assert (found.num_samples, found.num_real) == (len(digits.train.x), 20)
    assert found.real < 0.85 < 0.95 < found.generated
    assert found.both > 0.95
    assert not list(tmp_path.iterdir())  # what all labels teach is not asked for


@pytest.mark.slow
def test_a_run_is_judged_by_the_kept_classifier(few_steps, trained_run, digits, kept, caplog):
    found = evaluate_samples(Trial.of(trained_run, digits), per_class=50, cache=kept)
    assert found.mean_label_accuracy > 0.8
    assert not found.has_copies
    assert score_accuracy(Trial.of(trained_run, digits), cache=kept).generated > 0.5
    assert not caplog.text
