import stat

import numpy as np
import pytest
from scipy.special import log_softmax

from condvae.evaluation import classifier
from condvae.evaluation.classifier import real_classifier, train_classifier
from condvae.evaluation.pixels import Pixels

PLAIN = Pixels(drawn=False, binarised=False)


@pytest.fixture(scope="module")
def rows(digits):
    return PLAIN.rows(digits.test.x, digits.x_max)


def test_a_kept_classifier_is_not_trained_again(kept, digits, rows, monkeypatch):
    monkeypatch.delattr(classifier, "train_classifier")
    found = real_classifier(digits, PLAIN, folder=kept)
    assert found.accuracy(rows, digits.test.given) > 0.95
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_its_outputs_are_one_network(kept, digits, rows):
    """Log-probabilities from the features, by the last layer's weights, in NumPy."""
    found = real_classifier(digits, PLAIN, folder=kept)
    kernel, bias = found.network.get_layer("logits").get_weights()
    features, log_probs = found.features(rows), found.log_probs(rows)
    assert features.shape == (len(rows), 256)
    expected = log_softmax(features.astype("float64") @ kernel + bias, axis=1)
    np.testing.assert_allclose(log_probs, expected, atol=1e-4)
    np.testing.assert_array_equal(found.tell(rows), log_probs.argmax(axis=1))
    right = log_probs.argmax(axis=1) == digits.test.given
    assert found.accuracy(rows, digits.test.given) == right.mean()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(digits):
    train = PLAIN.rows(digits.train.x, digits.x_max), digits.train.given, 10
    same = {train_classifier(*train, PLAIN, seed=3, steps=4).sha256 for _ in range(2)}
    assert len(same) == 1
    assert train_classifier(*train, PLAIN, seed=4, steps=4).sha256 not in same


def test_binarised_pixels_are_drawn_in_each_batch(digits):
    rows = np.full((3, 2), 0.5, "float32")
    batches = classifier._batches(rows, np.arange(3), Pixels(True, True), steps=2, seed=0)
    (first, codes), (second, _) = batches
    assert len(first) == len(codes) == classifier.BATCH_SIZE
    assert set(np.unique(first)) == {0, 1}
    assert (first != second).any()
    # no row comes again before all have come
    assert all(sorted(codes[i : i + 3]) == [0, 1, 2] for i in range(0, 240, 3))


def test_what_it_was_trained_on_is_part_of_its_name(few_steps, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "train_classifier", lambda *rows, image_shape: made)
    made = classifier.Classifier(classifier._build(64, 10, 0))
    other_split = digits.with_spec(digits.spec.model_copy(update={"split_seed": 5}))
    for data, pixels, seed in (
        (digits, PLAIN, 0),
        (other_split, PLAIN, 0),
        (digits, Pixels(True, True), 0),
        (digits, PLAIN, 1),
    ):
        real_classifier(data, pixels, seed, tmp_path / "new")
    monkeypatch.setattr(classifier, "RECIPE", classifier.RECIPE + 1)
    real_classifier(digits, PLAIN, 0, tmp_path / "new")
    assert len(list((tmp_path / "new").glob("*.safetensors"))) == 5
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_damaged_file_is_trained_again(kept, digits, tmp_path, monkeypatch, caplog):
    (source,) = kept.iterdir()
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    (tmp_path / source.name).write_bytes(content)
    whole = real_classifier(digits, PLAIN, folder=kept)
    monkeypatch.setattr(classifier, "train_classifier", lambda *_, **__: whole)
    real_classifier(digits, PLAIN, folder=tmp_path)
    assert "a cached classifier is damaged" in caplog.text
    monkeypatch.undo()
    assert real_classifier(digits, PLAIN, folder=tmp_path).sha256 == whole.sha256


def test_a_folder_that_cannot_be_written_is_borne(digits, tmp_path, monkeypatch, caplog):
    made = classifier.Classifier(classifier._build(64, 10, 0))
    monkeypatch.setattr(classifier, "train_classifier", lambda *_, **__: made)
    (tmp_path / "afile").write_text("not a folder")
    assert real_classifier(digits, PLAIN, folder=tmp_path / "afile" / "x") is made
    assert "could not be kept" in caplog.text
