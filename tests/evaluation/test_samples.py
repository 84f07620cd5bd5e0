"""Stand-ins for models whose samples are known: perfect, disobedient, copying."""

from dataclasses import asdict

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.evaluation import Drawing
from condvae.evaluation.classifier import real_classifier
from condvae.evaluation.pixels import Pixels
from condvae.evaluation.samples import evaluate_samples, has_classes_to_judge
from condvae.evaluation.trial import Trial
from condvae.metrics.frechet import frechet_distance

PLAIN = Pixels(drawn=False, binarised=False)


@pytest.fixture
def judge(digits, kept, stand_in):
    """Judge a stand-in that chooses rows by the labels."""

    def of(choose, drawing=None, **sizes):
        run = stand_in(digits, choose, likelihood="bernoulli")
        return run, evaluate_samples(Trial.of(run, digits, drawing), cache=kept, **sizes)

    return of


def test_a_perfect_model(judge, digits, kept, drawn_from):
    """Samples are real images of the requested class that the model has not seen."""
    run, found = judge(drawn_from(digits, digits.validation.rows), per_class=30)
    classifier, rows = real_classifier(digits, PLAIN, folder=kept), PLAIN.rows(digits.x, 255)
    told = classifier.tell(rows[run.chosen]) == digits.given[run.chosen]
    assert found.mean_label_accuracy == pytest.approx(told.mean())
    assert found.label_accuracy["3"] == pytest.approx(told[90:120].mean())
    test = digits.test
    assert found.real_accuracy == classifier.accuracy(rows[test.rows], test.given)
    assert (found.num_generated, found.num_compared, found.num_nearest) == (300, 170, 300)
    assert found.generated.frechet < 1.5 * found.real.frechet
    for name, value in asdict(found.generated).items():
        if name != "frechet":
            assert value == pytest.approx(asdict(found.real)[name], abs=0.2)
    assert not found.has_copies
    assert abs(found.memorisation.z_score) < 4
    assert found.classifier == classifier.sha256


def test_how_samples_were_drawn_is_said(judge, digits, drawn_from):
    choose = drawn_from(digits, digits.validation.rows)
    run, found = judge(choose, Drawing(guidance=2.0), per_class=10)
    assert run.how == {"temperature": 1.0, "guidance": 2.0}
    assert "; guidance 2; copies sought among images smoothed as much; " in found.comparability


def test_labels_that_are_not_obeyed(judge, digits, drawn_from):
    """Accuracy at chance; all samples together are realistic, those of each class are not."""
    shuffle = np.random.default_rng(1).permutation
    draw = drawn_from(digits, digits.validation.rows)
    _, obeyed = judge(draw, per_class=30)
    _, found = judge(lambda labels: draw(shuffle(labels)), per_class=30)
    assert found.mean_label_accuracy == pytest.approx(0.1, abs=0.07)
    assert found.generated.frechet < 1.5 * found.real.frechet
    for label, (distance, real) in found.frechet.items():
        assert distance > 3 * obeyed.frechet[label][0]
        assert real == obeyed.frechet[label][1]


def test_a_model_that_returns_training_images(judge, digits, drawn_from):
    run, found = judge(drawn_from(digits, digits.train.rows), per_class=20, num_pairs=5)
    assert found.has_copies
    assert "there are copies" in str(found)
    assert (found.memorisation.farther, found.memorisation.closer_share) == (0, 1)
    np.testing.assert_array_equal(found.closest[:, 0], found.closest[:, 1])
    assert np.isin(found.closest_rows, run.chosen).all()
    original = digits.x[found.closest_rows] / np.float32(255)
    np.testing.assert_array_equal(found.closest[:, 1], original)


def test_one_image_a_class_is_precise_and_reaches_nothing(judge, digits):
    """All mass on one test image of each label: what lacks is diversity."""
    first = {label: digits.test.rows[digits.test.y == label][0] for label in range(10)}
    _, found = judge(lambda labels: np.array([first[label] for label in labels]), per_class=30)
    assert found.generated.precision == 1
    assert found.generated.recall < 0.1 < found.real.recall
    assert found.generated.coverage < 0.5


def test_sets_are_disjoint_and_of_one_size(judge, digits, kept, drawn_from):
    """The real-against-real distance again, from halves that hold as many of each class."""
    _, found = judge(drawn_from(digits, digits.train.rows), per_class=2)
    assert (found.num_generated, found.num_compared, found.num_nearest) == (20, 20, 20)
    classifier, rng = real_classifier(digits, PLAIN, folder=kept), np.random.default_rng(0)
    test = digits.test
    kept_rows = [rng.permutation(np.flatnonzero(test.given == code))[:4] for code in range(10)]
    features = classifier.features(PLAIN.rows(test.x, 255))
    halves = [
        features[np.concatenate([r[part] for r in kept_rows])] for part in (slice(2), slice(2, 4))
    ]
    assert found.real.frechet == pytest.approx(frechet_distance(*halves), rel=1e-6)


def test_the_figures_are_flat_and_say_their_numbers(judge, digits, drawn_from):
    _, found = judge(drawn_from(digits, digits.validation.rows), per_class=12)
    figures = found.figures()
    assert figures["label_accuracy"] == found.mean_label_accuracy
    assert figures["frechet_of_real_7"] == found.frechet["7"][1]
    assert figures["samples"] == 120
    text = str(found)
    for part in ("of 120 samples", "of 359 real test images", "120 samples, or", "digits "):
        assert part in text
    assert f"features {found.classifier[:8]}" in found.comparability
    assert "expected pixels beside real images as stored" in found.comparability


def test_what_cannot_be_judged(digits, stand_in):
    rng = np.random.default_rng(0)
    tiny = Dataset.from_arrays(rng.integers(0, 256, (30, 4, 3), dtype="uint8"), np.arange(30) % 3)
    run = stand_in(tiny, None)
    assert not has_classes_to_judge(Trial.of(run, tiny))
    with pytest.raises(InputError, match=r"at least 10 test images.*received 30 images given"):
        evaluate_samples(Trial.of(run, tiny))
    assert has_classes_to_judge(Trial.of(stand_in(digits, None), digits))
    assert not has_classes_to_judge(Trial.of(stand_in(digits, None, task="quadrants"), digits))
    with pytest.raises(InputError, match="per_class must be a whole number, 2 or more"):
        evaluate_samples(Trial.of(stand_in(digits, None), digits), per_class=1)
