"""Models and runs go to other processes and are copied, before use and after it."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

from condvae.runs import Run


def answers(model, x, y):
    """A model's results, by NumPy and by Keras, which some functions need."""
    return [*model.encode(x, y), model.generate(y[0], 3, seed=1), model.log_prob(x, y, 2)]


def by_numpy(run, x, y):
    """In another process: the results of its graphs, and whether Keras was not loaded."""
    model = run.model
    found = [*model.encode(x, y), model.generate(y[0], 3, seed=1)]
    return found, "keras" in vars(model.engines)


def of_model(model, x, y):
    """In another process: what a model says, Keras being new there."""
    return answers(model, x, y)


@pytest.fixture
def rows(digits):
    return digits.test.x[:5], digits.test.y[:5]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("engine", ["model", "by_keras"])
def test_a_copy_says_the_same_before_use_and_after(trained_run, rows, copied, engine):
    model = getattr(Run.open(trained_run.path), engine)
    fresh = copied(model)
    expected = answers(model, *rows)
    used = copied(model)
    for other in (fresh, used, copied(used)):
        for found, known in zip(answers(other, *rows), expected, strict=True):
            np.testing.assert_array_equal(found, known)


def test_a_run_is_its_folder_wherever_it_goes(trained_run, rows):
    run = Run.open(trained_run.path)
    run.model.encode(*rows)
    again = pickle.loads(pickle.dumps(run))
    assert vars(again).keys() == {"path", "record"}
    assert (again.path, again.record) == (run.path, run.record)
    assert copy.deepcopy(run).record == run.record


def test_a_copy_needs_no_folder(trained_run, rows, tmp_path):
    path = tmp_path / "run.safetensors"
    trained_run.export(path)
    model = Run.open(path).model
    sent = pickle.dumps(model)
    expected = [*model.encode(*rows), model.generate(3, 4)]
    path.unlink()
    other = pickle.loads(sent)
    for found, known in zip([*other.encode(*rows), other.generate(3, 4)], expected, strict=True):
        np.testing.assert_array_equal(found, known)


@pytest.mark.slow
def test_another_process_says_the_same_to_the_bit(trained_run, rows):
    run = Run.open(trained_run.path)
    expected = [*run.model.encode(*rows), run.model.generate(rows[1][0], 3, seed=1)]
    model = trained_run.by_keras
    whole = answers(model, *rows)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found, keras_came = pool.apply(by_numpy, (run, *rows))
        said = pool.apply(of_model, (model, *rows))
    assert not keras_came
    for one, known in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, known)
    for one, known in zip(said, whole, strict=True):
        np.testing.assert_allclose(one, known, rtol=1e-5, atol=1e-5)
