import json

import numpy as np
import pytest

from condvae.cli import main
from condvae.evaluation.accuracy_score import score_accuracy


def test_samples_that_are_the_training_images_reach_the_ceiling(few_steps, digits, kept, stand_in):
    """The same images under the same labels in the same order: the same classifier."""
    run = stand_in(digits, lambda labels: digits.train.rows, likelihood="bernoulli")
    found = score_accuracy(run, digits, cache=kept)
    assert found.generated == found.real > 0.95
    assert found.both > 0.95
    assert (found.num_train, found.num_test) == (len(digits.train.x), 359)
    assert f"trained on {found.num_train:,} samples alone, {found.real:.2%}" in str(found)
    assert found.figures()["classification_accuracy_score"] == found.generated


def test_samples_under_wrong_labels_teach_nothing(few_steps, digits, kept, stand_in):
    order = np.random.default_rng(0).permutation
    run = stand_in(digits, lambda labels: order(digits.train.rows), likelihood="bernoulli")
    assert score_accuracy(run, digits, cache=kept).generated == pytest.approx(0.1, abs=0.08)


def test_evaluate_judges_samples_and_full_trains_on_them(
    few_steps, trained_run, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["evaluate", str(trained_run.path), "--full", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["label_accuracy"] > 0.8
    assert row["classification_accuracy_score"] > 0.5
    assert main(["evaluate", str(trained_run.path)]) == 0
    output = capsys.readouterr()
    assert f"label accuracy {row['label_accuracy']:.2%}" in output.out
    assert "samples alone" not in output.out
    assert not output.err  # the classifier was kept
