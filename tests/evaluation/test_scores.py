"""Scores and the audit: against Bayes' rule by hand, and with labels flipped on purpose."""

import csv

import numpy as np
import pytest
from PIL import Image

from condvae.cli import main
from condvae.data import Dataset
from condvae.evaluation.scores import Scores, score_rows
from condvae.metrics.plausibility import found_share
from condvae.training import train


def test_scores_are_bayes_rule_by_hand():
    log_likelihoods = np.log([[0.2, 0.6, 0.2], [0.5, 0.25, 0.25]])
    log_prob = np.log(np.exp(log_likelihoods).mean(axis=1))
    posterior = log_likelihoods - np.log(3) - log_prob[:, None]
    scores = Scores(log_prob, posterior, ("a", "b", "c"), np.array([0, 0]))
    np.testing.assert_allclose(scores.given, log_likelihoods[:, 0])
    np.testing.assert_allclose(scores.margins, np.log([0.2 / 0.6, 0.5 / 0.25]))
    assert scores.by_label().tolist() == [0, 1]
    assert scores.best.tolist() == [1, 0]
    columns = scores.columns()
    assert columns["best_label"].tolist() == ["b", "a"]
    np.testing.assert_allclose(columns["best_label_prob"], [0.6, 0.5])
    without = Scores(log_prob, posterior, ("a", "b", "c"), None)
    assert "label" not in without.columns()
    assert without.by_label().tolist() == without.by_image().tolist()


@pytest.fixture(scope="module")
def flipped(digits, tmp_path_factory):
    """A run on digits of which 2 % have a wrong label, the labels, and which were flipped."""
    rng = np.random.default_rng(0)
    planted = np.zeros(len(digits.y), bool)
    planted[rng.choice(len(digits.y), len(digits.y) // 50, replace=False)] = True
    y = np.where(planted, (digits.y + rng.integers(1, 10, len(digits.y))) % 10, digits.y)
    path = tmp_path_factory.mktemp("audit") / "run"
    data = Dataset.from_arrays(digits.x, y)
    run = train(data, preset="small", run=path, progress=False, epochs=60, latent_dim=8, seed=0)
    return run, y, planted


@pytest.mark.slow
def test_flipped_labels_stand_first(flipped, digits):
    """At most one label in fifty is wrong: most of them are in the first twentieth."""
    run, y, planted = flipped
    scores = score_rows(run.model, digits.x, y, num_samples=20)
    assert found_share(scores.by_label(), planted, 0.05) > 0.8


def test_score_and_audit_write_their_tables(trained_run, digits, tmp_path, monkeypatch, capsys):
    run, y = trained_run, digits.y
    monkeypatch.chdir(tmp_path)
    np.savez("labelled.npz", x=digits.x[:60], y=y[:60])
    np.savez("bare.npz", x=digits.x[:5])
    assert main(f"score {run.path} labelled.npz --out a.csv --num-samples 3".split()) == 0
    assert main(f"score {run.path} bare.npz --out b.csv --num-samples 3".split()) == 0
    command = f"audit {run.path} labelled.npz --out c.csv --top 7 --num-samples 3"
    assert main(command.split()) == 0
    with open("a.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [str(label) for label in y[:60]]
    with open("b.csv") as file:
        bare = list(csv.DictReader(file))
    assert len(bare) == 5
    assert "label" not in bare[0]
    with open("c.csv") as file:
        audited = list(csv.DictReader(file))
    margins = [float(row["label_margin"]) for row in audited]
    assert margins == sorted(margins)
    assert len(margins) == 7
    with Image.open("c.png") as page:
        drawn = np.asarray(page)
    # 3 by 3 digits of 8 pixels, 14 times enlarged, three lines of text below each
    assert drawn.shape == (3 * (112 + 51 + 8) + 8, 3 * (112 + 8) + 8)
    x = digits.x[[int(row["row"]) for row in audited]]
    for place, image in enumerate(x):
        top, left = 8 + place // 3 * 171, 8 + place % 3 * 120
        shown = drawn[top : top + 112, left : left + 112]
        np.testing.assert_array_equal(shown, np.kron(image[..., 0], np.ones((14, 14), "uint8")))
        assert (drawn[top + 112 : top + 163, left : left + 112] < 128).any()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("score RUN bare.npz --out a.txt", "must be written as .csv"),
        ("audit RUN bare.npz --out a.csv", "requires labels"),
        ("audit RUN bare.npz --out a.csv --by size", "label, image"),
        ("score RUN wide.npz --out a.csv", "x must have the shape (N, 8, 8, 1)"),
        ("score RUN nothing --out a.csv", "does not exist"),
    ],
)
def test_mistakes_are_one_sentence(
    trained_run, digits, tmp_path, monkeypatch, capsys, command, sentence
):
    monkeypatch.chdir(tmp_path)
    np.savez("bare.npz", x=digits.x[:5])
    np.savez("wide.npz", x=np.zeros((4, 9, 9), "uint8"))
    before = sorted(tmp_path.iterdir())
    assert main(command.replace("RUN", str(trained_run.path)).split()) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
