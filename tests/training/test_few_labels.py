"""Rows of which some have a label: from the setting to the classifier's error."""

import signal
from pathlib import Path

import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset, load_data
from condvae.data.glyphs import draw_glyphs
from condvae.data.signs import CLASSES, signs
from condvae.data.sources import GLYPH_CONDITIONS
from condvae.evaluation import bound_of, evaluate_classifier
from condvae.evaluation.trial import Trial
from condvae.figures import draw
from condvae.runs import Run, load
from condvae.spec import DataSpec
from condvae.training.fit import make_feeds

FEW = {"labelled": 6, "labelled_batch": 4, "batch_size": 40, "couplings": 1}
VARIANTS = {
    "preset": {"preset": "semi_supervised", "latent_dim": 3, "coupling_dims": (4,)},
    "the decoder sees the class": {"latent_dim": 3, "pixels": "dynamic"},
    "one small encoder": {"encoder_sees": "x", "prior": "conditional"},
}


def dataset(spec_of, **settings) -> Dataset:
    return spec_of.with_spec(spec_of.spec.model_copy(update=settings))


def test_labels_beyond_those_asked_for_never_reach_the_model(small, tmp_path):
    few = dataset(small, labelled=6)
    run = quick(few, tmp_path / "run", epochs=1, **FEW)
    feed, validation = make_feeds(few, run.spec)
    train = few.train
    assert [np.sum(train.given[few.labelled] == code) for code in range(3)] == [2, 2, 2]
    known = np.zeros(len(train.x), bool)
    known[few.labelled] = True
    np.testing.assert_array_equal(feed.y.sum(axis=1), known)
    np.testing.assert_array_equal(feed.y[known].argmax(axis=1), train.given[known])
    assert not validation.y.any()
    (batch,) = feed[0]
    assert batch["x"].shape == (44, 4, 3, 1)
    assert (batch["y"][40:].sum(axis=1) == 1).all()
    assert run.record.data.splits["labelled"]["size"] == 6
    others = dataset(few, labelled_seed=1)
    assert not np.array_equal(few.labelled, others.labelled)
    assert dataset(few, labelled=None).labelled is None


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_resumes_classifies_and_loads(small, tmp_path, signal_at, variant):
    settings = {**FEW, **VARIANTS[variant], "classifier_warmup": 0.5}
    whole = quick(small, tmp_path / "whole", **settings)
    with signal_at(6, signal.SIGTERM):
        run = quick(small, tmp_path / "run", **settings)
    run = quick(small, run.path, resume=True)
    assert rows(run) == rows(whole)
    assert run.weights_path.read_bytes() == whole.weights_path.read_bytes()

    few = run.check_data(small)
    log_q = run.model.classify(few.test.x)
    assert log_q.dtype == np.float64
    np.testing.assert_allclose(np.exp(log_q).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(log_q, load(run.path).classify(few.test.x))
    result = evaluate_classifier(Trial.of(run, small))
    errors = log_q.argmax(axis=1) != few.test.given
    assert result.error == pytest.approx(errors.mean())
    assert result.figures()["num_labelled"] == 6
    assert "6 labels in training" in str(result)
    assert "6 training labels" in bound_of(run, small).comparability
    assert "without its label" in run.record.figures.comparability
    assert draw(run.model, few, run.history)

    run.export(tmp_path / "run.safetensors")
    archived = Run.open(tmp_path / "run.safetensors").model
    np.testing.assert_array_equal(log_q, archived.classify(few.test.x))


@pytest.mark.slow
def test_three_labels_name_three_groups(small, tmp_path):
    """Rows without a label tell the classes apart; one label of each names them."""
    settings = {**VARIANTS["preset"], "labelled": 3, "labelled_batch": 6, "batch_size": 20}
    run = quick(small, tmp_path / "run", epochs=25, couplings=2, hidden_dims=(32,), **settings)
    assert evaluate_classifier(Trial.of(run, small)).error <= 0.03


@pytest.mark.slow
def test_the_command_line_takes_few_labels(tmp_path, monkeypatch, capsys, small):
    monkeypatch.chdir(tmp_path)
    np.savez("animals.npz", x=small.x, y=small.y)
    command = "train animals.npz --labelled 6 --epochs 1 --latent-dim 2 --hidden-dims 8"
    assert main([*command.split(), "--couplings", "1", "--coupling-dims", "4"]) == 0
    assert "run: runs/animals-semi_supervised" in capsys.readouterr().out
    assert main(["evaluate", "runs/animals-semi_supervised"]) == 0
    printed = capsys.readouterr().out
    found = next(line for line in printed.splitlines() if line.startswith("Classifies "))
    assert "of test images wrong, 6 labels" in found
    assert "41 test images" in printed
    assert '"num_labelled": 6' in Path("runs/animals-semi_supervised/metrics.json").read_text()


@pytest.fixture
def data_of(small):
    """A function from a name to data, with few rows for sets that take long to generate."""

    def make(name):
        if name == "animals":
            return small
        if name == "signs":
            drawn = signs(30, seed=0, size=16)
            return Dataset.from_arrays(
                drawn.maps,
                drawn.images,
                condition_name="picture",
                pixel_classes=CLASSES,
                name=name,
            )
        if name == "glyphs":
            x, factors = draw_glyphs(300, seed=0)
            conditions = DataSpec(conditions=GLYPH_CONDITIONS)
            return Dataset.from_columns(factors, x, name=name, spec=conditions)
        return load_data(name)

    return make


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        ("animals", {"labelled": 1000}, "at most the 146 training rows; received 1,000"),
        ("animals", {"labelled": 2}, "each of the 3 classes .* received 2"),
        ("animals", {"labelled": 6, "task": "quadrants"}, "labelled needs the task 'class'"),
        ("animals", {"labelled": 6, "num_samples": 5}, "labelled needs latents"),
        ("animals", {"labelled": 6, "baseline": "joint"}, "labelled needs latents"),
        ("wine", {"labelled": 6}, "one class label per row; received wine with"),
        ("signs", {"labelled": 6}, "one class label per row; received signs with picture"),
        ("glyphs", {"labelled": 6}, "one class label per row; received glyphs with"),
        ("animals", {"preset": "semi_supervised"}, "Set labelled"),
    ],
)
def test_few_labels_that_do_not_fit_are_refused(data_of, tmp_path, data, settings, said):
    settings = {"preset": None, **settings}
    with pytest.raises(InputError, match=said):
        quick(data_of(data), tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_a_model_without_a_classifier_says_so(small, tmp_path):
    run = quick(small, tmp_path / "run", epochs=1)
    with pytest.raises(InputError, match="must have a classifier"):
        evaluate_classifier(Trial.of(run, small))
