"""Weights of rows and of classes in the training loss."""

import numpy as np
import pytest
from short_run import quick, rows, untrained

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.spec import DataSpec, Spec
from condvae.training.fit import make_feeds
from condvae.training.row_weights import training_weights

# nothing but the steps looks at the training images
BLIND = {"output_bias": "zeros", "decoder_start": "glorot", "epochs": 2, "batch_size": 40}


def weights_of(run):
    """The tensors of a run by name."""
    return run.stored_weights().read(run.stored_weights().shapes)


@pytest.mark.slow
def test_rows_that_weigh_nothing_teach_nothing(small, tmp_path):
    weights = np.where(np.arange(len(small.x)) % 3, 1.0, 0.0)
    spoilt = small.x.copy()
    silent = np.intersect1d(small.train.rows, np.flatnonzero(weights == 0))
    spoilt[silent] = 255 - spoilt[silent]
    other = Dataset.from_arrays(spoilt, small.y)
    np.testing.assert_array_equal(other.train.rows, small.train.rows)
    runs = [
        quick(data, tmp_path / str(n), sample_weight=given, **BLIND)
        for n, (data, given) in enumerate([(small, weights), (other, weights), (other, None)])
    ]
    first, same, unweighted = (weights_of(run) for run in runs)
    for name, tensor in first.items():
        np.testing.assert_array_equal(same[name], tensor)
    assert any((unweighted[name] != first[name]).any() for name in first)


def test_the_loss_is_the_weighted_mean(small):
    given = np.random.default_rng(0).random(len(small.x))
    spec = Spec(data=small.spec).override(batch_size=50)
    feed, validation = make_feeds(small, spec, given)
    _, target, weights = feed[1]
    assert target is None
    mean = given[small.train.rows].mean()
    expected = given[small.train.rows][feed.rows(1)] / mean
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    np.testing.assert_array_equal(feed.from_step(1)[0][2], weights)
    assert len(feed.head(100)[1][2]) == 50
    assert len(validation[0]) == 1


def test_compute_loss_weighs_the_terms_of_the_rows(small):
    model = untrained(small).keras_model
    weights = np.linspace(0, 2, 50).astype("float32")
    batch = {"x": small.x[:50], "y": small.given[:50]}
    outputs = {name: np.asarray(value) for name, value in model(batch).items()}
    terms = np.asarray(model.terms(outputs).loss)
    model.reconstruction_tracker.reset_state()
    loss = float(model.compute_loss(y_pred=outputs, sample_weight=weights, training=False))
    assert loss == pytest.approx(float((terms * weights).mean()), rel=1e-5)


def test_balanced_classes_weigh_alike_whatever_their_number(small):
    keep = np.flatnonzero((small.given != 2) | (np.arange(len(small.x)) % 4 == 0))
    data = Dataset.from_arrays(small.x[keep], small.y[keep], spec=DataSpec())
    weights = training_weights(data, ("balanced",))
    assert weights.mean() == pytest.approx(1, rel=1e-6)
    totals = [weights[data.train.given == code].sum() for code in range(data.num_classes)]
    np.testing.assert_allclose(totals, totals[0], rtol=1e-4)
    counts = np.bincount(data.train.given)
    assert counts.min() < counts.max() / 2
    named = training_weights(data, Spec().override(class_weight={"cat": 5}).training.class_weight)
    cats = data.train.given == 2
    np.testing.assert_allclose(named[cats] / named[~cats][0], 5, rtol=1e-5)


def test_equal_weights_are_none(small):
    assert training_weights(small, (), np.full(len(small.x), 7)) is None


def test_a_weighted_run_resumes_to_the_bit_with_its_weights_alone(small, tmp_path):
    given = np.random.default_rng(0).random(len(small.x))
    settings = {"sample_weight": given, "class_weight": "balanced", "schedule": "constant"}
    settings |= {"warmup": 0.0, "batch_size": 40}
    whole = quick(small, tmp_path / "whole", epochs=3, **settings)
    quick(small, tmp_path / "run", epochs=1, **settings)
    again = {"epochs": 3, "resume": True}
    for wrong in (None, given * 2):
        with pytest.raises(InputError, match="must keep the weights of the rows"):
            quick(small, tmp_path / "run", sample_weight=wrong, **again)
    run = quick(small, tmp_path / "run", sample_weight=given, **again)
    assert rows(run) == rows(whole)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"sample_weight": [1.0, 2.0]}, "one for each row of the data set"),
        ({"sample_weight": "w"}, "the column of weights"),
        ({"class_weight": {"x": 1}}, "the class in class_weight must be one of ant, bee"),
        ({"class_weight": {"cat": -1}}, "LABEL=NUMBER, 0 or more; received 'cat=-1'"),
        ({"class_weight": ("cat=two",)}, "LABEL=NUMBER"),
    ],
)
def test_what_does_not_fit_is_said_and_makes_no_run(small, tmp_path, settings, sentence):
    with pytest.raises(InputError, match=sentence):
        quick(small, tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_negative_and_missing_weights_are_refused(small):
    for bad, sentence in ((-1.0, "0 or more; received -1 in row 5"), (np.nan, "sample_weight")):
        given = np.ones(len(small.x))
        given[5] = bad
        with pytest.raises(InputError, match=sentence):
            training_weights(small, (), given)
    with pytest.raises(InputError, match="above 0"):
        training_weights(small, (), np.zeros(len(small.x)))


def test_a_column_of_a_table_weighs_its_rows():
    rng = np.random.default_rng(0)
    columns = {"a": rng.normal(size=200), "w": rng.random(200), "k": rng.choice(["u", "v"], 200)}
    data = Dataset.from_columns(columns, spec=DataSpec(conditions=("k",)))
    weights = training_weights(data, (), "w")
    of_rows = columns["w"][data.train.rows]
    np.testing.assert_allclose(weights, of_rows / of_rows.mean(), rtol=1e-5)
